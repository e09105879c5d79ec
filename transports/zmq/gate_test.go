package zmq_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmq"
	"github.com/stackforge/marconi/transports/zmtp"
)

// tokens knows callers by tokens, which may be withdrawn.
type tokens struct {
	mu    sync.Mutex
	known map[string]core.Caller
	down  error
	asked atomic.Int32
}

func (k *tokens) Challenge() string { return "" }

func (k *tokens) Authenticate(_ context.Context, c *api.Call) (core.Caller, error) {
	k.asked.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	token, _ := c.Header("X-Auth-Token")
	who, ok := k.known[token]
	switch {
	case k.down != nil:
		return core.Caller{}, k.down
	case !ok:
		return core.Caller{}, api.ErrUnauthenticated
	}
	return who, nil
}

func (k *tokens) withdraw(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, token)
}

// fail lets nobody know anything for as long as err is not nil.
func (k *tokens) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = err
}

func someTokens() *tokens {
	return &tokens{known: map[string]core.Caller{"t1": {Project: "project"}, "t2": {Project: "other"}, "any": {}}}
}

func with(token string) string {
	return fmt.Sprintf(`{"action":"queue_list","id":1,"headers":{"Client-ID":%q,"X-Project-ID":"project","X-Auth-Token":%q}}`, alice, token)
}

func TestPlain(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{Authenticator: someTokens()})
	c := s.dialBy(zmtp.Config{Security: zmtp.PlainClient("anything", "t1")})
	c.ask(200, "queue_list", `{}`)
	c.send(strings.Replace(request("queue_list", `{}`), `"project"`, `"other"`, 1))
	c.answer(403)
	c.send(with("t2"))
	c.answer(403)
	c.send(with("wrong"))
	c.answer(403)
	c.send(with("t1"))
	c.answer(200)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, security := range []zmtp.Security{nil, zmtp.PlainClient("anything", "wrong")} {
		if d, err := zmtp.Dial(ctx, zmtp.Config{Endpoint: s.addr, Security: security}); err == nil {
			t.Errorf("it connected to %v", d.Peer().RemoteAddr())
		}
	}
}

// A client whose password is no good is told so, upon which a library gives up for
// good. One whose password cannot be looked at now is not: it is to come again.
func TestPasswordsThatCannotBeKnown(t *testing.T) {
	t.Parallel()
	k := someTokens()
	s := commands(t, zmq.Config{Authenticator: k})
	for i, down := range []error{nil, errors.New("down"), context.DeadlineExceeded} {
		k.fail(down)
		conn := s.saying("PLAIN", command("HELLO", "\x00\x05wrong"))
		said, err := io.ReadAll(conn)
		if told := strings.Contains(string(said), "\x05ERROR\x03400"); told != (down == nil) || err != nil {
			t.Errorf("%v: it was told %q (%v)", down, said, err)
		}
		eventually(t, "it has failed", func() bool { return s.door.Stats().Failed == int64(i+1) && s.door.Stats().Denied == 1 })
	}
}

// A token may come with a request, if none came with the handshake.
func TestTokensInHeaders(t *testing.T) {
	t.Parallel()
	k := someTokens()
	s := commands(t, zmq.Config{Authenticator: k})
	c := s.dialBy(zmtp.Config{Security: zmtp.PlainClient("anything", "")})
	if m := c.ask(403, "queue_list", `{}`); string(m.Body) != `{"error":"Not authentified."}` {
		t.Errorf("%s", m.text)
	}
	c.send(`{"action":"authenticate","headers":{"X-Auth-Token":"wrong","X-Project-ID":"project"}}`)
	c.answer(401)
	k.fail(errors.New("down"))
	c.send(with("t1"))
	c.answer(503)
	k.fail(nil)
	c.send(with("t1"))
	c.answer(200)
	c.ask(200, "queue_list", `{}`)
	k.withdraw("t1")
	c.ask(200, "queue_list", `{}`) // it is looked at again later

	c = s.dialBy(zmtp.Config{Security: zmtp.PlainClient("anything", "any")})
	c.ask(200, "queue_list", `{}`)
}

// Requests without headers are those of a connection that has shown another token
// since, whatever has become of the one that came with the first of them.
func TestTokensThatAreRenewed(t *testing.T) {
	t.Parallel()
	k := someTokens()
	k.known["t3"] = core.Caller{Project: "project"}
	s := commands(t, zmq.Config{Authenticator: k})
	c := s.dialBy(zmtp.Config{Security: zmtp.PlainClient("anything", "")})
	c.send(with("t1"))
	c.answer(200)
	c.send(with("t3"))
	c.answer(200)
	k.withdraw("t1")
	for range 2 {
		c.send(`{"action":"queue_list","body":{}}`)
		c.answer(200)
	}
	c.send(with("t2"))
	c.answer(403)
}

