package transporttest

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
)

//go:embed testdata/*.txtar
var files embed.FS

// File is a file of scripts.
type File struct {
	Name    string
	Scripts []Script
}

// Files are all the scripts there are.
func Files() ([]File, error) {
	names, err := fs.Glob(files, "testdata/*.txtar")
	if err != nil {
		return nil, err
	}
	out := make([]File, len(names))
	for i, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		scripts, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[i] = File{strings.TrimSuffix(strings.TrimPrefix(name, "testdata/"), ".txtar"), scripts}
	}
	return out, nil
}

// Run plays all scripts that are meant for a dialect, each through a door of its
// own that open opens to the handler under test. Messages are kept in memory.
func Run(t *testing.T, dialect string, open func(t *testing.T, h api.Handler) Door) {
	RunOn(t, dialect, memory, open)
}

func memory(_ *testing.T, now func() time.Time) storage.Driver {
	return memstore.New(memstore.Config{Now: now})
}

// RunOn is Run on a store of every script's own, which has to be empty, and which
// ends with the test: store sees to both. Some scripts are played at a time. Their
// clock, now, stands still between steps; a store that tells its own is as good,
// since no operation reads it.
func RunOn(t *testing.T, dialect string, store func(t *testing.T, now func() time.Time) storage.Driver, open func(t *testing.T, h api.Handler) Door) {
	all, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			for _, s := range file.Scripts {
				if !s.Suits(dialect) {
					continue
				}
				t.Run(s.Name, func(t *testing.T) {
					s.Play(t, func(now func() time.Time) storage.Driver { return store(t, now) },
						func(h api.Handler) Door { return open(t, h) })
				})
			}
		})
	}
}
