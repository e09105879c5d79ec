package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
)

// Config says where and how a store is kept. Only Dir has to be set.
type Config struct {
	// Dir is the store's directory. It is made if it is missing, for its owner
	// alone.
	Dir string

	// FS is the file system Dir lies in; nil: the machine's.
	FS vfs.FS

	// Now is the clock that Store.Now reads; nil: time.Now.
	Now func() time.Time

	// Reserve is how many bytes of the disk posts leave free, so that claims
	// and deletions go on when the disk is full; 0: 256 MiB, or 5 % of the disk
	// if that is less.
	Reserve uint64

	tune func(*pebble.Options) // by tests
}

// Open opens the store in a directory, or makes one in a directory that is empty
// or missing. It refuses a directory with anything else in it, a store of
// another format, and a store that another process, or this one, has open.
func Open(ctx context.Context, c Config) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.Dir == "" {
		return nil, errors.New("pebblestore: no directory")
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	d := directory{c.FS, c.Dir}
	lock, err := d.claim()
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: c.Dir, fs: c.FS, now: c.Now, lock: lock, feed: newFeed(), tune: c.tune,
		room: newRoom(c.FS, c.Dir, c.Reserve),
	}
	if s.engine, err = s.openEngine(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := d.finish(); err != nil {
		return nil, errors.Join(err, s.engine.close(), lock.Close())
	}
	s.start()
	return s, nil
}

// OpenURL is the storage.Opener of "pebble:". The directory is the path of
// "pebble:///var/lib/marconi", which begins at the root, or of
// "pebble:data/marconi", which begins at the working directory. The parameter
// reserve is Config.Reserve in bytes.
func OpenURL(u *url.URL) (storage.Open, error) {
	dir := u.Path
	if u.Opaque != "" {
		dir = u.Opaque
	}
	switch {
	case u.User != nil:
		return nil, errors.New("pebblestore: the URL names a user, and a directory has none")
	case u.Host != "":
		return nil, fmt.Errorf("pebblestore: the URL names the host %q; a path from the root has three slashes (pebble:///path), any other none (pebble:path)", u.Host)
	case u.Fragment != "":
		return nil, errors.New("pebblestore: the URL has a fragment, and a directory has none")
	case dir == "":
		return nil, errors.New("pebblestore: the URL names no directory")
	}
	if u.Opaque != "" {
		var err error
		if dir, err = url.PathUnescape(dir); err != nil {
			return nil, errors.New("pebblestore: the URL's path is not well escaped")
		}
	}
	c := Config{Dir: filepath.FromSlash(dir)}
	if err := c.set(u); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (storage.Driver, error) {
		s, err := Open(ctx, c)
		if err != nil {
			return nil, err
		}
		return s, nil
	}, nil
}

// set reads the parameters of a URL.
func (c *Config) set(u *url.URL) error {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("pebblestore: the URL's parameters are not well formed")
	}
	for name, v := range values {
		if name != "reserve" {
			return fmt.Errorf("pebblestore: unknown parameter %q; there is: reserve", name)
		}
		if len(v) != 1 {
			return fmt.Errorf("pebblestore: parameter %q given %d times", name, len(v))
		}
		if c.Reserve, err = strconv.ParseUint(v[0], 10, 64); err != nil || c.Reserve == 0 {
			return fmt.Errorf("pebblestore: parameter reserve is %q, not a number of bytes above 0", v[0])
		}
	}
	return nil
}
