package rest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/rest"
)

const unread = "Request body could not be read."

// post is a body of a post that is so many bytes long.
func post(size int) string {
	const begin, end = `{"messages":[{"body":"`, `"}]}`
	return begin + strings.Repeat("x", size-len(begin)-len(end)) + end
}

// chunked sends a body without saying how long it is.
func (s *site) chunked(method, target, body string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+target, io.MultiReader(strings.NewReader(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Client-ID", alice)
	r.Header.Set("X-Project-Id", "project")
	return s.send(r)
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const limit = 256 << 10
	const tooLarge = "Message collection size is too large. Max size 262144"
	s := serve(t, rest.Config{MaxBody: limit})
	for _, send := range []func(method, target, body string) answer{
		func(method, target, body string) answer { return s.do(method, target, body) },
		s.chunked,
	} {
		same(t, "status at the limit", send("POST", "/v2/queues/q/messages", post(limit)).status, 201)
		for _, size := range []int{limit + 1, limit + 2, 2*limit + 5, 10 * limit} {
			refusedWith(t, send("POST", "/v2/queues/q/messages", post(size)), 400, "Invalid API request", tooLarge)
		}
		refusedWith(t, send("POST", "/v2/queues/q/claims", `{"ttl":60,"x":"`+strings.Repeat("x", limit)+`"}`), 400,
			"Invalid API request", "The request is too large.")
		refusedWith(t, send("PUT", "/v2/queues/p", `{"x":"`+strings.Repeat("x", limit)+`"}`), 400,
			"Invalid API request", "Queue metadata is too large. Max size: 65536")
	}
	answered(t, s.do("GET", "/v2/queues", ""), 200, `{"queues":[{"name":"q","href":"/v2/queues/q"}],"links":[{"rel":"next","href":"/v2/queues?marker=q"}]}`)
}

// TestSmallBodyLimit is of a door that reads less than an operation would take:
// what it did not read must not count as nothing.
func TestSmallBodyLimit(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{MaxBody: 50})
	long := `{"x":"` + strings.Repeat("x", 60) + `"}`
	for _, send := range []func(method, target, body string) answer{
		func(method, target, body string) answer { return s.do(method, target, body) },
		s.chunked,
	} {
		same(t, "status", send("PUT", "/v2/queues/q", long).status, 400)
		same(t, "status", send("POST", "/v2/queues/q/messages", post(60)).status, 400)
		same(t, "status", send("POST", "/v2/queues/q/purge", long).status, 400)
	}
	answered(t, s.do("GET", "/v2/queues", ""), 200, `{"queues":[],"links":[]}`)
}

func TestSizesOfBodies(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	for size := 30; size < 70_000; size = size*3/2 + 1 {
		for _, send := range []func(method, target, body string) answer{
			func(method, target, body string) answer { return s.do(method, target, body) },
			s.chunked,
		} {
			send("POST", "/v2/queues/q/messages", post(size))
			popped := s.mustDo(200, "DELETE", "/v2/queues/q/messages?pop=1", "")
			body := strings.TrimSuffix(strings.TrimPrefix(post(size), `{"messages":[{`), `}]}`)
			if !strings.Contains(popped.body, body) {
				t.Fatalf("a post of %d bytes came back as %.100s", size, popped.body)
			}
		}
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	const chunked = "Transfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct{ name, body, want string }{
		{"none", "0\r\n\r\n", "201"},
		{"one", "9\r\n{\"a\": \"b\"\r\n1\r\n}\r\n0\r\n\r\n", "201"},
		{"with a word", "2;x=y\r\n{}\r\n0\r\n\r\n", "201"},
		{"with a trailer", "2\r\n{}\r\n0\r\nX-Trailer: x\r\n\r\n", "201"},
		{"half", "2\r\n{", "400"},
		{"without an end", "2\r\n{}\r\n", "400"},
		{"of no size", "x\r\n{}\r\n0\r\n\r\n", "400"},
		{"of another size", "3\r\n{}\r\n0\r\n\r\n", "400"},
		{"of a negative size", "-2\r\n{}\r\n0\r\n\r\n", "400"},
		{"of a large size", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n", "400"},
		{"with a bare line feed", "2\n{}\r\n0\r\n\r\n", "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := s.in(t)
			s.mustDo(204, "DELETE", "/v2/queues/q", "")
			conn := s.dial()
			defer conn.Close()
			if _, err := io.WriteString(conn, head("PUT /v2/queues/q")+chunked+c.body); err != nil {
				t.Fatal(err)
			}
			if c.want == "400" { // a caller who closes is gone: no call of his is finished
				_ = conn.CloseWrite()
			}
			same(t, "statuses", statuses(s.rest(conn)), c.want)
		})
	}
}

func TestLengthsThatLie(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	t.Run("too long", func(t *testing.T) {
		s := s.in(t)
		conn := s.dial()
		defer conn.Close()
		_, _ = io.WriteString(conn, head("PUT /v2/queues/q")+"Content-Length: 10\r\n\r\n{}")
		_ = conn.CloseWrite()
		text := s.rest(conn)
		same(t, "statuses", statuses(text), "400")
		if !strings.Contains(text, problem("Invalid request body", unread)) {
			t.Errorf("got %s", text)
		}
	})
	t.Run("too short", func(t *testing.T) {
		text := s.in(t).raw(head("PUT /v2/queues/q") + "Content-Length: 2\r\n\r\n{}{}\r\n\r\n")
		same(t, "statuses", statuses(text), "201 400")
	})
	for _, length := range []string{"-1", "+2", "2x", "0x2", "99999999999999999999", "2, 2"} {
		t.Run(length, func(t *testing.T) {
			same(t, "statuses", statuses(s.in(t).raw(head("PUT /v2/queues/r")+"Content-Length: "+length+"\r\n\r\n{}")), "400")
		})
	}
	t.Run("huge", func(t *testing.T) {
		text := s.in(t).raw(head("PUT /v2/queues/r") + "Content-Length: 9223372036854775807\r\n\r\n{}")
		same(t, "statuses", statuses(text), "400")
		if !strings.Contains(text, "Queue metadata is too large.") {
			t.Errorf("got %s", text)
		}
	})
}

// TestSlowBodies is of bodies that do not come: nobody waits for them longer than
// the body's time, whatever is found at the path.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{BodyTimeout: 300 * time.Millisecond})
	framings := []string{
		"Content-Length: 100\r\n\r\n{",
		"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
		"Transfer-Encoding: chunked\r\n\r\n",
	}
	var requests []slow
	for line, want := range map[string]string{
		"PUT /v2/queues/q":               "400",
		"POST /v2/queues/q/messages":     "400",
		"GET /v2/queues":                 "400",
		"POST /v2/queues":                "405",
		"OPTIONS /v2/queues":             "200",
		"POST /nosuch":                   "404",
		"FOO /v2/queues":                 "405",
		"POST /healthz":                  "405",
		"GET /":                          "300",
		"GET /v2/queues/q/messages/a/b/": "404",
	} {
		for _, framing := range framings {
			requests = append(requests, slow{head(line) + framing, want})
		}
	}
	s.cutsOff(requests)
}

