package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// announced is what a broker with these options says at its start, and logs.
func announced(t *testing.T, words ...string) (text, logged string) {
	t.Helper()
	words = append([]string{"--store", "memory:", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0"}, words...)
	l, err := load(args(t, words...), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	s, err := open(t.Context(), l.config, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.announce(&out)
	ended, end := context.WithCancel(context.Background())
	end()
	if err := s.serve(ended); err != nil {
		t.Error(err)
	}
	return out.String(), log.String()
}

func TestAnnounce(t *testing.T) {
	tokens := file(t, "# none yet")
	own, ownKey := writePair(t, t.TempDir(), "127.0.0.1")
	wild, wildKey := writePair(t, t.TempDir(), "*.example.org")
	data := t.TempDir()
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	strange, strangeKey := writePair(t, t.TempDir(), "192.0.2.7")
	for _, c := range []struct {
		name   string
		words  []string
		says   []string
		silent []string
	}{
		{"plain", nil,
			[]string{"memory:  ", "nothing survives a restart", "callers are believed", "'http://127.0.0.1:", "-H 'X-Project-Id: demo'"},
			[]string{"admin", "Token", "--cacert"}},
		{"the default store", []string{"--store", defaults().store},
			[]string{"pebble:marconi-data  ", "what was answered is on disk, in " + filepath.Join(here, "marconi-data") + "\n"}, []string{"nothing survives"}},
		{"a store elsewhere", []string{"--store", "pebble://" + data + "/a%20b?reserve=1000"}, []string{"in " + data + "/a b\n"}, nil},
		{"a relative store with a space", []string{"--store", "pebble:a%20b"}, []string{"in " + filepath.Join(here, "a b") + "\n"}, nil},
		{"admin", []string{"--admin", "127.0.0.1:0"}, []string{"admin", "/metrics"}, nil},
		{"tokens", []string{"--auth", "tokens", "--tokens-file", tokens},
			[]string{"callers need a token of " + tokens, `-H "X-Auth-Token: $TOKEN" -H "X-Project-Id: $PROJECT"`}, []string{"believed", "demo"}},
		{"an open address", []string{"--http", "0.0.0.0:0", "--insecure"}, []string{"curl -X POST 'http://127.0.0.1:"}, nil},
		{"TLS", []string{"--tls-cert", own, "--tls-key", ownKey}, []string{"--cacert '" + own + "' 'https://127.0.0.1:"}, []string{"--insecure", "--resolve"}},
		{"TLS for another name", []string{"--tls-cert", wild, "--tls-key", wildKey},
			[]string{"--cacert", "--resolve 'marconi.example.org:", ":127.0.0.1' 'https://marconi.example.org:"}, nil},
		{"TLS for no name", []string{"--tls-cert", strange, "--tls-key", strangeKey}, []string{"--insecure 'https://127.0.0.1:"}, []string{"--cacert"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, _ := announced(t, c.words...)
			for _, s := range c.says {
				if !strings.Contains(text, s) {
					t.Errorf("no %s in\n%s", s, text)
				}
			}
			for _, s := range c.silent {
				if strings.Contains(text, s) {
					t.Errorf("there is %s in\n%s", s, text)
				}
			}
		})
	}
}

func TestTokensInTheClearAreWarnedOf(t *testing.T) {
	tokens := file(t, "")
	cert, key := writePair(t, t.TempDir(), "127.0.0.1")
	for _, c := range []struct {
		words []string
		warns bool
	}{
		{[]string{"--http", "0.0.0.0:0"}, true},
		{[]string{"--http", "127.0.0.1:0"}, false},
		{[]string{"--http", "0.0.0.0:0", "--tls-cert", cert, "--tls-key", key}, false},
	} {
		_, log := announced(t, append(c.words, "--auth", "tokens", "--tokens-file", tokens)...)
		if got := strings.Contains(log, "in the clear"); got != c.warns {
			t.Errorf("%v: warned: %t; log: %s", c.words, got, log)
		}
	}
}

func TestSomeClientIDFitsTheRule(t *testing.T) {
	for _, rule := range [][2]int64{{1, 1}, {1, 10}, {10, 36}, {36, 36}, {37, 40}, {255, 255}, {72, 72}} {
		s := &service{config: config{clientIDs: clientIDsOff, minClientID: rule[0], maxClientID: rule[1]}}
		if n := int64(utf8.RuneCountInString(s.someClientID())); n < rule[0] || n > rule[1] {
			t.Errorf("%v: %d characters", rule, n)
		}
	}
}

func TestQuote(t *testing.T) {
	if got := quote("it's"); got != `'it'\''s'` {
		t.Errorf("got %s", got)
	}
}
