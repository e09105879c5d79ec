package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/ws"
	"github.com/stackforge/marconi/transports/zmq"
	"github.com/stackforge/marconi/transports/zmtp"
)

// watchWS shows how many connections a door has.
func (m *metrics) watchWS(d *ws.Door) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "marconi_ws_connections", Help: "Connections of WebSocket.",
	}, func() float64 { return float64(d.Connections()) }))
}

// watchZMQ shows what an endpoint of ZeroMQ counts.
func (m *metrics) watchZMQ(endpoint string, door transports.Transport) {
	switch d := door.(type) {
	case *zmq.Commands:
		m.watchPeers(endpoint, d.Stats)
	case *zmq.Ingest:
		m.watchPeers(endpoint, func() zmtp.Stats { return d.Stats().Stats })
		m.counts("marconi_zmq_stored_total", "Posts over the ingest endpoint of ZeroMQ that were stored.", func() int64 { return d.Stats().Stored })
		m.counts("marconi_zmq_refused_total", "Posts over the ingest endpoint of ZeroMQ that were refused.", func() int64 { return d.Stats().Refused })
	case *zmq.Publish:
		m.watchPeers(endpoint, func() zmtp.Stats { return d.Stats().Stats })
		m.counts("marconi_zmq_published_total", "Messages published over ZeroMQ, each once.", func() int64 { return d.Stats().Published })
		m.counts("marconi_zmq_lost_total", "Messages that a subscriber of ZeroMQ had no room for.", func() int64 { return d.Stats().Lost })
		m.counts("marconi_zmq_topics_refused_total", "Subscriptions over ZeroMQ that were ignored.", func() int64 { return d.Stats().Refused })
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "marconi_zmq_topics", Help: "Queues that somebody has subscribed to over ZeroMQ.",
		}, func() float64 { return float64(d.Stats().Topics) }))
	}
}

func (m *metrics) counts(name, help string, value func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
}

// watchPeers shows what endpoints of all kinds count.
func (m *metrics) watchPeers(endpoint string, stats func() zmtp.Stats) {
	of := prometheus.Labels{"endpoint": endpoint}
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "marconi_zmq_peers", Help: "Connections of ZeroMQ, by endpoint.", ConstLabels: of,
		}, func() float64 { return float64(stats().Peers) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "marconi_zmq_cut_total", Help: "Connections of ZeroMQ that were cut off: for what they sent, did not take, or for silence.", ConstLabels: of,
		}, func() float64 { return float64(stats().Cut) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "marconi_zmq_denied_total", Help: "Connections of ZeroMQ that were refused for their credentials.", ConstLabels: of,
		}, func() float64 { return float64(stats().Denied) }),
	)
}
