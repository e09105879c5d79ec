package loadtest

import (
	"context"
	"slices"

	"github.com/stackforge/marconi/clients/go"
)

const batch = 20 // messages: the most that a broker with default limits claims, lists or deletes at once

func postLoad() load {
	return load{
		name:  "post",
		about: "post messages one at a time",
		parts: []string{"post"},
		operation: func(ctx context.Context, w *worker) (int, bool) {
			return 1, w.post(ctx, 1)
		},
	}
}

func cycleLoad() load {
	return load{
		name:      "cycle",
		about:     "post 20 messages, claim 20, delete these at once",
		parts:     []string{"post", "claim", "delete"},
		operation: cycle,
	}
}

// cycle counts messages that went all the way. They need not be those it posted:
// others work on the same queue.
func cycle(ctx context.Context, w *worker) (messages int, ok bool) {
	if !w.post(ctx, batch) {
		return 0, false
	}
	var claimed client.Claim
	ok = w.time("claim", func() (err error) {
		claimed, err = w.client.Claim(ctx, w.queue, client.ClaimOptions{Limit: batch})
		return err
	})
	if !ok {
		return 0, false
	}
	ids := idsOf(claimed.Messages)
	return len(ids), w.time("delete", func() error {
		return w.client.DeleteMessages(ctx, w.queue, ids, claimed.ID)
	})
}

func listLoad() load {
	return load{
		name:  "list",
		about: "read a filled queue from its start to its end, again and again, 20 messages a page",
		parts: []string{"list"},
		fill:  true,
		operation: func(ctx context.Context, w *worker) (int, bool) {
			var page client.MessagePage
			ok := w.time("list", func() (err error) {
				page, err = w.client.Messages(ctx, w.queue, client.MessageOptions{Marker: w.marker, Limit: batch, Echo: true})
				return err
			})
			if w.marker = page.Next; len(page.Messages) < batch {
				w.marker = ""
			}
			return len(page.Messages), ok
		},
	}
}

func (w *worker) post(ctx context.Context, n int) bool {
	return w.time("post", func() error {
		_, err := w.client.Post(ctx, w.queue, repeated(w.draft, n)...)
		return err
	})
}

func repeated(d client.Draft, n int) []client.Draft { return slices.Repeat([]client.Draft{d}, n) }

func idsOf(messages []client.Message) []string {
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	return ids
}
