package loadtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

const cleanUp = 30 * time.Second // for deleting the queues

// makeQueues makes queues that no other run has. With an error it returns those
// made before.
func makeQueues(ctx context.Context, api *client.Client, prefix string, n int) (names []string, err error) {
	for range n {
		name := prefix + "-" + rand.Text()
		if _, err := api.CreateQueue(ctx, name, nil); err != nil {
			return names, fmt.Errorf("loadtest: making a queue: %w", err)
		}
		names = append(names, name)
	}
	return names, nil
}

// deleteQueues tidies up, also after ctx is done.
func deleteQueues(ctx context.Context, api *client.Client, names []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	for _, name := range names {
		if err := api.DeleteQueue(ctx, name); err != nil {
			return fmt.Errorf("loadtest: deleting a queue: %w", err)
		}
	}
	return nil
}
