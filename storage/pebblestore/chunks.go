package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strconv"
	"strings"
)

// Pebble's logs and manifests are sequences of records, which are cut into
// chunks so that none crosses the end of a block:
//
//	checksum (4), size of the data (2), encoding (1), [log (4), [synced (8)]], data
//
// Where a chunk is bad Pebble takes the rest for the torn end of a write that was
// under way when the power went away. In most of these files it has no means to
// know better; but the store has: the next record is written when the last one is
// synced. So if there is the beginning of a record behind a bad chunk, then that
// chunk was good once.
const chunkBlock = 32 << 10

// The encodings of a chunk are these, for each of its places in a record.
const (
	chunkPlain = iota
	chunkRecyclable
	chunkSynced
)

var chunkHeaders = [...]int{chunkPlain: 7, chunkRecyclable: 11, chunkSynced: 19}

// chunk is a good chunk.
type chunk struct {
	size   int    // with its header
	log    uint32 // the number of the log it was written for; 0 in a manifest
	begins bool   // it is the first of its record
}

// ends reports whether a chunk is the mark behind the last record of a log.
func (c chunk) ends(log uint32) bool {
	return c.log == log+1 && c.size == chunkHeaders[chunkRecyclable]
}

// chunkAt reads the good chunk at an offset, if there is one.
func chunkAt(data []byte, at int) (c chunk, ok bool) {
	end := min(len(data), at-at%chunkBlock+chunkBlock)
	if end-at < chunkHeaders[chunkPlain] {
		return c, false
	}
	encoding := int(data[at+6]) - 1
	if encoding < 0 || encoding/4 >= len(chunkHeaders) {
		return c, false
	}
	header := chunkHeaders[encoding/4]
	c.size = header + int(binary.LittleEndian.Uint16(data[at+4:]))
	if at+c.size > end {
		return c, false
	}
	if encoding/4 > chunkPlain {
		c.log = binary.LittleEndian.Uint32(data[at+7:])
	}
	c.begins = encoding%4 <= 1
	// The checksum is stored rotated and shifted, as LevelDB does it.
	sum := crc32.Checksum(data[at+6:at+c.size], castagnoli)
	return c, (sum>>15|sum<<17)+0xa282ead8 == binary.LittleEndian.Uint32(data[at:])
}

// endOf finds where the chunks of a file end; it is a bad end if a bad chunk is
// there. Of a log the chunks of other logs, whose file it has taken over, do not
// count.
func endOf(data []byte, log uint32) (at int, bad bool) {
	for at < len(data) {
		c, ok := chunkAt(data, at)
		switch {
		case ok && c.log == log:
			at += c.size
		case ok && c.ends(log):
			return at, false
		case blank(data, at):
			at += chunkBlock - at%chunkBlock
		default:
			return at, true
		}
	}
	return at, false
}

// damageIn finds a bad chunk that was good once.
func damageIn(data []byte, log uint32) (at int, damaged bool) {
	at, bad := endOf(data, log)
	return at, bad && beginsBehind(data, at, log)
}

// blank is whether there is no room for a chunk in the rest of a block.
func blank(data []byte, at int) bool {
	rest := data[at:min(len(data), at-at%chunkBlock+chunkBlock)]
	if (at+len(rest))%chunkBlock != 0 || len(rest) >= chunkHeaders[chunkSynced] {
		return false
	}
	for _, b := range rest {
		if b != 0 {
			return false
		}
	}
	return true
}

func beginsBehind(data []byte, at int, log uint32) bool {
	for at++; at < len(data); at++ {
		c, ok := chunkAt(data, at)
		if ok && (c.log == log && c.begins && c.size > chunkHeaders[chunkPlain] || log > 0 && c.ends(log)) {
			return true
		}
	}
	return false
}

// checkChunks refuses a store of which a log or a manifest is damaged before its
// end.
func (d directory) checkChunks() error { return d.eachChunked(damageIn) }

// eachChunked looks into logs and manifests, and tells of the first that is bad.
func (d directory) eachChunked(look func(data []byte, log uint32) (at int, bad bool)) error {
	names, err := d.fs.List(d.name)
	if err != nil {
		return err
	}
	for _, name := range names {
		log, ok := chunked(name)
		if !ok {
			continue
		}
		data, err := d.read(name)
		if err != nil {
			return err
		}
		if at, bad := look(data, log); bad {
			return &DamageError{d.path(name), fmt.Sprintf("what is at byte %d does not match its checksum", at)}
		}
	}
	return nil
}

// placed adds the place of the damage to what Pebble says when it does not open. Of
// a log that was not the last one it refuses a bad end as well, and keeps the name
// of the log to the details. A table that is missing was replaced by what is at the
// bad end of a manifest.
func (d directory) placed(err error) error {
	var log interface{ ErrorDetail() string }
	switch {
	case errors.As(err, &log):
		return fmt.Errorf("%w, %s", err, log.ErrorDetail())
	case errors.Is(err, fs.ErrNotExist):
		return errors.Join(d.badManifest(), err)
	default:
		return err
	}
}

func (d directory) badManifest() error {
	return d.eachChunked(func(data []byte, log uint32) (at int, bad bool) {
		if log > 0 {
			return 0, false
		}
		return endOf(data, 0)
	})
}

// chunked is whether a file consists of chunks, and its number if it is a log.
func chunked(name string) (log uint32, ok bool) {
	if strings.HasPrefix(name, "MANIFEST-") {
		return 0, true
	}
	number, ok := strings.CutSuffix(name, ".log")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(number, 10, 64)
	return uint32(n), err == nil
}
