package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// args parses a command line as serve does.
func args(t *testing.T, words ...string) flags {
	t.Helper()
	var f flags
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.bind(set)
	if err := set.Parse(words); err != nil {
		t.Fatal(err)
	}
	return f
}

func file(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "marconi.toml")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestLaterSourcesWin(t *testing.T) {
	name := file(t,
		`http = "127.0.0.1:1"`,
		`max_message_ttl = 1001`,
		`max_claim_ttl = 1002`,
		`enable_checksum = true`,
		`default_claim_ttl = 100`,
	)
	l, err := load(
		args(t, "--config", name, "--http", "127.0.0.1:3", "--set", "max_claim_ttl=3002", "--set", "default_message_ttl=61",
			"--set", "default_message_ttl=62", "--admin-mode"),
		[]string{"HOME=/root", "MARCONI_HTTP=127.0.0.1:2", "MARCONI_MAX_MESSAGE_TTL=2001", "MARCONI_MAX_CLAIM_TTL=2002", "MARCONI_STORE="},
	)
	if err == nil || !strings.Contains(err.Error(), "store") {
		t.Errorf("an empty store: got %v", err)
	}
	for _, c := range []struct{ key, value, from string }{
		{"http", "127.0.0.1:3", "--http"},
		{"max_claim_ttl", "3002", "--set"},
		{"default_message_ttl", "62", "--set"},
		{"admin_mode", "true", "--admin-mode"},
		{"max_message_ttl", "2001", "MARCONI_MAX_MESSAGE_TTL"},
		{"store", "", "MARCONI_STORE"},
		{"enable_checksum", "true", name},
		{"default_claim_ttl", "100", name},
		{"log_level", "info", "default"},
	} {
		for _, o := range l.options() {
			if o.key == c.key && (o.value.show() != c.value || l.origin(o.key) != c.from) {
				t.Errorf("%s: got %q from %s, want %q from %s", c.key, o.value.show(), l.origin(o.key), c.value, c.from)
			}
		}
	}
	if l.http != "127.0.0.1:3" || l.limits.MaxClaimTTL != 3002 || l.limits.MaxMessageTTL != 2001 || !l.checksum || !l.adminMode {
		t.Errorf("got %+v", l.config)
	}
}

func TestTheEnvironmentNamesTheFile(t *testing.T) {
	one, two := file(t, "max_queues_per_page = 11"), file(t, "max_queues_per_page = 12")
	l, err := load(flags{}, []string{"MARCONI_CONFIG=" + one})
	if err != nil || l.limits.MaxQueuesPerPage != 11 || l.origin("max_queues_per_page") != one {
		t.Errorf("MARCONI_CONFIG: got %d, %v", l.limits.MaxQueuesPerPage, err)
	}
	l, err = load(args(t, "--config", two), []string{"MARCONI_CONFIG=" + one})
	if err != nil || l.limits.MaxQueuesPerPage != 12 {
		t.Errorf("--config: got %d, %v", l.limits.MaxQueuesPerPage, err)
	}
}

// Every key is reached in all three ways, and an error names the key and the way.
func TestEveryKeyFromEverySource(t *testing.T) {
	bad := map[string]string{ // what is wrong for the kinds of value that can be wrong
		"count": "many", "span": "soon", "boolean": "maybe", "choice": "other", "address": "nowhere", "origins": "nowhere", "endpoint": "nowhere",
	}
	c := defaults()
	for _, o := range c.options() {
		t.Run(o.key, func(t *testing.T) {
			kind := kindOf(o.value)
			text, wrong := bad[kind]
			if kind == "text" {
				text = "x"
			}
			name := file(t, o.key+` = "`+text+`"`)
			for from, get := range map[string]func() (*loaded, error){
				name:           func() (*loaded, error) { return load(args(t, "--config", name), nil) },
				envName(o.key): func() (*loaded, error) { return load(flags{}, []string{envName(o.key) + "=" + text}) },
				"--set":        func() (*loaded, error) { return load(args(t, "--set", o.key+"="+text), nil) },
			} {
				l, err := get()
				switch {
				case wrong && (err == nil || !strings.Contains(err.Error(), o.key+" ("+from+") must be")):
					t.Errorf("%s: got error %v", from, err)
				case !wrong && l.origin(o.key) != from:
					t.Errorf("%s: it came from %s: %v", from, l.origin(o.key), err)
				}
			}
		})
	}
}

func kindOf(v value) string {
	switch v.(type) {
	case count:
		return "count"
	case span:
		return "span"
	case boolean:
		return "boolean"
	case choice:
		return "choice"
	case address:
		return "address"
	case origins:
		return "origins"
	case endpoint:
		return "endpoint"
	}
	return "text"
}

func TestUnknownKeysAreErrors(t *testing.T) {
	name := file(t, `max_mesage_ttl = 60`, `[limits]`, `max_claim_ttl = 60`)
	_, err := load(
		args(t, "--config", name, "--set", "min-length-client-id=3"),
		[]string{"MARCONI_STOER=memory:", "MARCONI_HTTP_PORT=8888", "MARCONI_http=x", "MARCONIS=1"},
	)
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.Split(err.Error(), "\n")
	want := []string{
		"limits (" + name + ") is not known",
		"max_mesage_ttl (" + name + ") is not known; the nearest key is max_message_ttl",
		"stoer (MARCONI_STOER) is not known; the nearest key is store",
		"http_port (MARCONI_HTTP_PORT) is not known",
		"http (MARCONI_http) must be in capitals: MARCONI_HTTP",
		"min-length-client-id (--set) is not known; the nearest key is min_length_client_id",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSetWantsAPair(t *testing.T) {
	for _, pair := range []string{"", "http", "=x"} {
		var f flags
		set := pflag.NewFlagSet("test", pflag.ContinueOnError)
		f.bind(set)
		if err := set.Parse([]string{"--set", pair}); err == nil || !strings.Contains(err.Error(), "key=value") {
			t.Errorf("--set %q: got %v", pair, err)
		}
	}
}
