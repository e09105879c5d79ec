package pebblestore_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

func TestOpenURL(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	stores := storage.Openers{"pebble": pebblestore.OpenURL}
	for text, dir := range map[string]string{
		"pebble://" + here + "/absolute":             here + "/absolute",
		"pebble:relative":                            here + "/relative",
		"pebble:deep/er":                             here + "/deep/er",
		"pebble:with%20room?reserve=1000000":         here + "/with room",
		"pebble://" + here + "/percent%2525?":        here + "/percent%25",
		"pebble:" + here + "/one-slash?reserve=4096": here + "/one-slash",
	} {
		open, err := stores.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s: reading the URL touched %s: %v", text, dir, err)
		}
		d, err := open(t.Context())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if err := d.Close(); err != nil {
			t.Errorf("%s: Close: %v", text, err)
		}
		if _, err := pebblestore.Inspect(dir); err != nil {
			t.Errorf("%s made no store in %s: %v", text, dir, err)
		}
	}
}

func TestOpenURLRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	stores := storage.Openers{"pebble": pebblestore.OpenURL}
	for text, says := range map[string]string{
		"pebble:":                      "no directory",
		"pebble://":                    "no directory",
		"pebble://data/x":              "three slashes",
		"pebble://user@/x":             "user",
		"pebble:x#y":                   "fragment",
		"pebble:x?cache=1":             `unknown parameter "cache"`,
		"pebble:x?reserve=":            "reserve",
		"pebble:x?reserve=0":           "reserve",
		"pebble:x?reserve=5%25":        "reserve",
		"pebble:x?reserve=1&reserve=2": "2 times",
		"pebble:x?%":                   "not well formed",
		"pebble:x%zz":                  "",
	} {
		if _, err := stores.Parse(text); err == nil {
			t.Errorf("%s was taken", text)
		} else if !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; it does not say %q", text, err, says)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("refused URLs left %v, %v", left, err)
	}
	if _, err := pebblestore.OpenURL(&url.URL{Scheme: "pebble", Path: "x", RawQuery: "no"}); err == nil {
		t.Error("a parameter without a value was taken")
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := open(t, pebblestore.Config{Dir: dir})
	defer s.Close()
	for _, name := range []string{dir, filepath.Dir(dir)} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestRefusedDirectories(t *testing.T) {
	for name, c := range map[string]struct{ file, text, says string }{
		"something else":     {"notes.txt", "x", "it is not a store"},
		"another format":     {"MARCONI", "marconi store, format 2\n", "format 2"},
		"half a format":      {"MARCONI", "marconi", "says"},
		"an empty format":    {"MARCONI", "", "says"},
		"a Pebble of others": {"OPTIONS-000003", "[Version]", "it is not a store"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := pebblestore.Open(t.Context(), pebblestore.Config{Dir: dir})
			if err == nil {
				_ = s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Open answered %v; want something with %q", err, c.says)
			}
			if _, err := pebblestore.Inspect(dir); err == nil {
				t.Error("Inspect found a store")
			}
			if left, _ := os.ReadDir(dir); len(left) != 1 {
				t.Errorf("the directory was written to: %v", left)
			}
		})
	}
}

// holder is set in the process that holds a store for TestOtherProcess.
const holder = "STORAGETEST_HOLDS"

func TestOtherProcess(t *testing.T) {
	if dir := os.Getenv(holder); dir != "" {
		_, err := pebblestore.Open(t.Context(), pebblestore.Config{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "in use by another broker") {
			t.Fatalf("Open answered %v", err)
		}
		if _, err = pebblestore.Inspect(dir); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Fatalf("Inspect answered %v", err)
		}
		return
	}
	dir := t.TempDir()
	s := open(t, pebblestore.Config{Dir: dir})
	defer s.Close()
	if _, err := pebblestore.Open(t.Context(), pebblestore.Config{Dir: dir}); err == nil {
		t.Error("this process opened the store twice")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), self, "-test.run=^TestOtherProcess$", "-test.v")
	other.Env = append(os.Environ(), holder+"="+dir)
	if out, err := other.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: TestOtherProcess") {
		t.Errorf("the other process: %v\n%s", err, out)
	}
}
