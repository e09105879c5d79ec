package storage_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/storage"
)

func TestNearest(t *testing.T) {
	known := []string{"http", "store", "max_message_ttl", "max_message_delay", "max_claim_ttl"}
	for name, want := range map[string]string{
		"htpp":            "http",
		"HTTP":            "http",
		"":                "",
		"stores":          "store",
		"max-message-ttl": "max_message_ttl",
		"max_mesage_ttl":  "max_message_ttl",
		"max_claims_ttl":  "max_claim_ttl",
		"sotre":           "store", // 2 of 5
		"htp":             "http",
		"hp":              "", // 2 of 2
		"foo":             "",
		"storage":         "store",
		"stores12":        "store", // 3 of 8
		"stores123":       "",      // 4 of 9
		"message_delay":   "",      // 4 of 13
		"http_port":       "",
	} {
		if got := storage.Nearest(strings.ToLower(name), known); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got := storage.Nearest("x", nil); got != "" {
		t.Errorf("of nothing: got %q", got)
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		n    int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"ab", "ba", 2},
	} {
		if got := storage.Edits(c.a, c.b); got != c.n {
			t.Errorf("from %q to %q: got %d, want %d", c.a, c.b, got, c.n)
		}
	}
}
