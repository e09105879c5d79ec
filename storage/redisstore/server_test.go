package redisstore_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience is how long something may take that must come.
const patience = 30 * time.Second

// server is a Redis that runs as a process of the test.
type server struct {
	addr, socket, dir string
	name              string // of the program
	args              []string
	process           *exec.Cmd
	ended             chan struct{}
}

// ports hands out numbers from which port and bus port of a server are made.
var ports atomic.Int32

// freePort is a port that nobody listens at. A server of a cluster needs a second
// one: each of ours is told which.
func freePort(t testing.TB) int {
	t.Helper()
	for {
		n := 20_000 + (os.Getpid()*131+int(ports.Add(1)))%40_000
		l, err := net.Listen("tcp", addrOf(n))
		if err == nil {
			l.Close()
			return n
		}
	}
}

func addrOf(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// startServer starts a redis-server with nothing stored and no file to store in.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	port := freePort(t)
	dir := t.TempDir()
	s := &server{addr: addrOf(port), dir: dir, name: "redis-server", ended: make(chan struct{})}
	s.socket = socketIn(t)
	s.args = append([]string{
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--unixsocket", s.socket, "--dir", dir,
		"--save", "", "--appendonly", "no", "--loglevel", "warning", "--logfile", filepath.Join(dir, "log"),
	}, args...)
	s.start(t)
	t.Cleanup(func() { s.kill() })
	s.await(t)
	return s
}

// socketIn is a path short enough for a socket, which those of tests are not.
func socketIn(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func (s *server) start(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath(s.name); err != nil {
		t.Fatalf("%s is missing: install it with  apt-get install redis-server redis-sentinel", s.name)
	}
	s.process = exec.Command(s.name, s.args...)
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	s.ended = ended
	go func() {
		_ = s.process.Wait()
		close(ended)
	}()
}

// kill ends the process at once, and waits for its end.
func (s *server) kill() {
	_ = s.process.Process.Kill()
	<-s.ended
}

// client talks to the server itself.
func (s *server) client(t testing.TB) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, DisableIdentity: true})
	t.Cleanup(func() { c.Close() })
	return c
}

// await waits until the server answers.
func (s *server) await(t testing.TB) {
	t.Helper()
	c := s.client(t)
	eventually(t, s.name+" answers", func() bool {
		select {
		case <-s.ended:
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			t.Fatalf("%s has ended:\n%s", s.name, log)
		default:
		}
		return c.Ping(t.Context()).Err() == nil
	})
}

// eventually asks again and again until the answer is yes.
func eventually(t testing.TB, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-ctx.Done():
			t.Fatalf("not in time: %s", what)
		case <-tick.C:
		}
	}
}

// databases gives each test a database of its own on the server they share.
type databases struct {
	*server
	given atomic.Int32
}

// maxDatabases is how many tests may share a server.
const maxDatabases = 4096

func startShared(t testing.TB) *databases {
	return &databases{server: startServer(t, "--databases", strconv.Itoa(maxDatabases))}
}

// next is the URL of an empty database.
func (d *databases) next(t testing.TB) string {
	t.Helper()
	n := d.given.Add(1)
	if n >= maxDatabases {
		t.Fatalf("more than %d tests on a server", maxDatabases)
	}
	return fmt.Sprintf("redis://%s/%d", d.addr, n)
}
