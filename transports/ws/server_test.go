package ws_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/ws"
)

func TestListenRefuses(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := ws.Listen(ws.Config{Addr: taken.Addr().String()}); err == nil || !strings.HasPrefix(err.Error(), "ws: ") {
		t.Errorf("got error %v", err)
	}
}

func TestServeFails(t *testing.T) {
	t.Parallel()
	server, err := ws.Listen(ws.Config{Addr: "127.0.0.1:0", TLS: &tls.Config{}, Broker: transporttest.Broker(t, core.Options{})}) // without a certificate
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "ws: ") {
		t.Errorf("Serve: %v", err)
	}
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{CloseTimeout: 100 * time.Millisecond, TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t)}}})
	if !strings.HasPrefix(s.url, "wss://127.0.0.1:") {
		t.Errorf("got %s", s.url)
	}
	c := s.dialBy(&websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
	c.ask(200, "queue_list", `{}`)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	c.closed(websocket.CloseGoingAway, "The server is stopping.")
}

func TestAnyPath(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	s.url += "/any/path?x=1"
	s.dial().ask(200, "queue_list", `{}`)
}

func TestWhoDoesNotAskForAWebSocketIsToldSo(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	r, err := http.Get("http" + strings.TrimPrefix(s.url, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer r.Body.Close()
	if r.StatusCode != http.StatusUpgradeRequired || r.Header.Get("Upgrade") != "websocket" {
		t.Errorf("got %s, Upgrade: %q", r.Status, r.Header.Get("Upgrade"))
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		origins []string
		origin  string
		allowed bool
	}{
		{nil, "", true},
		{nil, "http://HOST", true}, // of the server itself
		{nil, "https://HOST", true},
		{nil, "http://evil.example", false},
		{nil, "http://HOST.evil.example", false},
		{nil, "null", false},
		{nil, "://", false},
		{[]string{"https://app.example"}, "https://app.example", true},
		{[]string{"https://app.example"}, "HTTPS://app.example", true},
		{[]string{"https://app.example"}, "http://app.example", false},
		{[]string{"https://app.example"}, "https://app.example:8443", false},
		{[]string{"https://app.example"}, "https://app.example.evil", false},
		{[]string{"https://app.example"}, "http://HOST", false},
		{[]string{"https://app.example"}, "", true},
		{[]string{"*"}, "http://evil.example", true},
		{[]string{"*"}, "null", true},
	} {
		t.Run(fmt.Sprintf("%v %s", c.origins, c.origin), func(t *testing.T) {
			s := serve(t, ws.Config{Origins: c.origins})
			_, host, _ := strings.Cut(s.url, "://")
			origin := strings.ReplaceAll(c.origin, "HOST", host)
			if c.allowed {
				s.dial("Origin", origin)
			} else if status, why := s.refused("Origin", origin); status != 403 || why != "This page may not connect." {
				t.Errorf("got %d %q", status, why)
			}
		})
	}
}

// Stopping answers what is in progress, begins nothing new, and says good-bye.
func TestStopFinishesWhatIsInProgress(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := serve(t, ws.Config{Handler: g})
	busy, idle := s.dial(), s.dial()
	busy.send(request("queue_get", numbered(1)))
	<-g.begun
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	idle.closed(websocket.CloseGoingAway, "The server is stopping.")
	if _, _, err := websocket.DefaultDialer.Dial(s.url, nil); err == nil {
		t.Error("somebody could connect")
	}
	busy.send(request("queue_get", numbered(2)))
	g.let <- struct{}{}
	busy.answer(200)
	busy.closed(websocket.CloseGoingAway, "The server is stopping.")
	if err := <-stopped; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if len(g.begun) > 0 {
		t.Error("a request was begun")
	}
}

func TestStopCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	g := newGate()
	server, err := ws.Listen(ws.Config{Addr: "127.0.0.1:0", Handler: g, StopTimeout: 50 * time.Millisecond, Broker: transporttest.Broker(t, core.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	c := (&site{t: t, url: server.Addr()}).dial()
	c.send(request("queue_get", numbered(1)))
	<-g.begun
	cancel()
	c.closed(websocket.CloseGoingAway, "The server is stopping.")
	if err := <-ended; err == nil || err.Error() != "ws: requests of 1 connections were cut off" {
		t.Errorf("Serve: %v", err)
	}
}

// Who waits for messages is answered when the door ends, as if the time were over.
func TestStopEndsWaiting(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{CloseTimeout: 100 * time.Millisecond})
	c := s.dial()
	c.send(request("claim_create", `{"queue_name":"q","wait":20}`, `"id":1`))
	c.send(request("message_list", `{"queue_name":"q","wait":20,"echo":true}`, `"id":2`))
	c.ask(200, "queue_list", `{}`)
	start := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
	for range 2 {
		if f := c.receive(); string(f.ID) == "1" && f.Headers.Status != 204 || string(f.ID) == "2" && string(f.Body) != `{"messages":[]}` {
			t.Errorf("got %s", f.text)
		}
	}
	c.closed(websocket.CloseGoingAway, "The server is stopping.")
}

// A door can be put into any server. Its connections are its own, and outlive the
// server; it shares its limits wherever it is.
func TestDoorInAnotherServer(t *testing.T) {
	t.Parallel()
	b := transporttest.Broker(t, core.Options{})
	server, err := ws.Listen(ws.Config{Addr: "127.0.0.1:0", Broker: b, Handler: api.New(b, api.Options{}), MaxConnections: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	other := httptest.NewServer(server.Door)
	here, there := (&site{t: t, url: server.Addr()}), &site{t: t, url: "ws" + strings.TrimPrefix(other.URL, "http") + "/ws"}
	one, two := here.dial(), there.dial()
	two.ask(200, "queue_list", `{}`)
	if status, _ := there.refused(); status != 503 {
		t.Errorf("got %d", status)
	}
	other.CloseClientConnections()
	two.ask(200, "queue_list", `{}`)
	cancel()
	one.closed(websocket.CloseGoingAway, "The server is stopping.")
	two.closed(websocket.CloseGoingAway, "The server is stopping.")
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if status, why := there.refused(); status != 503 || why != "The server is stopping." {
		t.Errorf("got %d %s", status, why)
	}
	other.Close()
}

// Whoever vanishes leaves nothing behind, whatever it was doing.
func TestAbruptEnds(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{CloseTimeout: time.Second})
	var all []net.Conn
	for i := range 300 {
		c := s.raw()
		all = append(all, c)
		switch i % 5 {
		case 1:
			c.Write(frameOf(0x81, []byte(request("message_post", `{"queue_name":"q","messages":[{"body":1}]}`)))[:50])
		case 2:
			c.Write(frameOf(0x81, []byte(request("claim_create", `{"queue_name":"empty","wait":20}`))))
		case 3:
			c.Write(frameOf(0x81, []byte(request("queue_list", `{}`))))
		case 4:
			c.Write(frameOf(0x81, []byte(request("subscription_create", `{"queue_name":"q"}`))))
			io.ReadFull(c, make([]byte, 10))
		}
	}
	for i, c := range all {
		if i%2 == 0 {
			_ = c.(*net.TCPConn).SetLinger(0) // a reset
		}
		c.Close()
	}
	await(t, "all to be forgotten", func() bool { return s.server.Connections() == 0 })
	c := s.dial()
	if f := c.ask(200, "subscription_list", `{"queue_name":"q"}`); string(f.Body) != `{"subscriptions":[]}` {
		t.Errorf("got %s", f.Body)
	}
}
