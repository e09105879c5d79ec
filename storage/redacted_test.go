package storage_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/storage"
)

func TestRedacted(t *testing.T) {
	for from, to := range map[string]string{
		"":                        "",
		"memory:":                 "memory:",
		"pebble:data?reserve=1":   "pebble:data?reserve=1",
		"redis:u:hunter2@h":       "redis:(hidden)",
		"redis://u:hunter2@h:1/0": "redis://u:xxxxx@h:1/0",
		"redis://h?sentinel_password=hunter2&master=m": "redis://h?master=m&sentinel_password=xxxxx",
		"redis://h?sentinel_pasword=hunter2":           "redis://h?sentinel_pasword=xxxxx",
		"redis://h?sentinel_apssword=hunter2":          "redis://h?sentinel_apssword=xxxxx",
		"redis://h?PWD=hunter2":                        "redis://h?PWD=xxxxx",
		"x://h?Secret=hunter2;b":                       "x://h",
		"x://u:hunter2@h:port":                         "(not a URL)",
		"x://h?access_token=hunter2":                   "x://h?access_token=xxxxx",
	} {
		if got := storage.Redacted(from); got != to {
			t.Errorf("%s: got %s, want %s", from, got, to)
		}
	}
}

// A password never shows, whatever stands around it.
func FuzzRedacted(f *testing.F) {
	const password = "hunter2hunter2"
	f.Add("h:1/0?a=b")
	f.Add("[::1]?x=%zz#y")
	f.Fuzz(func(t *testing.T, rest string) {
		for _, text := range []string{
			"redis://user:" + password + "@" + rest,
			"redis://:" + password + "@" + rest,
			"redis:user:" + password + "@" + rest,
			"redis://h?password=" + password + "&" + rest,
		} {
			if got := storage.Redacted(text); strings.Contains(got, password) {
				t.Errorf("%s became %s", text, got)
			}
		}
	})
}
