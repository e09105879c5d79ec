package zmtp_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmtp"
)

// process is a peer that runs by itself.
type process struct {
	*exec.Cmd
	lines  *bufio.Scanner
	errors *strings.Builder
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(cancel)
	p := &process{Cmd: exec.CommandContext(ctx, name, args...), errors: new(strings.Builder)}
	p.Stderr = p.errors
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if err = p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// line is the next that it prints.
func (p *process) line(t *testing.T) string {
	t.Helper()
	if !p.lines.Scan() {
		t.Fatalf("it has said all: %s", p.errors)
	}
	return p.lines.Text()
}

// ended wants it to end well, and is what it has yet printed.
func (p *process) ended(t *testing.T) (lines []string) {
	t.Helper()
	for p.lines.Scan() {
		lines = append(lines, p.lines.Text())
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("%v: %v\n%s", p.Args, err, p.errors)
	}
	return lines
}

// mechanism is one on both sides.
type mechanism struct {
	name        string
	server      zmtp.Security
	args        []string // of a client of libzmq
	credentials any      // that the server finds out
}

func mechanisms(t *testing.T) []mechanism {
	server, client := newKeys(t), newKeys(t)
	return []mechanism{
		{"NULL", nil, nil, nil},
		{"PLAIN", zmtp.Plain(onlyAda), []string{"user", "ada", "password", "secret"}, "project of ada"},
		{"CURVE", zmtp.Curve(server, onlyKey(client.Public)), curveArgs(client, server.Public), client.Public},
	}
}

func onlyKey(key zmtp.Key) func(context.Context, zmtp.Key) (any, error) {
	return func(_ context.Context, k zmtp.Key) (any, error) {
		if k != key {
			return nil, errors.New("not a key that we know")
		}
		return k, nil
	}
}

func curveArgs(client zmtp.KeyPair, server zmtp.Key) []string {
	h := func(k zmtp.Key) string { return hex.EncodeToString(k[:]) }
	return []string{"public", h(client.Public), "secret", h(client.Secret), "server", h(server)}
}

// TestLibzmq has clients of libzmq talk to each kind of listener.
func TestLibzmq(t *testing.T) {
	program := transporttest.Libzmq(t, "testdata/peer.c")
	for _, m := range mechanisms(t) {
		run := func(t *testing.T, role, endpoint string, count int, more ...string) *process {
			return start(t, program, append(append([]string{role, endpoint, strconv.Itoa(count)}, m.args...), more...)...)
		}
		for _, role := range []string{"dealer", "req"} {
			t.Run(m.name+"/"+role, func(t *testing.T) {
				var strangers atomic.Int32
				r := router(t, zmtp.Config{Security: m.server, Connected: func(p *zmtp.Peer) {
					if p.Credentials() != m.credentials || p.SocketType() != strings.ToUpper(role) {
						strangers.Add(1)
					}
				}}, echo)
				run(t, role, r.Addr(), 200, "heartbeat", "100").ended(t)
				if s := r.Stats(); s.Accepted != 1 || strangers.Load() != 0 {
					t.Errorf("%+v, %d strangers", s, strangers.Load())
				}
			})
		}
		t.Run(m.name+"/push", func(t *testing.T) { libzmqPush(t, m, run) })
		t.Run(m.name+"/sub", func(t *testing.T) { libzmqSub(t, m, run) })
	}
}

type runner func(t *testing.T, role, endpoint string, count int, more ...string) *process

func libzmqPush(t *testing.T, m mechanism, run runner) {
	var next atomic.Int64
	l := pull(t, zmtp.Config{Security: m.server}, func(_ context.Context, _ *zmtp.Peer, batch []*zmtp.Message) {
		for _, m := range batch {
			if want := fmt.Sprint(next.Add(1) - 1); shown(m.Parts) != want {
				t.Errorf("%s instead of %s", shown(m.Parts), want)
			}
		}
	})
	run(t, "push", l.Addr(), 20_000).ended(t)
	eventually(t, "all have come", func() bool { return next.Load() == 20_000 })
}

func libzmqSub(t *testing.T, m mechanism, run runner) {
	var reg register
	p := pub(t, zmtp.Config{Security: m.server}, zmtp.Audience{Subscribed: reg.subscribed})
	sub := run(t, "sub", p.Addr(), 0, "topic", "a/", "topic", "end")
	eventually(t, "it has subscribed", func() bool { return reg.count() == 2 })
	for _, topic := range []string{"a", "a/1", "b/2", "a/3", "end"} {
		p.Publish([]byte(topic))
	}
	if got := strings.Join(sub.ended(t), " "); got != "a/1 a/3 end" {
		t.Errorf("%q", got)
	}
}

// TestLibzmqRouter has our DEALER talk to a ROUTER of libzmq.
func TestLibzmqRouter(t *testing.T) {
	program := transporttest.Libzmq(t, "testdata/peer.c")
	server, client := newKeys(t), newKeys(t)
	for _, c := range []struct {
		name     string
		args     []string
		security zmtp.Security
	}{
		{"NULL", nil, nil},
		{"CURVE", append([]string{"serve", "1"}, curveArgs(server, server.Public)[:4]...), zmtp.CurveClient(client, server.Public)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, program, append([]string{"router", "tcp://127.0.0.1:*", "4"}, c.args...)...)
			d := dial(t, zmtp.Config{Endpoint: p.line(t), Security: c.security, Heartbeat: 50 * time.Millisecond, PeerTimeout: 500 * time.Millisecond})
			for _, size := range []int{0, 300, 900_000} {
				ask(t, d, "head", strings.Repeat("x", size))
			}
			idle := time.NewTimer(time.Second) // twice what would be silence
			defer idle.Stop()
			<-idle.C
			ask(t, d, "still there?")
			p.ended(t)
		})
	}
}

