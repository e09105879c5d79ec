package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/api"
)

// scrape reads what Prometheus would: each series and its value.
func scrape(t *testing.T, m *metrics) map[string]float64 {
	t.Helper()
	r := httptest.NewRecorder()
	adminPaths(m.registry).ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if r.Code != http.StatusOK {
		t.Fatalf("/metrics: %d %s", r.Code, r.Body)
	}
	series := make(map[string]float64)
	for line := range strings.Lines(r.Body.String()) {
		line = strings.TrimSpace(line)
		i := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") {
			continue
		}
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		series[line[:i]] = v
	}
	return series
}

func expect(t *testing.T, got map[string]float64, want map[string]float64) {
	t.Helper()
	for series, v := range want {
		if is, there := got[series]; !there || is != v {
			t.Errorf("%s: got %v (there: %t), want %v", series, is, there, v)
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	m := newMetrics(build{Version: "v1", Revision: "abc", Go: "go1"})
	m.Observed("queue_list", "http", 200, 3*time.Millisecond)
	m.Observed("queue_list", "http", 400, 3*time.Millisecond)
	m.Observed("queue_list", "ws", 503, 3*time.Second)
	m.Observed("message_post", "http", 201, 0)
	got := scrape(t, m)
	expect(t, got, map[string]float64{
		`marconi_requests_total{action="queue_list",status="2xx",transport="http"}`:   1,
		`marconi_requests_total{action="queue_list",status="4xx",transport="http"}`:   1,
		`marconi_requests_total{action="queue_list",status="5xx",transport="ws"}`:     1,
		`marconi_requests_total{action="message_post",status="2xx",transport="http"}`: 1,
		`marconi_request_duration_seconds_count{action="queue_list"}`:                 3,
		`marconi_request_duration_seconds_bucket{action="queue_list",le="0.0025"}`:    0,
		`marconi_request_duration_seconds_bucket{action="queue_list",le="0.005"}`:     2,
		`marconi_request_duration_seconds_bucket{action="queue_list",le="2.5"}`:       2,
		`marconi_request_duration_seconds_bucket{action="queue_list",le="5"}`:         3,
		`marconi_requests_in_flight`:                                      0,
		`marconi_build_info{goversion="go1",revision="abc",version="v1"}`: 1,
	})
	if got["go_goroutines"] < 1 || got["process_open_fds"] < 1 {
		t.Error("nothing of the runtime or the process")
	}
}

// What callers make up must not become series without end, and what fails is told
// under its name, though it has never succeeded.
func TestActionsAreThoseThatExist(t *testing.T) {
	m := newMetrics(build{})
	h := api.Observe(nil, m)(api.HandlerFunc(func(_ context.Context, c *api.Call) api.Reply {
		return api.Reply{Status: 503, Result: &api.Problem{}}
	}))
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 250 {
				h.Handle(context.Background(), &api.Call{Action: "made_up_" + strconv.Itoa(i*250+n), Transport: "ws"})
			}
		})
	}
	all.Wait()
	h.Handle(context.Background(), &api.Call{Transport: "http"}) // at a place where there is nothing
	h.Handle(context.Background(), &api.Call{Action: "message_post", Transport: "http"})
	got := scrape(t, m)
	expect(t, got, map[string]float64{
		`marconi_requests_total{action="other",status="5xx",transport="ws"}`:          1000,
		`marconi_requests_total{action="other",status="5xx",transport="http"}`:        1,
		`marconi_requests_total{action="message_post",status="5xx",transport="http"}`: 1,
		`marconi_request_duration_seconds_count{action="message_post"}`:               1,
	})
	for series := range got {
		if strings.Contains(series, "made_up") {
			t.Errorf("there is a series %s", series)
		}
	}
}

// A call that was started is in flight until its reply is there.
func TestStartedRequestsInFlight(t *testing.T) {
	m := newMetrics(build{})
	h := m.count(api.HandlerFunc(func(context.Context, *api.Call) api.Reply {
		return api.Reply{Pending: func(context.Context) api.Reply { return api.Reply{Status: 201} }}
	}))
	reply := h.Handle(context.Background(), &api.Call{})
	expect(t, scrape(t, m), map[string]float64{"marconi_requests_in_flight": 1})
	if r := reply.Pending(context.Background()); r.Status != 201 {
		t.Errorf("got %+v", r)
	}
	expect(t, scrape(t, m), map[string]float64{"marconi_requests_in_flight": 0})
}

func TestRequestsInFlight(t *testing.T) {
	m := newMetrics(build{})
	var during map[string]float64
	h := m.count(api.HandlerFunc(func(context.Context, *api.Call) api.Reply {
		during = scrape(t, m)
		return api.Reply{Status: 204}
	}))
	if r := h.Handle(context.Background(), &api.Call{}); r.Status != 204 {
		t.Errorf("got %+v", r)
	}
	expect(t, during, map[string]float64{"marconi_requests_in_flight": 1})
	expect(t, scrape(t, m), map[string]float64{"marconi_requests_in_flight": 0})
}
