package zmtp_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/stackforge/marconi/transports/zmtp"
)

// A ROUTER that answers one question, which a DEALER asks who has a password.
func Example() {
	router, err := zmtp.ListenRouter(zmtp.Config{
		Endpoint: "tcp://127.0.0.1:0",
		Security: zmtp.Plain(onlyAda),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		err := router.Serve(ctx, func(_ context.Context, p *zmtp.Peer, m *zmtp.Message) {
			envelope, body := m.Split()
			if err := p.Reply(envelope, fmt.Appendf(nil, "%s, %s", p.Credentials(), body[0])); err != nil {
				p.Cut(err) // who does not read need not ask
			}
			m.Release()
		})
		if err != nil {
			log.Print(err)
		}
	})

	dealer, err := zmtp.Dial(ctx, zmtp.Config{Endpoint: router.Addr(), Security: zmtp.PlainClient("ada", "secret")})
	if err != nil {
		log.Fatal(err)
	}
	if err = dealer.Send(ctx, []byte("good morning")); err != nil {
		log.Fatal(err)
	}
	m, err := dealer.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", m.Parts[0])

	_ = dealer.Close(ctx)
	stop()
	serving.Wait()
	// Output: project of ada, good morning
}
