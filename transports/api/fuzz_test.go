package api_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// bodiless are the actions to which a body says nothing.
var bodiless = []string{"authenticate", "get_home_doc", "ping_node", "check_node_health"}

// FuzzDecode sends bodies to every action: none makes it fall over, what is taken
// is JSON, and messages come back as they were sent.
func FuzzDecode(f *testing.F) {
	actions := slices.DeleteFunc(api.Actions(true), func(a string) bool { return slices.Contains(bodiless, a) })
	for _, body := range []string{
		``, ` `, `{}`, `[]`, `null`, `5`, `{"queue_name": "q"}`, `{"queue_name": "q", "queue_name": "r"}`,
		`{"messages": [{"body": {"a" : 1.0, "a":2}, "ttl": 60, "delay": 0}, {"body":"\u0041"}]}`,
		`{"queue_name": "q", "messages": [{"body": null}], "messages": [ {"body" : [ ] , "body": "\ud83d\ude00"} ]}`,
		`[{"op": "add", "path": "/metadata/a", "value": {"b": []}}]`,
		`{"queue_name": "q", "changes": [{"op": "remove", "path": "/metadata/_flavor"}]}`,
		`{"queue_name": "q", "metadata": {"_default_message_ttl": 60, "x": [1, {"y": "z"}]}}`,
		`{"ttl": 60, "grace": 60, "limit": 5}`, `{"queue_name": "q", "resource_types": ["messages", "subscriptions"]}`,
		`{"queue_name": "q", "message_ids": ["a", "b"], "pop": 5, "claim_ids": []}`,
		`{"queue_name": "q", "marker": "x", "echo": true, "include_delayed": false, "with_count": true}`,
	} {
		for i := range actions {
			f.Add(i, true, []byte(body))
			f.Add(i, false, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, i int, plain bool, body []byte) {
		action := actions[(i%len(actions)+len(actions))%len(actions)]
		c := call(action, string(body))
		if !plain {
			c.Dialect, c.Params = api.V2, given("queue_name", "q")
		}
		h := newHandler(t, api.Options{AdminMode: true})
		reply := h.Handle(t.Context(), c)
		answer, err := api.JSON.Append(nil, reply.Result)
		if err != nil || !json.Valid(answer) || !utf8.Valid(answer) {
			t.Fatalf("%s: the answer to %q is no document: %q, %v", action, body, answer, err)
		}
		switch reply.Status {
		case 200, 201, 204:
			checkTaken(t, h, action, plain, body, reply)
		case 400, 404, 409:
		default:
			t.Errorf("%s %q: status %d", action, body, reply.Status)
		}
	})
}

func checkTaken(t *testing.T, h api.Handler, action string, plain bool, body []byte, reply api.Reply) {
	t.Helper()
	ignored := !plain && (action == "queue_get" || action == "queue_delete" || action == "queue_get_stats")
	if len(body) > 0 && !ignored && !json.Valid(body) {
		t.Errorf("%s took %q", action, body)
	}
	posted, ok := reply.Result.(core.MessagePosted)
	if !ok {
		return
	}
	var post map[string]json.RawMessage
	var drafts []map[string]json.RawMessage
	mustRead(t, body, &post)
	mustRead(t, post["messages"], &drafts)
	if len(posted.IDs) != len(drafts) {
		t.Fatalf("%q: got %d messages, want %d", body, len(posted.IDs), len(drafts))
	}
	queue := []byte(`"q"`)
	if plain {
		queue = post["queue_name"]
	}
	for i, id := range posted.IDs {
		reply := h.Handle(t.Context(), call("message_get", `{"queue_name": `+string(queue)+`, "message_id": "`+id+`"}`))
		m, ok := reply.Result.(core.Message)
		if !ok || !bytes.Equal(m.Body, drafts[i]["body"]) {
			t.Errorf("%q: got %+v, want body %q", body, reply.Result, drafts[i]["body"])
		}
	}
}

func mustRead(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
}

var wholeNumber = regexp.MustCompile(`\A[+-]?[0-9]+\z`)

// FuzzParams compares what parameters are taken for with what their rules say. The
// values are the lines of a text.
func FuzzParams(f *testing.F) {
	for _, values := range []string{"", "1", "-5", " 7 ", "99999999999999999999", "x\n5", "5\nx", "5\n", "true", "no\nyes", "a,b\n\nc,", "é"} {
		f.Add(values)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values := strings.Split(text, "\n")
		last := ""
		for _, v := range values {
			if v != "" {
				last = v
			}
		}
		fuzzInteger(t, values, last)
		fuzzFlag(t, values, last)
		fuzzList(t, values)
		if r, err := listing("marker", values...); err != nil || r.Marker != last {
			t.Errorf("%q as a text: got %q and error %v", values, r.Marker, err)
		}
	})
}

func fuzzInteger(t *testing.T, values []string, last string) {
	t.Helper()
	r, err := listing("limit", values...)
	text := strings.TrimSpace(last)
	switch {
	case last == "":
		if err != nil || r.Limit != nil {
			t.Errorf("%q: got %v and error %v, want none", values, r.Limit, err)
		}
	case !wholeNumber.MatchString(text):
		if err == nil {
			t.Errorf("%q: got %d, want an error", values, *r.Limit)
		}
	case err != nil:
		t.Errorf("%q: %v", values, err)
	default:
		n, _ := new(big.Int).SetString(strings.TrimPrefix(text, "+"), 10)
		want := n.Int64()
		if !n.IsInt64() {
			want = math.MaxInt64
			if n.Sign() < 0 {
				want = math.MinInt64
			}
		}
		same(t, "integer", *r.Limit, want)
	}
}

func fuzzFlag(t *testing.T, values []string, last string) {
	t.Helper()
	flags := map[string]bool{
		"true": true, "True": true, "t": true, "yes": true, "y": true, "1": true, "on": true,
		"false": false, "False": false, "f": false, "no": false, "n": false, "0": false, "off": false, "": false,
	}
	r, err := listing("echo", values...)
	if want, ok := flags[last]; ok != (err == nil) || ok && r.Echo != want {
		t.Errorf("%q: got %v and error %v", values, r.Echo, err)
	}
}

func fuzzList(t *testing.T, values []string) {
	t.Helper()
	c := call("", "")
	for _, v := range values {
		c.Params.Given = append(c.Params.Given, api.Param{Field: "message_ids", Name: "ids", Value: v})
	}
	c.Params.Own = []string{"queue_name"}
	r, err := api.Decode[core.MessageGetManyRequest](c)
	want := strings.FieldsFunc(strings.Join(values, ","), func(c rune) bool { return c == ',' })
	if err != nil || !slices.Equal(r.IDs, want) {
		t.Errorf("%q: got %q and error %v, want %q", values, r.IDs, err, want)
	}
}
