package ws_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/ws"
)

// documented is a door whose clock stands still, as in the documents.
func documented(t *testing.T) *client {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b := transporttest.Broker(t, core.Options{Now: func() time.Time { return at }})
	return serve(t, ws.Config{Broker: b, Handler: api.New(b, api.Options{AdminMode: true}, api.Observe(nil, nil))}).dial()
}

// made is what the broker makes up: IDs, positions, names of connections.
var made = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}`)

// reading is a document that is being played: names stand for what it shows that
// the broker has made up otherwise.
type reading struct {
	names map[string]string // what the document has → a hole
	holes transporttest.Holes
}

func newReading() *reading { return &reading{map[string]string{}, transporttest.Holes{}} }

// asked is a text that is sent. What nobody has answered yet stands for itself.
func (r *reading) asked(t *testing.T, text string) string {
	t.Helper()
	filled, err := r.holes.Fill(made.ReplaceAllStringFunc(text, func(s string) string {
		if hole, known := r.names[s]; known {
			return hole
		}
		r.names[s] = s
		return s
	}))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return filled
}

// match compares what came with the text for it.
func (r *reading) match(text, got string) error {
	want := made.ReplaceAllStringFunc(text, func(s string) string {
		if r.names[s] == "" {
			r.names[s] = fmt.Sprintf("$m%d", len(r.names))
		}
		return r.names[s]
	})
	return r.holes.Match([]byte(want), []byte(got))
}

// oneOf finds the text that fits what came, and returns the others.
func (r *reading) oneOf(texts []string, got string) (rest []string, err error) {
	for i, text := range texts {
		try := &reading{maps.Clone(r.names), maps.Clone(r.holes)}
		if err = try.match(text, got); err == nil {
			*r = *try
			return slices.Delete(slices.Clone(texts), i, i+1), nil
		}
	}
	return texts, err
}

// The conversations in docs/websocket.md are as they would be.
func TestConversations(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/websocket.md")
	if err != nil {
		t.Fatal(err)
	}
	c, r := documented(t), newReading()
	played := 0
	for i, block := range strings.Split(string(text), "```") {
		if i%2 == 0 || !strings.HasPrefix(block, "\n> ") {
			continue
		}
		for exchange := range strings.SplitSeq(block[3:], "\n> ") {
			parts := strings.Split(exchange, "\n< ")
			c.send(r.asked(t, parts[0]))
			want := parts[1:]
			for len(want) > 0 {
				got := c.receive().text
				rest, err := r.oneOf(want, got)
				if err != nil {
					t.Fatalf("%s\nanswered %s\nnone of %q\n%v", parts[0], got, want, err)
				}
				want = rest
			}
			played++
		}
	}
	if played < 5 {
		t.Errorf("only %d requests were found", played)
	}
}

