package main

import (
	"strings"
	"testing"
	"time"
)

func TestValues(t *testing.T) {
	var c config
	var n int64
	for _, v := range []struct {
		name          string
		value         value
		takes, shows  []string
		refuses, says []string
	}{
		{"boolean", boolean{&c.insecure}, []string{"true", "0"}, []string{"true", "false"},
			[]string{"", "yes", "2"}, []string{"true or false", `"yes"`, `"2"`}},
		{"count", count{&n, 1}, []string{"1", "9223372036854775807"}, []string{"1", "9223372036854775807"},
			[]string{"", "0", "-3", "1.5", "1k", "9223372036854775808"}, []string{"whole number", "at least 1", "at least 1", `"1.5"`, `"1k"`, "bounds"}},
		{"span", span{&c.stopTimeout}, []string{"10s", "1000h", "1h30m"}, []string{"10s", "1000h0m0s", "1h30m0s"},
			[]string{"", "10", "0s", "-1s", "ten", "1000h1s"}, []string{"span", `"10"`, `"0s"`, `"-1s"`, `"ten"`, "up to 1000h"}},
		{"choice", choice{&c.auth, []string{"none", "tokens"}}, []string{"tokens"}, []string{"tokens"},
			[]string{"", "None"}, []string{"none, tokens", `"None"`}},
		{"address", address{to: &c.http}, []string{":80", "[::1]:0", "localhost:65535"}, []string{":80", "[::1]:0", "localhost:65535"},
			[]string{"", "8888", "127.0.0.1", "h:65536", "h:http", "::1:80"}, []string{"host:port", `"8888"`, "host:port", "65536", "h:http", "::1:80"}},
		{"address or nothing", address{to: &c.admin, off: true}, []string{"", ":1"}, []string{"", ":1"},
			[]string{"x"}, []string{"host:port"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			for i, text := range v.takes {
				if err := v.value.set(text); err != nil || v.value.show() != v.shows[i] {
					t.Errorf("set %q: got %q, %v; want %q", text, v.value.show(), err, v.shows[i])
				}
			}
			kept := v.value.show()
			for i, text := range v.refuses {
				err := v.value.set(text)
				if err == nil || !strings.Contains(err.Error(), v.says[i]) {
					t.Errorf("set %q: got error %v, want one with %q", text, err, v.says[i])
				}
				if v.value.show() != kept {
					t.Errorf("set %q: refused, and yet the value became %q", text, v.value.show())
				}
			}
		})
	}
	if c.stopTimeout != 90*time.Minute || n != 1<<63-1 || c.auth != "tokens" {
		t.Errorf("values were not kept: %+v, %d", c, n)
	}
}
