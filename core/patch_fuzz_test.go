package core_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
)

// A patch is carried out or refused in words of the broker's, and what is shown
// afterwards is an object.
func FuzzPatch(f *testing.F) {
	for _, s := range []struct{ op, path, value string }{
		{"add", "/metadata/a~1b~0c", `[1, {"x": null}]`},
		{"replace", "/Metadata/_default_message_ttl", "60"},
		{"remove", "/x/known", "null"},
		{"add", "/metadata/_dead_letter_queue", `"dead"`},
		{"move", "//", `""`},
	} {
		f.Add(s.op, s.path, s.value)
	}
	who := core.Caller{Project: "p"}
	f.Fuzz(func(t *testing.T, op, path, value string) {
		v := jsontext.Value(value)
		if !v.IsValid() {
			return // the door refuses it
		}
		b, err := core.New(t.Context(), memstore.New(memstore.Config{}), core.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.CreateQueue(t.Context(), who, core.QueueCreateRequest{Queue: "q", Metadata: jsontext.Value(`{"known":1}`)}); err != nil {
			t.Fatal(err)
		}
		shown, err := b.UpdateQueue(t.Context(), who, core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{{Op: op, Path: path, Value: v}}})
		var refused *core.Error
		switch {
		case errors.As(err, &refused):
			if refused.Code != core.Invalid && refused.Code != core.Conflict {
				t.Errorf("code %v: %v", refused.Code, err)
			}
		case err != nil:
			t.Error(err)
		default:
			var m map[string]json.RawMessage
			if err := json.Unmarshal(shown.Metadata, &m); err != nil {
				t.Errorf("%s: %v", shown.Metadata, err)
			}
		}
	})
}
