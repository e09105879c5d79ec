package api

import (
	"context"
	"errors"

	"github.com/stackforge/marconi/core"
)

// Problem is the result of a call that failed.
type Problem struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Challenge   string `json:"-"` // how to authenticate, if that is what is missing
	Err         error  `json:"-"` // the cause, for the log alone
}

// answers is what each code says by itself.
var answers = map[core.Code]struct {
	status int
	title  string
}{
	core.Internal:    {500, "Internal server error"},
	core.Invalid:     {400, "Invalid API request"},
	core.NotFound:    {404, "Not found"},
	core.Conflict:    {409, "Resource conflict"},
	core.Forbidden:   {403, "Not authorized"},
	core.TooLarge:    {400, "Invalid API request"}, // Zaqar knows no 413
	core.Unavailable: {503, "Service temporarily unavailable"},
}

// errForbidden is for callers without the role that an operation needs.
var errForbidden = &core.Error{Code: core.Forbidden, Text: "You are not authorized to complete this action."}

// failed is the answer to an error.
func failed(err error) Reply {
	a := answers[core.CodeOf(err)]
	p := &Problem{Title: a.title, Err: err}
	var e *core.Error
	switch {
	case errors.As(err, &e):
		p.Description = e.Text
		if e.Title != "" {
			p.Title = e.Title
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		p.Description = "The request was not finished in time."
	default: // not a word of the broker's: the log has it
		p.Description = "The request could not be completed."
	}
	if a.status == 503 {
		p.Description += " Please try again in a few seconds."
	}
	return Reply{Status: a.status, Result: p}
}

func newInvalid(title, text string) error {
	return &core.Error{Code: core.Invalid, Title: title, Text: text}
}
