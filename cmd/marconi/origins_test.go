package main

import (
	"strings"
	"testing"
)

func TestOrigins(t *testing.T) {
	var kept []string
	v := origins{&kept}
	for text, shows := range map[string]string{
		"":                        "",
		"*":                       "*",
		"https://app.example.org": "https://app.example.org",
		" http://localhost:3000 , https://[::1]:8443,": "http://localhost:3000,https://[::1]:8443",
		"chrome-extension://abcdef":                    "chrome-extension://abcdef",
	} {
		if err := v.set(text); err != nil || v.show() != shows {
			t.Errorf("set %q: got %q, %v; want %q", text, v.show(), err, shows)
		}
	}
	kept = []string{"https://a.example"}
	for _, text := range []string{
		"app.example.org", "https://", "https://a.example/", "https://a.example/path", "https://A.example", "https://u@a.example",
		"https://a.example:443", "http://a.example:80", "null", "https://*.example.org", "https://a.example b", "*,x",
	} {
		if err := v.set(text); err == nil || !strings.Contains(err.Error(), "must be origins") {
			t.Errorf("set %q: got error %v", text, err)
		}
	}
	if v.show() != "https://a.example" {
		t.Errorf("refused, and yet the value became %q", v.show())
	}
}
