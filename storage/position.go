package storage

import (
	"strconv"
	"time"
)

// Position is a message's place in one life of a queue: 1, 2, 3 …
type Position uint64

// The text forms of places in a queue. All hexadecimal digits are small.
//
//	epoch-position            25 characters: a position, and the ID of a message
//	                          that was visible when it was posted
//	epoch-dcounter            26 characters: the ID of a message posted delayed
//	epoch-position-dduecounter  59 characters: a place among the delayed; the log
//	                          has been read to the position, and the delayed
//	                          to the one that falls due at due with that counter
const (
	epochDigits  = 8
	numberDigits = 16

	positionLength = epochDigits + 1 + numberDigits
	delayedLength  = epochDigits + 2 + numberDigits
	placeLength    = positionLength + 2 + 2*numberDigits
)

// PositionText is the text form of a position, and the ID of a message that was
// given it when it was posted.
func PositionText(epoch uint32, p Position) string {
	b := appendEpoch(make([]byte, 0, positionLength), epoch)
	return string(appendHex(b, uint64(p), numberDigits))
}

// DelayedID is the ID of a message posted delayed: the counter-th of its life.
func DelayedID(epoch uint32, counter uint64) string {
	b := append(appendEpoch(make([]byte, 0, delayedLength), epoch), 'd')
	return string(appendHex(b, counter, numberDigits))
}

// Marker is a parsed text form.
type Marker struct {
	Epoch    uint32
	Position Position  // of a position or a place
	Counter  uint64    // of a delayed ID or a place
	Due      time.Time // of a place
	Kind     MarkerKind
}

// MarkerKind tells the text forms apart.
type MarkerKind uint8

// The kinds of text form.
const (
	NoMarker     MarkerKind = iota // the empty text: before everything
	AtPosition                     // epoch-position
	AtDelayed                      // epoch-dcounter
	AmongDelayed                   // epoch-position-dduecounter
)

// ParseMarker reads a text form. It is false for any text that String would not
// write.
func ParseMarker(text string) (Marker, bool) {
	m, ok := parseMarker(text)
	return m, ok && m.String() == text
}

func parseMarker(text string) (m Marker, ok bool) {
	if text == "" {
		return m, true
	}
	if len(text) < positionLength || text[epochDigits] != '-' {
		return m, false
	}
	epoch, err := strconv.ParseUint(text[:epochDigits], 16, 32)
	if err != nil {
		return m, false
	}
	m.Epoch = uint32(epoch)
	rest := text[epochDigits+1:]
	switch len(text) {
	case positionLength:
		m.Kind = AtPosition
		ok = parseHex(rest, (*uint64)(&m.Position))
	case delayedLength:
		m.Kind = AtDelayed
		ok = rest[0] == 'd' && parseHex(rest[1:], &m.Counter)
	case placeLength:
		var due uint64
		m.Kind = AmongDelayed
		ok = parseHex(rest[:numberDigits], (*uint64)(&m.Position)) &&
			rest[numberDigits:numberDigits+2] == "-d" &&
			parseHex(rest[numberDigits+2:2*numberDigits+2], &due) &&
			parseHex(rest[2*numberDigits+2:], &m.Counter)
		m.Due = time.UnixMilli(int64(due))
	}
	return m, ok
}

// String is the text form that ParseMarker reads.
func (m Marker) String() string {
	switch m.Kind {
	case AtPosition:
		return PositionText(m.Epoch, m.Position)
	case AtDelayed:
		return DelayedID(m.Epoch, m.Counter)
	case AmongDelayed:
		b := append(make([]byte, 0, placeLength), PositionText(m.Epoch, m.Position)...)
		b = appendHex(append(b, "-d"...), uint64(m.Due.UnixMilli()), numberDigits)
		return string(appendHex(b, m.Counter, numberDigits))
	}
	return ""
}

func appendEpoch(b []byte, epoch uint32) []byte {
	return append(appendHex(b, uint64(epoch), epochDigits), '-')
}

func appendHex(b []byte, n uint64, digits int) []byte {
	const hex = "0123456789abcdef"
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b = append(b, hex[n>>shift&0xf])
	}
	return b
}

func parseHex(s string, n *uint64) bool {
	v, err := strconv.ParseUint(s, 16, 64)
	*n = v
	return err == nil
}
