package loadtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/loadtest"
)

// store answers requests in this process, in the time that it is told to take.
type store struct {
	posts  atomic.Int64
	queues atomic.Int64 // made and not deleted
	bytes  atomic.Int64 // of the last body posted
	post   func(n int64) (status int, err error)
	says   string // in its refusals, "" nothing
}

func (s *store) RoundTrip(r *http.Request) (*http.Response, error) {
	status, answer := http.StatusNoContent, ""
	switch {
	case r.Method == http.MethodPut:
		s.queues.Add(1)
	case r.Method == http.MethodDelete:
		s.queues.Add(-1)
	case r.Method == http.MethodPost:
		var said struct {
			Messages []struct{ Body json.RawMessage }
		}
		if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
			return nil, err
		}
		s.bytes.Store(int64(len(said.Messages[0].Body)))
		var err error
		if status, err = s.post(s.posts.Add(1) - 1); err != nil {
			return nil, err
		}
		answer = fmt.Sprintf(`{"resources": [], "title": "No", "description": %q}`, s.says)
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, r.Context().Err()
}

func scenario(t *testing.T, name string) loadtest.Scenario {
	t.Helper()
	for _, s := range loadtest.Scenarios() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no scenario %q", name)
	return loadtest.Scenario{}
}

// posting runs the post scenario against a store for ten seconds of the test's
// time.
func posting(t *testing.T, s *store, c loadtest.Config) loadtest.Result {
	t.Helper()
	c.URL, c.Duration, c.HTTPClient = "http://broker", 10*time.Second, &http.Client{Transport: s}
	r, err := scenario(t, "post").Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if left := s.queues.Load(); left != 0 {
		t.Errorf("%d queues are left", left)
	}
	return r
}

// stalling takes a millisecond for each post, and two seconds for one of them.
func stalling(n int64) (int, error) {
	if n == 100 {
		<-time.After(2 * time.Second)
	}
	<-time.After(time.Millisecond)
	return http.StatusCreated, nil
}

func TestAStallShowsInAnOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := posting(t, &store{post: stalling}, loadtest.Config{Rate: 100, Connections: 1})
		if r.Operations != 1000 || r.Unstarted != 0 || r.Failed() != 0 {
			t.Fatalf("%d operations, %d unstarted, %d failed", r.Operations, r.Unstarted, r.Failed())
		}
		// 200 operations fell due in the stall, and some more until it was made up for
		whole := r.Latencies[0]
		if whole.P50 > 2*time.Millisecond || whole.P90 < 500*time.Millisecond || whole.Max < 2*time.Second || whole.Max > 2100*time.Millisecond {
			t.Errorf("the stall does not show as it should:\n%s", r)
		}
		if lag := r.Latencies[1]; lag.P90 < 500*time.Millisecond || lag.P50 > time.Millisecond {
			t.Errorf("the waiting does not show as it should:\n%s", r)
		}
	})
}

func TestAStallIsOneOperationInAClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := posting(t, &store{post: stalling}, loadtest.Config{Connections: 1})
		whole := r.Latencies[0]
		if whole.P999 > 2*time.Millisecond || whole.Max < 2*time.Second {
			t.Errorf("more than one operation shows the stall:\n%s", r)
		}
		if r.Operations < 7990 || r.Operations > 8010 || r.Elapsed < 10*time.Second {
			t.Errorf("%d operations of a millisecond in %v less two seconds", r.Operations, r.Elapsed)
		}
		if rate := r.OperationsPerSecond(); rate < 790 || rate > 810 {
			t.Errorf("%v a second", rate)
		}
	})
}

func TestWhatABrokerCannotKeepUpWithIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{post: func(int64) (int, error) {
			<-time.After(20 * time.Millisecond)
			return http.StatusCreated, nil
		}}
		r := posting(t, s, loadtest.Config{Rate: 100, Connections: 1})
		if r.Operations+r.Unstarted != 1000 || r.Operations < 499 || r.Operations > 502 {
			t.Errorf("%d operations and %d unstarted, want a thousand, half of them unstarted", r.Operations, r.Unstarted)
		}
		if late := r.Latencies[0].Max; late < 4900*time.Millisecond {
			t.Errorf("the last was %v late, want 5s", late)
		}
	})
}

func TestConnectionsWorkAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{post: func(int64) (int, error) {
			<-time.After(20 * time.Millisecond)
			return http.StatusCreated, nil
		}}
		r := posting(t, s, loadtest.Config{Rate: 100, Connections: 2})
		if r.Operations != 1000 || r.Unstarted != 0 || r.Latencies[0].Max > 21*time.Millisecond {
			t.Errorf("two connections do not keep up with 100 operations of 20ms a second:\n%s", r)
		}
	})
}

func TestCountAndSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{post: func(int64) (int, error) { return http.StatusCreated, nil }}
		r := posting(t, s, loadtest.Config{Count: 57, Connections: 5, Size: 333, Queues: 3})
		if r.Operations != 57 || r.Messages != 57 || s.posts.Load() != 57 {
			t.Errorf("%d operations, %d messages, %d posts, want 57", r.Operations, r.Messages, s.posts.Load())
		}
		if got := s.bytes.Load(); got != 333 {
			t.Errorf("bodies of %d bytes, want 333", got)
		}
	})
}

func TestACountCanEndAnOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{post: func(n int64) (int, error) {
			if n == 499 {
				<-time.After(time.Second)
			}
			return http.StatusCreated, nil
		}}
		r := posting(t, s, loadtest.Config{Count: 500, Rate: 100})
		if r.Operations != 500 || r.Unstarted != 0 || r.Elapsed < 5900*time.Millisecond || r.Elapsed > 6*time.Second {
			t.Errorf("want 500 operations, the last ending after six seconds, and nothing unstarted\n%s", r)
		}
	})
}

func TestErrorsAreCountedByKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{post: func(n int64) (int, error) {
			switch n % 6 {
			case 4:
				return 0, fmt.Errorf("read %d: %w", n, os.ErrDeadlineExceeded)
			case 5:
				return 0, fmt.Errorf("stream %d: %w", n, errors.New("protocol error"))
			case 0:
				return http.StatusServiceUnavailable, nil
			case 1:
				return 0, fmt.Errorf("dial tcp 127.0.0.1:%d: %w", n, syscall.ECONNREFUSED)
			case 2:
				return 0, fmt.Errorf("read: %w", io.ErrUnexpectedEOF)
			}
			return http.StatusCreated, nil
		}}
		r := posting(t, s, loadtest.Config{Count: 60, Connections: 2})
		want := map[string]int64{
			"post: 503 No": 10, "post: connection refused": 10, "post: connection closed": 10,
			"post: timeout": 10, "post: protocol error": 10,
		}
		if fmt.Sprint(r.Errors) != fmt.Sprint(want) || r.Failed() != 50 || r.Operations != 10 {
			t.Errorf("%d operations and %v, want 10 and %v", r.Operations, r.Errors, want)
		}
		if r.Latencies[0].Count != 10 {
			t.Errorf("latencies of %d operations, want those of the 10 that succeeded", r.Latencies[0].Count)
		}
	})
}

// What is wrong with every request of a kind is told in full, and what names one of
// them is not.
func TestErrorsOfOneKindHaveTheirDescription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{says: "Too long.", post: func(n int64) (int, error) {
			return []int{http.StatusBadRequest, http.StatusNotFound}[n%2], nil
		}}
		r := posting(t, s, loadtest.Config{Count: 20, Connections: 1})
		if want := map[string]int64{"post: 400 No: Too long.": 10, "post: 404 No": 10}; fmt.Sprint(r.Errors) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", r.Errors, want)
		}
	})
}

func TestAnInterruptedRunTellsWhatItMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{post: func(int64) (int, error) {
			<-time.After(10 * time.Millisecond)
			return http.StatusCreated, nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 3005*time.Millisecond)
		defer cancel()
		r, err := scenario(t, "post").Run(ctx, loadtest.Config{
			URL: "http://broker", Duration: time.Hour, Connections: 1, HTTPClient: &http.Client{Transport: s},
		})
		if !errors.Is(err, context.DeadlineExceeded) || r.Operations != 300 || s.queues.Load() != 0 {
			t.Errorf("got %d operations, %v, and %d queues left, want 300, the deadline and none", r.Operations, err, s.queues.Load())
		}
	})
}

func TestARunThatCannotBegin(t *testing.T) {
	dead := &http.Client{Transport: refusing{}}
	for _, s := range loadtest.Scenarios() {
		if _, err := s.Run(t.Context(), loadtest.Config{URL: "http://broker", HTTPClient: dead}); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: got %v", s.Name, err)
		}
		for _, c := range []loadtest.Config{
			{}, {URL: "http://b", Rate: -1}, {URL: "http://b", Connections: -1}, {URL: "http://b", Size: 1}, {URL: "http://b", Duration: -1},
		} {
			c.HTTPClient = dead
			if _, err := s.Run(t.Context(), c); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s with %+v: got %v", s.Name, c, err)
			}
		}
	}
	if _, err := loadtest.Check(t.Context(), loadtest.Config{URL: "http://broker", HTTPClient: dead}); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("check: got %v", err)
	}
}

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }

func TestScenariosCanBeListed(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range loadtest.Scenarios() {
		if s.Name == "" || strings.ContainsAny(s.Name, " \n") || seen[s.Name] || s.About == "" || strings.Contains(s.About, "\n") || s.Run == nil {
			t.Errorf("%+v cannot be listed", s)
		}
		seen[s.Name] = true
	}
}
