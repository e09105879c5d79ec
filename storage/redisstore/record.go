package redisstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stackforge/marconi/storage"
)

// A message is one value: a byte of flags, created and expires as 48-bit
// milliseconds, what the flags announce, and the body. The scripts read the
// expiry and, for dead letters, write it.
const (
	hasSince    = 1 << iota // 48 bits
	hasVisible              // 48 bits
	hasUUID                 // the client is 32 hexadecimal digits: 16 bytes
	hasClient               // any other text
	hasEncoding             // text
	hasMD5                  // the checksum is "MD5:" and hexadecimal: 16 bytes
	hasChecksum             // any other text
	hasDashes               // the client has them where a UUID has: with hasUUID
)

var errRecord = errors.New("redisstore: a message cannot be read")

func encodeMessage(p *storage.Post, d *storage.Draft, delayed bool) []byte {
	b := make([]byte, 0, 48+len(d.Body))
	b = append(b, 0)
	b = appendInstant(appendInstant(b, p.Now), d.Expires)
	if delayed {
		b[0] |= hasVisible
		b = appendInstant(b, d.Visible)
	}
	if id, ok := unhex(p.ClientID); ok {
		b[0] |= hasUUID
		b = append(b, id...)
	} else if id, ok := unhex(strings.ReplaceAll(p.ClientID, "-", "")); ok && dashed(id) == p.ClientID {
		b[0] |= hasUUID | hasDashes
		b = append(b, id...)
	} else if p.ClientID != "" {
		b[0] |= hasClient
		b = appendText(b, p.ClientID)
	}
	if d.Encoding != "" {
		b[0] |= hasEncoding
		b = appendText(b, d.Encoding)
	}
	if sum, ok := unhex(strings.TrimPrefix(d.Checksum, "MD5:")); ok && strings.HasPrefix(d.Checksum, "MD5:") {
		b[0] |= hasMD5
		b = append(b, sum...)
	} else if d.Checksum != "" {
		b[0] |= hasChecksum
		b = appendText(b, d.Checksum)
	}
	return append(b, d.Body...)
}

// unhex is 16 bytes of 32 small hexadecimal digits.
func unhex(s string) ([]byte, bool) {
	if len(s) != 32 || s != strings.ToLower(s) {
		return nil, false
	}
	b, err := hex.DecodeString(s)
	return b, err == nil
}

// dashed is how UUIDs are written.
func dashed(id []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func appendInstant(b []byte, t time.Time) []byte {
	n := t.UnixMilli()
	return append(b, byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func appendText(b []byte, s string) []byte {
	n := len(s)
	return append(append(b, byte(n>>8), byte(n)), s...)
}

// record reads a value from its front. After the first fault all is zero.
type record struct {
	b   string
	bad bool
}

func (r *record) take(n int) string {
	if len(r.b) < n {
		r.bad, r.b = true, ""
		return strings.Repeat("\x00", n)
	}
	t := r.b[:n]
	r.b = r.b[n:]
	return t
}

func (r *record) number(n int) (v int64) {
	for _, c := range []byte(r.take(n)) {
		v = v<<8 | int64(c)
	}
	return v
}

func (r *record) instant() time.Time { return time.UnixMilli(r.number(6)) }
func (r *record) text() string       { return r.take(int(r.number(2))) }

func decodeMessage(packed string) (m storage.Message, err error) {
	r := &record{b: packed}
	flags := r.number(1)
	has := func(flag int64) bool { return flags&flag != 0 }
	m.Created, m.Expires = r.instant(), r.instant()
	m.Since, m.Visible = m.Created, m.Created
	if has(hasSince) {
		m.Since = r.instant()
	}
	if has(hasVisible) {
		m.Visible = r.instant()
	}
	if has(hasUUID) {
		id := []byte(r.take(16))
		if m.ClientID = hex.EncodeToString(id); has(hasDashes) {
			m.ClientID = dashed(id)
		}
	}
	if has(hasClient) {
		m.ClientID = r.text()
	}
	if has(hasEncoding) {
		m.Encoding = r.text()
	}
	if has(hasMD5) {
		m.Checksum = "MD5:" + hex.EncodeToString([]byte(r.take(16)))
	}
	if has(hasChecksum) {
		m.Checksum = r.text()
	}
	m.Body = []byte(r.b)
	if r.bad {
		return m, errRecord
	}
	return m, nil
}

// decodeItem reads a message as the scripts answer it: kind, number, value, ID,
// claim, change.
func decodeItem(epoch uint32, v any) (storage.Message, error) {
	f, ok := v.([]any)
	if !ok || len(f) != 6 {
		return storage.Message{}, errReply
	}
	kind, number, packed := text(f[0]), text(f[1]), text(f[2])
	m, err := decodeMessage(packed)
	if err != nil {
		return m, err
	}
	m.ID, m.Claim = text(f[3]), text(f[4])
	if kind == "p" {
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			return m, errReply
		}
		m.Position = storage.Position(n)
		if m.ID == "" {
			m.ID = storage.PositionText(epoch, m.Position)
		}
	}
	if change := text(f[5]); change != "" {
		c := &record{b: change}
		expires, since, count := c.number(6), c.number(6), c.number(4)
		m.Expires = time.UnixMilli(expires)
		if since != 0 {
			m.Since = time.UnixMilli(since)
		}
		m.Claims = int(count)
	}
	return m, nil
}

// decodeFound reads a message that was found free, as the scripts answer it:
// position, value and, where there is either, ID and change.
func decodeFound(epoch uint32, claim string, v any) (storage.Message, error) {
	f, ok := v.([]any)
	switch {
	case ok && len(f) == 2:
		f = append(f, "", "")
	case !ok || len(f) != 4:
		return storage.Message{}, errReply
	}
	return decodeItem(epoch, []any{"p", f[0], f[1], f[2], claim, f[3]})
}

// decodeAll reads a list of messages.
func decodeAll(v any, decode func(any) (storage.Message, error)) ([]storage.Message, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errReply
	}
	ms := make([]storage.Message, len(list))
	for i := range list {
		m, err := decode(list[i])
		if err != nil {
			return nil, err
		}
		ms[i] = m
	}
	return ms, nil
}

func decodeItems(epoch uint32, v any) ([]storage.Message, error) {
	return decodeAll(v, func(one any) (storage.Message, error) { return decodeItem(epoch, one) })
}

// decodeFree reads messages that were found free, and are now under a claim.
func decodeFree(epoch uint32, claim string, v any) ([]storage.Message, error) {
	return decodeAll(v, func(one any) (storage.Message, error) { return decodeFound(epoch, claim, one) })
}
