package core

import (
	"context"
	"errors"
	"fmt"
)

// Code says what a caller can do about an error.
type Code uint8

// The codes.
const (
	Internal    Code = iota // a fault of the broker: report it
	Invalid                 // the request can never succeed: change it
	NotFound                // what it names is not there
	Conflict                // it contradicts the present state
	Forbidden               // the caller may not do this
	TooLarge                // more bytes than a limit allows
	Unavailable             // the store cannot serve now: try again
)

// Error is the only kind of error that operations answer, but for those of a
// context that is done.
type Error struct {
	Code  Code
	Title string // a few words on what was wrong; "" says no more than Code
	Text  string // a sentence for the caller
	Err   error  // the cause, for the log alone
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Text + ": " + e.Err.Error()
	}
	return e.Text
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of an operation's error. That of a context that is done
// counts as Unavailable, and any other that is not the broker's own as Internal.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Unavailable
	}
	return Internal
}

func newError(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *Error  { return newError(Invalid, format, args...) }
func notFound(format string, args ...any) *Error { return newError(NotFound, format, args...) }

// titled gives an error of the broker's a title.
func titled(title string, err *Error) *Error {
	err.Title = title
	return err
}
