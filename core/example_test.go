package core_test

import (
	"context"
	"fmt"
	"log"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
)

// A producer posts two messages; a worker claims them, does the work, and deletes
// what is done.
func Example() {
	ctx := context.Background()
	broker, err := core.New(ctx, memstore.New(memstore.Config{}), core.Options{})
	if err != nil {
		log.Fatal(err)
	}

	producer := core.Caller{Project: "shop", Client: "producer"}
	_, err = broker.PostMessages(ctx, producer, core.MessagePostRequest{
		Queue: "orders",
		Messages: []core.Draft{
			{Body: jsontext.Value(`{"order":1}`)},
			{Body: jsontext.Value(`{"order":2}`)},
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	worker := core.Caller{Project: "shop", Client: "worker"}
	claim, err := broker.CreateClaim(ctx, worker, core.ClaimCreateRequest{Queue: "orders"})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range claim.Messages {
		fmt.Printf("%s, for %d seconds\n", m.Body, m.TTL)
		done := core.MessageDeleteRequest{Queue: "orders", ID: m.ID, Claim: claim.ID}
		if _, err := broker.DeleteMessage(ctx, worker, done); err != nil {
			log.Fatal(err)
		}
	}

	stats, err := broker.QueueStats(ctx, worker, core.QueueStatsRequest{Queue: "orders"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Messages.Total, "left")
	// Output:
	// {"order":1}, for 3600 seconds
	// {"order":2}, for 3600 seconds
	// 0 left
}
