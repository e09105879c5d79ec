package auth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// Signed lets pass who brings a grant that b has signed, for what the grant is
// for, and leaves to others all who bring no signature. The grant is in headers:
// URL-Signature, URL-Expires, URL-Methods, URL-Paths and X-Project-Id. Its bearer
// has no roles, and nothing else that a header says of it counts.
func Signed(b *core.Broker, others api.Authenticator) api.Authenticator {
	return signed{broker: b, others: others}
}

type signed struct {
	broker *core.Broker
	others api.Authenticator
}

// Challenge implements api.Authenticator. Nobody is asked for a grant.
func (s signed) Challenge() string { return s.others.Challenge() }

// Authenticate implements api.Authenticator. A grant that does not hold is answered
// with api.ErrGrant, whoever else the caller may be.
func (s signed) Authenticate(ctx context.Context, c *api.Call) (core.Caller, error) {
	signature, _ := c.Header("URL-Signature")
	if signature == "" {
		return s.others.Authenticate(ctx, c)
	}
	g := grantIn(c)
	g.Signature = signature
	if err := isFor(g, c); err != nil {
		return core.Caller{}, fmt.Errorf("%w: %w", api.ErrGrant, err)
	}
	expires, err := s.broker.CheckGrant(g)
	if err != nil {
		return core.Caller{}, fmt.Errorf("%w: %w", api.ErrGrant, err)
	}
	return core.Caller{Project: g.Project, Expires: expires}, nil
}

// grantIn is what the headers say of a grant.
func grantIn(c *api.Call) core.Grant {
	header := func(name string) string {
		text, _ := c.Header(name)
		return text
	}
	return core.Grant{
		Paths:   listIn(header("URL-Paths")),
		Methods: listIn(header("URL-Methods")),
		Project: header("X-Project-Id"),
		Expires: header("URL-Expires"),
	}
}

// listIn reads a list with commas or, where headers are JSON, an array.
func listIn(text string) []string {
	var list []string
	if strings.HasPrefix(text, "[") {
		if json.Unmarshal([]byte(text), &list) != nil {
			return nil
		}
		return list
	}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// methods are those of HTTP that stand for actions at other doors.
var methods = map[string]string{
	"message_list":        "GET",
	"message_get":         "GET",
	"message_get_many":    "GET",
	"message_post":        "POST",
	"message_delete":      "DELETE",
	"message_delete_many": "DELETE",
}

// isFor says why a grant is not for what a call asks.
func isFor(g core.Grant, c *api.Call) error {
	method, path := c.Method, c.Path
	if method == "" {
		method = methods[c.Action]
		path = "/v2/queues/" + url.PathEscape(c.Queue()) + "/messages"
	}
	if method == "" || !slices.Contains(g.Methods, method) {
		return errors.New("the grant is for other methods")
	}
	if !slices.ContainsFunc(g.Paths, func(granted string) bool { return within(granted, path) }) {
		return errors.New("the grant is for other paths")
	}
	return nil
}

// within tells whether a path, as it was sent, is one that was granted or below it.
// They are compared part by part, and below it no part may lead elsewhere, whoever
// reads it.
func within(granted, path string) bool {
	want, parts := strings.Split(granted, "/"), strings.Split(path, "/")
	if len(parts) < len(want) {
		return false
	}
	for i, part := range parts {
		plain, err := url.PathUnescape(part)
		switch {
		case err != nil:
			return false
		case i < len(want):
			if plain != want[i] {
				return false
			}
		case plain == "", plain == ".", plain == "..", strings.ContainsAny(plain, `/\`):
			return false
		}
	}
	return true
}
