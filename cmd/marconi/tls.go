package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// certificate is a certificate and its key in files. Changed files are read again
// within a second of the next handshake; while they cannot be read, as when only
// one of them has been replaced so far, the last good pair stays in use.
type certificate struct {
	files [2]string // certificate, key
	log   *slog.Logger
	now   func() time.Duration // since some instant
	inUse atomic.Pointer[tls.Certificate]
	next  atomic.Int64 // when to look at the files again, as now tells

	looking sync.Mutex // whoever has it looks at the files; guards what follows
	seen    [2]os.FileInfo
	trouble string // with the last reading; "" if it went well
}

const certificateAge = time.Second // between two looks at the files

func newCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	start := time.Now()
	c := &certificate{files: [2]string{cert, key}, log: log, now: func() time.Duration { return time.Since(start) }}
	c.next.Store(int64(certificateAge))
	return c, c.read()
}

// config is for a server that has this certificate.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c.refresh()
			return c.inUse.Load(), nil
		},
	}
}

func (c *certificate) refresh() {
	now := int64(c.now())
	if now < c.next.Load() || !c.looking.TryLock() {
		return
	}
	defer c.looking.Unlock()
	c.next.Store(now + int64(certificateAge))
	if c.trouble == "" && !c.changed() {
		return
	}
	before := c.trouble
	c.trouble = ""
	if err := c.read(); err != nil {
		c.trouble = err.Error()
		if c.trouble != before {
			c.log.Error("the certificate changed and cannot be read; the one read before stays in use", "error", err)
		}
		return
	}
	c.log.Info("certificate read again", "expires", c.inUse.Load().Leaf.NotAfter)
}

func (c *certificate) changed() bool {
	for i, name := range c.files {
		is, err := os.Stat(name)
		if err != nil || c.seen[i] == nil || !os.SameFile(is, c.seen[i]) ||
			!is.ModTime().Equal(c.seen[i].ModTime()) || is.Size() != c.seen[i].Size() {
			return true
		}
	}
	return false
}

// read takes note of the files before it reads them: what changes in between is
// seen as a change at the next look.
func (c *certificate) read() error {
	for i, name := range c.files {
		is, err := os.Stat(name)
		c.seen[i] = is // nil with an error
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
	}
	pair, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.files[0], c.files[1], err)
	}
	c.inUse.Store(&pair)
	return nil
}