// TestCurveStrangers: neither a key that is not allowed gets in, nor one who takes
// somebody else for the server.
func TestCurveStrangers(t *testing.T) {
	program := transporttest.Libzmq(t, "testdata/peer.c")
	server, client, stranger := newKeys(t), newKeys(t), newKeys(t)
	r := router(t, zmtp.Config{Security: zmtp.Curve(server, onlyKey(client.Public))}, echo)
	for _, args := range [][]string{curveArgs(stranger, server.Public), curveArgs(client, stranger.Public)} {
		failed := r.Stats().Failed
		p := start(t, program, append([]string{"dealer", r.Addr(), "1"}, args...)...)
		eventually(t, "it was refused", func() bool { return r.Stats().Failed > failed })
		_ = p.Process.Kill()
		_ = p.Wait()
	}
	if s := r.Stats(); s.Denied == 0 || s.Denied == s.Failed || s.Panics != 0 {
		t.Errorf("%+v", s)
	}
}

const python = "/usr/bin/python3" // that Debian's packages are for

func pyzmq(t *testing.T, args ...string) *process {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import zmq").CombinedOutput(); err != nil {
		t.Fatalf("pyzmq is missing: sudo apt-get install python3-zmq\n%s", out)
	}
	return start(t, python, append([]string{"testdata/peer.py"}, args...)...)
}

func TestPyzmq(t *testing.T) {
	open := router(t, zmtp.Config{}, echo)
	closed := router(t, zmtp.Config{Security: zmtp.Plain(onlyAda)}, echo)
	file := router(t, zmtp.Config{Endpoint: "ipc://" + filepath.Join(socketDir(t), "s")}, echo)
	for _, args := range [][]string{
		{"dealer", open.Addr()}, {"req", open.Addr()}, {"proxied", open.Addr()},
		{"dealer", closed.Addr(), "ada", "secret"}, {"req", closed.Addr(), "ada", "secret"},
		{"dealer", file.Addr()},
	} {
		pyzmq(t, args...).ended(t)
	}
	if s := open.Stats(); s.Cut != 0 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
	for _, wrong := range [][]string{{"ada", "guess"}, {"ada", "secret2"}, {"Ada", "secret"}, {"eve", "secret"}} {
		p := pyzmq(t, "refused", closed.Addr(), wrong[0], wrong[1])
		if got := p.ended(t); len(got) != 1 || got[0] != "True" {
			t.Errorf("%q: %q", wrong, got)
		}
	}
	if s := closed.Stats(); s.Denied < 4 {
		t.Errorf("%+v", s)
	}
}

// TestPyzmqRouter has our DEALER show its password to libzmq.
func TestPyzmqRouter(t *testing.T) {
	p := pyzmq(t, "router", "tcp://127.0.0.1:*")
	endpoint := p.line(t)
	_, err := zmtp.Dial(within(t), zmtp.Config{Endpoint: endpoint, Security: zmtp.PlainClient("ada", "guess")})
	if !errors.Is(err, zmtp.ErrRefused) {
		t.Errorf("a wrong password: %v", err)
	}
	ask(t, dial(t, zmtp.Config{Endpoint: endpoint, Security: zmtp.PlainClient("ada", "secret")}), "let me in")
	p.ended(t)
}
