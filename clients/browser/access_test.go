package browser_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// testStrangers has pages of two origins try all there is: of one that is allowed,
// and of another.
func testStrangers(t *testing.T, f *fixture) {
	type outcome struct{ Socket, Events, Posts, Reads, Simple any }
	b := f.serve(t, "memory:")
	for _, c := range []struct {
		name, origin string
		want         outcome
	}{
		{"a page of another origin", site(t), outcome{1006.0, "refused", "TypeError", "TypeError", "TypeError"}},
		{"a page that is allowed", f.origin, outcome{"open", "open", 201.0, 200.0, 200.0}},
	} {
		var got outcome
		arguments := located(b.http, map[string]string{"project": "shop"})
		f.browser.open(t, c.origin+"/stranger.html", arguments).eval("outcome", &got)
		if got != c.want {
			t.Errorf("%s got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// testSigned has a page use a queue by what was signed for it.
func testSigned(t *testing.T, f *fixture) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	token := processtest.Token(t, f.marconi, tokens, "shop")
	b := f.serve(t, "memory:", "auth=tokens", "tokens_file="+tokens, "signed_url_secret=the secret of these tests")
	c := callerOf(t, b, "shop", token)
	var grant json.RawMessage
	c.ask("POST", "/v2/queues/news/share", map[string]any{"methods": []string{"GET", "POST"}}, &grant)
	c.ask("POST", "/v2/queues/news/messages", map[string]any{"messages": []any{map[string]any{"body": "before", "ttl": 300}}}, nil)
	f.open(t, "signed.html", b.http, map[string]string{"queue": "news", "grant": string(grant)}).eval("outcome", nil)
}
