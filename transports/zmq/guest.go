package zmq

import (
	"cmp"
	"net/netip"
	"sync"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmtp"
)

// guest is a peer as the gate knows it: who it is, for how long that holds, and by
// when it must have said.
type guest struct {
	gate   *gate
	peer   *zmtp.Peer
	remote netip.Addr

	mu      sync.Mutex
	who     *identity // nil: it has proven nothing
	first   string    // token that a request has proven it with, which those may bring again that have no headers
	timer   *time.Timer
	recheck time.Time
	left    bool
	busy    sync.WaitGroup // the timer's goroutine
}

// receive begins to look after a peer. leave ends that.
func (g *gate) receive(p *zmtp.Peer) *guest {
	t := &guest{gate: g, peer: p, remote: remoteOf(p)}
	t.who, _ = p.Credentials().(*identity)
	if g.config.Authenticator == nil {
		return t
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recheck = time.Now().Add(g.config.AuthTimeout)
	if t.who != nil {
		t.recheck = time.Now().Add(g.config.RecheckInterval)
	}
	t.timer = time.AfterFunc(time.Until(t.next()), t.tick)
	return t
}

// next is when the peer is to be looked at again.
func (t *guest) next() time.Time {
	if t.who != nil && !t.who.caller.Expires.IsZero() && t.who.caller.Expires.Before(t.recheck) {
		return t.who.caller.Expires
	}
	return t.recheck
}

// leave ends the looking after, and waits for who is at it.
func (t *guest) leave() {
	t.mu.Lock()
	t.left = true
	if t.timer != nil {
		t.timer.Stop()
	}
	t.mu.Unlock()
	t.busy.Wait()
}

// proven is who the peer is, or nil.
func (t *guest) proven() *identity {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.who
}

// prove makes the peer the one that a token is for, unless it is of another project
// already: what it has begun in the name of one it cannot go on with in that of
// another. It answers whether it is that now.
func (t *guest) prove(token string) (same bool, err error) {
	who, err := t.gate.ask(t.peer.Context(), token, t.remote)
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.who != nil && t.who.caller.Project != who.caller.Project {
		return false, nil
	}
	t.become(who)
	t.first = cmp.Or(t.first, token)
	return true, nil
}

// shown is whether a token needs no look: the peer is the one that it is for, or has
// proven so with another since.
func (t *guest) shown(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.who != nil && (token == t.who.token || token == t.first && token != "")
}

// show shows a token that a request brings and that needs a look, and is the
// objection to it. It waits for the Authenticator.
func (t *guest) show(token string) *api.Reply {
	same, err := t.prove(token)
	switch {
	case unknown(err):
		return unauthenticated
	case err != nil:
		t.gate.config.Log.Warn("zmq: a peer could not be authenticated", "peer", t.remote, "error", err)
		return unknowable
	case !same:
		return otherProject
	}
	return nil
}

// become is for those who hold mu.
func (t *guest) become(who *identity) {
	t.who = who
	t.recheck = time.Now().Add(t.gate.config.RecheckInterval)
	if t.timer != nil && !t.left {
		t.timer.Reset(time.Until(t.next()))
	}
}

// tick does what is due. It is the timer.
func (t *guest) tick() {
	t.mu.Lock()
	if t.left {
		t.mu.Unlock()
		return
	}
	t.busy.Add(1)
	defer t.busy.Done()
	who := t.who
	t.mu.Unlock()
	switch {
	case who == nil:
		t.peer.Cut(errUnauthenticated)
	case !who.caller.Expires.IsZero() && !time.Now().Before(who.caller.Expires):
		t.peer.Cut(errExpired)
	default:
		t.lookAgain(who)
	}
}

// lookAgain asks whether a proof still holds: whom it was for may have been shut
// out since. While nobody can tell, the peer may stay until the proof expires.
func (t *guest) lookAgain(was *identity) {
	who := was
	if was.token != "" {
		now, err := t.gate.ask(t.peer.Context(), was.token, t.remote)
		switch {
		case err == nil && now.caller.Project == was.caller.Project:
			who = now
		case err == nil, unknown(err):
			t.peer.Cut(errWithdrawn)
			return
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.who == was {
		t.become(who)
	}
}

// caller is what is proven of the peer. It is false if something should be and is
// not.
func (t *guest) caller() (core.Caller, bool) {
	if who := t.proven(); who != nil {
		return who.caller, true
	}
	return core.Caller{}, t.gate.config.Authenticator == nil
}
