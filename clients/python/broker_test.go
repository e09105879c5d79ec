package python_test

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

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// serve starts a broker on a store and answers its URL. When the test ends it is
// told to stop, which it must do without an error.
func (p program) serve(t *testing.T, store string, options ...string) (url string) {
	t.Helper()
	c := exec.Command(string(p), "serve", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", "--store", store)
	for _, o := range options {
		c.Args = append(c.Args, "--set", o)
	}
	var log bytes.Buffer
	c.Env, c.Stderr = environ(), &log
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	urls := make(chan string, 1)
	go tellURL(stdout, urls)
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

// tellURL sends the first URL in what the program prints, and closes the channel
// when it has printed all.
func tellURL(printed io.Reader, urls chan<- string) {
	defer close(urls)
	found := false
	for lines := bufio.NewScanner(printed); lines.Scan(); {
		if url := address.FindString(lines.Text()); url != "" && !found {
			found = true
			urls <- url
		}
	}
}

// token makes a token and puts it into the file.
func (p program) token(t *testing.T, file, project string, roles ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), string(p), "token", "new", "--json",
		"--file", file, "--name", t.Name(), "--project", project, "--roles", strings.Join(roles, ","))
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
