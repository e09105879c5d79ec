package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/stackforge/marconi/transports"
)

// admin is the door for operators: metrics and profiles.
type admin struct {
	listener net.Listener
	server   *http.Server
}

var _ transports.Transport = (*admin)(nil)

const adminStop = time.Second // that a scrape in progress gets when the broker ends

func listenAdmin(address string, metrics prometheus.Gatherer) (*admin, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	return &admin{listener, &http.Server{Handler: adminPaths(metrics), ReadHeaderTimeout: 10 * time.Second}}, nil
}

func adminPaths(metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "/metrics\n/debug/pprof/")
	})
	return mux
}

// Addr implements transports.Transport.
func (a *admin) Addr() string { return "http://" + a.listener.Addr().String() }

// Serve implements transports.Transport. A profile in progress ends with ctx.
func (a *admin) Serve(ctx context.Context) error {
	a.server.BaseContext = func(net.Listener) context.Context { return ctx }
	g, failed := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("admin: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-failed.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), adminStop)
		defer cancel()
		if a.server.Shutdown(stop) != nil {
			return a.server.Close()
		}
		return nil
	})
	return g.Wait()
}
