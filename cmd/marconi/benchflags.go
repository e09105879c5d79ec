package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stackforge/marconi/clients/go"
)

// check says all that is wrong with what the flags say. A zero that package loadtest
// would take for the usual number is refused where no flag's default is zero.
func (o *benchOrder) check() error {
	var problems []error
	for _, f := range []struct {
		name       string
		value, min int
	}{
		{"connections", o.Connections, 1}, {"size", o.Size, 2}, {"prefill", o.Prefill, 1},
		{"queues", o.Queues, 0}, {"listeners", o.Listeners, 0}, {"count", o.Count, 0}, {"pid", o.Process, 0},
	} {
		if f.value < f.min {
			problems = append(problems, fmt.Errorf("--%s must be at least %d, not %d", f.name, f.min, f.value))
		}
	}
	if o.Duration < 0 {
		problems = append(problems, fmt.Errorf("--duration must not be negative, as %s is", o.Duration))
	}
	if !(o.Rate >= 0 && o.Rate <= 1e9) {
		problems = append(problems, fmt.Errorf("--rate must be from 0 to 1e9 operations a second, not %g", o.Rate))
	}
	if _, err := client.New(client.Config{URL: o.URL}); err != nil {
		problems = append(problems, fmt.Errorf("--url: %s", strings.TrimPrefix(err.Error(), "marconi: ")))
	}
	return errors.Join(problems...)
}
