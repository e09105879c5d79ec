package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Without a word about the store, what was answered survives a kill.
func TestTheDefaultStoreSurvives(t *testing.T) {
	dir := t.TempDir()
	p, url := serveIn(t, dir)
	client := newClient(t)
	if got, body := request(t, client, "POST", url+"/v2/queues/q/messages", oneMessage); got != 201 {
		t.Errorf("post: got %d %s", got, body)
	}
	p.signal(syscall.SIGKILL)
	<-p.ended
	if _, err := os.Stat(filepath.Join(dir, "marconi-data")); err != nil {
		t.Error(err)
	}
	_, url = serveIn(t, dir)
	if got, body := request(t, client, "GET", url+"/v2/queues/q/messages?echo=true", ""); got != 200 || !strings.Contains(body, `"Hello"`) {
		t.Errorf("list: got %d %s", got, body)
	}
}

func TestOneBrokerAStore(t *testing.T) {
	dir := t.TempDir()
	serveIn(t, dir)
	p := startIn(t, dir, nil, "serve", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0")
	p.exits(1)
	p.await(&p.log, "marconi-data is in use by another broker")
}
