package processtest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// StartRedis starts a Redis on a socket, with nothing in it, that ends with the
// test. It returns its URL.
func StartRedis(t testing.TB, args ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // a path short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	c := exec.Command("redis-server", append([]string{"--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir}, args...)...)
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
			return "unix://" + socket
		}
	}
	t.Fatal("redis-server ended before it was ready")
	return ""
}
