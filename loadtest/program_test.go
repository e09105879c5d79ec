package loadtest_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var buildDir string // set by TestMain

// program builds the program once, with the race detector, for all tests.
var program = sync.OnceValues(func() (string, error) {
	name := filepath.Join(buildDir, "marconi")
	if out, err := exec.Command("go", "build", "-race", "-o", name, "../cmd/marconi").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "marconi-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(buildDir)
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
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "MARCONI_") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	cmd.Env = append(cmd.Env, "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	return cmd
}

// broker is the program at work.
type broker struct {
	*testing.T
	cmd  *exec.Cmd
	log  bytes.Buffer // to be read once it has ended
	url  chan string  // gets the URL, and is closed when the program has printed all
	done bool
}

var listening = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// launch starts the program. Whoever calls it sees to it that it ends.
func launch(t *testing.T, args ...string) *broker {
	t.Helper()
	b := &broker{T: t, cmd: command(t, args...), url: make(chan string, 1)}
	b.cmd.Stderr = &b.log
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go b.read(out)
	return b
}

// read reads to the end: a pipe that nobody reads would hold the broker up.
func (b *broker) read(out io.Reader) {
	defer close(b.url)
	found := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url := listening.FindString(lines.Text()); url != "" && !found {
			found = true
			b.url <- url
		}
	}
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
