package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

const usual = `{"Client-ID": "` + client + `", "X-Project-ID": "project"}`

// frame is a request with the usual headers.
func frame(action, body string) string {
	return `{"action": "` + action + `", "body": ` + body + `, "headers": ` + usual + `}`
}

// ask handles a frame of text and reads the answer.
func ask(t testing.TB, h api.Handler, frame string) []byte {
	t.Helper()
	e, wrong := api.ParseEnvelope(api.JSON, []byte(frame))
	if wrong == nil {
		reply := h.Handle(t.Context(), e.Call())
		wrong = &reply
	}
	answer, err := e.AppendReply([]byte("before"), *wrong)
	if err != nil || !bytes.HasPrefix(answer, []byte("before")) {
		t.Fatalf("got %q and error %v", answer, err)
	}
	return answer[len("before"):]
}

// asked checks status and body of an answer.
func asked(t testing.TB, h api.Handler, frame string, status, body string) {
	t.Helper()
	var got struct {
		Request, Body json.RawMessage
		Headers       struct{ Status json.RawMessage }
	}
	answer := ask(t, h, frame)
	mustRead(t, answer, &got)
	same(t, "status", string(got.Headers.Status), status)
	if err := (transporttest.Holes{}).Match([]byte(body), got.Body); err != nil {
		t.Errorf("%s\n%v: %s", frame, err, got.Body)
	}
}

const (
	schemaFailed = `{"error": "Schema validation failed."}`
	anyQueue     = `"queue_name": "q"`
)

// schema is what Zaqar asks of the bodies of its actions, and what is asked of the
// others: fields with their types, and a star for what must be there.
var schema = []struct {
	action, fields string
	bodiless       bool
}{
	{"queue_list", "marker:string limit:integer detailed:boolean", true},
	{"queue_create", "queue_name:string* metadata:object", false},
	{"queue_get", "queue_name:string*", false},
	{"queue_update", "queue_name:string* changes:array*", false},
	{"queue_delete", "queue_name:string*", false},
	{"queue_get_stats", "queue_name:string*", false},
	{"queue_purge", "queue_name:string* resource_types:array", false},
	{"message_post", "queue_name:string* messages:array* producer:string seq:integer", false},
	{"message_list", "queue_name:string* marker:string limit:integer echo:boolean include_claimed:boolean", false},
	{"message_get", "queue_name:string* message_id:string*", false},
	{"message_get_many", "queue_name:string* message_ids:array*", false},
	{"message_delete", "queue_name:string* message_id:string* claim_id:string", false},
	{"message_delete_many", "queue_name:string* message_ids:array claim_ids:array pop:integer", false},
	{"message_watch", "queue_name:string* position:string", false},
	{"claim_create", "queue_name:string* limit:integer ttl:integer grace:integer", false},
	{"claim_get", "queue_name:string* claim_id:string*", false},
	{"claim_update", "queue_name:string* claim_id:string* ttl:integer", false},
	{"claim_delete", "queue_name:string* claim_id:string*", false},
	{"claim_stream", "queue_name:string* credit:integer ttl:integer grace:integer", false},
	{"stream_delete", "stream_id:string*", false},
	{"subscription_list", "queue_name:string*", false},
	{"subscription_create", "queue_name:string* subscriber:string ttl:integer options:object position:string", false},
	{"subscription_get", "queue_name:string* subscription_id:string*", false},
	{"subscription_update", "queue_name:string* subscription_id:string* subscriber:string ttl:integer options:object", false},
	{"subscription_delete", "queue_name:string* subscription_id:string*", false},
}

// values are of each type of JSON schema; null is of none that is asked for.
var values = map[string][]string{
	"string": {`"x"`, `""`}, "integer": {`0`, `-5`, `99999999999999999999`}, "boolean": {`true`, `false`},
	"array": {`[]`, `[1]`}, "object": {`{}`, `{"a": 1}`}, "number": {`1.0`, `1e2`}, "null": {`null`},
}

func TestSchema(t *testing.T) {
	for _, s := range schema {
		fields := strings.Fields(s.fields)
		parses(t, frame(s.action, bodyOf(fields, "", "")), true)
		parses(t, frame(s.action, strings.TrimSuffix(bodyOf(fields, "", ""), "}")+`, "other": null, "Queue_name": 5}`), true)
		for _, f := range fields {
			name, kind, _ := strings.Cut(strings.TrimSuffix(f, "*"), ":")
			parses(t, frame(s.action, bodyOf(fields, name, "")), !strings.HasSuffix(f, "*"))
			for k, vs := range values {
				for _, v := range vs {
					parses(t, frame(s.action, bodyOf(fields, name, v)), k == kind)
				}
			}
		}
		for _, body := range []string{`[]`, `"x"`, `5`, `null`, `true`} {
			parses(t, frame(s.action, body), false)
		}
		parses(t, `{"action": "`+s.action+`", "headers": `+usual+`}`, s.bodiless)
	}
}

