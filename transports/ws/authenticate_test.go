package ws_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/ws"
)

// gatekeeper knows callers by their tokens, and counts how often it is asked.
type gatekeeper struct {
	mu     sync.Mutex
	knows  map[string]core.Caller
	asked  int
	fails  error
	begun  chan struct{} // told of each question, if there is such a channel
	answer chan struct{} // an answer waits for it, if there is such a channel
}

func (g *gatekeeper) Authenticate(ctx context.Context, c *api.Call) (core.Caller, error) {
	if g.begun != nil {
		g.begun <- struct{}{}
	}
	if g.answer != nil {
		select {
		case <-g.answer:
		case <-ctx.Done():
			return core.Caller{}, ctx.Err()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	if g.fails != nil {
		return core.Caller{}, g.fails
	}
	secret, _ := c.Header("X-Auth-Token")
	if signature, signed := c.Header("URL-Signature"); signed {
		secret = signature + " for " + c.Action
	}
	who, ok := g.knows[secret]
	if !ok {
		return core.Caller{}, api.ErrUnauthenticated
	}
	return who, nil
}

func (g *gatekeeper) Challenge() string { return "" }

func (g *gatekeeper) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

func (g *gatekeeper) questions() (n int) {
	g.set(func() { n = g.asked })
	return n
}

func guarding(expires time.Duration) *gatekeeper {
	who := core.Caller{Project: "project"}
	if expires > 0 {
		who.Expires = time.Now().Add(expires)
	}
	return &gatekeeper{knows: map[string]core.Caller{
		"secret":           who,
		"another":          {Project: "project", Roles: []string{"admin"}},
		"elsewhere":        {Project: "shop"},
		"any":              {},
		"s for queue_list": {Project: "project"},
	}}
}

func authenticate(token string) string {
	return fmt.Sprintf(`{"action":"authenticate","headers":{"X-Auth-Token":%q,"X-Project-ID":"project"}}`, token)
}

const (
	authOK     = `{"request":{"action":"authenticate","body":{},"headers":{},"api":"v2"},"body":{"message":"Authentified."},"headers":{"status":200}}`
	authFailed = `{"request":{"action":"authenticate","body":{},"headers":{},"api":"v2"},"body":{"error":"Authentication failed."},"headers":{"status":401}}`
	notKnown   = `{"error":"Not authentified."}`
)

func (c *client) told(text string) {
	c.t.Helper()
	if f := c.receive(); f.text != text {
		c.t.Fatalf("got  %s\nwant %s", f.text, text)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	g := guarding(0)
	c := serve(t, ws.Config{Authenticator: g}).dial()
	if f := c.ask(403, "queue_list", `{}`); string(f.Body) != notKnown {
		t.Errorf("got %s", f.text)
	}
	c.send(authenticate("wrong"))
	c.told(authFailed)
	c.ask(403, "queue_list", `{}`)
	c.send(`{"action":"authenticate","headers":{}}`)
	c.answer(400)
	c.send("nonsense")
	c.answer(400)
	c.send(authenticate("secret"))
	c.told(authOK)
	for range 10 {
		c.ask(200, "queue_list", `{}`)
	}
	if n := g.questions(); n != 2 {
		t.Errorf("the authenticator was asked %d times", n)
	}
}

func TestAuthenticateInBinary(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{Authenticator: guarding(0)}).dial()
	c.sendBinary(authenticate("secret"))
	c.told(authOK)
	c.sendBinary(request("queue_list", `{}`))
	c.answer(200)
}

func TestAuthenticateWhereNobodyHasTo(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{}).dial()
	c.send(authenticate("whatever"))
	c.told(authOK)
	c.ask(200, "queue_list", `{}`)
}

// What is sent behind the request to authenticate waits for what comes of it.
func TestRequestsWaitForAuthentication(t *testing.T) {
	t.Parallel()
	g := guarding(0)
	g.begun, g.answer = make(chan struct{}, 1), make(chan struct{})
	c := serve(t, ws.Config{Authenticator: g}).dial()
	c.send(request("queue_create", numbered(0)))
	c.send(authenticate("secret"))
	c.send(request("queue_create", numbered(1)))
	c.send(request("queue_create", numbered(2), `"id":1`))
	<-g.begun
	c.answer(403)
	g.answer <- struct{}{}
	c.told(authOK)
	c.answer(201)
	c.answer(201)
}

func TestProjectIsBoundToTheToken(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{Authenticator: guarding(0)}).dial()
	c.send(authenticate("secret"))
	c.told(authOK)
	c.send(strings.Replace(request("queue_list", `{}`), `"project"`, `"shop"`, 1))
	c.answer(403)
	c.ask(200, "queue_list", `{}`)
}

