package main

import (
	"bufio"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func brief(kind, addr string) order {
	return order{kind: kind, addr: addr, queue: "q", listeners: 5, stuck: 1, size: 200, window: 8, posters: 4, duration: 200 * time.Millisecond, process: os.Getpid()}
}

func TestBare(t *testing.T) {
	server := httptest.NewServer(newBare())
	defer server.Close()
	o := brief("bare", server.Listener.Addr().String())
	if err := o.run(t.Context()); err != nil {
		t.Error(err)
	}
	if o.rate = 100; o.run(t.Context()) != nil {
		t.Error("an open loop failed")
	}
}

func TestNATS(t *testing.T) {
	if err := brief("nats", startNATS(t)).run(t.Context()); err != nil {
		t.Error(err)
	}
}

// startNATS starts a real server on a free port and returns its address.
func startNATS(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "nats-server", "--addr", "127.0.0.1", "--port", "-1")
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("%v; apt-get install nats-server", err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has ended it
	var addr string
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if _, at, ok := strings.Cut(lines.Text(), "Listening for client connections on "); ok {
			addr = at
		}
		if strings.Contains(lines.Text(), "Server is ready") {
			return addr
		}
	}
	t.Fatal("nats-server did not become ready")
	return ""
}
