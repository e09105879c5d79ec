package redisstore

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stackforge/marconi/storage"
)

// A message is one value: a byte of flags, created and expires as 48-bit
// milliseconds, what the flags announce, and the body. The scripts read the
// expiry, and of what is posted delayed the instant it becomes visible.
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

// maxHeader is what a header takes at the most besides its texts.
const maxHeader = 1 + 4*6 + 3*(2+4)

func appendMessage(b []byte, p *storage.Post, d *storage.Draft, delayed bool) []byte {
	at, flags := len(b), byte(0)
	b = appendInstant(appendInstant(append(b, 0), p.Now), d.Expires)
	if delayed {
		flags |= hasVisible
		b = appendInstant(b, d.Visible)
	}
	if id, ok := unhex(p.ClientID); ok {
		flags |= hasUUID
		b = append(b, id[:]...)
	} else if id, ok := undash(p.ClientID); ok {
		flags |= hasUUID | hasDashes
		b = append(b, id[:]...)
	} else if p.ClientID != "" {
		flags |= hasClient
		b = appendText(b, p.ClientID)
	}
	if d.Encoding != "" {
		flags |= hasEncoding
		b = appendText(b, d.Encoding)
	}
	md5, isMD5 := strings.CutPrefix(d.Checksum, "MD5:")
	if sum, ok := unhex(md5); ok && isMD5 {
		flags |= hasMD5
		b = append(b, sum[:]...)
	} else if d.Checksum != "" {
		flags |= hasChecksum
		b = appendText(b, d.Checksum)
	}
	b[at] = flags
	return append(b, d.Body...)
}

// unhex is 16 bytes of 32 small hexadecimal digits.
func unhex(s string) (b [16]byte, ok bool) {
	if len(s) != 2*len(b) {
		return b, false
	}
	for i := range b {
		high, low := strings.IndexByte(digits, s[2*i]), strings.IndexByte(digits, s[2*i+1])
		if high < 0 || low < 0 {
			return b, false
		}
		b[i] = byte(high<<4 | low)
	}
	return b, true
}

const digits = "0123456789abcdef"

// undash is 16 bytes of a UUID as it is usually written.
func undash(s string) (b [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return b, false
	}
	return unhex(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
}

// dashed is how UUIDs are written.
func dashed(id []byte) string {
	b := hex.AppendEncode(make([]byte, 0, 36), id[:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		b = hex.AppendEncode(append(b, '-'), part)
	}
	return string(b)
}

func appendInstant(b []byte, t time.Time) []byte {
	n := t.UnixMilli()
	return append(b, byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// longText stands before the length of a text that two bytes cannot tell: it has four.
const longText = 1<<16 - 1

func appendText(b []byte, s string) []byte {
	if len(s) < longText {
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	} else {
		b = binary.BigEndian.AppendUint32(append(b, 0xff, 0xff), uint32(len(s)))
	}
	return append(b, s...)
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

func (r *record) text() string {
	n := r.number(2)
	if n == longText {
		n = r.number(4)
	}
	if n > int64(len(r.b)) { // there are no zeros for as much as a broken record may tell
		r.bad, r.b = true, ""
		return ""
	}
	return r.take(int(n))
}

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
	applyChange(&m, text(f[5]))
	return m, nil
}

// applyChange reads what was changed of a message, "" for nothing: expiry, since
// when, claims.
func applyChange(m *storage.Message, change string) {
	if change == "" {
		return
	}
	c := &record{b: change}
	expires, since, count := c.number(6), c.number(6), c.number(4)
	m.Expires = time.UnixMilli(expires)
	if since != 0 {
		m.Since = time.UnixMilli(since)
	}
	m.Claims = int(count)
}

func decodeItems(epoch uint32, v any) ([]storage.Message, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errReply
	}
	ms := make([]storage.Message, len(list))
	for i := range list {
		m, err := decodeItem(epoch, list[i])
		if err != nil {
			return nil, err
		}
		ms[i] = m
	}
	return ms, nil
}

// decodeFound reads messages that were found free, as the scripts answer them:
// positions of 7 bytes, values, and for those that have either their place in the
// list, from 1, with ID and change.
func decodeFound(epoch uint32, claim string, places, values, extras any) ([]storage.Message, error) {
	list, _ := values.([]any)
	more, _ := extras.([]any)
	at := &record{b: text(places)}
	if len(at.b) != 7*len(list) || len(more)%3 != 0 {
		return nil, errReply
	}
	ms := make([]storage.Message, len(list))
	for i := range list {
		m, err := decodeMessage(text(list[i]))
		if err != nil {
			return nil, err
		}
		m.Position, m.Claim = storage.Position(at.number(7)), claim
		m.ID = storage.PositionText(epoch, m.Position)
		ms[i] = m
	}
	for ; len(more) > 0; more = more[3:] {
		i := number(more[0])
		if i < 1 || i > uint64(len(ms)) {
			return nil, errReply
		}
		m := &ms[i-1]
		m.ID = cmp.Or(text(more[1]), m.ID)
		applyChange(m, text(more[2]))
	}
	return ms, nil
}
