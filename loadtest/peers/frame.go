package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// upgrade makes a WebSocket of a connection.
func (l *listener) upgrade(path string) error {
	_, err := fmt.Fprintf(l.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, l.conn.RemoteAddr())
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(l.in, nil)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = errors.New(resp.Status)
	}
	return err
}

// send sends a short frame, masked with zeros.
func (l *listener) send(opcode byte, text []byte) error {
	head := []byte{0x80 | opcode, 0x80 | byte(len(text)), 0, 0, 0, 0}
	if len(text) > 125 {
		head = []byte{0x80 | opcode, 0x80 | 126, byte(len(text) >> 8), byte(len(text)), 0, 0, 0, 0}
	}
	_, err := l.conn.Write(append(head, text...))
	return err
}

// frame is the next text that comes. Pings are answered.
func (l *listener) frame() ([]byte, error) {
	for {
		opcode, text, err := l.anyFrame()
		switch {
		case err != nil:
			return nil, err
		case opcode == 1:
			return text, nil
		case opcode == 9:
			if err := l.send(10, text); err != nil {
				return nil, err
			}
		case opcode == 8:
			return nil, fmt.Errorf("it was closed: %q", text)
		}
	}
}

func (l *listener) anyFrame() (opcode byte, text []byte, err error) {
	var head [10]byte
	if _, err := io.ReadFull(l.in, head[:2]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1])
	switch size {
	case 126:
		_, err = io.ReadFull(l.in, head[2:4])
		size = uint64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		_, err = io.ReadFull(l.in, head[2:10])
		size = binary.BigEndian.Uint64(head[2:])
	}
	if err != nil {
		return 0, nil, err
	}
	text, err = l.take(int(size), 0)
	return head[0] & 0xf, text, err
}
