package loadtest_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// startRedis starts a Redis that ends with the test, and answers its URL.
func startRedis(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // a path short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	c := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir)
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
