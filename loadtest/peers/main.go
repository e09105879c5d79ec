// Peers measures how fast Marconi tells many listeners of a message, beside NATS
// and beside the least that a WebSocket server can do. It is a module of its own,
// so that the broker's knows nothing of it.
//
//	go build -o /tmp/peers .
//	/tmp/peers serve -addr 127.0.0.1:7000          # the bare server
//	/tmp/peers run -kind marconi -addr 127.0.0.1:8888 -listeners 1000 -size 1024 -pid PID
//	/tmp/peers run -kind bare -addr 127.0.0.1:7000 -listeners 1000 -size 1024 -pid PID
//	/tmp/peers run -kind nats -addr 127.0.0.1:4222 -listeners 1000 -size 1024 -pid PID
//	/tmp/peers hold -kind marconi -addr 127.0.0.1:8888 -listeners 1000   # listen, until interrupted
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"
)

func main() {
	if err := carryOut(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func carryOut(args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: serve, run or hold")
	}
	var o order
	set := flag.NewFlagSet(args[0], flag.ContinueOnError)
	set.StringVar(&o.kind, "kind", "marconi", "marconi, bare or nats")
	set.StringVar(&o.addr, "addr", "127.0.0.1:8888", "where it is")
	set.StringVar(&o.queue, "queue", "peers", "queue or subject")
	set.IntVar(&o.listeners, "listeners", 1000, "who listen")
	set.IntVar(&o.stuck, "stuck", 0, "who listen besides, and read nothing")
	set.IntVar(&o.size, "size", 1024, "bytes of a body")
	set.IntVar(&o.window, "window", 32, "messages on their way to somebody at most, when posting flat out")
	set.IntVar(&o.posters, "posters", 4, "who post, each on a connection of its own")
	set.Float64Var(&o.rate, "rate", 0, "messages a second; 0: flat out")
	set.DurationVar(&o.duration, "duration", 4*time.Second, "how long to post")
	set.IntVar(&o.process, "pid", 0, "the server's process, whose memory to tell")
	if err := set.Parse(args[1:]); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch args[0] {
	case "serve":
		return http.ListenAndServe(o.addr, newBare())
	case "run":
		return o.run(ctx)
	case "hold":
		return o.hold(ctx)
	}
	return fmt.Errorf("there is no %q", args[0])
}
