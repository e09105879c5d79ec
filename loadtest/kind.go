package loadtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/stackforge/marconi/clients/go"
)

// kindOf names what an error has in common with others of its kind, for counting.
func kindOf(err error) string {
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		return kindOfRefusal(refusal)
	}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) {
		return "timeout"
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "connection closed"
	}
	for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(err) {
		err = cause
	}
	return err.Error()
}

// kindOfRefusal has the description where that is about the kind of request or the
// broker. Elsewhere it names a message or a claim, and no two would be of a kind.
func kindOfRefusal(e *client.Error) string {
	kind := fmt.Sprintf("%d %s", e.Status, e.Title)
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusServiceUnavailable:
		if e.Description != "" {
			kind += ": " + e.Description
		}
	}
	return kind
}
