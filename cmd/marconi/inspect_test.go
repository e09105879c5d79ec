package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inspected is what inspect --json says.
type inspected struct {
	Directory, Format string
	DiskBytes         int64 `json:"disk_bytes"`
	Messages          int
	Queues            []struct {
		Project, Queue          string
		Messages, Held, Delayed int
		Bytes                   int64
		Created, Oldest         time.Time
	}
	Damage []string
}

// stocked is a directory with a store that a broker left: five messages in the
// queue full, two of them claimed, one that is delayed in later, none in bare.
func stocked(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	p, url := serveIn(t, dir)
	client := newClient(t)
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "bare", "{}"},
		{"PUT", "later", `{"_default_message_delay": 600}`},
		{"POST", "later/messages", oneMessage},
		{"POST", "full/messages", fmt.Sprintf(`{"messages": [%s]}`, strings.TrimSuffix(strings.Repeat(`{"body": "Hello"},`, 5), ","))},
		{"POST", "full/claims?limit=2", `{"ttl": 600, "grace": 60}`},
	} {
		if status, text := request(t, client, c.method, url+"/v2/queues/"+c.path, c.body); status != http.StatusCreated {
			t.Fatalf("%s %s: got %d %s", c.method, c.path, status, text)
		}
	}
	busy := startIn(t, dir, nil, "inspect", "marconi-data")
	busy.exits(1)
	busy.await(&busy.log, "marconi-data is in use by a broker")
	p.signal(syscall.SIGTERM)
	p.exits(0)
	return filepath.Join(dir, "marconi-data")
}

func TestInspect(t *testing.T) {
	dir := stocked(t)
	p := start(t, nil, "inspect", "--json", dir)
	p.exits(0)
	var r inspected
	if err := json.Unmarshal([]byte(p.out.String()), &r); err != nil {
		t.Fatalf("%v in %s", err, p.out.String())
	}
	if r.Directory != dir || r.Format != "marconi store, format 1" || r.Messages != 6 || len(r.Damage) != 0 || len(r.Queues) != 3 {
		t.Errorf("got %+v", r)
	}
	for _, q := range r.Queues {
		want := map[string][3]int{"bare": {}, "full": {5, 2, 0}, "later": {1, 0, 1}}[q.Queue]
		if got := [3]int{q.Messages, q.Held, q.Delayed}; got != want || q.Project != "demo" || q.Bytes == 0 && q.Messages > 0 {
			t.Errorf("got %+v; want messages, held and delayed %v", q, want)
		}
		if age := time.Since(q.Created); age < 0 || age > time.Hour {
			t.Errorf("%s was made %v ago", q.Queue, age)
		}
		if old := time.Since(q.Oldest) < time.Hour; old != (q.Queue == "full") {
			t.Errorf("the oldest message of %s is of %v", q.Queue, q.Oldest)
		}
	}
	if used := sizeOf(t, dir); r.DiskBytes != used {
		t.Errorf("%d bytes on disk, and files have %d", r.DiskBytes, used)
	}

	p = start(t, nil, "inspect", dir)
	p.exits(0)
	for _, s := range []string{"store          " + dir, "messages       6", "damaged        0", `"demo"   full   5         2     0`} {
		if !strings.Contains(p.out.String(), s) {
			t.Errorf("no %q in\n%s", s, p.out.String())
		}
	}
}

func sizeOf(t *testing.T, dir string) (n int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

func TestInspectFindsDamage(t *testing.T) {
	dir := stocked(t)
	p, _ := serveIn(t, filepath.Dir(dir)) // it puts into a table what was in a log
	p.signal(syscall.SIGTERM)
	p.exits(0)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("there is no table: %v", err)
	}
	flip(t, tables[0])
	p = start(t, nil, "inspect", dir)
	p.exits(1)
	p.await(&p.log, regexp.QuoteMeta(tables[0]))
}

// flip changes a bit at the beginning of a file.
func flip(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[10] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestInspectFindsDamagedLogs(t *testing.T) {
	dir := stocked(t)
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("there is no log: %v", err)
	}
	for _, name := range logs {
		flip(t, name)
	}
	p := start(t, nil, "inspect", dir)
	p.exits(1)
	p.await(&p.log, `\.log is damaged`)
}

func TestInspectRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, says := range map[string]string{
		file + ".none":     "no such file",
		filepath.Dir(file): "it is not a store",
		t.TempDir():        "holds no store",
	} {
		p := start(t, nil, "inspect", dir)
		p.exits(1)
		p.await(&p.log, says)
	}
}
