package storage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Opener reads the URL of a backend and touches nothing outside: no file, no
// network. It refuses parts of the URL that it has no use for: a misspelt parameter
// must not pass for a default. Its errors, and those of Open, repeat no secret.
type Opener func(u *url.URL) (Open, error)

// Open opens the backend whose URL was read. Each call opens it anew.
type Open func(ctx context.Context) (Driver, error)

// Openers finds an Opener by the URL's scheme. It is a value, not a registry: a
// program lists the backends it has.
type Openers map[string]Opener

// Parse reads the URL of a backend and touches nothing outside. Its errors, and
// those of the Open it answers, name the URL as Redacted shows it.
func (o Openers) Parse(text string) (Open, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("store: not a URL") // the parser's own text repeats all of it
	}
	failed := func(why error) error { return fmt.Errorf("store %s: %w", Redacted(text), why) }
	read, ok := o[u.Scheme]
	if !ok {
		return nil, failed(fmt.Errorf("unknown scheme %q; there are: %s", u.Scheme, strings.Join(o.Schemes(), ", ")))
	}
	open, err := read(u)
	if err != nil {
		return nil, failed(err)
	}
	return func(ctx context.Context) (Driver, error) {
		d, err := open(ctx)
		if err != nil {
			return nil, failed(err)
		}
		return d, nil
	}, nil
}

// Open opens the backend that text names, with the errors of Parse.
func (o Openers) Open(ctx context.Context, text string) (Driver, error) {
	open, err := o.Parse(text)
	if err != nil {
		return nil, err
	}
	return open(ctx)
}

// Schemes lists the schemes in order.
func (o Openers) Schemes() []string {
	return slices.Sorted(maps.Keys(o))
}
