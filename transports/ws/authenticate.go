package ws

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// identity is who a connection has proven to be.
type identity struct {
	caller core.Caller
	proof  *api.Envelope // the request that it authenticated with
}

// refusal is the answer to who may not.
func refusal(status int, title, text string) api.Reply {
	return api.Reply{Status: status, Result: &api.Problem{Title: title, Description: text}}
}

var (
	authenticated   = api.Reply{Status: 200, Result: core.None{}}
	unauthenticated = refusal(401, "Unauthorized", "The connection has not authenticated.")
	unknowable      = refusal(503, "Service temporarily unavailable", "The caller could not be authenticated. Please try again in a few seconds.")
	otherProject    = refusal(403, "Not authorized", "This connection is of another project.")
	crowdedProject  = refusal(503, "Service temporarily unavailable", reasonProject)
	unwritten       = refusal(500, "Internal server error", "The answer could not be written.")
)

// authenticate carries out the request to. It is called by the goroutine that
// reads, so that all that was sent behind it waits for what comes of it.
func (c *conn) authenticate(r *request) {
	reply := c.prove(r)
	r.call.Early = &reply
	c.reply(r, c.door.config.Handler.Handle(c.ctx, r.call))
}

// prove finds out who the other end is, and makes the connection its own. What
// the connection has begun in the name of a project it cannot go on with in that
// of another.
func (c *conn) prove(r *request) api.Reply {
	if c.door.config.Authenticator == nil {
		return authenticated
	}
	who, err := c.ask(r.envelope)
	switch {
	case err != nil:
		return *c.unproven(err)
	case !c.count(who.Project):
		return crowdedProject
	case !c.become(&identity{who, r.envelope}):
		return otherProject
	}
	return authenticated
}

// unproven is the answer to who has not proven who it is, or could not.
func (c *conn) unproven(err error) *api.Reply {
	if errors.Is(err, api.ErrUnauthenticated) || errors.Is(err, api.ErrGrant) {
		return &unauthenticated
	}
	c.door.config.Log.Warn("a websocket could not be authenticated", "remote", c.remote.String(), "error", err)
	return &unknowable
}

// ask asks for the sender of a request to authenticate. A signature is for one
// call, and says nothing of a connection.
func (c *conn) ask(proof *api.Envelope) (core.Caller, error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.door.config.AuthTimeout)
	defer cancel()
	call := proof.Call()
	call.Transport, call.Remote = transport, c.remote
	call.Header = func(name string) (string, bool) {
		if strings.EqualFold(name, headerSignature) {
			return "", false
		}
		return proof.Header(name)
	}
	return c.door.config.Authenticator.Authenticate(ctx, call)
}

// become makes an identity the connection's, unless it has one of another
// project.
func (c *conn) become(who *identity) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.who != nil && c.who.caller.Project != who.caller.Project {
		return false
	}
	c.who = who
	c.times.expires = who.caller.Expires
	c.times.recheck = time.Now().Add(c.door.config.RecheckInterval)
	if c.bye == nil && !c.over {
		c.timer.Reset(time.Until(c.times.next()))
	}
	return true
}

// recheck asks again for a connection that has authenticated: whom it was proven
// to be may have been shut out since. While nobody can tell, it may stay until
// the authentication expires.
func (c *conn) recheck() {
	c.mu.Lock()
	was := c.who
	c.mu.Unlock()
	who, err := c.ask(was.proof)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.who != was: // it has authenticated anew
	case err == nil && who.Project == was.caller.Project:
		c.who = &identity{who, was.proof}
		c.times.expires = who.Expires
		if c.bye == nil && !c.over {
			c.timer.Reset(time.Until(c.times.next()))
		}
	case err == nil, errors.Is(err, api.ErrUnauthenticated):
		c.closeNow(codeExpired, reasonWithdrawn)
	}
}

// identify gives a request the identity of its connection, as it is now, or an
// objection to its having none.
func (c *conn) identify(r *request) {
	c.mu.Lock()
	who := c.who
	c.mu.Unlock()
	_, signed := r.call.Header(headerSignature)
	switch {
	case c.door.config.Authenticator == nil:
		c.countNamed(r)
	case who != nil:
		r.call.Caller = who.caller
		c.countNamed(r)
	case signed:
		r.signed = true
	default:
		r.call.Early = &unauthenticated
	}
}

// checkSignature asks who sent a request that brings its own proof. That leaves
// the connection as it is, but gives it the time to bring another.
func (c *conn) checkSignature(r *request) {
	who, err := c.door.config.Authenticator.Authenticate(c.ctx, r.call)
	switch {
	case err != nil:
		r.call.Early = c.unproven(err)
		return
	case !c.count(who.Project):
		r.call.Early = &crowdedProject
		return
	}
	r.call.Caller = who
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.who == nil {
		c.times.expires = time.Now().Add(c.door.config.AuthTimeout)
	}
}

// countNamed counts the connection for the project that a request is for.
func (c *conn) countNamed(r *request) {
	project := r.call.Caller.Project
	if project == "" {
		project, _ = r.call.Header("X-Project-ID")
	}
	if !c.count(project) {
		r.call.Early = &crowdedProject
	}
}

// count counts the connection for a project, and has it closed if that has as
// many as it may.
func (c *conn) count(project string) bool {
	if c.door.census.join(c, project) {
		return true
	}
	c.leave(codeTooMany, reasonProject)
	return false
}
