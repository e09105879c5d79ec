package transporttest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

// recorder stands in for a test that is meant to fail.
type recorder struct {
	ctx      context.Context
	failures []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...) }

func memory(now func() time.Time) storage.Driver { return memstore.New(memstore.Config{Now: now}) }

// failures plays a script and tells what was wrong with it.
func failures(t *testing.T, script string, open func(api.Handler) transporttest.Door) string {
	t.Helper()
	scripts, err := transporttest.Parse([]byte("-- a script --\n" + script + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{ctx: t.Context()}
	scripts[0].Play(r, memory, open)
	return strings.Join(r.failures, "\n")
}

func TestPlayFails(t *testing.T) {
	for _, c := range []struct{ name, script, complaint string }{
		{"another status", "> queue_create {\"queue_name\": \"q\"}\n< 204", "a script: line 2: queue_create {\"queue_name\": \"q\"}\nanswered 201 {}\nstatus: got 201, want 204"},
		{"another document", "> queue_list {}\n< 200 {\"queues\": [{\"name\": \"q\"}]}", ".queues: got [], want [{\"name\":\"q\"}]"},
		{"no document", "> queue_list {}\n< 200", ".queues: not wanted"},
		{"a document too many", "> queue_create {\"queue_name\": \"q\"}\n< 201 {\"id\": 1}", ".id: missing"},
		{"another text", "> queue_list {\"limit\": 0}\n< 400 no", `got "Limit must be at least 1 and no greater than 20.", want "no"`},
		{"no text", "> queue_list {\"limit\": 0}\n< 400", `want ""`},
		{"a refusal", "> queue_list {\"limit\": 0}\n< 200", "status: got 400, want 200"},
		{"an unknown hole", "> message_get {\"queue_name\": \"q\", \"message_id\": \"$id\"}\n< 404", "nothing is known of $id"},
		{"the second answer", "> queue_list {}\n< 200 {\"queues\": []}\n\n> queue_list {}\n< 204", "line 5: "},
		{"a broker that cannot be", "broker {\"limits\": {\"max_claim_ttl\": 1}}", "no broker: limits: max_claim_ttl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := failures(t, c.script, transporttest.Bare); !strings.Contains(got, c.complaint) {
				t.Errorf("got %q, want %q in it", got, c.complaint)
			}
		})
	}
}

func TestPlayEndsAtTheFirstFailure(t *testing.T) {
	got := failures(t, "> queue_list {}\n< 204\n> queue_list {}\n< 204", transporttest.Bare)
	if n := strings.Count(got, "status:"); n != 1 {
		t.Errorf("got %d failures, want 1:\n%s", n, got)
	}
}

// TestPlayNeedsEveryLine plays a script that fails without any one of its lines.
func TestPlayNeedsEveryLine(t *testing.T) {
	lines := []string{
		`broker {"limits": {"default_message_ttl": 60}}`,
		`as bob`,
		`of shop`,
		`with Idempotency-Key: k`,
		"> message_post {\"queue_name\": \"q\", \"messages\": [{\"body\":\n  1}]}\n< 201 {\"message_ids\": [\"$id\"]}",
		`advance 59s`,
	}
	check := "as bob\nof shop\n" +
		"> message_list {\"queue_name\": \"q\"}\n< 200 {\"messages\": []}\n" +
		"with Idempotency-Key: k\n> message_post {\"queue_name\": \"q\", \"messages\": [{\"body\": 2}]}\n< 409 $any\n" +
		"> message_list {\"queue_name\": \"q\", \"echo\": true}\n" +
		"< 200 {\"messages\": [{\"id\": \"$id\", \"claim_id\": null, \"ttl\": 60, \"age\": 59, \"body\": 1}]}"
	if got := failures(t, strings.Join(lines, "\n")+"\n"+check, transporttest.Bare); got != "" {
		t.Fatal(got)
	}
	for i, line := range lines {
		rest := append(append([]string{}, lines[:i]...), lines[i+1:]...)
		if got := failures(t, strings.Join(rest, "\n")+"\n"+check, transporttest.Bare); got == "" {
			t.Errorf("nothing is wrong without %q", line)
		}
	}
}

// broken is a door that answers what it wants.
type broken struct {
	response transporttest.Response
	err      error
}

func (b broken) Do(context.Context, transporttest.Request) (transporttest.Response, error) {
	return b.response, b.err
}

func TestPlayFailsWithItsDoor(t *testing.T) {
	for _, c := range []struct {
		door      broken
		complaint string
	}{
		{broken{err: errors.New("no connection")}, "no connection"},
		{broken{response: transporttest.Response{Status: 200, Refusal: "no"}}, "refused: no"},
		{broken{response: transporttest.Response{Status: 200, Body: []byte("{")}}, "got no JSON"},
	} {
		open := func(api.Handler) transporttest.Door { return c.door }
		if got := failures(t, "> queue_list {}\n< 200 \"$any\"", open); !strings.Contains(got, c.complaint) {
			t.Errorf("got %q, want %q in it", got, c.complaint)
		}
	}
}
