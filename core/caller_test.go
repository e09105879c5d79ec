package core_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
)

var queueNames = []struct {
	project, name string
	ok            bool
}{
	{"p", "a", true},
	{"p", "azAZ09_.-", true},
	{"p", ".", true},
	{"p", strings.Repeat("n", 64), true},
	{"p", strings.Repeat("n", 65), false},
	{"p", "", false},
	{"p", "two words", false},
	{"p", "a/b", false},
	{"p", "a:b", false},
	{"p", "a\n", false},
	{"p", "a\x00b", false},
	{"p", "größe", false},
	{"p", "名", false},
	{"", "a", true},
	{"any thing: {} /", "a", true},
	{strings.Repeat("p", 256), "a", true},
	{strings.Repeat("p", 257), "a", false},
	{strings.Repeat("名", 256), "a", true},
	{strings.Repeat("名", 257), "a", false},
}

func TestCheckQueue(t *testing.T) {
	for _, c := range queueNames {
		switch err := core.CheckQueue(c.project, c.name); {
		case c.ok && err != nil:
			t.Errorf("%q of %q: %v", c.name, c.project, err)
		case !c.ok:
			refused(t, err, core.Invalid, "Invalid queue identification",
				"The format of the submitted queue name or project id is not valid.")
		}
	}
}

func TestCallerHasRoles(t *testing.T) {
	who := core.Caller{Roles: []string{"member", "admin"}}
	for role, want := range map[string]bool{"admin": true, "member": true, "adm": false, "": false} {
		same(t, role, who.Has(role), want)
	}
	same(t, "somebody without roles", core.Caller{}.Has("admin"), false)
}
