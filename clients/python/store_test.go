package python_test

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stores make a store for a broker, by name, and answer its URL.
var stores = map[string]func(*testing.T) string{
	"memory": func(*testing.T) string { return "memory:" },
	"disk":   func(t *testing.T) string { return "pebble://" + filepath.Join(t.TempDir(), "data") },
	"redis":  startRedis,
}

// startRedis starts a Redis on a socket, which ends with the test.
func startRedis(t *testing.T) string {
	dir := t.TempDir()
	socket := filepath.Join(dir, "r.sock")
	c := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir)
	printed, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatalf("%v; apt-get install redis-server", err)
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