// bodyOf is a body with all fields, but for one that has a value of its own or,
// with none, is left out.
func bodyOf(fields []string, but, value string) string {
	var members []string
	for _, f := range fields {
		name, kind, _ := strings.Cut(strings.TrimSuffix(f, "*"), ":")
		v := values[kind][0]
		if name == but {
			v = value
		}
		if v != "" {
			members = append(members, `"`+name+`": `+v)
		}
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func parses(t *testing.T, frame string, well bool) {
	t.Helper()
	e, wrong := api.ParseEnvelope(api.JSON, []byte(frame))
	switch {
	case well && wrong != nil:
		t.Errorf("%s: %v", frame, wrong.Result)
	case !well && wrong == nil:
		t.Errorf("%s is taken for %s", frame, e.Action)
	case !well:
		answered(t, *wrong, 400, "Invalid API request", "Schema validation failed.")
	}
}

// TestEveryActionHasItsSchema: what may be asked for in an envelope is what there is.
func TestEveryActionHasItsSchema(t *testing.T) {
	for _, action := range api.Actions(true) {
		e, wrong := api.ParseEnvelope(api.JSON, []byte(`{"action": "`+action+`"}`))
		if action == "queue_share" { // a signature is asked for over HTTP
			continue
		}
		if wrong == nil || wrong.Result.(*api.Problem).Description != "Schema validation failed." {
			t.Errorf("%s: got %+v", e.Action, wrong)
		}
	}
}

func TestSchemaOfHeaders(t *testing.T) {
	for _, c := range []struct {
		action, headers string
		well            bool
	}{
		{"queue_list", usual, true},
		{"queue_list", `{"Client-ID": "", "X-Project-ID": ""}`, true},
		{"queue_list", `{"Client-ID": "x", "X-Project-ID": "p", "Other": 5, "User-Agent": "a", "Date": "b", "Accept": "c", "X-Auth-Token": "d"}`, true},
		{"queue_list", `{}`, false},
		{"queue_list", `[]`, false},
		{"queue_list", `null`, false},
		{"queue_list", `{"X-Project-ID": "p"}`, false},
		{"queue_list", `{"Client-ID": "x"}`, false},
		{"queue_list", `{"client-id": "x", "X-Project-ID": "p"}`, false},
		{"queue_list", `{"Client-ID": "x", "X-Project-Id": "p"}`, false},
		{"queue_list", `{"Client-ID": 5, "X-Project-ID": "p"}`, false},
		{"queue_list", `{"Client-ID": "x", "X-Project-ID": null}`, false},
		{"queue_list", `{"Client-ID": "x", "X-Project-ID": "p", "User-Agent": 5}`, false},
		{"authenticate", `{"X-Auth-Token": "t", "X-Project-ID": "p"}`, true},
		{"authenticate", `{"X-Auth-Token": "t"}`, false},
		{"authenticate", `{"X-Project-ID": "p"}`, false},
		{"ping_node", `{}`, true},
		{"check_node_health", `{}`, true},
		{"get_home_doc", `{}`, true},
	} {
		parses(t, `{"action": "`+c.action+`", "headers": `+c.headers+`}`, c.well)
	}
}

// TestNotJSON: Python says where a text is no JSON, and so is it said here.
func TestNotJSON(t *testing.T) {
	for _, c := range []struct{ frame, complaint string }{
		{``, "Expecting value: line 1 column 1 (char 0)"},
		{"  \n x", "Expecting value: line 2 column 2 (char 4)"},
		{`[1,]`, "Expecting value: line 1 column 4 (char 3)"},
		{`{"a":}`, "Expecting value: line 1 column 6 (char 5)"},
		{`{} x`, "Extra data: line 1 column 4 (char 3)"},
		{"5 6", "Extra data: line 1 column 3 (char 2)"},
		{"{\"action\": \"é\",\n \"body\": nil}", "Expecting value: line 2 column 10 (char 25)"},
		{"\"\xff\"", "Expecting value: line 1 column 1 (char 0)"},
	} {
		answer := ask(t, nil, c.frame)
		want := `{"request": {"action": null, "body": {}, "headers": {}, "api": "v2"}, "headers": {"status": 400},
			"body": {"error": "Can't decode text (JSON) request. JSONDecodeError: ` + c.complaint + `"}}`
		if err := (transporttest.Holes{}).Match([]byte(want), answer); err != nil {
			t.Errorf("%q: %v", c.frame, err)
		}
	}
}

func TestNotMessagePack(t *testing.T) {
	for _, c := range []struct{ frame, complaint string }{
		{"", "ValueError: Unpack failed: incomplete input"},
		{"\x81\xa6action", "ValueError: Unpack failed: incomplete input"},
		{"\xc1", "FormatError: "},
		{"\x80\x80", "ExtraData: unpack(b) received extra data."},
		{"\x81\xc4\x01a\x01", "ValueError: the name of a map's member is not of type str"},
	} {
		_, wrong := api.ParseEnvelope(api.MessagePack, []byte(c.frame))
		if wrong == nil {
			t.Fatalf("%q is taken", c.frame)
		}
		answered(t, *wrong, 400, "Invalid API request", "Can't decode binary (MessagePack) request. "+c.complaint)
	}
}

func TestUnderstoodInPart(t *testing.T) {
	h := newHandler(t, api.Options{})
	for _, c := range []struct{ frame, answer string }{
		{`{"action": 5, "body": [1]}`, `{"request": {"action": 5, "body": [1], "headers": {}, "api": "v2"}, "body": {"error": "5 is not a valid action"}, "headers": {"status": 400}}`},
		{`{"action": true}`, `{"request": {"action": true, "body": {}, "headers": {}, "api": "v2"}, "body": {"error": "True is not a valid action"}, "headers": {"status": 400}}`},
		{`{"action": "None"}`, `{"request": {"action": "None", "body": {}, "headers": {}, "api": "v2"}, "body": {"error": "None is not a valid action"}, "headers": {"status": 400}}`},
		{`{"action": "pool_list", "id": 7}`, `{"request": {"action": "pool_list", "body": {}, "headers": {}, "api": "v2"}, "body": {"error": "pool_list is not a valid action"}, "headers": {"status": 400}, "id": 7}`},
		{`{"action": "ping_node", "headers": {}, "id": "\u0061", "body": [], "more": 1}`, `{"request": {"action": "ping_node", "body": [], "headers": {}, "api": "v2"}, "body": {}, "headers": {"status": 204}, "id": "a"}`},
		{`{"action": "x", "action": "ping_node", "headers": 5, "headers": {}, "id": {}}`, `{"request": {"action": "ping_node", "body": {}, "headers": {}, "api": "v2"}, "body": {}, "headers": {"status": 204}}`},
		{`{"action": "ping_node", "headers": {}, "id": "` + strings.Repeat("x", 255) + `"}`, `{"request": {"action": "ping_node", "body": {}, "headers": {}, "api": "v2"}, "body": {}, "headers": {"status": 204}}`},
	} {
		answer := ask(t, h, c.frame)
		if err := (transporttest.Holes{}).Match([]byte(c.answer), answer); err != nil {
			t.Errorf("%s: %v\n%s", c.frame, err, answer)
		}
	}
}

// TestAnswers are those that are not in the transcript.
func TestAnswers(t *testing.T) {
	h := newHandler(t, api.Options{})
	long := strings.Repeat("x", 65)
	for _, c := range []struct{ frame, status, body string }{
		{frame("message_list", `{`+anyQueue+`}`), "200", `{"messages": []}`},
		{`{"action": "message_list", "body": {` + anyQueue + `}, "headers": {"Client-ID": "x", "X-Project-ID": "p"}}`, "400", `{"exception": "badly formed hexadecimal UUID string", "error": null}`},
		{`{"action": "message_post", "body": {` + anyQueue + `, "messages": []}, "headers": {"Client-ID": "x", "X-Project-ID": "p"}}`, "400", `{"exception": "badly formed hexadecimal UUID string", "error": null}`},
		{`{"action": "queue_list", "headers": {"Client-ID": "x", "X-Project-ID": ""}}`, "400", `{"exception": "$any", "error": null}`},
		{`{"action": "queue_create", "body": {` + anyQueue + `}, "headers": {"Client-ID": "x", "X-Project-ID": "` + strings.Repeat("p", 257) + `"}}`, "400", `{"exception": "Project ids may not be more than 256 characters long.", "error": null}`},
		{frame("queue_create", `{"queue_name": "`+long+`"}`), "400", `{"exception": "Queue names may not be more than 64 characters long.", "error": null}`},
		{frame("queue_create", `{`+anyQueue+`, "metadata": {"_default_message_ttl": "x"}}`), "400", `{"exception": "_default_message_ttl must be integer.", "error": null}`},
		{frame("queue_create", `{`+anyQueue+`, "metadata": {"_default_message_ttl": 600}}`), "201", `"Queue q created."`},
		{frame("queue_list", `{"detailed": true}`), "200", `{"queues": [{"name": "q", "metadata": {"_default_message_ttl": 600}}]}`},
		{frame("queue_get", `{`+anyQueue+`}`), "200", `{"_default_message_ttl": 600}`},
		{frame("queue_update", `{`+anyQueue+`, "changes": [{"op": "add", "path": "/metadata/a", "value": 1}]}`), "200", `"$any"`},
		{frame("queue_purge", `{`+anyQueue+`}`), "204", `{}`},
		{frame("message_post", `{`+anyQueue+`, "messages": [{"ttl": 60}]}`), "400", `{"exception": "Bad request. Missing \"body\" field.", "error": null}`},
		{frame("message_post", `{`+anyQueue+`, "messages": [{"body": 1, "ttl": "x"}]}`), "400", `{"exception": "Bad request. The value of the \"ttl\" field must be a int.", "error": null}`},
		{frame("message_post", `{`+anyQueue+`, "messages": [{"body": 1}]}`), "201", `{"message_ids": ["$id"]}`},
		{frame("queue_get_stats", `{`+anyQueue+`}`), "200", `{"messages": {"claimed": 0, "free": 1, "total": 1, "oldest": {"id": "$id", "age": 0, "created": "$any"}, "newest": {"id": "$id", "age": 0, "created": "$any"}}}`},
		{frame("message_get_many", `{`+anyQueue+`, "message_ids": ["none"]}`), "200", `{"messages": []}`},
		{frame("message_get_many", `{`+anyQueue+`, "message_ids": [`+strings.Repeat(`"x",`, 20)+`"x"]}`), "400", `{"exception": "Limit must be at least 1 and may not be greater than 20.", "error": null}`},
		{frame("message_delete", `{`+anyQueue+`, "message_id": "none"}`), "204", `{}`},
		{frame("message_delete_many", `{`+anyQueue+`}`), "400", `{"exception": "$any", "error": null}`},
		{frame("message_delete_many", `{`+anyQueue+`, "message_ids": ["x"], "pop": 1}`), "400", `{"exception": "pop and id params cannot be present together in the delete request.", "error": null}`},
		{frame("message_delete_many", `{`+anyQueue+`, "pop": 21}`), "400", `{"exception": "Pop value must be at least 1 and may not be greater than 20.", "error": null}`},
		{frame("claim_create", `{`+anyQueue+`, "ttl": 1}`), "400", `{"exception": "The TTL for a claim may not exceed 43200 seconds, and must be at least 60 seconds long.", "error": null}`},
		{frame("claim_update", `{`+anyQueue+`, "claim_id": "c"}`), "404", `{"exception": "Claim c does not exist in queue q for project project", "error": "Claim c does not exist."}`},
		{frame("message_watch", `{`+anyQueue+`}`), "400", `{"exception": "$any", "error": null}`},
		{frame("claim_stream", `{`+anyQueue+`}`), "400", `{"exception": "$any", "error": null}`},
		{frame("stream_delete", `{"stream_id": "s"}`), "400", `{"exception": "$any", "error": null}`},
		{`{"action": "ping_node", "headers": {}}`, "204", `{}`},
		{`{"action": "check_node_health", "headers": {}}`, "400", `{"error": "check_node_health is not a valid action"}`},
		{frame("queue_delete", `{`+anyQueue+`}`), "204", `"Queue q removed."`},
	} {
		asked(t, h, c.frame, c.status, c.body)
	}
}

func TestHomeListsWhatThereIs(t *testing.T) {
	var got struct{ Body struct{ Actions []string } }
	mustRead(t, ask(t, newHandler(t, api.Options{}), `{"action": "get_home_doc", "headers": {}}`), &got)
	if len(got.Body.Actions) < 25 || got.Body.Actions[0] != "authenticate" {
		t.Errorf("got %q", got.Body.Actions)
	}
}

func TestDeleteNeedsTheClaim(t *testing.T) {
	h := newHandler(t, api.Options{})
	var posted struct {
		Body struct {
			IDs []string `json:"message_ids"`
		}
	}
	mustRead(t, ask(t, h, frame("message_post", `{`+anyQueue+`, "messages": [{"body": 1}, {"body": 2}]}`)), &posted)
	claimed, free := posted.Body.IDs[0], posted.Body.IDs[1]
	asked(t, h, frame("claim_create", `{`+anyQueue+`, "limit": 1}`), "201", `{"claim_id": "$claim", "messages": ["$any"]}`)
	named := func(id, more string) string {
		return frame("message_delete", `{`+anyQueue+`, "message_id": "`+id+`"`+more+`}`)
	}
	asked(t, h, named(claimed, ""), "403", `{"exception": "Message `+claimed+` is claimed", "error": "This message is claimed; it cannot be deleted without a valid claim ID."}`)
	asked(t, h, named(claimed, `, "claim_id": "c"`), "400", `{"exception": "$any", "error": "The specified claim does not exist or has expired."}`)
	asked(t, h, named(free, `, "claim_id": "c"`), "400", `{"exception": "$any", "error": "$any"}`)
}

func TestTroubleOfTheStore(t *testing.T) {
	store := failing{memstore.New(memstore.Config{}), errors.New("secret")}
	asked(t, handlerOn(t, store, api.Options{}), frame("queue_get", `{`+anyQueue+`}`), "503",
		`{"exception": "Queue metadata could not be retrieved. Please try again in a few seconds.", "error": "Queue metadata could not be retrieved. Please try again in a few seconds."}`)
	broken := api.HandlerFunc(func(context.Context, *api.Call) api.Reply { return api.Failed(errors.New("secret")) })
	asked(t, broken, frame("queue_get", `{`+anyQueue+`}`), "500", `{"exception": "The request could not be completed.", "error": "Unexpected error."}`)
}

// keeper knows one token, of one project.
type keeper struct{}

func (keeper) Challenge() string { return "" }

func (keeper) Authenticate(_ context.Context, c *api.Call) (core.Caller, error) {
	if token, _ := c.Header("x-auth-token"); token != "right" {
		return core.Caller{}, api.ErrUnauthenticated
	}
	return core.Caller{Project: "project"}, nil
}

func TestAuthenticateOnce(t *testing.T) {
	h := newHandler(t, api.Options{}, api.Authenticate(keeper{}))
	with := func(action, token, project string) string {
		return `{"action": "` + action + `", "headers": {"X-Auth-Token": "` + token + `", "X-Project-ID": "` + project + `", "Client-ID": "x"}}`
	}
	asked(t, h, frame("queue_list", "{}"), "403", `{"error": "Not authentified."}`)
	asked(t, h, with("authenticate", "wrong", "project"), "401", `{"error": "Authentication failed."}`)
	asked(t, h, with("queue_list", "right", "other"), "403", `{"exception": "You are not authorized to complete this action.", "error": "You are not authorized to complete this action."}`)
	answer := ask(t, h, with("authenticate", "right", "project"))
	want := `{"request": {"action": "authenticate", "body": {}, "headers": {}, "api": "v2"}, "body": {"message": "Authentified."}, "headers": {"status": 200}}`
	if err := (transporttest.Holes{}).Match([]byte(want), answer); err != nil {
		t.Error(err)
	}
}

func TestHeaderOfEnvelope(t *testing.T) {
	e, _ := api.ParseEnvelope(api.JSON, []byte(`{"action": "ping_node", "headers": {"x-project-id": "a", "X-Project-ID": "b", "X-PROJECT-ID": "c",
		"URL-Methods": ["GET", "POST", 5], "number": 5, "none": null, "\u0061": "\u0062", "twice": "1", "twice": "2"}}`))
	for _, c := range []struct {
		name, value string
		given       bool
	}{
		{"X-Project-Id", "b", true}, {"url-methods", "GET,POST", true}, {"Number", "5", true},
		{"None", "", false}, {"A", "b", true}, {"Twice", "2", true}, {"Other", "", false},
	} {
		value, given := e.Header(c.name)
		if value != c.value || given != c.given {
			t.Errorf("%s: got %q, %v, want %q, %v", c.name, value, given, c.value, c.given)
		}
	}
}

func TestCallOfEnvelope(t *testing.T) {
	e, _ := api.ParseEnvelope(api.JSON, []byte(frame("message_post", `{`+anyQueue+`, "messages": [{"body": 1}], "x": 5}`)))
	c := e.Call()
	same(t, "action", c.Action, "message_post")
	same(t, "dialect", c.Dialect, api.WebSocket)
	same(t, "size: that of the messages", c.Size, len(`[{"body": 1}]`))
	same(t, "queue", e.Queue, "q")
	same(t, "codec", c.Codec, api.JSON)
}
