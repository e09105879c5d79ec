package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecrets(t *testing.T) {
	const long, longer = "0123456789abcdef", "the quick brown fox #2"
	for _, c := range []struct {
		name, inOption, inFile string
		mode                   os.FileMode
		want                   []string
		warns                  string // "": of nothing
		fails                  string
	}{
		{name: "none"},
		{name: "in the option", inOption: long, want: []string{long}},
		{name: "a short one", inOption: "hunter2", want: []string{"hunter2"}, warns: "number=1 bytes=7"},
		{name: "in a file", inFile: long, mode: 0o600, want: []string{long}},
		{name: "several", inFile: "# new\n" + longer + "\r\n\n  " + long + " \n#old\n", mode: 0o600, want: []string{longer, long}},
		{name: "the second is short", inFile: long + "\nhunter2\n", mode: 0o600, want: []string{long, "hunter2"}, warns: "number=2 bytes=7"},
		{name: "a file that is open to others", inFile: long, mode: 0o644, want: []string{long}, warns: "chmod 600"},
		{name: "a file of none", inFile: "# none\n\n", mode: 0o600, fails: "there is no secret in"},
		{name: "no file", inFile: "-", fails: "signed_url_secret_file: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := config{shareSecret: c.inOption}
			if c.inFile != "" {
				f.shareSecretFile = filepath.Join(t.TempDir(), "secrets")
			}
			if c.mode != 0 {
				if err := os.WriteFile(f.shareSecretFile, []byte(c.inFile), c.mode); err != nil {
					t.Fatal(err)
				}
			}
			var log bytes.Buffer
			got, err := f.secrets(slog.New(slog.NewTextHandler(&log, nil)))
			if (c.fails == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got error %v, want %q", err, c.fails)
			}
			if string(bytes.Join(got, []byte("|"))) != strings.Join(c.want, "|") {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if (c.warns == "") != (log.Len() == 0) || !strings.Contains(log.String(), c.warns) {
				t.Errorf("it warned of %s, want %s", log.String(), c.warns)
			}
			if strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), long) {
				t.Errorf("a secret is in the log: %s", log.String())
			}
		})
	}
}
