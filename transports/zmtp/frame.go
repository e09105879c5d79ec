package zmtp

import "encoding/binary"

// Flags of a frame. All other bits must be zero.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

const (
	shortHeader = 2
	longHeader  = 9
)

// headerSize is how long the header is of a frame with these flags.
func headerSize(flags byte) int {
	if flags&flagLong != 0 {
		return longHeader
	}
	return shortHeader
}

// parseHeader reads the whole header h. A size above limit is an error, whatever
// it is, as are flags that no frame has.
func parseHeader(h []byte, limit int) (flags byte, size int, err error) {
	flags = h[0]
	if flags&^(flagMore|flagLong|flagCommand) != 0 || flags&(flagMore|flagCommand) == flagMore|flagCommand {
		return 0, 0, ErrProtocol
	}
	long := uint64(h[1])
	if flags&flagLong != 0 {
		long = binary.BigEndian.Uint64(h[1:longHeader])
	}
	if long > uint64(limit) {
		return 0, 0, tooLong("a frame has", limit, "bytes")
	}
	return flags, int(long), nil
}

func appendHeader(dst []byte, flags byte, size int) []byte {
	if size < 256 {
		return append(dst, flags, byte(size))
	}
	return binary.BigEndian.AppendUint64(append(dst, flags|flagLong), uint64(size))
}

// appendParts appends the frames of parts; more says that the message goes on
// after them.
func appendParts(dst []byte, parts [][]byte, more bool) []byte {
	for i, part := range parts {
		flags := byte(flagMore)
		if i == len(parts)-1 && !more {
			flags = 0
		}
		dst = append(appendHeader(dst, flags, len(part)), part...)
	}
	return dst
}

// framedSize is how many bytes the frames of parts take.
func framedSize(parts [][]byte) (n int) {
	for _, part := range parts {
		n += len(part) + shortHeader
		if len(part) > 255 {
			n += longHeader - shortHeader
		}
	}
	return n
}
