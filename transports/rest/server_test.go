package rest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

func TestListenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, addr := range []string{taken.Addr().String(), "127.0.0.1:no-port", "127.0.0.1", "127.0.0.1:99999"} {
		server, err := rest.Listen(rest.Config{Addr: addr})
		if err == nil || !strings.HasPrefix(err.Error(), "http: ") {
			t.Errorf("%s: got %v and error %v", addr, server, err)
		}
	}
}

func TestAddrTellsThePort(t *testing.T) {
	s := serve(t, rest.Config{})
	if !strings.HasPrefix(s.url, "http://127.0.0.1:") || strings.HasSuffix(s.url, ":0") {
		t.Errorf("got %s", s.url)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	server, err := rest.Listen(rest.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Serve(ctx); err != nil {
		t.Errorf("Serve: %v", err)
	}
	_, host, _ := strings.Cut(server.Addr(), "://")
	if c, err := net.Dial("tcp", host); err == nil {
		c.Close()
		t.Error("the port is still open")
	}
}

func TestServeFails(t *testing.T) {
	server, err := rest.Listen(rest.Config{Addr: "127.0.0.1:0", TLS: &tls.Config{}}) // without a certificate
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "http: ") {
		t.Errorf("Serve: %v", err)
	}
}

// waiting is a handler whose calls wait until they are let go. One that is cut off
// tells so, and waits still.
type waiting struct {
	begun, cut chan struct{}
	let        chan struct{}
	ended      atomic.Int32
}

func newWaiting() *waiting {
	return &waiting{begun: make(chan struct{}, 10), cut: make(chan struct{}, 10), let: make(chan struct{})}
}

func (w *waiting) Handle(ctx context.Context, _ *api.Call) api.Reply {
	defer w.ended.Add(1)
	w.begun <- struct{}{}
	select {
	case <-w.let:
	case <-ctx.Done():
		w.cut <- struct{}{}
		<-w.let
	}
	return api.Reply{Status: 200, Result: core.Queue{Metadata: []byte(`{"finished":true}`)}}
}

// ask sends a request whose answer comes later, or not.
func (s *site) ask() <-chan string {
	s.t.Helper()
	c := s.dial()
	if _, err := io.WriteString(c, head("GET /v2/queues/q")+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	text := make(chan string, 1)
	go func() {
		defer c.Close()
		all, _ := io.ReadAll(c)
		text <- string(all)
	}()
	return text
}

func TestStopFinishesWhatIsInProgress(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	s := serve(t, rest.Config{Handler: w})
	text := s.ask()
	<-w.begun
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	s.refusesConnections()
	close(w.let)
	if err := <-stopped; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if got := <-text; !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, `{"finished":true}`) {
		t.Errorf("got %q, want the answer whole", got)
	}
}

// refusesConnections returns once the server takes no more of them.
func (s *site) refusesConnections() {
	_, host, _ := strings.Cut(s.url, "://")
	for {
		c, err := net.Dial("tcp", host)
		if err != nil {
			return
		}
		c.Close()
	}
}

func TestStopCutsOffWhatDoesNotFinish(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	c := rest.Config{Addr: "127.0.0.1:0", Handler: w, StopTimeout: 20 * time.Millisecond}
	server, err := rest.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	s := &site{t: t, url: server.Addr()}
	first, second := s.ask(), s.ask()
	<-w.begun
	<-w.begun
	cancel()
	<-w.cut
	<-w.cut
	same(t, "first answer", <-first, "")
	same(t, "second answer", <-second, "")
	for range 100 { // time enough to return too early
		s.refusesConnections()
	}
	select {
	case err := <-ended:
		t.Fatalf("Serve returned before what it had started: %v", err)
	default:
		close(w.let)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "requests were cut off") {
		t.Errorf("Serve: %v", err)
	}
	same(t, "calls that ended", w.ended.Load(), 2)
}

// TestStopWaitsForNobodyIdle has connections open that ask for nothing any more.
func TestStopWaitsForNobodyIdle(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	c := s.dial()
	defer c.Close()
	_, _ = io.WriteString(c, head("GET /v2/ping")+"\r\n")
	if _, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 204"))); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestCallerWhoLeavesEndsTheCall(t *testing.T) {
	w := newWaiting()
	s := serve(t, rest.Config{Handler: w})
	c := s.dial()
	_, _ = io.WriteString(c, head("GET /v2/queues/q")+"\r\n")
	<-w.begun
	c.Close()
	<-w.cut
	close(w.let)
}

func TestSlowHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{HeaderTimeout: 300 * time.Millisecond, IdleTimeout: 300 * time.Millisecond})
	s.cutsOff([]slow{
		{"", ""},
		{"GET /v2/pi", "400"},
		{"GET /v2/ping HTTP/1.1\r\n", ""},
		{head("GET /v2/ping"), ""},
		{head("GET /v2/ping") + "\r\n" + head("GET /v2/ping"), "204"},
	})
}

func TestIdleConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{IdleTimeout: 50 * time.Millisecond})
	same(t, "statuses", statuses(s.raw(head("GET /v2/ping")+"\r\n"+head("GET /v2/ping")+"\r\n")), "204 204")
}

// TestSlowCallsAreNotCutOff is of calls that take longer than any part of a
// request may: meanwhile bodies that do not come are cut off one after another.
func TestSlowCallsAreNotCutOff(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	s := serve(t, rest.Config{Handler: w, HeaderTimeout: 200 * time.Millisecond, BodyTimeout: 200 * time.Millisecond})
	const last = "Connection: close\r\n"
	var calls []net.Conn
	for _, request := range []string{head("GET /v2/queues/q") + last + "\r\n", head("PUT /v2/queues/q") + last + "Content-Length: 2\r\n\r\n{}"} {
		c := s.dial()
		defer c.Close()
		_, _ = io.WriteString(c, request)
		<-w.begun
		calls = append(calls, c)
	}
	for range 3 {
		same(t, "statuses", statuses(s.raw(head("PUT /v2/queues/q")+"Content-Length: 2\r\n\r\n")), "400")
	}
	same(t, "calls that ended", w.ended.Load(), 0)
	same(t, "calls that were cut off", len(w.cut), 0)
	close(w.let)
	for _, c := range calls {
		same(t, "statuses", statuses(s.rest(c)), "200")
	}
}

// TestAnswersNobodyTakes sends requests and reads no answer until the server has
// had enough of that.
func TestAnswersNobodyTakes(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{BodyTimeout: 100 * time.Millisecond})
	for _, request := range []string{"GET / HTTP/1.1\r\nHost: broker\r\n\r\n", head("GET /v2/") + "\r\n"} {
		c := s.dial()
		defer c.Close()
		var err error
		for requests := strings.Repeat(request, 1000); err == nil; {
			_, err = io.WriteString(c, requests)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.15s: the server waits for ever", request)
		}
	}
}

func TestHeadersThatAreTooLarge(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	for name, header := range map[string]string{
		"one":  "X-Large: " + strings.Repeat("x", 80<<10) + "\r\n",
		"many": strings.Repeat("X-Header: x\r\n", 8<<10),
		"path": "",
	} {
		t.Run(name, func(t *testing.T) {
			request := head("GET /v2/ping") + header + "\r\n"
			if name == "path" {
				request = head("GET /v2/ping?x="+strings.Repeat("x", 80<<10)) + "\r\n"
			}
			same(t, "statuses", statuses(s.in(t).raw(request)), "431")
		})
	}
	same(t, "status within", s.do("GET", "/v2/ping", "", "X-Large", strings.Repeat("x", 60<<10)).status, 204)
}

