package main_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// redisServer is a Redis that runs as a process of the test, on a socket.
type redisServer struct {
	socket, url string
	given       atomic.Int64 // databases
}

// startRedis starts a Redis that ends with the test.
func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // a path short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &redisServer{socket: filepath.Join(dir, "s")}
	r.url = "unix://" + r.socket
	c := exec.Command("redis-server", append([]string{"--port", "0", "--unixsocket", r.socket, "--save", "", "--dir", dir}, args...)...)
	printed, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatalf("%v: install it with  apt-get install redis-server", err)
	}
	lines := bufio.NewScanner(printed)
	t.Cleanup(func() {
		_ = c.Process.Kill()
		for lines.Scan() {
		}
		_ = c.Wait()
	})
	for lines.Scan() {
		if strings.Contains(lines.Text(), "eady to accept connections") {
			return r
		}
	}
	t.Fatal("redis-server ended before it was ready")
	return nil
}

// empty is the URL of a database in which there is nothing.
func (r *redisServer) empty(*testing.T) string {
	return fmt.Sprintf("%s?dbid=%d", r.url, r.given.Add(1))
}
