package transporttest

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Libzmq compiles a program in C that is linked with libzmq, and returns its file.
func Libzmq(t testing.TB, source string) string {
	t.Helper()
	if out, err := exec.Command("sh", "-c", "echo '#include <zmq.h>' | gcc -E -").CombinedOutput(); err != nil {
		t.Fatalf("gcc or zmq.h is missing: sudo apt-get install gcc libc6-dev libzmq3-dev\n%s", out)
	}
	program := filepath.Join(t.TempDir(), "program")
	out, err := exec.Command("gcc", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lzmq", "-lpthread").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}
