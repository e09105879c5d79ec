package api

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Complaints about frames that cannot be read name the exceptions of Python that
// Zaqar's clients see there.

// jsonOf is a frame as JSON.
func jsonOf(codec Codec, frame []byte) ([]byte, error) {
	if codec != MessagePack {
		return frame, nil
	}
	const grows = 6 // times, at most: a control character is one byte, and six in JSON
	text, err := FromMessagePack(nil, frame, grows*len(frame))
	switch {
	case err == nil:
		return text, nil
	case errors.Is(err, errReserved):
		return nil, notMessagePack("FormatError: ")
	case errors.Is(err, errGoesOn):
		return nil, notMessagePack("ExtraData: unpack(b) received extra data.")
	case errors.Is(err, errCutShort):
		return nil, notMessagePack("ValueError: Unpack failed: incomplete input")
	}
	return nil, notMessagePack("ValueError: " + err.Error())
}

func notMessagePack(why string) error {
	return notUnderstood("Can't decode binary (MessagePack) request. " + why)
}

// notJSON says where a text stops being JSON: at a line, at a column of it, and at
// a character of the whole.
func notJSON(text []byte) error {
	at, why := endOfJSON(text)
	before := text[:at]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return notUnderstood(fmt.Sprintf("Can't decode text (JSON) request. JSONDecodeError: %s: line %d column %d (char %d)",
		why, line, column, utf8.RuneCount(before)))
}

// endOfJSON finds the first byte that cannot be understood.
func endOfJSON(text []byte) (at int, why string) {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	why = "Expecting value"
	for {
		_, err := d.ReadToken()
		at = int(d.InputOffset())
		if err != nil {
			break
		}
		if d.StackDepth() == 0 {
			why = "Extra data"
			break
		}
	}
	for at < len(text) && bytes.IndexByte([]byte(" \t\r\n,:"), text[at]) >= 0 {
		at++
	}
	return at, why
}
