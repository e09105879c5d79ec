package main

import (
	"strings"
	"testing"
)

func TestFilesThatCannotBeRead(t *testing.T) {
	for _, c := range []struct{ name, text, says string }{
		{"syntax", "http = \"x\"\nstore = ", "line 2"},
		{"a key twice", "http = \"a:1\"\n\nhttp = \"b:1\"", "line 3"},
		{"no TOML at all", "{\"http\": 1}", "line 1"},
		{"a fraction", "max_claim_ttl = 1.5", "max_claim_ttl"},
		{"a list", "store = [\"memory:\"]", "store"},
		{"an instant", "stop_timeout = 2027-01-01T00:00:00Z", "stop_timeout"},
		{"a table", "http.port = 8888", "http"},
		{"a dotted key", "a.b.c = 1", "a ("},
		{"a number for a text", "http = 8888", "host:port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := file(t, c.text)
			_, err := load(flags{file: name}, nil)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want something about %s in %s", err, c.says, name)
			}
		})
	}
	if _, err := load(flags{file: "/nowhere/marconi.toml"}, nil); err == nil || !strings.Contains(err.Error(), "/nowhere/marconi.toml does not exist") {
		t.Errorf("no file: got %v", err)
	}
	if _, err := load(flags{file: t.TempDir()}, nil); err == nil {
		t.Error("a directory was read as a file")
	}
}

func TestVariablesOfKubernetesArePassedOver(t *testing.T) {
	l, err := load(flags{}, []string{
		"MARCONI_SERVICE_HOST=10.0.0.1",
		"MARCONI_SERVICE_PORT=8888",
		"MARCONI_SERVICE_PORT_HTTP_API=8888",
		"MARCONI_PORT=tcp://10.0.0.1:8888",
		"MARCONI_PORT_8888_TCP=tcp://10.0.0.1:8888",
		"MARCONI_PORT_8888_TCP_PROTO=tcp",
		"MARCONI_PORT_8888_TCP_PORT=8888",
		"MARCONI_PORT_8888_TCP_ADDR=10.0.0.1",
		"MARCONI_ADMIN_SERVICE_HOST=10.0.0.2",
		"MARCONI_ADMIN_PORT=tcp://10.0.0.2:9090",
		"MARCONI_ADMIN_PORT_9090_UDP_ADDR=10.0.0.2",
	})
	if err != nil || len(l.from) > 0 {
		t.Errorf("got %v and %v", l.from, err)
	}
	for _, pair := range []string{"MARCONI_PORT=8888", "MARCONI_HTTP_PORT=80", "MARCONI_SERVICE=x", "MARCONI_="} {
		if _, err := load(flags{}, []string{pair}); err == nil {
			t.Errorf("%s passed", pair)
		}
	}
}

// Whatever stands in a file, it is read or refused, and what is refused is
// refused by name.
func FuzzParseFile(f *testing.F) {
	f.Add("http = \"127.0.0.1:1\"\nmax_claim_ttl = 61\nenable_checksum = true\n")
	f.Add("[a]\nb.c = [1, {d = 1979-05-27}]\n\"\" = ''")
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := parseFile("f.toml", text)
		if err != nil {
			if !strings.Contains(err.Error(), "f.toml") {
				t.Errorf("error %q does not name the file", err)
			}
			return
		}
		l := &loaded{config: defaults(), from: make(map[string]string)}
		for _, s := range settings {
			if err := l.apply(s); err == nil && l.from[s.key] != "f.toml" {
				t.Errorf("%q was taken and left no trace", s.key)
			}
		}
		_ = l.check()
	})
}
