package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestConfigCheck(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good := file("good.toml", "max_claim_ttl = 100\ndefault_claim_ttl = 90\n")
	tokens := file("tokens", "{}")
	for _, c := range []struct {
		name string
		env  []string
		args []string
		code int
		says []string
	}{
		{"nothing set", nil, nil, 0, []string{"in order"}},
		{"a good file", []string{"MARCONI_CONFIG=" + good, "MARCONI_HTTP=127.0.0.1:1"}, []string{"--set", "admin=localhost:2"}, 0, []string{"in order"}},
		{"all sources bad", []string{"MARCONI_HTTP=x", "MARCONI_LOG=y"},
			[]string{"--config", file("bad.toml", "max_claim_ttl = 'soon'\nmax_mesages_per_page = 3"), "--set", "auth=some"}, 2,
			[]string{"http (MARCONI_HTTP) must be", "log (MARCONI_LOG) is not known", "max_claim_ttl (", "max_mesages_per_page (", "bad.toml", "auth (--set)"}},
		{"no file", nil, []string{"--config", filepath.Join(dir, "none")}, 2, []string{"none does not exist"}},
		{"a bad token file", nil, []string{"--auth", "tokens", "--tokens-file", tokens}, 2, []string{tokens + ": line 1"}},
		{"a bad file of secrets", nil, []string{"--set", "signed_url_secret_file=" + file("secrets", "# none\n")}, 2, []string{"there is no secret in " + dir}},
		{"a bad store", nil, []string{"--store", "pebble:x?reserv=1"}, 2, []string{`--store: store pebble:x?reserv=1`, `unknown parameter "reserv"`}},
		{"an address twice", nil, []string{"--admin", "127.0.0.1:8888"}, 2, []string{`http = "127.0.0.1:8888" (default)`, `admin = "127.0.0.1:8888" (--admin)`}},
		{"bad certificates", nil, []string{"--tls-cert", tokens, "--tls-key", good}, 2, []string{"certificate " + tokens}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, c.env, append([]string{"config", "check"}, c.args...)...)
			p.exits(c.code)
			said := p.out.String() + p.log.String()
			for _, s := range c.says {
				if !strings.Contains(said, s) {
					t.Errorf("no %q in\n%s", s, said)
				}
			}
		})
	}
}

