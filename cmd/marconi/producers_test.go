package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stackforge/marconi/clients/go"
)

// numbered is what producers post: who, and the how manieth.
type numbered struct {
	Producer, Number int
}

// produce posts until it is to stop, and is the IDs of all that it posted.
func produce(ctx context.Context, t *testing.T, c client.ProducerConfig, n int, answered *atomic.Int64, stop *atomic.Bool) (ids []string) {
	p, err := client.NewProducer(c)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer p.Close(ctx)
	under := make(chan *client.Posting, c.InFlight)
	var waiter sync.WaitGroup
	waiter.Go(func() {
		for posting := range under {
			got, err := posting.Wait(ctx)
			if err != nil {
				t.Errorf("producer %d: %v", n, err)
			}
			ids = append(ids, got...)
			answered.Add(1)
		}
	})
	for i := 0; !stop.Load(); i += 2 {
		one, _ := json.Marshal(numbered{n, i})
		two, _ := json.Marshal(numbered{n, i + 1})
		posting, err := p.Post(ctx, one, two)
		if err != nil {
			t.Errorf("producer %d: %v", n, err)
			break
		}
		under <- posting
	}
	close(under)
	waiter.Wait()
	return ids
}

// judgeLog holds what was answered against what is there.
func judgeLog(ctx context.Context, t *testing.T, url string, queues int, ids [][]string) {
	t.Helper()
	c, err := client.New(client.Config{URL: url, Project: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found := make([][]string, len(ids))
	for q := range queues {
		for m, err := range c.AllMessages(ctx, fmt.Sprint("q", q), client.MessageOptions{Echo: true, Limit: 20}) {
			if err != nil {
				t.Fatal(err)
			}
			var body numbered
			if err := json.Unmarshal(m.Body, &body); err != nil {
				t.Fatal(err)
			}
			if body.Number != len(found[body.Producer]) {
				t.Fatalf("producer %d: %d comes after %d", body.Producer, body.Number, len(found[body.Producer])-1)
			}
			found[body.Producer] = append(found[body.Producer], m.ID)
		}
	}
	total := 0
	for n := range ids {
		if !slices.Equal(found[n], ids[n]) {
			t.Errorf("producer %d was answered %d IDs and %d messages are there", n, len(ids[n]), len(found[n]))
		}
		total += len(found[n])
	}
	t.Logf("%d messages of %d producers", total, len(ids))
}
