package redisstore_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

func TestURL(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"redis://h", "h:6379 db 0"},
		{"redis://u:p@h:1/3", "h:1 db 3 user u password p"},
		{"rediss://h", "h:6379 db 0 tls"},
		{"redis://h?tls=true", "h:6379 db 0 tls"},
		{"redis://[::1]", "[::1]:6379 db 0"},
		{"redis://h?dbid=4&socket_timeout=0.1", "h:6379 db 4 timeout 100ms"},
		{"redis://h1,h2:5?master=m&sentinel_username=a&sentinel_password=b", "h1:26379 h2:5 db 0 master m sentinel a b"},
		{"redis+sentinel://h1/2?master=m", "h1:26379 db 2 master m"},
		{"redis+cluster://h1,h2:7", "h1:6379 h2:7 db 0 cluster"},
		{"redis:///run/r.sock?dbid=2", "/run/r.sock db 2"},
		{"unix:///run/r.sock", "/run/r.sock db 0"},
		{"unix://:secret@/run/r.sock", "/run/r.sock db 0 password secret"},
		{"redis://h?min_replicas=2&replica_timeout=0.5&patience=1&pool_size=9", "h:6379 db 0 replicas 2 in 500ms patience 1s pool 9"},
	} {
		u, err := url.Parse(c.url)
		must(t, err)
		if got, err := redisstore.Describe(u); err != nil || got != c.want {
			t.Errorf("%s is %q (%v), want %q", c.url, got, err, c.want)
		}
	}
}

func TestURLRefused(t *testing.T) {
	for _, c := range []struct{ url, text string }{
		{"redis://", "needs a host"},
		{"redis://:1", "needs a host"},
		{"redis://h1,,h2?master=m", "needs a host"},
		{"redis://h1,h2", "more than one host"},
		{"redis://h/x", "not the number of a database"},
		{"redis://h/1?dbid=2", "given twice"},
		{"redis://h?socket_timeuot=1", "did you mean socket_timeout?"},
		{"redis://h?masters=1", "did you mean master?"},
		{"redis://h/0?foo=1", `unknown parameter "foo"`},
		{"redis://h?dbid=1&dbid=2", "given 2 times"},
		{"redis://h?dbid=-1", "parameter dbid"},
		{"redis://h?socket_timeout=0", "parameter socket_timeout"},
		{"redis://h?socket_timeout=NaN", "parameter socket_timeout"},
		{"redis://h?pool_size=0", "parameter pool_size"},
		{"redis://h?tls=maybe", "parameter tls"},
		{"redis://h?min_replicas=1&replica_timeout=3", "not shorter"},
		{"redis://h?a=%zz", "not well formed"},
		{"redis://h#x", "not of the form"},
		{"redis:h", "not of the form"},
		{"redis+sentinel://h", "needs the parameter master"},
		{"redis+cluster://h?master=m", "no parameter master"},
		{"redis+cluster://h?dbid=1", "database 0 alone"},
		{"unix://h/run/r.sock", "three slashes"},
		{"unix:///run/r.sock?tls=true", "neither master nor tls"},
	} {
		u, err := url.Parse(c.url)
		must(t, err)
		if got, err := redisstore.Describe(u); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s is %q (%v), want an error with %q", c.url, got, err, c.text)
		}
	}
}

// FuzzURL holds that no URL makes a panic, and that no error repeats a password.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"redis://u:hunter2@h:1/3?dbid=1", "redis+sentinel://a,b:2?master=m&sentinel_password=hunter2", "unix:///s", "redis://[::1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		u.User = url.UserPassword("u", "hunter2")
		got, err := redisstore.Describe(u)
		if err == nil && got == "" {
			t.Error("neither options nor an error")
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") && !strings.Contains(text, "hunter2") {
			t.Errorf("the error repeats the password: %v", err)
		}
	})
}

// TestOpenRefuses has servers that a store must not be kept on.
func TestOpenRefuses(t *testing.T) {
	s := startServer(t)
	c, ctx := s.client(t), t.Context()
	openers := storage.Openers{"redis": redisstore.OpenURL}
	refused := func(what, text string) {
		t.Helper()
		d, err := openers.Open(ctx, "redis://:hunter2@"+s.addr)
		if err == nil {
			must(t, d.Close())
		}
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s answered %v", what, err)
		}
	}
	must(t, c.ConfigSet(ctx, "requirepass", "right").Err())
	refused("a wrong password", "WRONGPASS")
	must(t, c.ConfigSet(ctx, "requirepass", "").Err())
	openers["redis"] = func(u *url.URL) (storage.Open, error) {
		u.User = nil
		return redisstore.OpenURL(u)
	}
	must(t, c.ConfigSet(ctx, "maxmemory-policy", "allkeys-lru").Err())
	refused("a server that evicts keys", "noeviction")
	must(t, c.ConfigSet(ctx, "maxmemory-policy", "noeviction").Err())
	must(t, c.Set(ctx, "{marconi}format", "99", 0).Err())
	refused("another format", `format "99"`)
	must(t, c.Del(ctx, "{marconi}format").Err())
	d, err := openers.Open(ctx, "redis://"+s.addr)
	must(t, err)
	must(t, d.Close())
	s.kill()
	short, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := openers.Open(short, "redis://"+s.addr); err == nil {
		t.Error("a store was opened without a server")
	}
}

func TestSocket(t *testing.T) {
	s := startServer(t)
	for _, text := range []string{"unix://" + s.socket, "redis://" + s.socket + "?dbid=1"} {
		d := open(t, text)
		must(t, d.Ping(t.Context()))
		must(t, d.Close())
	}
}
