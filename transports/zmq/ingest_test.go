package zmq_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/plain"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmq"
)

// ingesting opens an ingest endpoint that ends with the test.
func ingesting(t testing.TB, c zmq.Config) (*zmq.Ingest, *site) {
	t.Helper()
	c = furnished(t, c)
	door, err := zmq.ListenIngest(c)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, door)
	s.broker = c.Broker
	return door, s
}

// pusher is a PUSH of another library.
func pusher(t *testing.T, s *site, o ...zmq4.Option) func(frames ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	push := zmq4.NewPush(ctx, o...)
	t.Cleanup(func() {
		cancel()
		_ = push.Close()
	})
	if err := push.Dial(s.addr); err != nil {
		t.Fatal(err)
	}
	return func(frames ...string) {
		t.Helper()
		var m zmq4.Msg
		for _, f := range frames {
			m.Frames = append(m.Frames, []byte(f))
		}
		if err := push.SendMulti(m); err != nil {
			t.Fatal(err)
		}
	}
}

// shared is a text that many write.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestIngest(t *testing.T) {
	t.Parallel()
	var log shared
	door, s := ingesting(t, zmq.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	push := pusher(t, s)
	const headers = `"headers":{"Client-ID":"` + alice + `","X-Project-ID":"shop"}`
	push(`{` + headers + `,"body":{"queue_name":"orders","messages":[{"body":{"order":0}}]}}`)
	push(`{"action":"message_post","body":{"queue_name":"orders"}}`, `{"order":1}`, `{"order":2}`)
	wrong := 0
	for _, frames := range [][]string{
		{`{"body":{"queue_name":"orders"}}`}, {`{"body":{"queue_name":"orders"}}`, `none`}, {`{"body":{}}`, `1`}, {``}, {`}`}, {"\x80"},
		{`{"action":"queue_delete","body":{"queue_name":"orders"}}`}, {`{"action":"purge"}`}, {`{"body":{"queue_name":"orders","each":[]}}`, `1`},
		{`{"body":{"queue_name":"orders","producer":"p","seq":2}}`, `{"order":9}`},
	} {
		push(frames...)
		wrong++
	}
	for range 3 {
		push(`{"body":{"queue_name":"orders","producer":"p","seq":1}}`, `{"order":3}`)
	}
	eventually(t, "all were looked at", func() bool {
		now := door.Stats()
		return now.Stored == 5 && now.Refused == int64(wrong)
	})
	if got := fmt.Sprint(stored(t, s.broker)); got != "[0 1 2 3]" {
		t.Error(got)
	}
	if n := strings.Count(log.String(), "were refused"); n != 1 {
		t.Errorf("it was logged %d times:\n%s", n, log.String())
	}
}

// order is a post to a queue of orders, by whom a token is for.
func order(token string, n int) string {
	return fmt.Sprintf(`{"headers":{"Client-ID":%q,"X-Project-ID":"shop","X-Auth-Token":%q},"body":{"queue_name":"orders","messages":[{"body":{"order":%d}}]}}`, alice, token, n)
}

// A token that could not be looked at for a while is looked at again, and one that
// was refused is not.
func TestIngestWhenTokensCannotBeKnown(t *testing.T) {
	t.Parallel()
	k := someTokens()
	k.known["t"] = core.Caller{Project: "shop"}
	door, s := ingesting(t, zmq.Config{Authenticator: k})
	push := pusher(t, s, zmq4.WithSecurity(plain.Security("anything", "")))
	refused := func(n int64) {
		t.Helper()
		eventually(t, "it is refused", func() bool { return door.Stats().Refused == n })
	}
	k.fail(errors.New("down"))
	push(order("t", 0))
	refused(1)
	k.fail(nil)
	push(order("t", 1))
	eventually(t, "it is stored", func() bool { return door.Stats().Stored == 1 })
	push(order("wrong", 2))
	refused(2)
	asked := k.asked.Load()
	push(order("wrong", 3))
	refused(3)
	if k.asked.Load() != asked {
		t.Error("it was asked again for a token that was refused")
	}
}

// slow is an authenticator that takes its time for one token.
type slow struct {
	*tokens
	begun, end chan struct{}
}

func (s slow) Authenticate(ctx context.Context, c *api.Call) (core.Caller, error) {
	if token, _ := c.Header("X-Auth-Token"); token == "slow" {
		close(s.begun)
		select {
		case <-s.end:
		case <-ctx.Done():
		}
	}
	return s.tokens.Authenticate(ctx, c)
}

// While a token is looked at, the posts before it are stored.
func TestIngestStoresWhileItAsks(t *testing.T) {
	t.Parallel()
	k := slow{someTokens(), make(chan struct{}), make(chan struct{})}
	k.known["t"] = core.Caller{Project: "shop"}
	_, s := ingesting(t, zmq.Config{Authenticator: k})
	say := command("HELLO", "\x00\x00") + command("INITIATE", "\x0bSocket-Type\x00\x00\x00\x04PUSH")
	s.saying("PLAIN", say+string(framed(order("t", 0), order("slow", 1))))
	<-k.begun
	eventually(t, "the first is stored", func() bool { return len(stored(t, s.broker)) == 1 })
	close(k.end)
}

// Thousands of posts come in, each connection's in its order.
func TestIngestKeepsOrder(t *testing.T) {
	t.Parallel()
	door, s := ingesting(t, zmq.Config{})
	push := pusher(t, s)
	const n = 5000
	push(`{"headers":{"Client-ID":"`+alice+`","X-Project-ID":"shop"},"body":{"queue_name":"orders"}}`, `{"order":0}`)
	for i := 1; i < n; i++ {
		push(`{"body":{"queue_name":"orders"}}`, fmt.Sprintf(`{"order":%d}`, i))
	}
	eventually(t, "all are stored", func() bool { return door.Stats().Stored == n })
	inOrder(t, stored(t, s.broker), n)
}
