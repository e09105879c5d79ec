package main_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const oneMessage = `{"messages": [{"body": "Hello", "ttl": 300}]}`

func TestServe(t *testing.T) {
	p, url := serve(t)
	client := newClient(t)
	for path, want := range map[string]int{"/v2/ping": 204, "/healthz": 200, "/readyz": 200} {
		if got, body := request(t, client, "GET", url+path, ""); got != want {
			t.Errorf("%s: got %d %s, want %d", path, got, body, want)
		}
	}
	if got, body := request(t, client, "POST", url+"/v2/queues/q/messages", oneMessage); got != 201 {
		t.Errorf("post: got %d %s", got, body)
	}
	if got, body := request(t, client, "GET", url+"/v2/queues/q/messages?echo=true", ""); got != 200 || !strings.Contains(body, `"Hello"`) {
		t.Errorf("list: got %d %s", got, body)
	}
	p.signal(syscall.SIGTERM)
	p.exits(0)
	if log := p.log.String(); !strings.Contains(log, "stopping") || !strings.Contains(log, "stopped") {
		t.Errorf("the log says nothing of the stop:\n%s", log)
	}
}

func TestInterruptStopsToo(t *testing.T) {
	p, _ := serve(t, "--log-format", "json")
	p.signal(syscall.SIGINT)
	p.exits(0)
	for line := range strings.Lines(p.log.String()) {
		if !strings.HasPrefix(line, `{"time":`) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

func TestDebugLogsARequestALine(t *testing.T) {
	p, url := serve(t, "--log-level", "debug")
	request(t, newClient(t), "GET", url+"/v2/queues", "")
	p.await(&p.log, `level=DEBUG msg=call action=queue_list transport=http status=200`)
}

// The line that is printed works as it stands.
func TestThePrintedCurlLine(t *testing.T) {
	cert, key := certificate(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	token := newToken(t, tokens, "--project", "shop")
	for _, c := range []struct {
		name string
		args []string
		env  []string
	}{
		{"plain", nil, nil},
		{"open address", []string{"--http", "0.0.0.0:0", "--insecure"}, nil},
		{"TLS", []string{"--tls-cert", cert, "--tls-key", key}, nil},
		{"tokens", []string{"--auth", "tokens", "--tokens-file", tokens}, []string{"TOKEN=" + token, "PROJECT=shop"}},
		{"other client IDs", []string{"--set", "client_id_uuid_safe=off", "--set", "min_length_client_id=50", "--set", "max_length_client_id=50"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, _ := serve(t, c.args...)
			line := p.await(&p.out, `(?m)^  (curl .*)\n`)
			sh := exec.Command("sh", "-c", line)
			sh.Env = append(os.Environ(), c.env...)
			out, err := sh.Output()
			if err != nil || !strings.Contains(string(out), `"resources"`) {
				t.Errorf("%s\nanswered %s, %v", line, out, err)
			}
		})
	}
}

// slow is a request whose body is still to come; the broker waits for it.
type slow struct {
	*testing.T
	conn net.Conn
	from *bufio.Reader
}

func slowPost(t *testing.T, url string) *slow {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /v2/queues/q/messages HTTP/1.1\r\nHost: x\r\nClient-ID: 3381af92-2b9e-11e3-b191-71861300734c\r\n"+
		"X-Project-Id: demo\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(oneMessage))
	s := &slow{t, conn, bufio.NewReader(conn)}
	// The broker asks for the body once it is at work on the request.
	if line, err := s.from.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := s.from.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return s
}

// finish sends the body and answers the status, or 0 if there is none.
func (s *slow) finish() int {
	s.Helper()
	if _, err := io.WriteString(s.conn, oneMessage); err != nil {
		return 0
	}
	answer, err := http.ReadResponse(s.from, nil)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0
	}
	return answer.StatusCode
}

func TestAStopFinishesWhatIsInProgress(t *testing.T) {
	p, url := serve(t)
	s := slowPost(t, url)
	p.signal(syscall.SIGTERM)
	p.await(&p.log, "stopping")
	refused(t, url)
	if got := s.finish(); got != 201 {
		t.Errorf("the request in progress: got %d", got)
	}
	p.exits(0)
}

// refused waits until nobody listens any more.
func refused(t *testing.T, url string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Error("new connections are still taken")
}

func TestAStopThatTakesTooLongIsCutShort(t *testing.T) {
	p, url := serve(t, "--set", "stop_timeout=300ms")
	s := slowPost(t, url)
	p.signal(syscall.SIGTERM)
	p.exits(3)
	p.await(&p.log, "stop_timeout is 300ms")
	if got := s.finish(); got != 0 {
		t.Errorf("the request in progress: got %d", got)
	}
}

func TestASecondSignalEndsItAtOnce(t *testing.T) {
	p, url := serve(t, "--set", "stop_timeout=1h")
	slowPost(t, url)
	p.signal(syscall.SIGTERM)
	p.await(&p.log, "stopping")
	p.signal(syscall.SIGINT)
	p.exits(3)
	p.await(&p.log, "second signal")
}

func TestAPortInUseIsAnError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, flag := range []string{"--http", "--ws", "--admin"} {
		p := start(t, nil, "serve", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", flag, taken.Addr().String())
		p.exits(1)
		if out := p.out.String(); out != "" {
			t.Errorf("%s: it said %s", flag, out)
		}
		p.await(&p.log, "address already in use")
	}
}

func TestServeRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		args []string
		says string
	}{
		{"an open address", nil, []string{"--http", "0.0.0.0:0"}, "insecure = true"},
		{"an open address from the environment", []string{"MARCONI_HTTP=:0"}, nil, "(MARCONI_HTTP)"},
		{"an open WebSocket address", nil, []string{"--ws", "0.0.0.0:0"}, "insecure = true"},
		{"an open ZeroMQ endpoint", nil, []string{"--zmq", "tcp://0.0.0.0:0"}, "insecure = true"},
		{"an endpoint that is none", nil, []string{"--zmq", "127.0.0.1:0"}, "must be an endpoint"},
		{"an open admin address", nil, []string{"--admin", ":0"}, "admin"},
		{"an unknown store", nil, []string{"--store", "memroy:"}, "there are: memory, pebble"},
		{"a store with a parameter that there is not", nil, []string{"--store", "memory:?size=1"}, "parameters"},
		{"an address twice", nil, []string{"--admin", "127.0.0.1:8888"}, "each needs its own"},
		{"an unknown flag", nil, []string{"--htpp", "x"}, "the nearest is --http"},
		{"an unknown variable", []string{"MARCONI_HTP=x"}, nil, "the nearest key is http"},
		{"an argument", nil, []string{"now"}, "takes no argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, c.env, append([]string{"serve"}, c.args...)...)
			p.exits(2)
			if log := p.log.String(); !strings.Contains(log, c.says) || p.out.String() != "" {
				t.Errorf("it said %s%s", p.out.String(), log)
			}
		})
	}
	p := start(t, nil, "serve", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", "--store", "pebble:/dev/null")
	p.exits(1)
	p.await(&p.log, "store pebble:/dev/null")
}

