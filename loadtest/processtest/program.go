// Package processtest starts what tests need as processes of their own: the
// program as its users have it, and Redis.
package processtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// Build builds the program for one test, with the race detector if the test has
// it, and returns its file.
func Build(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "marconi")
	flags := []string{"-buildvcs=false"}
	if raceDetector() {
		flags = append(flags, "-race")
	}
	if err := compile(file, flags...); err != nil {
		t.Fatal(err)
	}
	return file
}

// BuildOnce is for all tests of a package: the first call of program builds it,
// with the race detector, and all return its file. Remove removes what was built.
func BuildOnce() (program func() (file string, err error), remove func()) {
	var dir string
	program = sync.OnceValues(func() (file string, err error) {
		if dir, err = os.MkdirTemp("", "marconi-test-"); err != nil {
			return "", err
		}
		file = filepath.Join(dir, "marconi")
		return file, compile(file, "-race")
	})
	return program, func() { _ = os.RemoveAll(dir) } // of nothing, if nothing was built
}

func compile(file string, flags ...string) error {
	args := append(append([]string{"build", "-o", file}, flags...), "github.com/stackforge/marconi/cmd/marconi")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
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

// Environ is the environment without what the program would take for its options.
func Environ() []string {
	var env []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "MARCONI_") {
			env = append(env, pair)
		}
	}
	return env
}

// Token makes a token of a project with a program and puts it into a file.
func Token(t testing.TB, program, file, project string, roles ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, "token", "new", "--json",
		"--file", file, "--name", t.Name(), "--project", project, "--roles", strings.Join(roles, ","))
	c.Env, c.Stderr = Environ(), os.Stderr
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

// FirstURL reads what a broker prints to the end: a pipe that nobody reads would
// hold it up. The channel gets the first URL in it, if there is one, and is closed
// when the broker has printed all.
func FirstURL(printed io.Reader) <-chan string {
	urls := make(chan string, 1)
	pattern := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	go func() {
		defer close(urls)
		found := false
		for lines := bufio.NewScanner(printed); lines.Scan(); {
			if url := pattern.FindString(lines.Text()); url != "" && !found {
				found = true
				urls <- url
			}
		}
	}()
	return urls
}

// FreeAddress has a port below those that systems give to callers: one of theirs
// may be taken while a broker is away, even by a caller's attempt to reach it.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 20_000+rand.IntN(10_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}
