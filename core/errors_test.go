package core_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stackforge/marconi/core"
)

func TestCodeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want core.Code
	}{
		{&core.Error{Code: core.Conflict}, core.Conflict},
		{fmt.Errorf("wrapped: %w", &core.Error{Code: core.NotFound}), core.NotFound},
		{&core.Error{Code: core.Invalid, Err: context.Canceled}, core.Invalid},
		{context.Canceled, core.Unavailable},
		{fmt.Errorf("wrapped: %w", context.DeadlineExceeded), core.Unavailable},
		{errors.New("foreign"), core.Internal},
	} {
		same(t, fmt.Sprint(c.err), core.CodeOf(c.err), c.want)
	}
}

func TestErrorTellsTheLogTheCause(t *testing.T) {
	cause := errors.New("disk on fire")
	err := &core.Error{Code: core.Unavailable, Text: "It failed.", Err: cause}
	same(t, "error", err.Error(), "It failed.: disk on fire")
	same(t, "cause", errors.Is(err, cause), true)
	same(t, "error without a cause", (&core.Error{Text: "It failed."}).Error(), "It failed.")
}
