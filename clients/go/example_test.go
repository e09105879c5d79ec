package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

// A worker claims messages, works, and deletes what is done.
func ExampleClient_Claim() {
	broker := httptest.NewServer(http.HandlerFunc(oneOrder))
	defer broker.Close()

	ctx := context.Background()
	c, err := client.New(client.Config{URL: broker.URL, Project: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	claim, err := c.Claim(ctx, "orders", client.ClaimOptions{Limit: 20, TTL: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range claim.Messages {
		var order struct{ Item string }
		if err := m.Decode(&order); err != nil {
			log.Fatal(err)
		}
		fmt.Println("working on", order.Item)
		if err := c.DeleteMessage(ctx, "orders", m.ID, claim.ID); err != nil {
			log.Fatal(err)
		}
	}
	// Output: working on tea
}

// oneOrder answers like a broker with one message in the queue.
func oneOrder(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Location", "/v2/queues/orders/claims/c1")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `{"messages": [{"id": "m1", "href": "/v2/queues/orders/messages/m1?claim_id=c1",
		"ttl": 3600, "age": 1, "body": {"item": "tea"}}]}`)
}
