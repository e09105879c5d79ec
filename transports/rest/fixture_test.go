package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/auth"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/transporttest"
)

const (
	alice = "3381af92-2b9e-11e3-b191-71861300734c"
	bob   = "de305d54-75b4-431b-adb2-eb6b9e546014"
)

// watch is a clock that stands still until the test moves it.
type watch struct {
	mu sync.Mutex
	at time.Time
}

func newWatch() *watch { return &watch{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// believing believes the roles that a sender lists, and anybody but the bearer of
// the token "wrong".
type believing struct{}

func (believing) Authenticate(_ context.Context, c *api.Call) (core.Caller, error) {
	if token, _ := c.Header("X-Auth-Token"); token == "wrong" {
		return core.Caller{}, api.ErrUnauthenticated
	}
	roles, _ := c.Header("X-Roles")
	return core.Caller{Roles: strings.Split(roles, ",")}, nil
}

func (believing) Challenge() string { return `Keystone uri="https://id.example/v3"` }

func newBroker(t testing.TB, store storage.Driver, o core.Options) *core.Broker {
	t.Helper()
	b, err := core.New(context.Background(), store, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// handlerOf is all that is behind the door.
func handlerOf(t testing.TB, w *watch, o core.Options) api.Handler {
	t.Helper()
	o.Now = w.now
	b := newBroker(t, memstore.New(memstore.Config{}), o)
	return api.New(b, api.Options{AdminMode: true}, api.Observe(nil, nil), api.Authenticate(auth.Signed(b, believing{})))
}

// site is a server that serves.
type site struct {
	*watch
	t      *testing.T
	url    string
	client *http.Client
	stop   func() error // once: tells it to end and waits for that
}

// serve opens a server, on an empty store if it has no handler yet, that ends
// with the test and without an error.
func serve(t *testing.T, c rest.Config) *site {
	t.Helper()
	s := &site{t: t, watch: newWatch(), client: &http.Client{Transport: &http.Transport{}}}
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Addr = "127.0.0.1:0"
	if c.Handler == nil {
		c.Handler = handlerOf(t, s.watch, core.Options{})
	}
	if c.MaxBody == 0 {
		c.MaxBody = 256 << 10
	}
	server, err := rest.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	s.url = server.Addr()
	stop := transporttest.Running(t, server.Serve)
	s.stop = func() error {
		s.client.CloseIdleConnections()
		return stop()
	}
	t.Cleanup(s.client.CloseIdleConnections) // before the server is told to end
	return s
}

// in is the same site in a part of the test.
func (s *site) in(t *testing.T) *site {
	other := *s
	other.t = t
	return &other
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request of alice's; headers are a name, its value, a name … An empty
// value leaves a header out.
func (s *site) do(method, target, body string, headers ...string) answer {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+target, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Client-ID", alice)
	r.Header.Set("X-Project-Id", "project")
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Del(pair[0])
		if pair[1] != "" {
			r.Header.Set(pair[0], pair[1])
		}
	}
	return s.send(r)
}

func (s *site) send(r *http.Request) answer {
	s.t.Helper()
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.read(response)
}

func (s *site) read(response *http.Response) answer {
	s.t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// problem is the body of an answer that refuses.
func problem(title, description string) string {
	text, err := api.JSON.Append(nil, &api.Problem{Title: title, Description: description})
	if err != nil {
		panic(err)
	}
	return string(text)
}

const (
	notFound     = `{"title":"404 Not Found"}`
	notAllowed   = `{"title":"405 Method Not Allowed"}`
	unauthorized = `{"error":{"code":401,"title":"Unauthorized","message":"The request you have made requires authentication."}}`
)

func same[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// answered checks what an answer is.
func answered(t testing.TB, a answer, status int, body string) {
	t.Helper()
	if a.status != status || a.body != body {
		t.Errorf("got  %d %s\nwant %d %s", a.status, a.body, status, body)
	}
}

// refusedWith checks an answer that refuses, with its headers.
func refusedWith(t testing.TB, a answer, status int, title, description string) {
	t.Helper()
	answered(t, a, status, problem(title, description))
	same(t, "Content-Type", a.header.Get("Content-Type"), "application/json")
	same(t, "Vary", a.header.Get("Vary"), "Accept")
}

// mustDo does what must come out with a status.
func (s *site) mustDo(status int, method, target, body string, headers ...string) answer {
	s.t.Helper()
	a := s.do(method, target, body, headers...)
	if a.status != status {
		s.t.Fatalf("%s %s: got %d %s, want %d", method, target, a.status, a.body, status)
	}
	return a
}

// manyMessages is the body of a post of n messages that are numbers from 0.
func manyMessages(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"body":%d}`, i)
	}
	return `{"messages":[` + strings.Join(all, ",") + `]}`
}

// raw sends bytes on a connection of their own and reads what comes until the
// server closes it.
func (s *site) raw(text string) string {
	s.t.Helper()
	c := s.dial()
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		s.t.Fatal(err)
	}
	return s.rest(c)
}

// dial opens a connection on which nobody waits longer than a test may take.
func (s *site) dial() *net.TCPConn {
	s.t.Helper()
	_, host, _ := strings.Cut(s.url, "://")
	c, err := net.Dial("tcp", host)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// rest is what comes on a connection until the server closes it.
func (s *site) rest(c net.Conn) string {
	s.t.Helper()
	text, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		s.t.Fatalf("the connection was not closed: %v\n%s", err, text)
	}
	return string(text)
}

// head is the beginning of a request of alice's, as it is on the wire; more
// headers and an empty line follow.
func head(line string) string {
	return line + " HTTP/1.1\r\nHost: broker\r\nClient-ID: " + alice + "\r\nX-Project-Id: project\r\n"
}

// statuses are those of the answers in what came on a connection.
func statuses(text string) string {
	var all []string
	for _, line := range statusLine.FindAllStringSubmatch(text, -1) {
		all = append(all, line[1])
	}
	return strings.Join(all, " ")
}

var statusLine = regexp.MustCompile(`HTTP/1\.[01] ([0-9]{3}) `)
