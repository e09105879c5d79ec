package api

import (
	"context"

	"github.com/stackforge/marconi/core"
)

// posts is "message_post". Calls with a Pipeline are started there.
func posts() operation {
	p := planOf[core.MessagePostRequest]()
	run := func(ctx context.Context, b *core.Broker, c *Call) Reply {
		s := new(posting)
		if err := p.decode(c, &s.request); err != nil {
			return failed(err)
		}
		if err := takeParts(c, &s.request, s.one[:]); err != nil {
			return failed(err)
		}
		if c.Pipeline == nil {
			return postedReply(b.PostMessages(ctx, c.Caller, s.request))
		}
		s.pending = b.StartPost(ctx, c.Pipeline, c.Caller, s.request)
		return Reply{Pending: s.wait}
	}
	return operation{run: run}
}

// posting is a post on its way, in one piece of memory.
type posting struct {
	request core.MessagePostRequest
	one     [1]core.Draft // its messages, if they are one in a part
	pending core.PendingPost
}

func (s *posting) wait(ctx context.Context) Reply { return postedReply(s.pending.Wait(ctx)) }

func postedReply(r core.MessagePosted, err error) Reply {
	if err != nil {
		return failed(err)
	}
	return Reply{Status: posted(r), Result: r}
}
