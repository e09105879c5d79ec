package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stackforge/marconi/storage"
)

// value is a place in a config that knows what may be put there.
type value interface {
	set(text string) error
	show() string // as set would take it, but without secrets
}

// text is any text.
type text struct{ to *string }

func (v text) set(s string) error { *v.to = s; return nil }
func (v text) show() string       { return *v.to }

// secret is a text that nobody is shown.
type secret struct{ text }

func (v secret) show() string {
	if *v.to == "" {
		return ""
	}
	return "xxxxx"
}

// secretURL is a URL that may hold a password.
type secretURL struct{ text }

func (v secretURL) show() string { return storage.Redacted(*v.to) }

// boolean is true or false.
type boolean struct{ to *bool }

func (v boolean) set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return fmt.Errorf("must be true or false, not %q", s)
	}
	*v.to = b
	return nil
}

func (v boolean) show() string { return strconv.FormatBool(*v.to) }

// count is a whole number from min up; what bounds it above is checked with the
// rest of the limits.
type count struct {
	to  *int64
	min int64
}

func (v count) set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("is out of all bounds: %s", s)
	}
	if err != nil {
		return fmt.Errorf("must be a whole number, not %q", s)
	}
	if n < v.min {
		return fmt.Errorf("must be at least %d, not %d", v.min, n)
	}
	*v.to = n
	return nil
}

func (v count) show() string { return strconv.FormatInt(*v.to, 10) }

// span is a length of time above zero, short enough for a few to be added up.
type span struct{ to *time.Duration }

const longestSpan = 1000 * time.Hour

func (v span) set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > longestSpan {
		return fmt.Errorf(`must be a span of time such as "10s" or "1m30s", up to 1000h, not %q`, s)
	}
	*v.to = d
	return nil
}

func (v span) show() string { return v.to.String() }

// choice is one of a few words.
type choice struct {
	to *string
	of []string
}

func (v choice) set(s string) error {
	if !slices.Contains(v.of, s) {
		return fmt.Errorf("must be one of %s, not %q", strings.Join(v.of, ", "), s)
	}
	*v.to = s
	return nil
}

func (v choice) show() string { return *v.to }

// address is host:port, or nothing where off is allowed.
type address struct {
	to  *string
	off bool
}

func (v address) set(s string) error {
	if s == "" && v.off {
		*v.to = s
		return nil
	}
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf(`must be host:port such as "127.0.0.1:8888", not %q`, s)
	}
	*v.to = s
	return nil
}

func (v address) show() string { return *v.to }
