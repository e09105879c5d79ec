package browser_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
)

// program is a marconi that was built for these tests.
type program string

// build builds marconi, with the race detector if the tests have it.
func build(t *testing.T) program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "marconi")
	arguments := []string{"build", "-buildvcs=false", "-o", file}
	if raceDetector() {
		arguments = append(arguments, "-race")
	}
	c := exec.CommandContext(t.Context(), "go", append(arguments, "github.com/stackforge/marconi/cmd/marconi")...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", c, err, out)
	}
	return program(file)
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// environ is the environment without the options of the broker.
func environ() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "MARCONI_") {
			env = append(env, v)
		}
	}
	return env
}

// broker is a running marconi.
type broker struct {
	t       *testing.T
	command *exec.Cmd
	log     bytes.Buffer
	http    string // host:port
	printed chan string
	ended   bool
}

var address = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

// serve starts a broker on a store. When the test ends it is told to stop, which
// it must do without an error.
func (p program) serve(t *testing.T, store string, options ...string) *broker {
	t.Helper()
	b := &broker{t: t, printed: make(chan string, 1)}
	b.command = exec.Command(string(p), "serve", "--http", "127.0.0.1:0", "--ws", "", "--zmq", "", "--store", store)
	for _, o := range options {
		b.command.Args = append(b.command.Args, "--set", o)
	}
	b.command.Env, b.command.Stderr = environ(), &b.log
	stdout, err := b.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.command.Start(); err != nil {
		t.Fatal(err)
	}
	go b.readAddress(stdout)
	t.Cleanup(func() { b.end(syscall.SIGTERM) })
	if b.http = await(t, b.printed, "the broker to tell its address"); b.http == "" {
		t.Fatal("the broker has told no address")
	}
	return b
}

// readAddress takes the first address from what the program prints, and reads to
// the end.
func (b *broker) readAddress(stdout io.Reader) {
	defer close(b.printed)
	found := false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if m := address.FindStringSubmatch(lines.Text()); m != nil && !found {
			found = true
			b.printed <- m[1]
		}
	}
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

// token makes a token of a project and puts it into the file.
func (p program) token(t *testing.T, file, project string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), string(p), "token", "new", "--json", "--file", file, "--name", t.Name(), "--project", project)
	c.Env, c.Stderr = environ(), os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v", c, err)
	}
	var made struct{ Token string }
	if err := json.Unmarshal(out, &made); err != nil || made.Token == "" {
		t.Fatalf("%v: %v in %s", c, err, out)
	}
	return made.Token
}
