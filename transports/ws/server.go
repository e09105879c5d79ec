package ws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/stackforge/marconi/transports"
)

const (
	maxHeader     = 16 << 10 // bytes
	headerTimeout = 10 * time.Second
)

// Server is a Door on an address of its own, at any path.
type Server struct {
	*Door
	listener net.Listener
	http     *http.Server
	open     transports.Open // connections that are no WebSockets, or not yet
}

var _ transports.Transport = (*Server)(nil)

// Listen opens the door. Nothing is served before Serve.
func Listen(c Config) (*Server, error) {
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("ws: %w", err)
	}
	s := &Server{Door: NewDoor(c), listener: listener}
	s.http = &http.Server{
		Handler:           s.Door,
		TLSConfig:         c.TLS,
		Protocols:         new(http.Protocols), // a WebSocket begins in HTTP/1.1
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       headerTimeout,
		WriteTimeout:      2 * headerTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnState:         s.open.Count,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	s.http.Protocols.SetHTTP1(true)
	return s, nil
}

// Addr implements transports.Transport.
func (s *Server) Addr() string {
	scheme := "ws://"
	if s.config.TLS != nil {
		scheme = "wss://"
	}
	return scheme + s.listener.Addr().String()
}

// Serve implements transports.Transport: as that of the Door, with its address.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listening := make(chan error, 1)
	go func() {
		listening <- s.listen()
		cancel() // without it the door is of no use
	}()
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- s.shut()
	}()
	err := s.Door.Serve(ctx)
	err = errors.Join(err, <-stopped, <-listening)
	s.open.Wait()
	return err
}

func (s *Server) listen() error {
	var err error
	if s.config.TLS != nil {
		err = s.http.ServeTLS(s.listener, "", "")
	} else {
		err = s.http.Serve(s.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("ws: %w", err)
}

// shut ends what has not become a WebSocket.
func (s *Server) shut() error {
	stop, cancel := context.WithTimeout(context.Background(), s.config.StopTimeout)
	defer cancel()
	if s.http.Shutdown(stop) != nil {
		return s.http.Close()
	}
	return nil
}
