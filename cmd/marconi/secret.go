package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
)

// weakSecret is a length, in bytes, below which a secret can be found by trying:
// who has a grant knows when the right one is found.
const weakSecret = 16

// secrets are those that grants are signed with, the first, or may be.
func (c *config) secrets(log *slog.Logger) (all [][]byte, err error) {
	switch {
	case c.shareSecretFile != "":
		all, err = readSecrets(c.shareSecretFile, log)
	case c.shareSecret != "":
		all = [][]byte{[]byte(c.shareSecret)}
	}
	for i, secret := range all {
		if len(secret) < weakSecret {
			log.Warn("a secret of signed URLs is so short that it can be guessed", "number", i+1, "bytes", len(secret), "least", weakSecret)
		}
	}
	return all, err
}

// readSecrets reads a file of secrets, one a line. Blank lines are passed over, and
// so are those that begin with '#'.
func readSecrets(file string, log *slog.Logger) (all [][]byte, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("signed_url_secret_file: %w", err)
	}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			all = append(all, line)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("signed_url_secret_file: there is no secret in %s", file)
	}
	if is, err := os.Stat(file); err == nil && is.Mode().Perm()&0o077 != 0 {
		log.Warn("the file of secrets is open to other users; chmod 600 closes it", "file", file, "mode", is.Mode().Perm().String())
	}
	return all, nil
}
