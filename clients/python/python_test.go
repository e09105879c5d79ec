package python_test

import (
	"path/filepath"
	"testing"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// TestPython runs what is written in Python against brokers of their own.
func TestPython(t *testing.T) {
	marconi := processtest.Build(t)
	for name, open := range stores {
		t.Run("clients on "+name, func(t *testing.T) { testClients(t, marconi, open(t)) })
	}
	t.Run("zaqar", func(t *testing.T) { testZaqar(t, marconi) })
}

// testClients runs python-zaqarclient and the commands made of it, against a
// broker that believes its callers and another that knows them by tokens.
func testClients(t *testing.T, marconi, store string) {
	t.Parallel()
	needs(t, map[string]string{
		"zaqarclient":     "python3-zaqarclient",
		"openstackclient": "python3-openstackclient",
		"websocket":       "python3-websocket",
	})
	file := filepath.Join(t.TempDir(), "tokens")
	env := []string{
		"TOKEN=" + processtest.Token(t, marconi, file, "shop"),
		"ADMIN_TOKEN=" + processtest.Token(t, marconi, file, "operators", "admin"),
		"BROKER_URL=" + serve(t, marconi, store, "admin_mode=true"),
		"TOKENS_URL=" + serve(t, marconi, "memory:", "admin_mode=true", "auth=tokens", "tokens_file="+file, "signed_url_secret=the secret of these tests"),
	}
	run(t, env, mustPass, "report.py",
		"test_queues", "test_metadata", "test_messages", "test_claims", "test_service", "test_signed", "test_websocket", "test_commands")
}