// newToken has the program make a token and put it into a file.
func newToken(t *testing.T, file string, args ...string) string {
	t.Helper()
	p := start(t, nil, append([]string{"token", "new", "--name", "test", "--file", file}, args...)...)
	p.exits(0)
	return strings.TrimSpace(p.out.String())
}

func TestTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	token := newToken(t, file, "--project", "demo")
	_, url := serve(t, "--auth", "tokens", "--tokens-file", file)
	client := newClient(t)
	for _, c := range []struct {
		headers []string
		status  int
	}{
		{nil, 401},
		{[]string{"X-Auth-Token", token + "x"}, 401},
		{[]string{"X-Auth-Token", token}, 200},
		{[]string{"Authorization", "Bearer " + token}, 200},
		{[]string{"X-Auth-Token", token, "X-Project-Id", "other"}, 403},
	} {
		if got, body := request(t, client, "GET", url+"/v2/queues", "", c.headers...); got != c.status {
			t.Errorf("%q: got %d %s, want %d", c.headers, got, body, c.status)
		}
	}

	more := newToken(t, file, "--project", "*", "--roles", "admin")
	for end := time.Now().Add(patience); ; { // the broker looks at the file once a second
		status, _ := request(t, client, "GET", url+"/v2/queues", "", "X-Auth-Token", more)
		if status == 200 {
			break
		}
		if status != 401 || time.Now().After(end) {
			t.Fatalf("a token added later: got %d", status)
		}
	}
}

// certificate has openssl make a certificate for 127.0.0.1, as an operator would.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	out, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
		"-keyout", key, "-out", cert, "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1").CombinedOutput()
	if err != nil {
		t.Fatalf("openssl (apt-get install openssl): %v\n%s", err, out)
	}
	return cert, key
}

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	_, url := serve(t, "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Fatalf("the address is %s", url)
	}
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	with := func(c *tls.Config) *http.Client {
		client := newClient(t)
		client.Transport.(*http.Transport).TLSClientConfig = c
		return client
	}
	if got, body := request(t, with(&tls.Config{RootCAs: trusted}), "GET", url+"/v2/ping", ""); got != 204 {
		t.Errorf("got %d %s", got, body)
	}
	if _, _, err := try(with(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}), "GET", url+"/v2/ping", ""); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	if status, _, err := try(newClient(t), "GET", strings.Replace(url, "https", "http", 1)+"/v2/ping", ""); err == nil && status < 400 {
		t.Errorf("plain HTTP was answered with %d", status)
	}
}

func TestAdmin(t *testing.T) {
	p, url := serve(t, "--admin", "127.0.0.1:0")
	admin := p.await(&p.out, `(?m)^admin +(\S+) `)
	client := newClient(t)
	request(t, client, "POST", url+"/v2/queues/q/messages", oneMessage)
	request(t, client, "GET", url+"/v2/queues/q/messages?limit=0", "")
	status, metrics := request(t, client, "GET", admin+"/metrics", "")
	if status != 200 {
		t.Fatalf("/metrics: %d %s", status, metrics)
	}
	for _, line := range []string{
		`marconi_requests_total{action="message_post",status="2xx",transport="http"} 1`,
		`marconi_requests_total{action="message_list",status="4xx",transport="http"} 1`,
		`marconi_messages_total{outcome="posted"} 1`,
		`marconi_store_duration_seconds_count{method="post_messages"} `,
		`marconi_requests_in_flight 0`,
		`marconi_build_info{`,
		`go_goroutines `,
	} {
		if !strings.Contains(metrics, "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
	if status, body := request(t, client, "GET", admin+"/debug/pprof/goroutine?debug=1", ""); status != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("pprof: %d", status)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if status, _ := request(t, client, "GET", url+path, ""); status != 404 {
			t.Errorf("%s at the HTTP door: %d", path, status)
		}
	}
}