// slow is part of a request, and the statuses it gets.
type slow struct{ text, want string }

// cutsOff sends parts of requests, each on a connection of its own, and waits
// until all the connections are closed.
func (s *site) cutsOff(requests []slow) {
	s.t.Helper()
	conns := make([]net.Conn, len(requests))
	for i, r := range requests {
		conns[i] = s.dial()
		defer conns[i].Close()
		if _, err := io.WriteString(conns[i], r.text); err != nil {
			s.t.Fatal(err)
		}
	}
	for i, r := range requests {
		if got := statuses(s.rest(conns[i])); got != r.want {
			s.t.Errorf("%q: got statuses %q, want %q", r.text, got, r.want)
		}
	}
}

// TestLargeBodyThatDoesNotCome is refused for its length alone.
func TestLargeBodyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{MaxBody: 100})
	same(t, "statuses", statuses(s.in(t).raw(head("PUT /v2/queues/q")+"Content-Length: 1000000\r\n\r\n")), "400")
}

func TestExpect(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{MaxBody: 100, HeaderTimeout: 300 * time.Millisecond, BodyTimeout: 300 * time.Millisecond})
	const expect = "Expect: 100-continue\r\n"
	conn := s.dial()
	defer conn.Close()
	_, _ = io.WriteString(conn, head("PUT /v2/queues/q")+expect+"Connection: close\r\nContent-Length: 2\r\n\r\n")
	reader := bufio.NewReader(conn)
	first, err := reader.ReadString('\n')
	if err != nil || first != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q and error %v", first, err)
	}
	_, _ = io.WriteString(conn, "{}")
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "statuses", statuses(string(text)), "201")

	for name, request := range map[string]string{
		"a body that is too large": head("PUT /v2/queues/q") + expect + "Content-Length: 101\r\n\r\n",
		"a method that means none": head("POST /v2/queues") + expect + "Content-Length: 2\r\n\r\n",
		"a path to nowhere":        head("POST /nosuch") + expect + "Content-Length: 2\r\n\r\n",
		"something else expected":  head("PUT /v2/queues/q") + "Expect: miracles\r\nContent-Length: 2\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got := statuses(s.in(t).raw(request)); strings.Contains(got, "100") || len(got) != 3 || got[0] != '4' {
				t.Errorf("got %q, want a refusal and no body", got)
			}
		})
	}
}

