package api

import (
	"context"

	"github.com/stackforge/marconi/core"
)

// posts is "message_post". Calls with Start are started in their order.
func posts() operation {
	p := planOf[core.MessagePostRequest]()
	run := func(ctx context.Context, b *core.Broker, c *Call) Reply {
		var r core.MessagePostRequest
		if err := p.decode(c, &r); err != nil {
			return failed(err)
		}
		if err := takeParts(c, &r); err != nil {
			return failed(err)
		}
		if !c.Start {
			return postedReply(b.PostMessages(ctx, c.Caller, r))
		}
		pending := b.StartPost(ctx, c.Caller, r)
		return Reply{Pending: func(ctx context.Context) Reply { return postedReply(pending.Wait(ctx)) }}
	}
	return operation{run: run}
}

func postedReply(r core.MessagePosted, err error) Reply {
	if err != nil {
		return failed(err)
	}
	return Reply{Status: posted(r), Result: r}
}
