package main

import (
	"log/slog"
	"os"
	"testing"

	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/ws"
)

// What the doors that hold connections count can be scraped.
func TestDoorsAreMeasured(t *testing.T) {
	l, err := load(args(t, "--store", "memory:", "--http", "127.0.0.1:0", "--ws", "", "--zmq", "tcp://127.0.0.1:0",
		"--zmq-ingest", "tcp://127.0.0.1:0", "--zmq-publish", "tcp://127.0.0.1:0"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), l.config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	m := newMetrics(build{})
	var doors []transports.Transport
	m.watchWS(ws.NewDoor(ws.Config{}))
	for _, e := range s.zmq {
		m.watchZMQ(e.name, e.door)
		doors = append(doors, e.door)
	}
	if len(doors) != 3 {
		t.Fatalf("%d endpoints", len(doors))
	}
	want := map[string]float64{
		"marconi_ws_connections": 0, "marconi_zmq_stored_total": 0, "marconi_zmq_refused_total": 0, "marconi_zmq_published_total": 0,
		"marconi_zmq_lost_total": 0, "marconi_zmq_topics_refused_total": 0, "marconi_zmq_topics": 0,
	}
	for _, e := range s.zmq {
		for _, name := range []string{"marconi_zmq_peers", "marconi_zmq_cut_total", "marconi_zmq_denied_total"} {
			want[name+`{endpoint="`+e.name+`"}`] = 0
		}
	}
	expect(t, scrape(t, m), want)
	signals := make(chan os.Signal, 1)
	signals <- os.Interrupt
	if err := s.run(signals); err != nil {
		t.Error(err)
	}
}
