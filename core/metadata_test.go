package core_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/stackforge/marconi/core"
)

func TestMetadataIsKeptAsGiven(t *testing.T) {
	for given, want := range map[string]string{
		``:                                  `{}`,
		`{}`:                                `{}`,
		` { } `:                             `{}`,
		`{"b":1,"a":2}`:                     `{"b":1,"a":2}`,
		`{ "b" : 1 , "a" : [ 1, 2 ] }`:      `{"b":1,"a":[ 1, 2 ]}`,
		`{"a":1,"b":2,"a":3}`:               `{"a":3,"b":2}`,
		`{"a":{"x":1,"x":2}}`:               `{"a":{"x":1,"x":2}}`,
		`{"n":12345678901234567890.50}`:     `{"n":12345678901234567890.50}`,
		`{"":null,"\u0061":"\u00e9"}`:       `{"":null,"a":"\u00e9"}`,
		`{"größe \"\\ \u0000":"<script>&"}`: `{"größe \"\\ \u0000":"<script>&"}`,
	} {
		got, err := core.Canonical(given)
		if err != nil || got != want {
			t.Errorf("%s: got %s (%v), want %s", given, got, err, want)
		}
		w := newWorld(t, core.Options{})
		w.create("q", given)
		same(t, given, w.stored("q"), want)
	}
}

func TestMetadataMustBeAnObject(t *testing.T) {
	w := newWorld(t, core.Options{})
	for _, given := range []string{
		`null`, `[]`, `1`, `"{}"`, `true`, `x`, ` `, `{`, `{"a"}`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{"a":1 "b":2}`,
		`{} {}`, `{}x`, `{1:2}`, "{\"\xff\":1}", "{\"a\":\"\xff\"}",
	} {
		err := try(w, w.CreateQueue, core.QueueCreateRequest{Queue: "q", Metadata: []byte(given)})
		refused(t, err, core.Invalid, "Invalid request body", "Queue metadata must be an object.")
	}
	same(t, "a bad request makes a queue", w.exists("q"), false)
}

// Other readers of JSON see no difference between metadata as given and as kept.
func TestMetadataKeepsItsMeaning(t *testing.T) {
	objects := rapid.Custom(drawObject)
	rapid.Check(t, func(t *rapid.T) {
		given := objects.Draw(t, "object")
		kept, err := core.Canonical(given)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := core.Canonical(kept); err != nil || again != kept {
			t.Fatalf("%s becomes %s (%v) the second time", kept, again, err)
		}
		if a, b := meaning(t, given), meaning(t, kept); !reflect.DeepEqual(a, b) {
			t.Fatalf("%s means %v\nbut %s means %v", given, a, kept, b)
		}
	})
}

// meaning is of each name the last value, as text.
func meaning(t *rapid.T, object string) map[string]string {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &m); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for name, value := range m {
		texts[name] = string(value)
	}
	return texts
}
