package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	typeJSON  = "application/json"
	typePatch = "application/openstack-messaging-v2.0-json-patch"

	maxAnswer = 64 << 20 // bytes; the largest page of a broker with default limits has about 6 MiB
)

// request is one call of the API.
type request struct {
	method   string
	at       []string // the segments of the path below /v2
	query    url.Values
	body     []byte
	bodyType string // "": JSON
	key      string // makes a post idempotent
}

// answer is what a call that succeeded came back with.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) decode(v any) error {
	if err := json.Unmarshal(a.body, v); err != nil {
		return fmt.Errorf("marconi: the answer is not what it should be: %w", err)
	}
	return nil
}

// lostError says that a request went without a whole answer: nobody knows
// whether it was carried out.
type lostError struct{ err error }

func (e *lostError) Error() string { return "marconi: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// do sends a request once. Its errors are *Error for what the server refused,
// *lostError, or tell of a request or an answer that makes no sense.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, &lostError{err}
	}
	defer resp.Body.Close()
	// One byte more than allowed tells a full answer from one too long; reading
	// to the end lets the connection be used again.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return answer{}, &lostError{err}
	case len(body) > maxAnswer:
		return answer{}, fmt.Errorf("marconi: the answer has more than %d bytes", maxAnswer)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return answer{}, newError(resp, body)
	}
	return answer{resp.StatusCode, resp.Header, body}, nil
}

// get sends a request and decodes what comes back.
func (c *Client) get(ctx context.Context, r request, v any) error {
	a, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	return a.decode(v)
}

// tell sends a request that has no answer but its success.
func (c *Client) tell(ctx context.Context, r request) error {
	_, err := c.do(ctx, r)
	return err
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	target, err := c.target(r)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("marconi: %w", err)
	}
	req.Header = c.header.Clone()
	if r.body != nil {
		req.Header.Set("Content-Type", typeJSON)
	}
	if r.bodyType != "" {
		req.Header.Set("Content-Type", r.bodyType)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	return req, nil
}

// target is a request's URL. A segment that would make it another resource's is
// an error: a message without an ID would be all messages.
func (c *Client) target(r request) (string, error) {
	var b strings.Builder
	b.WriteString(c.base)
	b.WriteString("/v2")
	for _, s := range r.at {
		if s == "" || s == "." || s == ".." {
			return "", fmt.Errorf("marconi: %q cannot name a queue, a message or a claim", s)
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	if len(r.query) > 0 {
		b.WriteByte('?')
		b.WriteString(r.query.Encode())
	}
	return b.String(), nil
}

// encode is v in JSON, with raw JSON inside it left unescaped.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("marconi: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
