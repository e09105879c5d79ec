package api_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

func TestUUIDs(t *testing.T) {
	const plain = "3381af922b9e11e3b19171861300734c"
	for _, text := range []string{
		plain,
		"3381AF922B9E11E3B19171861300734C",
		"3381af92-2b9e-11e3-b191-71861300734c",
		"3381Af92-2B9e-11e3-B191-71861300734C",
		"{3381af92-2b9e-11e3-b191-71861300734c}",
		"{{3381af922b9e11e3b19171861300734c}}}",
		"{3381af922b9e11e3b19171861300734c",
		"urn:uuid:3381af92-2b9e-11e3-b191-71861300734c",
		"uuid:3381af922b9e11e3b19171861300734c",
		"urn:3381af922b9e11e3b19171861300734c",
		"{urn:uuid:3381af92-2b9e-11e3-b191-71861300734c}",
		"3-3-8-1-a-f-9-2-2-b-9-e-1-1-e-3-b-1-9-1-7-1-8-6-1-3-0-0-7-3-4-c",
		"----3381af922b9e11e3b19171861300734c----",
	} {
		if got, ok := api.UUIDOf(text); !ok || got != plain {
			t.Errorf("%q: got %q, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"",
		"not-a-uuid",
		"3381af922b9e11e3b19171861300734",
		"3381af922b9e11e3b19171861300734cc",
		"3381af922b9e11e3b19171861300734g",
		" 3381af922b9e11e3b19171861300734c",
		"3381af922b9e11e3b19171861300734c\n",
		"URN:UUID:3381af922b9e11e3b19171861300734c",
		"(3381af922b9e11e3b19171861300734c)",
		"0x81af922b9e11e3b19171861300734c",
		"+381af922b9e11e3b19171861300734c",
		"3381_af92_2b9e_11e3_b191_7186130",
		"３381af922b9e11e3b19171861300734c",
		strings.Repeat("-", 1<<16),
	} {
		if got, ok := api.UUIDOf(text); ok {
			t.Errorf("%q: got %q, want none", text, got)
		}
	}
}

// identified is the caller that a handler makes of headers.
func identified(t *testing.T, o api.Options, caller core.Caller, pairs ...string) (core.Caller, api.Reply) {
	t.Helper()
	c := call("queue_list", "")
	c.Header, c.Caller = headers(pairs...), caller
	reply := newHandler(t, o).Handle(t.Context(), c)
	return c.Caller, reply
}

func TestClientID(t *testing.T) {
	const missing, malformed = `The "Client-Id" header is required.`, "Malformed hexadecimal UUID."
	any10to12 := api.ClientIDRule{Any: true, Min: 10, Max: 12}
	for _, c := range []struct {
		rule             api.ClientIDRule
		text, want, fail string
	}{
		{api.ClientIDRule{}, "3381AF92-2b9e-11e3-b191-71861300734c", client, ""},
		{api.ClientIDRule{}, "", "", malformed},
		{api.ClientIDRule{}, "0123456789", "", malformed},
		{any10to12, "0123456789", "0123456789", ""},
		{any10to12, "0123456789ab", "0123456789ab", ""},
		{any10to12, "äöüäöüäöüäöü", "äöüäöüäöüäöü", ""},
		{any10to12, "012345678", "", malformed},
		{any10to12, "0123456789abc", "", malformed},
		{any10to12, "", "", malformed},
		{any10to12, "3381AF922b9E", "3381AF922b9E", ""},
	} {
		who, reply := identified(t, api.Options{ClientIDs: c.rule}, core.Caller{}, "Client-ID", c.text, "X-Project-Id", "p")
		if c.fail != "" {
			answered(t, reply, 400, "Wrong UUID value", c.fail)
			continue
		}
		answered(t, reply, 200, "", "")
		same(t, "client of "+c.text, who.Client, c.want)
	}
	for _, rule := range []api.ClientIDRule{{}, any10to12, {Any: true}} {
		_, reply := identified(t, api.Options{ClientIDs: rule}, core.Caller{}, "X-Project-Id", "p")
		answered(t, reply, 400, "Missing header value", missing)
	}
}

func TestProject(t *testing.T) {
	const forbidden = "You are not authorized to complete this action."
	for _, c := range []struct {
		name, proven  string
		header        []string
		want          string
		status        int
		title, reason string
	}{
		{"named", "", []string{"X-Project-Id", "p"}, "p", 200, "", ""},
		{"named by a blank", "", []string{"X-Project-Id", " "}, " ", 200, "", ""},
		{"named as a tenant", "", []string{"X-Tenant-Id", "p"}, "p", 200, "", ""},
		{"named as both", "", []string{"X-Project-Id", "p", "X-Tenant-Id", "t"}, "p", 200, "", ""},
		{"long", "", []string{"X-Project-Id", strings.Repeat("x", 257)}, strings.Repeat("x", 257), 200, "", ""},
		{"missing", "", nil, "", 400, "Project-Id Missing", "The header X-PROJECT-ID was missing"},
		{"empty", "", []string{"X-Project-Id", "", "X-Tenant-Id", "t"}, "", 400, "Empty project header not allowed",
			"Project ID cannot be empty. Specify the right project by header X-PROJECT-ID and try again."},
		{"proven", "p", nil, "p", 200, "", ""},
		{"proven and named", "p", []string{"X-Project-Id", "p"}, "p", 200, "", ""},
		{"proven and another named", "p", []string{"X-Project-Id", "q"}, "", 403, "Not authorized", forbidden},
		{"proven and another tenant named", "p", []string{"X-Tenant-Id", "q"}, "", 403, "Not authorized", forbidden},
		{"proven and none named", "p", []string{"X-Project-Id", ""}, "", 403, "Not authorized", forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			who, reply := identified(t, api.Options{}, core.Caller{Project: c.proven}, append(c.header, "Client-ID", client)...)
			answered(t, reply, c.status, c.title, c.reason)
			if c.status == 200 {
				same(t, "project", who.Project, c.want)
			}
		})
	}
}

func TestLongProjectHasNoQueues(t *testing.T) {
	for _, c := range []struct {
		length, status int
	}{{256, 200}, {257, 400}} {
		for _, letter := range []string{"x", "é"} {
			plain := call("queue_get", `{"queue_name": "q"}`)
			inPath := call("queue_get", "")
			inPath.Params = given("queue_name", "q")
			for _, asked := range []*api.Call{plain, inPath} {
				asked.Header = headers("Client-ID", client, "X-Project-Id", strings.Repeat(letter, c.length))
				answered(t, newHandler(t, api.Options{}).Handle(t.Context(), asked), c.status,
					"Invalid queue identification", "The format of the submitted queue name or project id is not valid.")
			}
		}
	}
}