func TestAuthenticationsEnd(t *testing.T) {
	t.Parallel()
	k := someTokens()
	k.known["brief"] = core.Caller{Project: "project", Expires: time.Now().Add(300 * time.Millisecond)}
	s := commands(t, zmq.Config{Authenticator: k, AuthTimeout: 300 * time.Millisecond, RecheckInterval: 20 * time.Millisecond})
	plain := func(token string) *client {
		return s.dialBy(zmtp.Config{Security: zmtp.PlainClient("anything", token)})
	}
	none, brief, withdrawn, good := plain(""), plain("brief"), plain("t2"), plain("t1")
	k.withdraw("t2")
	withdrawn.cut()
	none.cut()
	brief.cut()
	good.ask(200, "queue_list", `{}`)
}

func TestCurve(t *testing.T) {
	t.Parallel()
	server, known, stranger, free := newKeys(t), newKeys(t), newKeys(t), newKeys(t)
	dir := t.TempDir()
	secret, clients := filepath.Join(dir, "secret"), filepath.Join(dir, "clients")
	write(t, secret, hex.EncodeToString(server.Secret[:])+"\n")
	write(t, clients, "# those who may\n\n"+hex.EncodeToString(known.Public[:])+" project\n"+hex.EncodeToString(free.Public[:])+"\n")
	curve, err := zmq.LoadCurve(secret, clients)
	if err != nil || curve.Keys != server {
		t.Fatal(curve, err)
	}
	s := commands(t, zmq.Config{Curve: curve, Authenticator: someTokens()})
	c := s.dialBy(zmtp.Config{Security: zmtp.CurveClient(known, server.Public)})
	c.ask(200, "queue_list", `{}`)
	c.send(strings.Replace(request("queue_list", `{}`), `"project"`, `"other"`, 1))
	c.answer(403)
	c = s.dialBy(zmtp.Config{Security: zmtp.CurveClient(free, server.Public)})
	c.ask(403, "queue_list", `{}`)
	c.send(with("t1"))
	c.answer(200)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := zmtp.Dial(ctx, zmtp.Config{Endpoint: s.addr, Security: zmtp.CurveClient(stranger, server.Public)}); err == nil {
		t.Error("a stranger connected")
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	// From the reference of CURVE in libzmq.
	key, err := zmq.ParseKey("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7")
	if want := "54fcba24e93249969316fb617c872bb0c1d1ff14800427c594cbfacf1bc2d652"; err != nil || hex.EncodeToString(key[:]) != want {
		t.Errorf("%x %v", key, err)
	}
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good"), filepath.Join(dir, "bad")
	write(t, good, strings.Repeat("0a", 32))
	for _, text := range []string{"", "x", strings.Repeat("0", 63), strings.Repeat("g", 64), strings.Repeat("~", 40), strings.Repeat("#", 40)} {
		write(t, bad, text)
		if _, err := zmq.LoadCurve(bad, ""); err == nil {
			t.Errorf("%q is a secret key", text)
		}
		if text == "" {
			continue
		}
		if _, err := zmq.LoadCurve(good, bad); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q is a client's key: %v", text, err)
		}
	}
	for _, files := range [][2]string{{"nowhere", ""}, {good, "nowhere"}} {
		if _, err := zmq.LoadCurve(files[0], files[1]); err == nil {
			t.Error("no error of a file that is not there")
		}
	}
}

// A subscriber hears of its own project alone.
func TestTopicsOfOthers(t *testing.T) {
	t.Parallel()
	server, mine, nobodys := newKeys(t), newKeys(t), newKeys(t)
	door, s := published(t, zmq.Config{
		Authenticator: someTokens(),
		Curve:         &zmq.Curve{Keys: server, Clients: map[zmtp.Key]string{mine.Public: "project", nobodys.Public: ""}},
	})
	sub := start(t, append(script(t, "follow.py"), s.addr)...) // it speaks NULL
	eventually(t, "it is refused", func() bool { return door.Stats().Failed > 0 })
	_ = sub.Process.Kill()
	subscribe := func(keys zmtp.KeyPair) {
		out := start(t, python, "-c", `
import sys, zmq
s = zmq.Context().socket(zmq.SUB)
s.curve_serverkey, s.curve_publickey, s.curve_secretkey = (bytes.fromhex(h) for h in sys.argv[2:5])
s.connect(sys.argv[1])
for topic in "project/q/", "other/q/":
    s.subscribe(topic)
s.recv()`, s.addr, hex.EncodeToString(server.Public[:]), hex.EncodeToString(keys.Public[:]), hex.EncodeToString(keys.Secret[:]))
		t.Cleanup(func() { _ = out.Process.Kill() })
	}
	subscribe(nobodys)
	eventually(t, "it may hear nothing", func() bool { return door.Stats().Refused == 2 })
	subscribe(mine)
	eventually(t, "it may hear one of them", func() bool { return door.Stats().Refused == 3 && door.Stats().Topics == 1 })
}

func newKeys(t *testing.T) zmtp.KeyPair {
	t.Helper()
	k, err := zmtp.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
