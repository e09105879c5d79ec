package redisstore

import (
	"slices"

	"github.com/stackforge/marconi/storage"
)

// cargo is messages as they are stored, one behind the other in one piece of
// memory that may be used again.
type cargo struct {
	text     []byte
	messages []message
}

// message is an argument of a command. As a pointer it takes no memory of its own.
type message []byte

// MarshalBinary implements encoding.BinaryMarshaler.
func (m *message) MarshalBinary() ([]byte, error) { return *m, nil }

func (c *cargo) clear() { c.text, c.messages = c.text[:0], c.messages[:0] }

// load adds messages of a post. What was added before stays where it is.
func (c *cargo) load(p *storage.Post, drafts []storage.Draft) {
	room := 0
	for i := range drafts {
		room += maxHeader + len(p.ClientID) + len(drafts[i].Encoding) + len(drafts[i].Checksum) + len(drafts[i].Body)
	}
	c.text, c.messages = slices.Grow(c.text, room), slices.Grow(c.messages, len(drafts))
	for i := range drafts {
		from := len(c.text)
		c.text = appendMessage(c.text, p, &drafts[i], delayed(p, &drafts[i]))
		c.messages = append(c.messages, c.text[from:len(c.text):len(c.text)])
	}
}

// appendTo adds the messages to the arguments of a command, which is over before
// the cargo is cleared.
func (c *cargo) appendTo(args []any) []any {
	for i := range c.messages {
		args = append(args, &c.messages[i])
	}
	return args
}
