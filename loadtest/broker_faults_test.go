package loadtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/loadtest"
)

// between stands between clients and a broker and does as it likes.
type between func(send http.RoundTripper, r *http.Request) (*http.Response, error)

type middleman struct {
	send http.RoundTripper
	do   between
}

func (m middleman) RoundTrip(r *http.Request) (*http.Response, error) { return m.do(m.send, r) }

// checking runs a check through a middleman.
func checking(t *testing.T, url string, c loadtest.Config, do between) loadtest.Report {
	t.Helper()
	send := &http.Transport{MaxIdleConnsPerHost: 32}
	defer send.CloseIdleConnections()
	c.URL, c.HTTPClient = url, &http.Client{Transport: middleman{send, do}, Timeout: 20 * time.Second}
	r, err := loadtest.Check(t.Context(), c)
	if err != nil {
		t.Errorf("%v\n%s", err, r)
	}
	return r
}

func posts(r *http.Request) bool {
	return r.Method == http.MethodPost && path.Base(r.URL.Path) == "messages"
}

func lists(r *http.Request) bool {
	return r.Method == http.MethodGet && path.Base(r.URL.Path) == "messages"
}

func claims(r *http.Request) bool {
	return r.Method == http.MethodPost && path.Base(r.URL.Path) == "claims"
}

// testLostAnswers loses answers of posts and deletions that were carried out.
// Posts are tried again by themselves, and nothing may be stored twice.
func testLostAnswers(t *testing.T, url string) {
	var asked, lost atomic.Int64
	r := checking(t, url, loadtest.Config{Connections: 12, Duration: 2 * time.Second, Size: 200},
		func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
			resp, err := send.RoundTrip(r)
			mayLose := posts(r) || r.Method == http.MethodDelete && r.URL.Query().Get("claim_id") != ""
			if err != nil || !mayLose || asked.Add(1)%7 != 0 {
				return resp, err
			}
			lost.Add(1)
			resp.Body.Close()
			return nil, io.ErrUnexpectedEOF
		})
	if !r.OK() || lost.Load() == 0 || r.Attempted != r.Answered {
		t.Errorf("%d answers were lost\n%s", lost.Load(), r)
	}
	if n := r.Errors["delete: connection closed"]; n == 0 || int(n) >= int(lost.Load()) {
		t.Errorf("%d of %d lost answers were noticed, want those of deletions", n, lost.Load())
	}
}

// testBrokenBroker makes a good broker look broken and expects the check to find
// out how.
func testBrokenBroker(t *testing.T, url string) {
	for _, tt := range []struct {
		name   string
		do     between
		faults func(loadtest.Report) []loadtest.Fault
	}{
		{"forgets posts", forgetting(), func(r loadtest.Report) []loadtest.Fault { return r.Lost }},
		{"stores posts twice", doubling(), func(r loadtest.Report) []loadtest.Fault { return r.Duplicated }},
		{"damages bodies", damaging(), func(r loadtest.Report) []loadtest.Fault { return r.Unexpected }},
		{"lists backwards", rewritten(slices.Reverse[[]json.RawMessage]), func(r loadtest.Report) []loadtest.Fault { return r.Reordered }},
		{"skips messages", rewritten(dropFirst), func(r loadtest.Report) []loadtest.Fault { return r.Skipped }},
		{"gives claims twice", repeating(), func(r loadtest.Report) []loadtest.Fault { return r.Overlapping }},
		{"refuses to delete", refusingDeletions(), func(r loadtest.Report) []loadtest.Fault { return r.Wrong }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := checking(t, url, loadtest.Config{Connections: 24, Count: 1000, Queues: 2, Size: 100}, tt.do)
			if r.OK() || len(tt.faults(r)) == 0 {
				t.Errorf("the check did not find out\n%s", r)
			}
		})
	}
}

// every answers true once in n times.
func every(n int64) func() bool {
	var asked atomic.Int64
	return func() bool { return asked.Add(1)%n == 0 }
}

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// forgetting says that posts are stored and does not send them on.
func forgetting() between {
	now := every(10)
	return func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		if !posts(r) || !now() {
			return send.RoundTrip(r)
		}
		var said struct{ Messages []json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
			return nil, err
		}
		ids, err := json.Marshal(map[string][]string{"resources": slices.Repeat([]string{"/v2/queues/q/messages/m"}, len(said.Messages))})
		return answer(r, http.StatusCreated, string(ids)), err
	}
}

// doubling sends posts twice, as somebody would who knows no keys.
func doubling() between {
	now := every(10)
	return func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		if !posts(r) || !now() {
			return send.RoundTrip(r)
		}
		again := r.Clone(r.Context())
		again.Header.Del("Idempotency-Key")
		again.Body, _ = r.GetBody()
		if resp, err := send.RoundTrip(again); err == nil {
			resp.Body.Close()
		}
		return send.RoundTrip(r)
	}
}

// damaging changes a letter in what is posted.
func damaging() between {
	now := every(10)
	return func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		if !posts(r) || !now() {
			return send.RoundTrip(r)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.Replace(body, []byte(`"seq":`), []byte(`"seq":9`), 1)
		r = r.Clone(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return send.RoundTrip(r)
	}
}

// rewritten changes pages that have at least two messages.
func rewritten(change func([]json.RawMessage)) between {
	return func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := send.RoundTrip(r)
		if err != nil || !lists(r) {
			return resp, err
		}
		defer resp.Body.Close()
		var page struct {
			Messages []json.RawMessage `json:"messages"`
			Links    json.RawMessage   `json:"links"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
			return nil, err
		}
		if len(page.Messages) > 1 {
			change(page.Messages)
		}
		body, err := json.Marshal(page)
		return answer(r, resp.StatusCode, string(body)), err
	}
}

// dropFirst hides the first message of a page behind the second.
func dropFirst(page []json.RawMessage) { page[0] = page[1] }

// repeating answers claims with the claim before.
func repeating() between {
	var mu sync.Mutex
	var location, body string
	now := every(2)
	return func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		if !claims(r) {
			return send.RoundTrip(r)
		}
		mu.Lock()
		defer mu.Unlock()
		if queue := path.Dir(path.Dir(location)); now() && queue == path.Dir(r.URL.Path) {
			resp := answer(r, http.StatusCreated, body)
			resp.Header.Set("Location", location)
			return resp, nil
		}
		resp, err := send.RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusCreated {
			return resp, err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		location, body = resp.Header.Get("Location"), string(b)
		again := answer(r, http.StatusCreated, body)
		again.Header = resp.Header
		return again, err
	}
}

// refusingDeletions takes a claim for another's.
func refusingDeletions() between {
	now := every(10)
	return func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodDelete && r.URL.Query().Get("claim_id") != "" && now() {
			return answer(r, http.StatusForbidden, `{"title": "Unable to delete"}`), nil
		}
		return send.RoundTrip(r)
	}
}
