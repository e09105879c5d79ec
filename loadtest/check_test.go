package loadtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/loadtest"
)

// cellar is a broker that shows the first message it was given and never gives
// it out.
type cellar struct {
	body atomic.Pointer[json.RawMessage] // of that message
	down atomic.Bool                     // it answers no listing any more
}

func (c *cellar) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	status, answer := http.StatusNoContent, ""
	switch at := path.Base(r.URL.Path); {
	case at == "messages" && r.Method == http.MethodPost:
		var said struct {
			Messages []struct{ Body json.RawMessage }
		}
		if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
			return nil, err
		}
		c.body.Store(&said.Messages[0].Body)
		status, answer = http.StatusCreated, `{"resources": ["/v2/queues/q/messages/m1"]}`
	case at == "messages" && r.Method == http.MethodDelete:
		status, answer = http.StatusOK, `{"messages": []}`
	case at == "messages" && c.down.Load():
		return nil, syscall.ECONNREFUSED
	case at == "messages":
		status, answer = http.StatusOK, `{"messages": []}`
		if body := c.body.Load(); body != nil && r.URL.Query().Get("marker") == "" {
			answer = `{"messages": [{"id": "m1", "body": ` + string(*body) + `}], "links": [{"rel": "next", "href": "?marker=m1"}]}`
		}
	case at == "stats":
		status, answer = http.StatusOK, `{"messages": {}}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

// oneMessage is a check of a cellar with one message.
func oneMessage(c *cellar) loadtest.Config {
	return loadtest.Config{URL: "http://broker", Count: 1, Queues: 1, HTTPClient: &http.Client{Transport: c}}
}

func TestCheckTellsOfAMessageThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := loadtest.Check(t.Context(), oneMessage(&cellar{}))
		if err != nil || r.OK() {
			t.Fatalf("%v\n%s", err, r)
		}
		if len(r.Wrong) != 1 || !strings.Contains(r.Wrong[0].What, "m1") || len(r.Lost) != 1 || r.Listed != 1 {
			t.Errorf("the message that cannot be claimed is not told of\n%s", r)
		}
		if r.Elapsed < time.Minute || r.Elapsed > 3*time.Minute {
			t.Errorf("it took %v, want long enough for any claim to end", r.Elapsed)
		}
	})
}

func TestCheckTellsThatItCouldNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cellar{}
		c.down.Store(true)
		r, err := loadtest.Check(t.Context(), oneMessage(c))
		if !errors.Is(err, syscall.ECONNREFUSED) || r.Answered != 1 {
			t.Errorf("got %v\n%s", err, r)
		}
	})
}

func TestCheckCanBeInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		r, err := loadtest.Check(ctx, oneMessage(&cellar{}))
		if !errors.Is(err, context.DeadlineExceeded) || r.Answered != 1 || r.Elapsed > time.Minute {
			t.Errorf("got %v\n%s", err, r)
		}
	})
}

func TestCheckEndsWhenItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		c := loadtest.Config{URL: "http://broker", Queues: 1, Stop: stop, HTTPClient: &http.Client{Transport: &cellar{}}}
		time.AfterFunc(20*time.Second, func() { close(stop) })
		r, err := loadtest.Check(t.Context(), c)
		if err != nil || r.Elapsed < 20*time.Second || r.Elapsed > 3*time.Minute {
			t.Errorf("it took %v, want 20 s of load and what the end takes; %v", r.Elapsed, err)
		}
	})
}
