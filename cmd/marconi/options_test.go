package main

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
)

// docs is the table of keys that users read: key to default.
func docs(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	row := regexp.MustCompile("^\\| `([a-z_]+)` \\| (?:`(.*?)`)? ?\\| \\S")
	for _, table := range strings.Split(string(text), "| key | default | meaning |\n|---|---|---|\n")[1:] {
		for line := range strings.Lines(table) {
			if !strings.HasPrefix(line, "|") {
				break
			}
			m := row.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("a row that nobody can read: %s", line)
			}
			rows[m[1]] = m[2]
		}
	}
	return rows
}

func TestEveryOptionIsDocumented(t *testing.T) {
	rows := docs(t)
	c := defaults()
	for _, o := range c.options() {
		is, there := rows[o.key]
		if !there {
			t.Errorf("%s has no row in docs/configuration.md", o.key)
		}
		if is != o.value.show() {
			t.Errorf("%s: the documents say that the default is %q, and it is %q", o.key, is, o.value.show())
		}
		if o.about == "" {
			t.Errorf("%s says nothing of itself", o.key)
		}
		delete(rows, o.key)
	}
	for key := range rows {
		t.Errorf("docs/configuration.md has a row %q that is no option", key)
	}
}

func TestEveryLimitIsAnOption(t *testing.T) {
	c := defaults()
	places := make(map[string]any)
	for _, o := range c.limitOptions() {
		places[o.key] = o.value.(count).to
	}
	v := reflect.ValueOf(&c.limits).Elem()
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("json")
		if places[key] != v.Field(i).Addr().Interface() {
			t.Errorf("%s is no option, or another limit's", key)
		}
	}
	if len(places) != v.NumField() {
		t.Errorf("there are %d options for %d limits", len(places), v.NumField())
	}
	if c.limits != core.DefaultLimits() {
		t.Errorf("defaults: got %+v", c.limits)
	}
}

func TestDefaultsAreInOrder(t *testing.T) {
	if l, err := load(flags{}, nil); err != nil || len(l.from) > 0 {
		t.Errorf("got %v, %v", l.from, err)
	}
	c := defaults()
	for _, o := range c.options() {
		if _, off := o.value.(text); off || o.key == "admin" {
			continue
		}
		if err := o.value.set(o.value.show()); err != nil {
			t.Errorf("%s does not take its own default: %v", o.key, err)
		}
	}
}
