package auth_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	pathpkg "path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/auth"
)

// gate is an authenticator that knows grants, around one that believes callers.
type gate struct {
	t      testing.TB
	now    time.Time
	broker *core.Broker
	auth   api.Authenticator
}

func newGate(t testing.TB) *gate {
	t.Helper()
	g := &gate{t: t, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	b, err := core.New(t.Context(), memstore.New(memstore.Config{}), core.Options{
		Secrets: [][]byte{[]byte("sekrit")},
		Now:     func() time.Time { return g.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	g.broker, g.auth = b, auth.Signed(b, auth.None())
	return g
}

// signed are the headers of a grant.
func (g *gate) signed(project, queue, share string) map[string]string {
	g.t.Helper()
	grant, err := g.broker.ShareQueue(context.Background(), core.Caller{Project: project}, core.QueueShareRequest{Queue: queue, Share: jsontext.Value(share)})
	if err != nil {
		g.t.Fatal(err)
	}
	return map[string]string{
		"X-Project-Id":  grant.Project,
		"URL-Signature": grant.Signature,
		"URL-Expires":   grant.Expires,
		"URL-Methods":   strings.Join(grant.Methods, ","),
		"URL-Paths":     strings.Join(grant.Paths, ","),
	}
}

// asked is a call over HTTP.
func asked(method, path string, headers map[string]string) *api.Call {
	c := call()
	for name, value := range headers {
		c.Header = with(c.Header, name, value)
	}
	c.Method, c.Path = method, path
	return c
}

func with(others func(string) (string, bool), name, value string) func(string) (string, bool) {
	return func(asked string) (string, bool) {
		if http.CanonicalHeaderKey(asked) == http.CanonicalHeaderKey(name) {
			return value, true
		}
		return others(asked)
	}
}

// passes checks whether a call is let through; if it is, as nobody but the bearer
// of a grant for "shop".
func (g *gate) passes(t testing.TB, what string, c *api.Call, want bool) {
	t.Helper()
	who, err := g.auth.Authenticate(context.Background(), c)
	switch {
	case want && err != nil:
		t.Errorf("%s: refused: %v", what, err)
	case want && (who.Project != "shop" || who.Client != "" || len(who.Roles) > 0 || who.Expires.IsZero()):
		t.Errorf("%s: it passed as %+v", what, who)
	case !want && err == nil:
		t.Errorf("%s: it passed as %+v", what, who)
	case !want && !errors.Is(err, api.ErrGrant):
		t.Errorf("%s: refused with %v", what, err)
	}
}

func TestSignedPaths(t *testing.T) {
	g := newGate(t)
	headers := g.signed("shop", "q.1", `{"paths": ["messages", "claims"]}`)
	for path, want := range map[string]bool{
		"/v2/queues/q.1/messages":            true,
		"/v2/queues/q.1/messages/m":          true,
		"/v2/queues/q.1/messages/m%2B1":      true,
		"/v2/queues/q%2e1/messages":          true,
		"/%76%32/queues/q.1/messages":        true,
		"/v2/queues/q.1/claims/c":            true,
		"/v2/queues/q.1/claims":              true,
		"/v2/queues/q.1":                     false,
		"/v2/queues/q.1/":                    false,
		"/v2/queues/q.1/share":               false,
		"/v2/queues/q.1/subscriptions":       false,
		"/v2/queues/q.1/messagesx":           false,
		"/v2/queues/q.1/message":             false,
		"/v2/queues/q.1/Messages":            false,
		"/v2/queues/qx1/messages":            false, // to a pattern a dot would be any character
		"/v2/queues/q.12/messages":           false,
		"/v2/queues/q/messages":              false,
		"/v2/queues/xq.1/messages":           false,
		"/x/v2/queues/q.1/messages":          false, // a pattern would be found anywhere
		"v2/queues/q.1/messages":             false,
		"//v2/queues/q.1/messages":           false,
		"/v2//queues/q.1/messages":           false,
		"/v2/queues/x/v2/queues/q.1":         false,
		"/v1/queues/q.1/messages":            false,
		"/v2/queues/q.1/messages/":           false,
		"/v2/queues/q.1/messages//":          false,
		"/v2/queues/q.1/messages/..":         false,
		"/v2/queues/q.1/messages/../claims":  false,
		"/v2/queues/q.1/messages/%2e%2e/x":   false,
		"/v2/queues/q.1/messages/.":          false,
		"/v2/queues/q.1/messages/a%2Fb":      false,
		"/v2/queues/q.1/messages/%2e%2e%2fx": false,
		"/v2/queues/q.1/messages/..%5cx":     false,
		"/v2/queues/q.1%2Fmessages":          false,
		"/v2%2Fqueues%2Fq.1%2Fmessages":      false,
		"/v2/queues/../queues/q.1/messages":  false,
		"/v2/queues/q.1/x/../messages":       false,
		"/v2/queues/q.1/messages/%zz":        false,
		"/v2/queues/q.1/messages%00":         false,
		"/":                                  false,
		"":                                   false,
	} {
		g.passes(t, path, asked("GET", path, headers), want)
	}
}

func TestSignedMethods(t *testing.T) {
	g := newGate(t)
	headers := g.signed("shop", "q", `{"methods": ["GET", "POST"]}`)
	for method, want := range map[string]bool{"GET": true, "POST": true, "DELETE": false, "get": false, "HEAD": false, "GET,POST": false, "OPTIONS": false} {
		g.passes(t, method, asked(method, "/v2/queues/q/messages", headers), want)
	}
}

// TestSignedHeaders changes the headers of a grant that would hold.
func TestSignedHeaders(t *testing.T) {
	g := newGate(t)
	const messages, claims = "/v2/queues/q/messages", "/v2/queues/q/claims"
	headers := g.signed("shop", "q", `{"paths": ["messages", "claims"], "methods": ["GET", "POST"]}`)
	signature := headers["URL-Signature"]
	for _, c := range []struct {
		name, header, value string
		want                bool
	}{
		{"nothing", "X-Nothing", "", true},
		{"paths in another order", "URL-Paths", messages + "," + claims, true},
		{"paths with blanks", "URL-Paths", " " + messages + " ,\t" + claims + ",", true},
		{"paths as JSON", "URL-Paths", `["` + messages + `", "` + claims + `"]`, true},
		{"methods in another order", "URL-Methods", "POST,GET", true},
		{"methods as JSON", "URL-Methods", `["POST","GET"]`, true},
		{"roles", "X-Roles", "admin", true}, // which are not believed: see passes
		{"a token", "X-Auth-Token", "x", true},
		{"another tenant", "X-Tenant-Id", "other", true}, // the project is what counts
		{"an expiry in another zone", "URL-Expires", "2026-05-02T14:00:00+02:00", true},

		{"another project", "X-Project-Id", "other", false},
		{"no project", "X-Project-Id", "", false},
		{"a path too few", "URL-Paths", messages, false},
		{"a path twice", "URL-Paths", messages + "," + messages + "," + claims, false},
		{"a path more", "URL-Paths", messages + "," + claims + ",/v2", false},
		{"no paths", "URL-Paths", "", false},
		{"only commas", "URL-Paths", ",,", false},
		{"letters", "URL-Paths", strings.Join(strings.Split(messages, ""), ","), false},
		{"an empty array of paths", "URL-Paths", "[]", false},
		{"an array of an empty path", "URL-Paths", `[""]`, false},
		{"an array of null", "URL-Paths", `[null]`, false},
		{"half an array", "URL-Paths", `["` + messages + `"`, false},
		{"an array of one text", "URL-Paths", `["` + messages + "," + claims + `"]`, false},
		{"the methods in the paths", "URL-Paths", messages + `\nGET`, false},
		{"no methods", "URL-Methods", "", false},
		{"a method too few", "URL-Methods", "GET", false},
		{"a method more", "URL-Methods", "DELETE,GET,POST", false},
		{"small methods", "URL-Methods", "get,post", false},
		{"no expiry", "URL-Expires", "", false},
		{"an expiry that is none", "URL-Expires", "not a real date", false},
		{"a later expiry", "URL-Expires", "2026-05-02T12:00:01", false},
		{"an earlier expiry", "URL-Expires", "2015-01-01T00:00:00", false},
		{"large digits", "URL-Signature", strings.ToUpper(signature), false},
		{"a blank behind the signature", "URL-Signature", signature + " ", false},
		{"two signatures", "URL-Signature", signature + "," + signature, false},
		{"half a signature", "URL-Signature", signature[:32], false},
		{"another signature", "URL-Signature", "dummy", false},
	} {
		changed := maps.Clone(headers)
		changed[c.header] = c.value
		g.passes(t, c.name, asked("GET", messages+"/m", changed), c.want)
	}
}

func TestSignedExpires(t *testing.T) {
	g := newGate(t)
	c := asked("GET", "/v2/queues/q/messages", g.signed("shop", "q", `{"expires": "2026-05-01T12:01:00"}`))
	who, err := g.auth.Authenticate(t.Context(), c)
	if want := time.Date(2026, 5, 1, 12, 1, 0, 0, time.UTC); err != nil || !who.Expires.Equal(want) {
		t.Errorf("it holds until %v, want %v: %v", who.Expires, want, err)
	}
	g.now = g.now.Add(59 * time.Second)
	g.passes(t, "a second before", c, true)
	g.now = g.now.Add(time.Second)
	g.passes(t, "at the end", c, false)
	g.now = g.now.Add(time.Second)
	g.passes(t, "a second after", c, false)
}

// TestSignedElsewhere is of doors where actions and bodies stand in for methods
// and paths.
func TestSignedElsewhere(t *testing.T) {
	g := newGate(t)
	reading, all := g.signed("shop", "q", `{}`), g.signed("shop", "q", `{"methods": ["GET", "POST", "DELETE"]}`)
	claims := g.signed("shop", "q", `{"paths": ["claims"]}`)
	for _, h := range []map[string]string{reading, all, claims} {
		h["URL-Methods"] = `["` + strings.ReplaceAll(h["URL-Methods"], ",", `","`) + `"]`
		h["URL-Paths"] = `["` + h["URL-Paths"] + `"]`
	}
	for _, c := range []struct {
		headers      map[string]string
		action, body string
		want         bool
	}{
		{reading, "message_list", `{"queue_name": "q"}`, true},
		{reading, "message_get", `{"queue_name": "q", "message_id": "m"}`, true},
		{reading, "message_get_many", `{"queue_name": "q"}`, true},
		{reading, "message_post", `{"queue_name": "q"}`, false},
		{reading, "message_delete", `{"queue_name": "q"}`, false},
		{reading, "message_delete_many", `{"queue_name": "q"}`, false},
		{all, "message_post", `{"queue_name": "q"}`, true},
		{all, "message_delete", `{"queue_name": "q"}`, true},
		{all, "message_delete_many", `{"queue_name": "q"}`, true},
		{all, "queue_delete", `{"queue_name": "q"}`, false},
		{all, "queue_share", `{"queue_name": "q"}`, false},
		{all, "claim_create", `{"queue_name": "q"}`, false},
		{all, "subscription_create", `{"queue_name": "q"}`, false},
		{all, "authenticate", `{"queue_name": "q"}`, false},
		{all, "", `{"queue_name": "q"}`, false},
		{claims, "message_list", `{"queue_name": "q"}`, false},

		{all, "message_list", `{"queue_name": "q2"}`, false},
		{all, "message_list", `{"queue_name": "q", "queue_name": "q2"}`, false},
		{all, "message_list", `{"queue_name": "q2", "queue_name": "q"}`, true}, // the last is what is read
		{all, "message_list", `{"queue\u005fname": "q"}`, true},
		{all, "message_list", `{"Queue_name": "q"}`, false},
		{all, "message_list", `{"queue_name": "%71"}`, false},
		{all, "message_list", `{"queue_name": "q/messages"}`, false},
		{all, "message_list", `{"queue_name": ""}`, false},
		{all, "message_list", `{"queue_name": ["q"]}`, false},
		{all, "message_list", `{"queue_name": "q"`, false},
		{all, "message_list", ``, false},
	} {
		call := asked("", "", c.headers)
		call.Action, call.Body = c.action, []byte(c.body)
		g.passes(t, c.action+" "+c.body, call, c.want)
	}
}

func TestWithoutASignature(t *testing.T) {
	g := newGate(t)
	for _, signature := range []string{"none", ""} {
		c := asked("GET", "/v2/queues/q/messages", map[string]string{"X-Roles": "admin", "URL-Paths": "x"})
		if signature == "" {
			c.Header = with(c.Header, "URL-Signature", "")
		}
		who, err := g.auth.Authenticate(t.Context(), c)
		if err != nil || !slices.Equal(who.Roles, []string{"admin"}) {
			t.Errorf("%q: got %+v, %v, want what the others say", signature, who, err)
		}
	}
	o := newOffice(t)
	if got, want := auth.Signed(g.broker, o.auth).Challenge(), o.auth.Challenge(); got != want {
		t.Errorf("Challenge: got %q, want %q", got, want)
	}
	if _, err := auth.Signed(g.broker, o.auth).Authenticate(t.Context(), call()); !errors.Is(err, api.ErrUnauthenticated) {
		t.Errorf("got %v", err)
	}
}

// FuzzSigned looks for a call that passes and should not.
func FuzzSigned(f *testing.F) {
	f.Add("GET", "/v2/queues/q/messages/m", "GET,POST", "/v2/queues/q/messages", "shop", "2026-05-02T12:00:00")
	f.Add("POST", "/v2/queues/q/messages/%2e%2e/claims", `["GET","POST"]`, `["/v2/queues/q/messages"]`, "shop", "2026-05-02")
	f.Add("DELETE", "/v2/queues/q2/messages", "", "/", `\n`, "")
	g := newGate(f)
	signature := g.signed("shop", "q", `{"methods": ["GET", "POST"]}`)["URL-Signature"]
	f.Fuzz(func(t *testing.T, method, path, methods, paths, project, expires string) {
		c := asked(method, path, map[string]string{
			"X-Project-Id": project, "URL-Signature": signature, "URL-Expires": expires, "URL-Methods": methods, "URL-Paths": paths,
		})
		c.Action, c.Body = "message_list", []byte(`{"queue_name": "q"}`)
		who, err := g.auth.Authenticate(context.Background(), c)
		if err != nil {
			if !errors.Is(err, api.ErrGrant) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if who.Project != "shop" || method != "" && method != "GET" && method != "POST" {
			t.Errorf("%s passed as %+v", method, who)
		}
		plain, err := url.PathUnescape(path)
		if err != nil || method != "" && (!strings.HasPrefix(plain+"/", "/v2/queues/q/messages/") || pathpkg.Clean(plain) != plain) {
			t.Errorf("%q passed", path)
		}
	})
}