func TestTokenForAnyProject(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{Authenticator: guarding(0)}).dial()
	c.send(authenticate("any"))
	c.told(authOK)
	c.send(strings.Replace(request("queue_list", `{}`), `"project"`, `"shop"`, 1))
	c.answer(200)
}

// Roles come from the token, and not from what a request says of itself.
func TestAuthenticateAgain(t *testing.T) {
	t.Parallel()
	g := guarding(0)
	c := serve(t, ws.Config{Authenticator: g}).dial()
	c.send(authenticate("secret"))
	c.told(authOK)
	health := `{"action":"check_node_health","headers":{"X-Roles":"admin"}}`
	c.send(health)
	c.answer(403)
	c.send(authenticate("another"))
	c.told(authOK)
	c.send(health)
	c.answer(200)
	c.send(authenticate("wrong"))
	c.told(authFailed)
	c.send(authenticate("elsewhere"))
	c.answer(403)
	c.send(health) // it is who it was
	c.answer(200)
}

func TestAuthenticationExpires(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{Authenticator: guarding(100 * time.Millisecond)}).dial()
	c.send(authenticate("secret"))
	c.told(authOK)
	c.closed(4003, "Authentication expired.")
}

func TestAuthenticatingAgainReplacesTheExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := pipe(t, ws.Config{Authenticator: guarding(10 * time.Minute)})
		c.send(authenticate("secret"))
		c.told(authOK)
		c.send(authenticate("another"))
		c.told(authOK)
		pings, answer := 0, c.PingHandler()
		c.SetPingHandler(func(data string) error {
			if pings++; pings == 100 { // they come every half a minute
				c.send(request("queue_list", `{}`))
			}
			return answer(data)
		})
		c.answer(200)
	})
}

func TestAuthenticationMustCome(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{Authenticator: guarding(0), AuthTimeout: 50 * time.Millisecond}).dial()
	c.closed(4001, "No authentication came in time.")
}

func TestAuthenticationIsWithdrawn(t *testing.T) {
	t.Parallel()
	g := guarding(0)
	c := serve(t, ws.Config{Authenticator: g, RecheckInterval: 10 * time.Millisecond}).dial()
	c.send(authenticate("secret"))
	c.told(authOK)
	await(t, "it to be asked again", func() bool { return g.questions() > 3 })
	g.set(func() { g.fails = errors.New("nobody can tell") })
	before := g.questions()
	await(t, "it to be asked again", func() bool { return g.questions() > before+3 })
	c.ask(200, "queue_list", `{}`)
	g.set(func() { g.fails = nil; delete(g.knows, "secret") })
	c.closed(4003, "Authentication is no longer valid.")
}

func TestAuthenticatorThatCannotTell(t *testing.T) {
	t.Parallel()
	g := guarding(0)
	g.fails = errors.New("no connection")
	c := serve(t, ws.Config{Authenticator: g}).dial()
	c.send(authenticate("secret"))
	if f := c.answer(503); strings.Contains(f.text, "no connection") {
		t.Errorf("a cause was told: %s", f.text)
	}
	g.set(func() { g.fails = nil })
	c.send(authenticate("secret"))
	c.told(authOK)
}

// A signature is for one request. It makes no connection authenticated.
func TestSignedRequests(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{Authenticator: guarding(0)}).dial()
	sign := func(text, signature string) string {
		return strings.Replace(text, `"headers":{`, `"headers":{"URL-Signature":"`+signature+`","URL-Methods":["GET"],`, 1)
	}
	c.send(sign(request("queue_list", `{}`), "s"))
	c.answer(200)
	c.ask(403, "queue_list", `{}`)
	c.send(sign(request("queue_list", `{}`), "forged"))
	if f := c.answer(403); string(f.Body) != notKnown {
		t.Errorf("got %s", f.text)
	}
	c.send(sign(request("queue_create", `{"queue_name":"q"}`), "s"))
	c.answer(403)
	c.send(sign(authenticate("wrong"), "s"))
	c.told(authFailed)
	c.send(authenticate("secret"))
	c.told(authOK)
	c.send(sign(request("queue_create", `{"queue_name":"q"}`), "s")) // who is known needs no signature
	c.answer(201)
}
