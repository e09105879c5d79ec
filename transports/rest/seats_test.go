package rest_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

func TestSeats(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{Streams: 5, StreamsPerRemote: 2, StreamPulse: time.Millisecond})
	first, second := s.events(messages), s.events(messages)
	refusedWith(t, s.do("GET", messages, "", "Accept", streamType), 429, "Too many requests", "There are too many event streams from this address.")
	answered(t, s.do("GET", messages, "", "Accept", streamType, "X-Auth-Token", "wrong"), 401, unauthorized)
	same(t, "other requests", s.do("GET", messages, "").status, 200)
	first.close()
	s.untilSeated(messages, second.pulse)
	one := serveLive(t, rest.Config{Streams: 1})
	one.events(messages)
	refusedWith(t, one.do("GET", messages, "", "Accept", streamType), 503, "Service temporarily unavailable",
		"There are too many event streams. Please try again in a few seconds.")
}

// TestSeatsOfNetworks counts addresses by who can have them.
func TestSeatsOfNetworks(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 1)
	held := api.HandlerFunc(func(ctx context.Context, c *api.Call) api.Reply {
		if c.Late != nil {
			return *c.Late
		}
		begun <- struct{}{}
		<-ctx.Done()
		return api.Reply{Status: 503, Result: &api.Problem{Title: "it has gone"}}
	})
	broker := newBroker(t, memstore.New(memstore.Config{}), core.Options{})
	h := rest.NewHandler(rest.Config{Handler: held, Broker: broker, StreamsPerRemote: 1})
	listen := func(ctx context.Context, remote string) int {
		r := httptest.NewRequest("GET", messages, nil).WithContext(ctx)
		r.RemoteAddr = remote
		r.Header.Set("Accept", streamType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, c := range []struct {
		one, other string
		refused    bool
	}{
		{"192.0.2.1:1", "192.0.2.1:2", true},
		{"192.0.2.1:1", "192.0.2.2:1", false},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
		{"[2001:db8::1]:1", "[2001:db8::ffff:2]:1", true},
		{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
		{"[fe80::1%a]:1", "[fe80::2%b]:1", true},
		{"@", "@", true}, // no network
	} {
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan int, 2)
		go func() { ended <- listen(ctx, c.one) }()
		<-begun
		go func() { ended <- listen(ctx, c.other) }()
		if c.refused {
			same(t, c.other, <-ended, 429)
		} else {
			<-begun
			leave()
			same(t, c.other, <-ended, 503)
		}
		leave()
		<-ended
	}
}
