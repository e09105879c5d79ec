package pebblestore

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A seal is written when the store is closed and broken when it is opened. It
// holds checksums of those files of which Pebble takes a damaged end for one that
// was never finished.
const sealName = "MARCONI.seal"

// sealed is whether a seal covers a file.
func sealed(name string) bool {
	_, ok := chunked(name)
	return ok || strings.HasPrefix(name, "OPTIONS-")
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DamageError tells of bytes that are not what was written.
type DamageError struct {
	File string
	What string
}

func (e *DamageError) Error() string { return fmt.Sprintf("%s is damaged: %s", e.File, e.What) }

// sum is the text that a seal holds about the directory as it is.
func (d directory) sum() (string, error) {
	names, err := d.fs.List(d.name)
	if err != nil {
		return "", err
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		if !sealed(name) {
			continue
		}
		data, err := d.read(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s %d %08x\n", name, len(data), crc32.Checksum(data, castagnoli))
	}
	return b.String(), nil
}

func (d directory) read(name string) ([]byte, error) {
	file, err := d.fs.Open(d.path(name), vfs.SequentialReadsOption)
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	if is, err := file.Stat(); err == nil {
		data.Grow(int(is.Size()) + bytes.MinRead) // logs are long
	}
	_, err = data.ReadFrom(file)
	return data.Bytes(), errors.Join(err, file.Close())
}

// seal seals a store that is closed.
func (d directory) seal() error {
	text, err := d.sum()
	if err != nil {
		return err
	}
	text += fmt.Sprintf("%08x\n", crc32.Checksum([]byte(text), castagnoli))
	return errors.Join(d.write(sealName, text), d.sync(d.name))
}

// checkSeal compares the seal, if there is one, with the directory. A seal that
// is damaged itself says nothing.
func (d directory) checkSeal() error {
	data, err := d.read(sealName)
	if err != nil {
		return nil
	}
	text := string(data)
	const last = 9
	if len(text) < last {
		return nil
	}
	body := text[:len(text)-last]
	if text[len(body):] != fmt.Sprintf("%08x\n", crc32.Checksum([]byte(body), castagnoli)) {
		return nil
	}
	now, err := d.sum()
	if err != nil {
		return err
	}
	is := strings.Split(now, "\n")
	for line := range strings.SplitSeq(body, "\n") {
		if !slices.Contains(is, line) {
			name, _, _ := strings.Cut(line, " ")
			return &DamageError{d.path(name), "it is not as it was when the store was closed"}
		}
	}
	return nil
}

// breakSeal checks the seal and removes it, since what it covers is about to
// change.
func (d directory) breakSeal() error {
	if err := d.checkSeal(); err != nil {
		return err
	}
	if _, err := d.fs.Stat(d.path(sealName)); err != nil {
		return nil
	}
	return errors.Join(d.fs.Remove(d.path(sealName)), d.sync(d.name))
}
