package api

import (
	"context"
	"net/netip"

	"github.com/stackforge/marconi/core"
)

// Call is a request as a door has understood it.
type Call struct {
	Action    string // an operation's name in the table
	Dialect   *Dialect
	Transport string // "http", "ws" …: for logs and metrics
	ID        string // names the request, in logs and for the caller
	Remote    netip.Addr

	// Header finds a header by its name, as in HTTP, wherever it came from.
	Header func(name string) (value string, given bool)

	// Method and Path are those of a request over HTTP, the path as it was sent.
	// Grants name them; other doors leave them empty.
	Method, Path string

	// Params came beside the body: in a path or a query.
	Params Params

	Body []byte // JSON, or nothing; the broker keeps parts of it
	Size int    // bytes of the request as it was sent, which the limits count
	Cut  bool   // the request is larger than any may be; Body is not there

	// Parts are the bodies of messages to post, where they came beside the body.
	// The broker keeps them.
	Parts [][]byte

	// Frames is whether bodies of messages go to the caller beside documents.
	Frames bool

	// Pipeline is that of the door, if posts are to be started in their order and
	// no more: see Reply.Pending. The door flushes it.
	Pipeline *core.Pipeline

	// Session is the caller's connection, if things can be pushed over it, and
	// Codec the encoding that they are pushed in; nil is JSON.
	Session *Session
	Codec   Codec

	// Early is what the door objects to, told once the caller is
	// authenticated. Late is told in place of the operation, once all but that
	// was found right; Action need not name one then.
	Early, Late *Reply

	client string // the Client-ID's UUID, if it was read before
	queue  string // that the body names, if it was read before

	// Caller is set by Authenticate and completed by the handler. A door sets what
	// it has itself proven of the caller, or nothing.
	Caller core.Caller
}

// Params are arguments beside the body.
type Params struct {
	// Own lists the fields of the request that come from here. They are not
	// looked for in the body.
	Own []string
	// Given are those that came, those of a field together. One without a value
	// counts as not given. Of a field that takes one value the last counts.
	Given []Param
	// Others are what came under names that mean nothing, for requests that take them.
	Others map[string]string
}

// Param is one argument.
type Param struct {
	Field string // of the request
	Name  string // as the caller knows it
	Value string
}

// Reply is an answer.
type Reply struct {
	Status int // as in HTTP; the other doors carry the same number
	Result any // a result of core, a *Problem, or core.None; not yet encoded, so that a door may dress it

	// Pending is nil, but of a post that was started in a Pipeline: it waits for
	// the reply, which the others are no part of. It must be called, once, by any
	// goroutine.
	Pending func(ctx context.Context) Reply
}

// Handler carries out calls, many at once.
type Handler interface {
	Handle(ctx context.Context, c *Call) Reply
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, c *Call) Reply

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, c *Call) Reply { return f(ctx, c) }

// Middleware puts something around a Handler.
type Middleware func(Handler) Handler

// Options of the handler that New makes.
type Options struct {
	// AdminMode offers the operations of operators, which need the role "admin".
	AdminMode bool
	ClientIDs ClientIDRule
}

// New makes the handler of all operations. The first middleware is outermost.
func New(b *core.Broker, o Options, mw ...Middleware) Handler {
	var h Handler = &handler{broker: b, options: o, table: table(o.AdminMode)}
	for i := len(mw) - 1; i >= 0; i-- {
		h = mw[i](h)
	}
	return h
}

type handler struct {
	broker  *core.Broker
	options Options
	table   map[string]operation
}

// Handle implements Handler.
func (h *handler) Handle(ctx context.Context, c *Call) Reply {
	if c.Early != nil {
		return *c.Early
	}
	if err := identify(c, h.options.ClientIDs); err != nil {
		return failed(err)
	}
	if c.Late != nil {
		return *c.Late
	}
	o, ok := h.table[c.Action]
	if !ok {
		return failed(notUnderstood(c.Action + " is not a valid action"))
	}
	if o.role != "" && !c.Caller.Has(o.role) {
		return failed(errForbidden)
	}
	return o.run(ctx, h.broker, c)
}
