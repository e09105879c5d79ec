package main_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/loadtest/processtest"
)

const patience = time.Minute // with a program that does not do what it should

var program, removeProgram = processtest.BuildOnce()

func TestMain(m *testing.M) {
	code := m.Run()
	removeProgram()
	os.Exit(code)
}

// process is a running program.
type process struct {
	*testing.T
	cmd      *exec.Cmd
	out, log stream
	ended    chan struct{} // closed when it has
}

// start runs the program in a directory of its own, where the default store is
// then. The environment has nothing for it but env.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return startIn(t, t.TempDir(), env, args...)
}

func startIn(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{T: t, cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append(processtest.Environ(), "GORACE=atexit_sleep_ms=0") // it would wait a second at each end
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState tells how it ended
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // if it still runs
		<-p.ended
		if log := p.log.String(); strings.Contains(log, "DATA RACE") {
			t.Errorf("a data race:\n%s", log)
		}
	})
	return p
}

// serve starts a broker on a free port and waits until it has said where.
func serve(t *testing.T, args ...string) (p *process, url string) {
	t.Helper()
	return serveIn(t, t.TempDir(), args...)
}

func serveIn(t *testing.T, dir string, args ...string) (p *process, url string) {
	t.Helper()
	p = startIn(t, dir, nil, append([]string{"serve", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0"}, args...)...)
	return p, p.await(&p.out, `(?m)^http +(\S+) `)
}

// await waits until a stream shows a pattern, and answers its first group.
func (p *process) await(s *stream, pattern string) string {
	p.Helper()
	re := regexp.MustCompile(pattern)
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		text, more := s.look()
		if m := re.FindStringSubmatch(text); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-more:
		case <-p.ended:
			if again, _ := s.look(); again == text {
				p.Fatalf("it ended without %s; output:\n%s%s", pattern, p.out.String(), p.log.String())
			}
		case <-late.C:
			p.Fatalf("it never said %s; output:\n%s%s", pattern, p.out.String(), p.log.String())
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.Fatal(err)
	}
}

// exits waits for the end and checks the code.
func (p *process) exits(code int) {
	p.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.ended:
	case <-late.C:
		p.Fatalf("it does not end; output:\n%s%s", p.out.String(), p.log.String())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.Fatalf("it exited with %d, want %d; output:\n%s%s", got, code, p.out.String(), p.log.String())
	}
}

// stream keeps what is written to it and tells when there is more.
type stream struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed by the next write; nil if nobody waits
}

func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
	return s.text.Write(b)
}

func (s *stream) look() (text string, more <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.more == nil {
		s.more = make(chan struct{})
	}
	return s.text.String(), s.more
}

func (s *stream) String() string {
	text, _ := s.look()
	return text
}

// request sends a request and answers status and body. Headers are name, value,
// name, value …
func request(t *testing.T, client *http.Client, method, url, body string, headers ...string) (int, string) {
	t.Helper()
	status, text, err := try(client, method, url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return status, text
}

func try(client *http.Client, method, url, body string, headers ...string) (int, string, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Client-ID", "3381af92-2b9e-11e3-b191-71861300734c")
	r.Header.Set("X-Project-Id", "demo")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), errors.Join(err, answer.Body.Close())
}

// newClient has connections of its own, which end with the test.
func newClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}
