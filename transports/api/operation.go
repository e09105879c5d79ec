package api

import (
	"context"

	"github.com/stackforge/marconi/core"
)

// operation is a row of the table.
type operation struct {
	role string // that a caller must have; "" for anybody
	run  func(context.Context, *core.Broker, *Call) Reply
}

// needs is the same operation for callers with a role.
func (o operation) needs(role string) operation {
	o.role = role
	return o
}

// method is the shape of every operation of the core.
type method[Req, Res any] func(*core.Broker, context.Context, core.Caller, Req) (Res, error)

// does makes an operation of a method.
func does[Req, Res any](m method[Req, Res], status func(Res) int) operation {
	return serves(func(ctx context.Context, b *core.Broker, c *Call, r Req) (Res, error) {
		return m(b, ctx, c.Caller, r)
	}, status)
}

// serves makes an operation of a function that needs to know of the call: decode,
// call it, and the status that goes with the result.
func serves[Req, Res any](do func(context.Context, *core.Broker, *Call, Req) (Res, error), status func(Res) int) operation {
	p := planOf[Req]()
	run := func(ctx context.Context, b *core.Broker, c *Call) Reply {
		var r Req
		if err := p.decode(c, &r); err != nil {
			return failed(err)
		}
		result, err := do(ctx, b, c, r)
		if err != nil {
			return failed(err)
		}
		return Reply{Status: status(result), Result: result}
	}
	return operation{run: run}
}

func nothing(context.Context, *core.Broker, *Call) Reply {
	return Reply{Status: 200, Result: core.None{}}
}
