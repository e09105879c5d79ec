package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/auth"
)

func TestTokenNew(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 5, time.UTC)
	var out bytes.Buffer
	order := tokenOrder{name: "ci", project: "shop", roles: []string{"member"}, expires: "24h"}
	if err := order.carryOut(&out, now); err != nil {
		t.Fatal(err)
	}
	secret, line, _ := strings.Cut(out.String(), "\n")
	made, err := auth.ParseTokens([]byte(line))
	if err != nil || len(made) != 1 || len(secret) < 22 {
		t.Fatalf("got %q: %v, %v", out.String(), made, err)
	}
	if want := time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC); made[0].Name != "ci" || made[0].Project != "shop" || !made[0].Expires.Equal(want) {
		t.Errorf("got %+v", made[0])
	}
}

func TestTokenNewAddsToAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tokens")
	for i, text := range []string{"", "# no line's end"} {
		if text != "" {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 2 {
			var out bytes.Buffer
			if err := (tokenOrder{name: "n", project: "*", file: name}).carryOut(&out, time.Now()); err != nil {
				t.Fatal(err)
			}
			if strings.Count(out.String(), "\n") != 1 {
				t.Errorf("printed %q, want the token alone", out.String())
			}
			all, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if tokens, err := auth.ParseTokens(all); err != nil || len(tokens) != n+1 {
				t.Errorf("%d: after %d the file holds %v, %v: %s", i, n+1, tokens, err, all)
			}
		}
	}
	is, err := os.Stat(name)
	if err != nil || is.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", is.Mode(), err)
	}

	broken := file(t, "nonsense")
	if err := (tokenOrder{name: "n", project: "*", file: broken}).carryOut(&bytes.Buffer{}, time.Now()); err == nil {
		t.Error("a line was added to a broken file")
	}
	if text, err := os.ReadFile(broken); err != nil || string(text) != "nonsense" {
		t.Errorf("the broken file became %q, %v", text, err)
	}
}

func TestTokenNewInJSON(t *testing.T) {
	var out bytes.Buffer
	if err := (tokenOrder{name: "n", project: "p&q", asJSON: true}).carryOut(&out, time.Now()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Token string
		Entry auth.Token
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Entry.Project != "p&q" || got.Token == "" || !got.Entry.Expires.IsZero() {
		t.Errorf("%s: %+v, %v", out.String(), got, err)
	}
}

func TestTokenNewRefuses(t *testing.T) {
	for _, c := range []struct {
		order tokenOrder
		says  string
	}{
		{tokenOrder{project: "p"}, "--name"},
		{tokenOrder{name: "n"}, "--project"},
		{tokenOrder{name: "n", project: "p", expires: "tomorrow"}, "--expires"},
		{tokenOrder{name: "n", project: "p", expires: "-1h"}, "--expires"},
		{tokenOrder{name: "n", project: "p", expires: "2020-01-31T00:00:00Z"}, "has passed"},
		{tokenOrder{name: "n", project: "p", expires: "1ns"}, "--expires"},
		{tokenOrder{name: "n", project: "p", roles: []string{" x"}}, "roles"},
	} {
		var out bytes.Buffer
		err := c.order.carryOut(&out, time.Now())
		var e *exitError
		if err == nil || !strings.Contains(err.Error(), c.says) || !errors.As(err, &e) || e.code != exitUsage || out.Len() > 0 {
			t.Errorf("%+v: got %v and %q", c.order, err, out.String())
		}
	}
}
