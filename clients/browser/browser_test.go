package browser_test

import (
	"path/filepath"
	"testing"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// TestBrowser opens pages in one browser, each against brokers of its own.
func TestBrowser(t *testing.T) {
	f := &fixture{marconi: processtest.Build(t), browser: launch(t), origin: site(t)}
	for name, test := range map[string]func(*testing.T, *fixture){
		"sample":       testSample,
		"socket":       testSocket,
		"subscription": testSubscription,
		"events":       testEvents,
		"work":         testWork,
		"leaving":      testLeaving,
		"strangers":    testStrangers,
		"signed":       testSigned,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

// testSample does what the JavaScript samples of Zaqar do.
func testSample(t *testing.T, f *fixture) {
	file := filepath.Join(t.TempDir(), "tokens")
	token := processtest.Token(t, f.marconi, file, "shop")
	for name, c := range map[string]struct {
		options []string
		token   string
	}{
		"believed":    {},
		"with tokens": {options: []string{"auth=tokens", "tokens_file=" + file}, token: token},
	} {
		b := f.serve(t, "memory:", c.options...)
		for _, encoding := range []string{"json", "msgpack"} {
			t.Run(name+" in "+encoding, func(t *testing.T) {
				arguments := map[string]string{"project": "shop", "encoding": encoding}
				if c.token != "" {
					arguments["token"] = c.token
				}
				f.open(t, "sample.html", b.http, arguments).eval("outcome", nil)
			})
		}
	}
}
