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

// refuse is an opener that remembers what it was asked to open.
func refuse(asked *string) storage.Opener {
	return func(_ context.Context, u *url.URL) (storage.Driver, error) {
		*asked = u.String()
		return nil, errRefused
	}
}

func TestOpenersFindByScheme(t *testing.T) {
	var a, b string
	o := storage.Openers{"one": refuse(&a), "two": refuse(&b)}
	if _, err := o.Open(t.Context(), "two://host/path?x=1"); !errors.Is(err, errRefused) {
		t.Errorf("Open answered %v, want what the opener said", err)
	}
	if a != "" || b != "two://host/path?x=1" {
		t.Errorf("one was asked for %q, two for %q", a, b)
	}
	if got := o.Schemes(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("Schemes are %v", got)
	}
}

func TestOpenersRefuse(t *testing.T) {
	var asked string
	o := storage.Openers{"one": refuse(&asked)}
	for text, want := range map[string]string{
		"three://x":         `unknown scheme "three"; there are: one`,
		"":                  `unknown scheme ""`,
		"one://u:pw@h:p%zz": "not a URL",
		"one://u:secret@h":  "one://u:xxxxx@h: refused",
	} {
		_, err := o.Open(t.Context(), text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) answered %v, want %q", text, err, want)
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
