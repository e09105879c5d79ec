package core

import (
	"bytes"
	"context"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// QueueShareRequest says what to share of a queue.
type QueueShareRequest struct {
	Queue string `json:"queue_name"`

	// Share is an object, or nothing. Each of its members may be missing: "paths"
	// lists what is shared, of "messages" (which is meant if there is nothing),
	// "subscriptions" and "claims"; "methods" how, in methods of HTTP ("GET");
	// "expires" is until when, in ISO 8601 (for a day).
	Share jsontext.Value `json:"share"`
}

// ShareQueue makes a grant of parts of a queue, which need not be there.
func (b *Broker) ShareQueue(_ context.Context, who Caller, r QueueShareRequest) (Grant, error) {
	share, err := parseMetadata(r.Share)
	if err != nil {
		return Grant{}, titled(badBody, invalid("What to share must be an object."))
	}
	if unknown := unknownIn(share); len(unknown) > 0 {
		return Grant{}, invalid("Unknown keys: %s", quotedSet(unknown))
	}
	g := Grant{Project: who.Project}
	if g.Paths, err = sharedPaths(r.Queue, share.get("paths")); err != nil {
		return Grant{}, err
	}
	switch {
	case len(b.options.Secrets) == 0:
		return Grant{}, invalid("The `key` can't be None")
	case !soundProject(g.Project):
		return Grant{}, invalid(`A project with a \ in its name can share nothing.`)
	}
	if g.Methods, err = sharedMethods(share.get("methods")); err != nil {
		return Grant{}, err
	}
	expires, err := sharedUntil(share.get("expires"), b.now())
	if err != nil {
		return Grant{}, err
	}
	g.Expires = expires.Format(grantTime)
	g.Signature = sign(b.options.Secrets[0], g.text(expires))
	return g, nil
}

func unknownIn(share metadata) []string {
	var unknown []string
	for _, a := range share {
		if !slices.Contains([]string{"paths", "methods", "expires"}, a.name) {
			unknown = append(unknown, a.name)
		}
	}
	return unknown
}

// quotedSet shows texts as Python does a set of them.
func quotedSet(texts []string) string {
	slices.Sort(texts)
	return "{'" + strings.Join(slices.Compact(texts), "', '") + "'}"
}

func sharedPaths(queue string, v jsontext.Value) ([]string, error) {
	parts, ok := textsIn(v)
	if !ok {
		return nil, invalid("`paths` should be a list")
	}
	if len(parts) == 0 {
		parts = []string{"messages"}
	}
	var unknown, paths []string
	for _, part := range parts {
		if !slices.Contains([]string{"messages", "subscriptions", "claims"}, part) {
			unknown = append(unknown, part)
		}
		paths = append(paths, "/v2/queues/"+queue+"/"+part)
	}
	if len(unknown) > 0 {
		return nil, invalid("Invalid paths: %s", quotedSet(unknown))
	}
	slices.Sort(paths)
	return paths, nil
}

func sharedMethods(v jsontext.Value) ([]string, error) {
	methods, ok := textsIn(v)
	switch {
	case !ok:
		return nil, invalid("`methods` should be a list")
	case len(methods) == 0:
		return []string{"GET"}, nil
	case slices.ContainsFunc(methods, notMethod):
		return nil, invalid("`methods` should be a list of the names of methods")
	}
	slices.Sort(methods)
	return methods, nil
}

const (
	shareSpan   = 24 * time.Hour // of a grant that does not say
	longestTime = 64             // characters
)

// sharedUntil is when a grant ends. A number is no time, for nobody would know what
// it counts; Zaqar says so even of a year that stands alone.
func sharedUntil(v jsontext.Value, now time.Time) (time.Time, error) {
	text := strings.TrimSpace(string(v))
	switch v.Kind() {
	case 0, 'n':
		return now.Add(shareSpan).UTC().Truncate(time.Second), nil
	case '"':
		text, _ = stringValue(v)
	}
	if len(text) > longestTime {
		return time.Time{}, invalid("Unable to parse date string '%s'", text)
	}
	if n, whole := new(big.Int).SetString(text, 10); whole && n.Sign() != 0 {
		return time.Time{}, invalid("`expires` should be date format, for example 2016-01-01T00:00:00, not integer value: %s", n)
	}
	expires, ok := instantOf(text)
	switch {
	case !ok:
		return time.Time{}, invalid("Unable to parse date string '%s'", text)
	case !expires.After(now):
		return time.Time{}, invalid("`expires` is lower than the current time")
	}
	return expires, nil
}

// textsIn reads a list of texts. Nothing, and what Python takes for false, is a
// list of none.
func textsIn(v jsontext.Value) (texts []string, ok bool) {
	if len(v) == 0 || falsy(v) {
		return nil, true
	}
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
		return nil, false
	}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		texts = append(texts, t.String())
	}
	t, err := d.ReadToken()
	return texts, err == nil && t.Kind() == ']'
}
