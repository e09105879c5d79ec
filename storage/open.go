package storage

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Opener opens the backend that a URL names. It refuses parts of the URL that it
// has no use for: a misspelt parameter must not pass for a default.
type Opener func(ctx context.Context, u *url.URL) (Driver, error)

// Openers finds an Opener by the URL's scheme. It is a value, not a registry: a
// program lists the backends it has.
type Openers map[string]Opener

// Open opens the backend that text names. Its errors do not repeat a password.
func (o Openers) Open(ctx context.Context, text string) (Driver, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("store: not a URL") // the parser's own text repeats all of it
	}
	open, ok := o[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("store: unknown scheme %q; there are: %s", u.Scheme, strings.Join(o.Schemes(), ", "))
	}
	d, err := open(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", u.Redacted(), err)
	}
	return d, nil
}

// Schemes lists the schemes in order.
func (o Openers) Schemes() []string {
	return slices.Sorted(maps.Keys(o))
}
