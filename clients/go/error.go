package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Error is a refusal by the server, in its own words.
type Error struct {
	Status      int    // as in HTTP
	Title       string // a few words
	Description string // a sentence, or ""
	RequestID   string // names the request in the server's log, or ""
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "marconi: %d %s", e.Status, e.Title)
	if e.Description != "" {
		b.WriteString(": " + e.Description)
	}
	if e.RequestID != "" {
		b.WriteString(" (" + e.RequestID + ")")
	}
	return b.String()
}

// StatusOf is the status of the *Error in err, or 0 if there is none.
func StatusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}

const maxErrorText = 1 << 10 // bytes shown of an answer that is not JSON

// newError reads the error that a response carries, whether the broker wrote it,
// an authenticating proxy in front of it, or something that knows no JSON.
func newError(resp *http.Response, body []byte) *Error {
	var said struct {
		Title, Description string
		Error              struct{ Title, Message string }
	}
	e := &Error{Status: resp.StatusCode, RequestID: resp.Header.Get("X-Openstack-Request-Id")}
	if json.Unmarshal(body, &said) != nil {
		text := body[:min(len(body), maxErrorText)]
		said.Description = strings.ToValidUTF8(strings.TrimSpace(string(text)), "")
	}
	e.Title = cmp.Or(said.Title, said.Error.Title, http.StatusText(resp.StatusCode))
	e.Description = cmp.Or(said.Description, said.Error.Message)
	return e
}
