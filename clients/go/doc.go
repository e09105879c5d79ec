// Package client calls a Marconi broker, or any other server of the Zaqar API,
// version 2, over HTTP. Listen and ClaimStream use WebSocket, and ZMQ and Producer
// ZeroMQ, which Marconi alone speaks.
//
//	c, err := client.New(client.Config{URL: "http://127.0.0.1:8888", Project: "shop"})
//	ids, err := c.Post(ctx, "orders", client.Draft{Body: order, TTL: time.Hour})
//
//	claim, err := c.Claim(ctx, "orders", client.ClaimOptions{Limit: 20, TTL: time.Minute})
//	for _, m := range claim.Messages {
//		// … work …
//		err = c.DeleteMessage(ctx, "orders", m.ID, claim.ID)
//	}
//
// Listen tells of messages as they come, and ClaimStream claims them as they come;
// both go on by themselves when the connection is lost.
//
// A Client may be used by many goroutines at once and keeps its connections.
//
// # Errors
//
// What the server refuses comes back as an *Error with its status and its words.
// Any other error is the connection's, the context's, or says that an argument
// or an answer makes no sense.
//
// # What happens when an answer is lost
//
// Post tries again by itself, and no message is stored twice: the server knows
// the post by its idempotency key. Reading, deleting, renewing and releasing can
// simply be called again. A Claim whose answer is lost may have claimed messages
// that nobody works on until that claim ends, and a Pop whose answer is lost may
// have removed messages for good; so neither is ever sent twice.
//
// # Spans
//
// The API counts whole seconds. A time.Duration with a fraction of a second is
// rounded up.
package client
