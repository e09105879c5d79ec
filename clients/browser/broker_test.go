package browser_test

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// broker is a running marconi.
type broker struct {
	t       *testing.T
	command *exec.Cmd
	log     bytes.Buffer
	http    string        // host:port
	printed <-chan string // the URL
	ended   bool
}

// serve starts a broker on a store. When the test ends it is told to stop, which
// it must do without an error.
func serve(t *testing.T, marconi, store string, options ...string) *broker {
	t.Helper()
	b := &broker{t: t}
	b.command = exec.Command(marconi, "serve", "--http", "127.0.0.1:0", "--ws", "", "--zmq", "", "--store", store)
	for _, o := range options {
		b.command.Args = append(b.command.Args, "--set", o)
	}
	b.command.Env, b.command.Stderr = processtest.Environ(), &b.log
	stdout, err := b.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.command.Start(); err != nil {
		t.Fatal(err)
	}
	b.printed = processtest.FirstURL(stdout)
	t.Cleanup(func() { b.end(syscall.SIGTERM) })
	if b.http = strings.TrimPrefix(await(t, b.printed, "the broker to tell its address"), "http://"); b.http == "" {
		t.Fatal("the broker has told no address")
	}
	return b
}

// end ends the broker by a signal, and waits until it has.
func (b *broker) end(by syscall.Signal) {
	if b.ended {
		return
	}
	b.ended = true
	_ = b.command.Process.Signal(by) // if there is none any more, Wait tells why
	for range b.printed {
	}
	if err := b.command.Wait(); err != nil && by != syscall.SIGKILL {
		b.t.Errorf("%v: %v", b.command, err)
	}
	if b.t.Failed() {
		b.t.Logf("%v said\n%s", b.command, &b.log)
	}
}
