package client

import "encoding/json"

// zmqPost is the body of a message_post whose messages are in frames.
type zmqPost struct {
	Queue string
	PostOptions
	producer string
	seq      int64
}

// MarshalJSON leaves out what the broker is to decide.
func (z zmqPost) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Queue    string `json:"queue_name"`
		TTL      span   `json:"ttl,omitzero"`
		Delay    span   `json:"delay,omitzero"`
		Encoding string `json:"encoding,omitempty"`
		Producer string `json:"producer,omitempty"`
		Seq      int64  `json:"seq,omitempty"`
	}{z.Queue, span(z.TTL), span(z.Delay), z.Encoding, z.producer, z.seq})
}

// unsent is the first post that was not sent over this connection, and the head to
// send it with; nil if there is none.
func (p *Producer) unsent(headers json.RawMessage) (*Posting, []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent >= len(p.window) {
		return nil, nil
	}
	t := p.window[p.sent]
	p.sent++
	p.asked++
	t.id = p.asked
	head, _ := json.Marshal(zmqHead{ // texts and numbers always can be
		Action: "message_post", ID: t.id, Headers: headers,
		Body: zmqPost{Queue: p.config.Queue, PostOptions: p.config.PostOptions, producer: p.config.Name, seq: t.seq},
	})
	return t, head
}
