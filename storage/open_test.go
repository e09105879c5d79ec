package storage_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stackforge/marconi/storage"
)

var errRefused = errors.New("refused")

// refuse is an opener that takes every URL, remembers it, and opens none.
func refuse(asked *string) storage.Opener {
	return func(u *url.URL) (storage.Open, error) {
		*asked = u.String()
		return func(context.Context) (storage.Driver, error) { return nil, errRefused }, nil
	}
}

// misread is an opener that takes no URL.
func misread(*url.URL) (storage.Open, error) { return nil, errRefused }

func TestOpenersFindByScheme(t *testing.T) {
	var a, b string
	o := storage.Openers{"one": refuse(&a), "two": refuse(&b)}
	if _, err := o.Open(t.Context(), "two://host/path?x=1"); !errors.Is(err, errRefused) {
		t.Errorf("Open answered %v, want what the opener said", err)
	}
	if a != "" || b != "two://host/path?x=1" {
		t.Errorf("one was asked for %q, two for %q", a, b)
	}
	if open, err := o.Parse("one:x"); err != nil || open == nil || a != "one:x" {
		t.Errorf("Parse answered %v, and one was asked for %q", err, a)
	}
	if got := o.Schemes(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("Schemes are %v", got)
	}
}

func TestOpenersRefuse(t *testing.T) {
	var asked string
	o := storage.Openers{"one": refuse(&asked), "two": misread}
	for _, c := range []struct {
		text, says string
		read       bool // it is opening that fails
	}{
		{"three://x", `store three://x: unknown scheme "three"; there are: one, two`, false},
		{"three://u:hunter2@x", "store three://u:xxxxx@x: unknown scheme", false},
		{"", `unknown scheme ""`, false},
		{"one://u:hunter2@h:p%zz", "store: not a URL", false},
		{"one://u:hunter2@h", "store one://u:xxxxx@h: refused", true},
		{"one://h?sentinel_password=hunter2", "store one://h?sentinel_password=xxxxx: refused", true},
		{"two://h?sentinel_password=hunter2", "store two://h?sentinel_password=xxxxx: refused", false},
		{"two:u:hunter2@h", "store two:(hidden): refused", false},
	} {
		if _, err := o.Parse(c.text); (err == nil) != c.read {
			t.Errorf("Parse(%q) answered %v", c.text, err)
		}
		_, err := o.Open(t.Context(), c.text)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) answered %v, want %q", c.text, err, c.says)
		}
	}
}

// No text makes Open panic, or repeat a password.
func FuzzOpenersOpen(f *testing.F) {
	for _, text := range []string{"one:", "one://user:hunter2@host:1/p?q=1#f", "://", "one://[::1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var asked string
		_, err := storage.Openers{"one": refuse(&asked)}.Open(t.Context(), text)
		if err == nil {
			t.Fatal("nothing refused")
		}
		u, bad := url.Parse(text)
		if bad != nil || u.User == nil {
			return
		}
		if password, set := u.User.Password(); set && len(password) > 5 && strings.Contains(err.Error(), ":"+password+"@") {
			t.Errorf("%v repeats the password", err)
		}
	})
}
