package main

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/stackforge/marconi/transports/api"
)

// metrics counts what the broker does.
type metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec   // by action, transport, status
	durations *prometheus.HistogramVec // by action
	inFlight  prometheus.Gauge
	store     *prometheus.HistogramVec // by method
	messages  *prometheus.CounterVec   // by outcome
	swept     prometheus.Counter
}

var _ api.Observer = (*metrics)(nil)

func newMetrics(b build) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "marconi_requests_total",
			Help: "Requests answered, by action, transport and class of status.",
		}, []string{"action", "transport", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "marconi_request_duration_seconds",
			Help:    "Time from a request to its answer, by action.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"action"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "marconi_requests_in_flight",
			Help: "Requests that are being carried out.",
		}),
		store: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "marconi_store_duration_seconds",
			Help:    "Time that calls to the store took, by method.",
			Buckets: []float64{.00001, .00005, .0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5},
		}, []string{"method"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "marconi_messages_total",
			Help: "Messages posted, repeated (posted again under the same key), listed, claimed, deleted (asked for, there or not), popped.",
		}, []string{"outcome"}),
		swept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "marconi_swept_records_total",
			Help: "Records removed because their time was over: messages, subscriptions, idempotency keys.",
		}),
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "marconi_build_info",
		Help: "Always 1; the labels tell which build this is.",
	}, []string{"version", "revision", "goversion"})
	info.WithLabelValues(b.Version, b.Revision, b.Go).Set(1)
	m.registry.MustRegister(m.requests, m.durations, m.inFlight, m.store, m.messages, m.swept, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observed implements api.Observer. What callers make up is one action.
func (m *metrics) Observed(action, transport string, status int, took time.Duration) {
	action = cmp.Or(action, "other")
	m.requests.WithLabelValues(action, transport, strconv.Itoa(status/100)+"xx").Inc()
	m.durations.WithLabelValues(action).Observe(took.Seconds())
}

// count is the middleware that knows how many calls are in flight. One that was
// started is until its reply is there.
func (m *metrics) count(next api.Handler) api.Handler {
	return api.HandlerFunc(func(ctx context.Context, c *api.Call) api.Reply {
		m.inFlight.Inc()
		landed := true
		defer func() {
			if landed {
				m.inFlight.Dec()
			}
		}()
		reply := next.Handle(ctx, c)
		if pending := reply.Pending; pending != nil {
			landed = false
			reply.Pending = func(ctx context.Context) api.Reply {
				defer m.inFlight.Dec()
				return pending(ctx)
			}
		}
		return reply
	})
}