func TestConfigShow(t *testing.T) {
	env := []string{"MARCONI_STORE=redis://u:hunter2@h", "MARCONI_MAX_CLAIM_TTL=100000", "MARCONI_SIGNED_URL_SECRET=hunter2"}
	p := start(t, env, "config", "show", "--json", "--log-level", "debug")
	p.exits(0)
	var all []struct{ Key, Value, From string }
	if err := json.Unmarshal([]byte(p.out.String()), &all); err != nil {
		t.Fatalf("%v:\n%s", err, p.out.String())
	}
	got := make(map[string]string)
	for _, o := range all {
		got[o.Key] = o.Value + " from " + o.From
	}
	for key, want := range map[string]string{
		"store":             "redis://u:xxxxx@h from MARCONI_STORE",
		"signed_url_secret": "xxxxx from MARCONI_SIGNED_URL_SECRET",
		"max_claim_ttl":     "100000 from MARCONI_MAX_CLAIM_TTL",
		"log_level":         "debug from --log-level",
		"max_message_ttl":   "1209600 from default",
		"admin":             " from default",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
	if strings.Contains(p.out.String(), "hunter2") {
		t.Errorf("it showed\n%s", p.out.String())
	}
	p = start(t, env, "config", "show", "--set", "http=x")
	p.exits(2)
	if out := p.out.String(); !strings.Contains(out, "max_claim_ttl") || strings.Contains(out, "hunter2") {
		t.Errorf("it showed\n%s", out)
	}
	p.await(&p.log, `http \(--set\) must be`)
}

func TestVersion(t *testing.T) {
	p := start(t, nil, "version")
	p.exits(0)
	if out := p.out.String(); !strings.HasPrefix(out, "marconi ") || !strings.Contains(out, " go1.") {
		t.Errorf("it said %s", out)
	}
	flag := start(t, nil, "--version")
	flag.exits(0)
	if got, want := flag.out.String(), p.out.String(); got != want {
		t.Errorf("--version says %q, and version %q", got, want)
	}
	p = start(t, nil, "version", "--json")
	p.exits(0)
	var b struct{ Version, Go, Platform string }
	if err := json.Unmarshal([]byte(p.out.String()), &b); err != nil || b.Version == "" || !strings.HasPrefix(b.Go, "go1.") || b.Platform == "" {
		t.Errorf("it said %s: %v", p.out.String(), err)
	}
}

func TestHelp(t *testing.T) {
	for _, command := range []string{"", "serve", "config", "config check", "config show", "token new", "inspect", "bench", "version"} {
		p := start(t, nil, append(strings.Fields(command), "--help")...)
		p.exits(0)
		out := p.out.String()
		if !strings.Contains(out, "Usage:\n  marconi "+command) {
			t.Errorf("%s --help: %s", command, out)
		}
		if strings.Contains(command, " ") && !strings.Contains(out, "Examples:\n  ") {
			t.Errorf("%s --help has no example: %s", command, out)
		}
	}
}

func TestHelpOnACommand(t *testing.T) {
	for _, command := range []string{"bench", "config check", "help"} {
		p := start(t, nil, append([]string{"help"}, strings.Fields(command)...)...)
		p.exits(0)
		if out := p.out.String(); !strings.Contains(out, "Usage:\n  marconi "+command) {
			t.Errorf("help %s: %s", command, out)
		}
	}
}

func TestCommandsThatDoNotExist(t *testing.T) {
	for args, says := range map[string]string{
		"sreve":           `the nearest is "serve"`,
		"foo":             `has no command "foo"\n`,
		"config chekc":    `the nearest is "check"`,
		"token":           "",
		"token ne":        `the nearest is "new"`,
		"bench psot":      `the nearest is "post"`,
		"bench foo":       `no scenario "foo"\n`,
		"version now":     "takes no argument",
		"inspect":         "takes the directory of one store",
		"inspect a b":     "takes the directory of one store",
		"token new --nam": "the nearest is --name",
		"help nix":        `marconi has no command "nix"`,
		"help config nix": `marconi config has no command "nix"`,
		"help bench psot": `there is no help on "bench psot"`,
		"serve --version": `unknown flag: --version\n`,
	} {
		p := start(t, nil, strings.Fields(args)...)
		if says == "" {
			p.exits(0)
			continue
		}
		p.exits(2)
		p.await(&p.log, says)
	}
}

func TestBench(t *testing.T) {
	p, url := serve(t)
	load := []string{"--url", url, "--connections", "2", "--count", "20", "--size", "10", "--prefill", "20"}
	b := start(t, nil, append([]string{"bench", "--json"}, load...)...)
	b.exits(0)
	results := json.NewDecoder(strings.NewReader(b.out.String()))
	n := 0
	for ; results.More(); n++ {
		var r struct {
			Scenario   string
			Operations int
			Latencies  []struct {
				P99 float64 `json:"p99_seconds"`
			}
		}
		if err := results.Decode(&r); err != nil || r.Scenario == "" || r.Operations != 20 || len(r.Latencies) == 0 || r.Latencies[0].P99 <= 0 {
			t.Errorf("got %+v, %v", r, err)
		}
	}
	if n < 3 {
		t.Errorf("%d scenarios were run:\n%s", n, b.out.String())
	}

	b = start(t, nil, append([]string{"bench", "post", "check"}, load...)...)
	b.exits(0)
	for _, s := range []string{"scenario ", "post", "latency", "check "} {
		if !strings.Contains(b.out.String(), s) {
			t.Errorf("no %q in\n%s", s, b.out.String())
		}
	}

	b = start(t, nil, append([]string{"bench", "check", "--json"}, load...)...)
	b.exits(0)
	var r struct{ Attempted, Answered, Deleted, Popped int }
	if err := json.Unmarshal([]byte(b.out.String()), &r); err != nil || r.Attempted != 20 || r.Answered != 20 || r.Deleted+r.Popped != 20 || !strings.Contains(b.out.String(), `"unaccounted": 0`) {
		t.Errorf("%v in %s", err, b.out.String())
	}

	p.signal(syscall.SIGTERM)
	p.exits(0)
	b = start(t, nil, append([]string{"bench", "post"}, load...)...)
	b.exits(1)
	b.await(&b.log, "connection refused")
}

// A check that is interrupted tells of what it saw.
func TestBenchCheckInterrupted(t *testing.T) {
	p, url := serve(t, "--admin", "127.0.0.1:0")
	admin := p.await(&p.out, `(?m)^admin +(\S+) `)
	b := start(t, nil, "bench", "check", "--url", url, "--duration", "1h", "--size", "10")
	client := newClient(t)
	atWork := regexp.MustCompile(`marconi_messages_total\{outcome="posted"\} [1-9]`)
	for end := time.Now().Add(patience); ; {
		_, metrics := request(t, client, "GET", admin+"/metrics", "")
		if atWork.MatchString(metrics) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it never began:\n%s", b.log.String())
		}
	}
	b.signal(syscall.SIGTERM)
	b.exits(1)
	b.await(&b.out, `(?m)^attempted +\d`)
	b.await(&b.log, "(?m)^marconi: check: stopped before its end: terminated signal received$")
	if log := b.log.String(); strings.Contains(log, "context canceled") || strings.Contains(log, "promises") {
		t.Errorf("it said\n%s", log)
	}
}

// Where every large post is refused no run succeeds, and it says why.
func TestBenchTellsOfRequestsThatFailed(t *testing.T) {
	_, url := serve(t, "--set", "max_messages_post_size=1000")
	for scenario, says := range map[string]string{"post": "requests that failed: [1-9]", "check": "the broker did not keep"} {
		b := start(t, nil, "bench", scenario, "--url", url, "--count", "20", "--size", "3000", "--connections", "2")
		b.exits(1)
		b.await(&b.log, "(?m)^marconi: "+scenario+": "+says)
		b.await(&b.out, `(?m)^ +\d+  post: 400 Invalid API request: \w.* 1000`)
	}
}

func TestBenchRefusesFlags(t *testing.T) {
	for flag, says := range map[string]string{
		"--connections 0":  "--connections must be at least 1, not 0",
		"--connections -1": "--connections must be at least 1, not -1",
		"--size 0":         "--size must be at least 2",
		"--prefill 0":      "--prefill must be at least 1",
		"--queues -1":      "--queues must be at least 0",
		"--count -1":       "--count must be at least 0",
		"--duration -1s":   "--duration must not be negative",
		"--rate -1":        "--rate must be from 0",
		"--rate NaN":       "--rate must be from 0",
		"--url foo":        `--url: the broker's URL is "foo"`,
	} {
		b := start(t, nil, append([]string{"bench", "post"}, strings.Fields(flag)...)...)
		b.exits(2)
		b.await(&b.log, "(?m)^marconi: "+says)
	}
}
