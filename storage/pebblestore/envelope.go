package pebblestore

import (
	"bytes"
	"encoding/binary"

	"github.com/stackforge/marconi/storage"
)

// A stored message is an envelope with the body behind it:
//
//	version, expiry (8 bytes, so that it is found at once), flags,
//	created, [visible], [since], [position], [id], client, encoding, checksum, body
//
// Which of the bracketed parts are there the flags tell; the others follow from
// Created and from the message's place.
const (
	hasVisible  = 1 << iota // it was posted delayed
	hasSince                // its expiry was changed before it came here
	hasID                   // its ID does not spell its position
	hasPosition             // it is a letter
)

const (
	expiryAt     = 1
	envelopeSize = 64 // about what all but the body takes
)

func envelopeFlags(m *storage.Message) byte {
	var flags byte
	if !m.Visible.Equal(m.Created) {
		flags |= hasVisible
	}
	if !m.Since.Equal(m.Created) {
		flags |= hasSince
	}
	if m.ID != "" {
		flags |= hasID
	}
	return flags
}

// appendEnvelope writes a message. An empty ID means the text of its position.
func appendEnvelope(b []byte, m *storage.Message, letter bool) []byte {
	flags := envelopeFlags(m)
	if letter {
		flags |= hasPosition
	}
	b = appendInstant(append(b, recordVersion), ms(m.Expires))
	b = appendTime(append(b, flags), m.Created)
	if flags&hasVisible != 0 {
		b = appendTime(b, m.Visible)
	}
	if flags&hasSince != 0 {
		b = appendTime(b, m.Since)
	}
	if letter {
		b = binary.AppendUvarint(b, uint64(m.Position))
	}
	if flags&hasID != 0 {
		b = appendString(b, m.ID)
	}
	b = appendString(b, m.ClientID)
	b = appendString(b, m.Encoding)
	b = appendString(b, m.Checksum)
	return append(b, m.Body...)
}

// envelopeExpiry reads no more than the expiry.
func envelopeExpiry(value []byte) (int64, error) {
	if len(value) < expiryAt+8 || value[0] != recordVersion {
		return 0, errRecord
	}
	return instantIn(value[expiryAt:]), nil
}

// openEnvelope reads a message that shares nothing with value.
func openEnvelope(value []byte) (storage.Message, error) {
	var m storage.Message
	expires, err := envelopeExpiry(value)
	if err != nil {
		return m, err
	}
	s := &scanner{b: value[expiryAt+8:]}
	flags := s.byte()
	m.Expires = at(expires)
	m.Created = s.time()
	m.Visible, m.Since = m.Created, m.Created
	if flags&hasVisible != 0 {
		m.Visible = s.time()
	}
	if flags&hasSince != 0 {
		m.Since = s.time()
	}
	if flags&hasPosition != 0 {
		m.Position = storage.Position(s.uvarint())
	}
	if flags&hasID != 0 {
		m.ID = s.string()
	}
	m.ClientID, m.Encoding, m.Checksum = s.string(), s.string(), s.string()
	if s.bad {
		return m, errRecord
	}
	m.Body = bytes.Clone(s.b)
	return m, nil
}

// openBare reads a message without its body.
func openBare(value []byte) (storage.Message, error) {
	m, err := openEnvelope(value)
	m.Body = nil
	return m, err
}