// asyncAPI is docs/asyncapi.yaml.
func asyncAPI(t *testing.T) schemas {
	t.Helper()
	text, err := os.ReadFile("../../docs/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	v, err := parseYAML(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return schemas{document: v.(map[string]any)}
}

// messages are the messages of the document by their names.
func (s schemas) messages(t *testing.T) map[string]map[string]any {
	t.Helper()
	v, err := s.at("#/components/messages")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for name, m := range v.(map[string]any) {
		out[name] = m.(map[string]any)
	}
	return out
}

// example is a message as the document shows it.
type example struct{ message, text string }

// examples are those of all messages, by the step that they belong to.
func examples(t *testing.T, messages map[string]map[string]any) map[string][]example {
	t.Helper()
	out := map[string][]example{}
	for name, m := range messages {
		list, _ := m["examples"].([]any)
		for _, e := range list {
			e := e.(map[string]any)
			text, err := json.Marshal(e["payload"])
			if err != nil {
				t.Fatal(err)
			}
			step, _ := e["name"].(string)
			out[step] = append(out[step], example{name, string(text)})
		}
	}
	return out
}

// valid checks what came against the schema of its message.
func (s schemas) valid(t *testing.T, messages map[string]map[string]any, name, text string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if err := s.check(name, messages[name]["payload"], v); err != nil {
		t.Errorf("%s\n%v", text, err)
	}
}

// What docs/asyncapi.yaml shows is asked of the door, which does as it says.
func TestAsyncAPIExamples(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	messages := doc.messages(t)
	all := examples(t, messages)
	c, r := documented(t), newReading()
	var pushes []string
	for _, step := range slices.Sorted(maps.Keys(all)) {
		request, answer, told := parts(t, all[step])
		doc.valid(t, messages, request.message, request.text)
		c.send(r.asked(t, request.text))
		f := c.receive()
		for ; f.Request == nil; f = c.receive() {
			pushes = append(pushes, f.text)
		}
		if err := r.match(answer.text, f.text); err != nil {
			t.Errorf("%s: %s\nanswered %s\n%v", step, request.text, f.text, err)
		}
		doc.valid(t, messages, answer.message, f.text)
		for _, e := range told {
			for !slices.ContainsFunc(pushes, func(came string) bool {
				_, err := r.oneOf([]string{e.text}, came)
				return err == nil
			}) {
				pushes = append(pushes, c.receive().text)
			}
		}
	}
	names := map[string]string{"Notification": "notification", "Fact": "fact", "Claim": "claim"}
	for _, text := range pushes {
		var f frame
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		doc.valid(t, messages, names[f.Type], text)
	}
}

// parts are what a step has: a request, the answer to it, and what is told then.
func parts(t *testing.T, step []example) (request, answer example, told []example) {
	t.Helper()
	for _, e := range step {
		switch {
		case strings.Contains(e.text, `"Message_Type":`):
			told = append(told, e)
		case strings.Contains(e.text, `"request":`):
			answer = e
		default:
			request = e
		}
	}
	if request.text == "" || answer.text == "" {
		t.Fatalf("a request and its answer were expected: %v", step)
	}
	return request, answer, told
}

// The document has all actions that the door knows, and no others.
func TestAsyncAPIActions(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	operations, err := doc.at("#/operations")
	if err != nil {
		t.Fatal(err)
	}
	var documentedActions []string
	for name, o := range operations.(map[string]any) {
		if o.(map[string]any)["action"] == "receive" {
			documentedActions = append(documentedActions, name)
		}
	}
	slices.Sort(documentedActions)
	var home struct{ Actions []string }
	if err := json.Unmarshal(documented(t).ask(200, "get_home_doc", `{}`).Body, &home); err != nil {
		t.Fatal(err)
	}
	actions := append(home.Actions, "check_node_health") // which is for operators
	slices.Sort(actions)
	if !slices.Equal(actions, documentedActions) {
		t.Errorf("documented %q\nthere are  %q", documentedActions, actions)
	}
}

// Every field in the document means something: what it requires must be there, and
// what it gives a type must be of that type.
func TestAsyncAPIFields(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	c := documented(t)
	for name, message := range doc.messages(t) {
		flat, err := doc.flatten(message["payload"].(map[string]any))
		if err != nil {
			t.Fatal(err)
		}
		properties, _ := flat["properties"].(map[string]any)
		body, _ := properties["body"].(map[string]any)
		fields, _ := body["properties"].(map[string]any)
		if properties["request"] != nil || properties["action"] == nil || fields == nil {
			continue
		}
		required, _ := body["required"].([]any)
		for field, schema := range fields {
			for _, wrong := range wrongFor(schema.(map[string]any), slices.Contains(required, any(field))) {
				given := map[string]any{}
				for f, s := range fields {
					if slices.Contains(required, any(f)) {
						given[f] = rightFor(s.(map[string]any))
					}
				}
				delete(given, field)
				if wrong != nil {
					given[field] = wrong
				}
				text, err := json.Marshal(given)
				if err != nil {
					t.Fatal(err)
				}
				c.send(request(name, string(text)))
				for f := c.receive(); ; f = c.receive() {
					if f.Request == nil {
						continue
					}
					if f.Headers.Status != 400 {
						t.Errorf("%s: %s answered %s", name, text, f.text)
					}
					break
				}
			}
		}
	}
}

// wrongFor are values that a field cannot have; nil: that it is missing.
func wrongFor(schema map[string]any, required bool) []any {
	wrong := []any{map[string]any{"an": "object"}}
	if schema["type"] == "object" {
		wrong[0] = "a text"
	}
	if required {
		wrong = append(wrong, nil)
	}
	return wrong
}

func rightFor(schema map[string]any) any {
	switch schema["type"] {
	case "array":
		return []any{}
	case "object":
		return map[string]any{}
	}
	return "q"
}
