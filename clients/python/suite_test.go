package python_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// python is the interpreter that Debian's packages are for; another may come
// before it in PATH.
const python = "/usr/bin/python3"

// result is what came of one Python test.
type result struct {
	Test    string  `json:"test"`    // module.Class.method
	Outcome string  `json:"outcome"` // "passed", "failed" or "skipped"
	Detail  string  `json:"detail"`
	Seconds float64 `json:"seconds"`
}

func (r result) passed() bool { return r.Outcome == "passed" }

// needs fails the test unless Python can import what the Debian packages hold.
func needs(t *testing.T, packages map[string]string) {
	t.Helper()
	for module, name := range packages {
		if out, err := exec.CommandContext(t.Context(), python, "-c", "import "+module).CombinedOutput(); err != nil {
			t.Fatalf("%s is missing: sudo apt-get install %s\n%s", module, name, out)
		}
	}
}

// patience is how long a suite may take.
const patience = 8 * time.Minute

// run runs Python tests, a subtest each that judge judges, and fails if there
// were none. The script tells of them as tests/report.py does.
func run(t *testing.T, env []string, judge func(*testing.T, result), script string, modules ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	report, reporting, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	c := command(ctx, env, script, modules)
	c.Stdout, c.Stderr = &output, &output
	c.ExtraFiles = []*os.File{reporting} // number 3
	err = c.Start()
	reporting.Close()
	if err != nil {
		t.Fatal(err)
	}
	tests, err := read(t, report, judge)
	report.Close() // so that the script, should it go on, cannot wait for a reader
	if err = errors.Join(err, c.Wait()); err != nil || tests == 0 {
		t.Fatalf("%s told of %d tests: %v\n%s", script, tests, err, output.Bytes())
	}
	t.Logf("%d tests", tests)
}

// read judges the results as they come, and counts them.
func read(t *testing.T, report io.Reader, judge func(*testing.T, result)) (tests int, err error) {
	t.Helper()
	for results := json.NewDecoder(report); ; tests++ {
		var r result
		if err := results.Decode(&r); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return tests, err
		}
		t.Run(r.Test, func(t *testing.T) { judge(t, r) })
	}
}

// command is a script with its modules, whose end is the end of all it started.
func command(ctx context.Context, env []string, script string, modules []string) *exec.Cmd {
	c := exec.CommandContext(ctx, python, append([]string{script}, modules...)...)
	c.Dir = "tests"
	c.Env = append(processtest.Environ(), append(env, "REPORT_FD=3", "PYTHONDONTWRITEBYTECODE=1")...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	return c
}

// mustPass is the judge of tests that have no excuse.
func mustPass(t *testing.T, r result) {
	if !r.passed() {
		t.Errorf("%s after %.1f s\n%s", r.Outcome, r.Seconds, r.Detail)
	}
}