// TestKeptConnections sends request after request on one connection, with bodies
// that are read and others that are not.
func TestKeptConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	var b strings.Builder
	var want []string
	for i := range 20 {
		body := fmt.Sprintf(`{"messages":[{"body":%d}]}`, i)
		fmt.Fprintf(&b, "%sContent-Length: %d\r\n\r\n%s", head("POST /v2/queues/q/messages"), len(body), body)
		fmt.Fprintf(&b, "%sContent-Length: %d\r\n\r\n%s", head("POST /v2/queues"), len(body), body)
		fmt.Fprintf(&b, "%sContent-Length: %d\r\n\r\n%s", head("GET /nosuch"), len(body), body)
		want = append(want, "201", "405", "404")
	}
	b.WriteString(head("GET /v2/ping") + "Connection: close\r\n\r\n")
	same(t, "statuses", statuses(s.in(t).raw(b.String())), strings.Join(append(want, "204"), " "))
}

// TestBodiesNobodyAsksFor come with requests that say all they can otherwise.
func TestBodiesNobodyAsksFor(t *testing.T) {
	w := newWatch()
	s := serve(t, rest.Config{Handler: handlerOf(t, w, core.Options{})})
	id := strings.Trim(s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":1}]}`).header.Get("Location"), " ")
	_, id, _ = strings.Cut(id, "ids=")
	for _, c := range []struct {
		status         int
		method, target string
	}{
		{200, "GET", "/v2/queues"},
		{200, "GET", "/v2/queues/q"},
		{200, "GET", "/v2/queues/q/stats"},
		{200, "GET", "/v2/queues/q/messages"},
		{200, "GET", "/v2/queues/q/messages?ids=" + id},
		{200, "GET", "/v2/queues/q/messages/" + id},
		{404, "GET", "/v2/queues/q/claims/c"},
		{204, "DELETE", "/v2/queues/q/claims/c"},
		{204, "DELETE", "/v2/queues/q/messages/" + id},
		{200, "DELETE", "/v2/queues/q/messages?pop=1"},
		{204, "DELETE", "/v2/queues/q"},
		{204, "GET", "/v2/ping"},
		{200, "GET", "/v2/"},
	} {
		for _, body := range []string{"{", "[]", "x", `{"limit":"x","queue_name":5}`} {
			s.mustDo(c.status, c.method, c.target, body)
		}
	}
}
