package loadtest_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stackforge/marconi/loadtest/processtest"
)

var program, removeProgram = processtest.BuildOnce()

func TestMain(m *testing.M) {
	code := m.Run()
	removeProgram()
	os.Exit(code)
}

// command is the program in a directory of its own. Variables that it would take
// for its options it does not get.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(processtest.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	return cmd
}

// broker is the program at work.
type broker struct {
	*testing.T
	cmd  *exec.Cmd
	log  bytes.Buffer  // to be read once it has ended
	url  <-chan string // gets the URL, and is closed when the program has printed all
	done bool
}

// launch starts the program. Whoever calls it sees to it that it ends.
func launch(t *testing.T, args ...string) *broker {
	t.Helper()
	b := &broker{T: t, cmd: command(t, args...)}
	b.cmd.Stderr = &b.log
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b.url = processtest.FirstURL(out)
	return b
}

// listens waits until the broker has said where it listens.
func (b *broker) listens() string {
	b.Helper()
	url, said := <-b.url
	if !said {
		err := b.end(os.Kill)
		b.Fatalf("the broker did not say where it listens; it ended with %v and said\n%s", err, b.log.String())
	}
	return url
}

// end sends a signal and waits for the end. It does nothing the second time.
func (b *broker) end(signal os.Signal) error {
	if b.done {
		return nil
	}
	b.done = true
	_ = b.cmd.Process.Signal(signal) // if it has ended, Wait says how
	for range b.url {
	}
	return b.cmd.Wait()
}