// TestSmuggling is of requests of which two servers may think that they end in
// different places. What was smuggled must never be carried out.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	smuggled := head("PUT /v2/queues/smuggled") + "\r\n"
	for i, c := range []struct{ name, request, want string }{
		{"two lengths", head("PUT /v2/queues/q") + "Content-Length: 2\r\nContent-Length: 0\r\n\r\n{}" + smuggled, "400"},
		{"two lengths in one", head("PUT /v2/queues/q") + "Content-Length: 0, 2\r\n\r\n" + smuggled, "400"},
		{"a length and chunks", head("PUT /v2/queues/q") + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "201"},
		{"chunks and a length", head("PUT /v2/queues/q") + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled, "201"},
		{"chunks nobody reads", head("POST /nosuch") + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "404"},
		{"chunks twice", head("PUT /v2/queues/q") + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "501"},
		{"chunks and more", head("PUT /v2/queues/q") + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + smuggled, "501"},
		{"chunks of another spelling", head("PUT /v2/queues/q") + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, "501"},
		{"a blank before the colon", head("PUT /v2/queues/q") + "Content-Length : 2\r\n\r\n{}" + smuggled, "400"},
		{"a header without a name", head("PUT /v2/queues/q") + ": x\r\n\r\n" + smuggled, "400"},
		{"a header without a colon", head("PUT /v2/queues/q") + "X-Header\r\n\r\n" + smuggled, "400"},
		{"a NUL in a header", head("PUT /v2/queues/q") + "X-Header: a\x00b\r\n\r\n" + smuggled, "400"},
		{"a bare return in a header", head("PUT /v2/queues/q") + "X-Header: a\rb\r\n\r\n" + smuggled, "400"},
		{"a fold first", "PUT /v2/queues/q HTTP/1.1\r\n X: y\r\n" + smuggled, "400"},
		{"no host", "PUT /v2/queues/q HTTP/1.1\r\n\r\n" + smuggled, "400"},
		{"two hosts", head("PUT /v2/queues/q") + "Host: other\r\n\r\n" + smuggled, "400"},
		{"another version", "PUT /v2/queues/q HTTP/3.0\r\nHost: broker\r\n\r\n" + smuggled, "505"},
		{"no version", "PUT /v2/queues/q\r\n\r\n" + smuggled, "400"},
		{"a blank too many", "PUT  /v2/queues/q HTTP/1.1\r\nHost: broker\r\n\r\n" + smuggled, "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := strings.Replace(c.request, "/v2/queues/q", fmt.Sprint("/v2/queues/q", i), 1)
			same(t, "statuses", statuses(s.in(t).raw(request)), c.want)
		})
	}
	list := s.do("GET", "/v2/queues?name=smuggled", "")
	answered(t, list, 200, `{"queues":[],"links":[]}`)
}

// TestFoldsAndLineFeeds is of what RFC 9112 lets a server take: a folded header is
// one with a blank in it, and a line may end with a line feed alone.
func TestFoldsAndLineFeeds(t *testing.T) {
	s := serve(t, rest.Config{})
	folded := head("PUT /v2/queues/q") + "X-Header: a\r\n Content-Length: 100\r\nConnection: close\r\n\r\n"
	same(t, "statuses", statuses(s.raw(folded)), "201")
	fed := strings.ReplaceAll(head("PUT /v2/queues/r")+"Connection: close\r\n\r\n", "\r\n", "\n")
	same(t, "statuses", statuses(s.raw(fed)), "201")
}

// secure is a certificate for this machine, and what trusts it.
func secure(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

func TestTLS(t *testing.T) {
	t.Parallel()
	config, roots := secure(t)
	s := serve(t, rest.Config{TLS: config})
	if !strings.HasPrefix(s.url, "https://") {
		t.Errorf("got %s", s.url)
	}
	for _, version2 := range []bool{false, true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: version2}
		s.client.Transport = transport
		answered(t, s.do("PUT", "/v2/queues/q", `{"a":1}`), 201, "")
		a := s.chunked("POST", "/v2/queues/q/messages", `{"messages":[{"body":1}]}`)
		same(t, "status", a.status, 201)
		s.mustDo(204, "DELETE", "/v2/queues/q", "")
		transport.CloseIdleConnections()
	}
	same(t, "status without TLS", statuses(s.raw("GET /v2/ping HTTP/1.1\r\nHost: broker\r\n\r\n")), "400")
}

func TestConnectionErrorsAreLogged(t *testing.T) {
	var log bytes.Buffer
	h := api.HandlerFunc(func(context.Context, *api.Call) api.Reply { panic("it fell over") })
	s := serve(t, rest.Config{Handler: h, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	same(t, "answer", s.raw(head("GET /v2/queues")+"\r\n"), "")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "it fell over") {
		t.Errorf("the log does not tell of it: %s", log.String())
	}
}
