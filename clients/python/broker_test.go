package python_test

import (
	"bytes"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// serve starts a broker on a store and answers its URL. When the test ends it is
// told to stop, which it must do without an error.
func serve(t *testing.T, marconi, store string, options ...string) (url string) {
	t.Helper()
	c := exec.Command(marconi, "serve", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", "--store", store)
	for _, o := range options {
		c.Args = append(c.Args, "--set", o)
	}
	var log bytes.Buffer
	c.Env, c.Stderr = processtest.Environ(), &log
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	urls := processtest.FirstURL(stdout)
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM) // if there is none any more, Wait tells why
		for range urls {
		}
		if err := c.Wait(); err != nil {
			t.Errorf("%v: %v\n%s", c, err, &log)
		}
	})
	url, told := <-urls
	if !told {
		t.Fatalf("%v told no address", c)
	}
	return url
}
