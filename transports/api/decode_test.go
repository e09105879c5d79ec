package api_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

const (
	badBody    = "Invalid request body"
	notParsed  = "Request body could not be parsed."
	notSuch    = "Document type not supported."
	tooBig     = "JSON contains integer that is too large."
	tooDeep    = "Request body is nested too deeply."
	badRequest = "" // the title that the code gives
)

// decoding is a call whose queue came in a path.
func decoding(dialect *api.Dialect, action, body string) *api.Call {
	c := call(action, body)
	c.Dialect, c.Params = dialect, given("queue_name", "q")
	return c
}

func TestBodiesThatAreNone(t *testing.T) {
	for _, c := range []struct{ name, body, text string }{
		{"blank", " \t\r\n", notParsed},
		{"a word", "not json", notParsed},
		{"an open object", "{", notParsed},
		{"an open name", `{"ttl`, notParsed},
		{"a name alone", `{"ttl"}`, notParsed},
		{"no value", `{"ttl":}`, notParsed},
		{"no colon", `{"ttl" 60}`, notParsed},
		{"an open value", `{"ttl": 60`, notParsed},
		{"a comma too many", `{"ttl": 60,}`, notParsed},
		{"a comma too few", `{"ttl": 60 "grace": 60}`, notParsed},
		{"a name that is no text", `{1: 60}`, notParsed},
		{"single quotes", `{'ttl': 60}`, notParsed},
		{"a comment", `{} // ttl`, notParsed},
		{"what follows", `{"ttl": 60} x`, notParsed},
		{"another document", `{"ttl": 60}{}`, notParsed},
		{"a brace too many", `{"ttl": 60}}`, notParsed},
		{"a NUL behind", "{\"ttl\": 60}\x00", notParsed},
		{"a mark before", "\xef\xbb\xbf{}", notParsed},
		{"a number", `60`, notParsed},
		{"a text", `"ttl"`, notParsed},
		{"true", `true`, notParsed},
		{"null", `null`, notParsed},
		{"NaN", `{"x": NaN}`, notParsed},
		{"infinity", `{"x": -Infinity}`, notParsed},
		{"a number with a plus", `{"x": +1}`, notParsed},
		{"a number with a zero", `{"x": 01}`, notParsed},
		{"half a number", `{"x": 1.}`, notParsed},
		{"an unknown escape", `{"x": "\q"}`, notParsed},
		{"a line break in a text", "{\"x\": \"a\nb\"}", notParsed},
		{"bytes that are no text", "{\"x\": \"\xff\"}", notParsed},
		{"bytes that are no name", "{\"\xff\": 1}", notParsed},
		{"half a character", "{\"x\": \"\xc3\"}", notParsed},
		{"a surrogate as bytes", "{\"x\": \"\xed\xa0\x80\"}", notParsed},
		{"half a pair", `{"x": "\ud83d"}`, notParsed},
		{"the other half", `{"x": "\ude00"}`, notParsed},
		{"a pair the wrong way", `{"x": "\ude00\ud83d"}`, notParsed},
		{"half a pair as a name", `{"\ud83d": 1}`, notParsed},
		{"an array", `[{"ttl": 60}]`, notSuch},
		{"an empty array", `[]`, notSuch},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, dialect := range []*api.Dialect{nil, api.V2} {
				_, err := api.Decode[core.ClaimCreateRequest](decoding(dialect, "claim_create", c.body))
				refused(t, err, badBody, c.text)
			}
		})
	}
}

func TestBodiesThatAreGood(t *testing.T) {
	for _, c := range []struct {
		name, body string
		ttl        int64
	}{
		{"blanks around", " \r\n{ \"ttl\" :\t60 } ", 60},
		{"an escaped name", `{"tt\u006c": 60}`, 60},
		{"a name with a capital", `{"TTL": 61, "ttl": 60}`, 60},
		{"the last of two", `{"ttl": 61, "ttl": 60}`, 60},
		{"the last of two, escaped", `{"ttl": 61, "tt\u006c": 60}`, 60},
		{"others around", `{"a": {"ttl": 1}, "ttl": 60, "b": ["ttl", 2, {}]}`, 60},
		{"others twice", `{"a": {"b": 1, "b": 2}, "a": 3, "ttl": 60}`, 60},
		{"a pair", `{"x": "\ud83d\ude00", "ttl": 60}`, 60},
		{"a NUL", `{"x": "\u0000", "ttl": 60}`, 60},
		{"an empty name", `{"": 1, "ttl": 60}`, 60},
		{"minus zero", `{"ttl": -0}`, 0},
		{"the largest", `{"ttl": 9223372036854775807}`, math.MaxInt64},
		{"the smallest", `{"ttl": -9223372036854775808}`, math.MinInt64},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := api.Decode[core.ClaimCreateRequest](decoding(api.V2, "claim_create", c.body))
			if err != nil || r.TTL == nil {
				t.Fatalf("got %+v and error %v", r, err)
			}
			same(t, "ttl", *r.TTL, c.ttl)
			same(t, "queue", r.Queue, "q")
		})
	}
}

func TestReach(t *testing.T) {
	for _, c := range []struct{ name, body, text string }{
		{"499 deep in one", `{"x": ` + strings.Repeat("[", 499) + strings.Repeat("]", 499) + `}`, ""},
		{"500 deep in one", `{"x": ` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, tooDeep},
		{"a million deep", `{"x": ` + strings.Repeat("[", 1_000_000), notParsed},
		{"largest", `{"x": 9223372036854775807}`, ""},
		{"smallest", `{"x": -9223372036854775808}`, ""},
		{"too large", `{"x": 9223372036854775808}`, tooBig},
		{"too small", `{"x": [{"y": -9223372036854775809}]}`, tooBig},
		{"far too large", `{"x": ` + strings.Repeat("9", 10_000) + `}`, tooBig},
		{"too large as a ttl", `{"ttl": 9223372036854775808}`, tooBig},
		{"a large fraction", `{"x": 9223372036854775808.0}`, ""},
		{"a large power", `{"x": 9e999}`, ""},
		{"a number in a text", `{"x": "9223372036854775808"}`, ""},
		{"brackets in a text", `{"x": "` + strings.Repeat("[", 1000) + `"}`, ""},
		{"a quote in a text", `{"x": "\"9223372036854775808 [[\\"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := api.Decode[core.ClaimCreateRequest](decoding(api.V2, "claim_create", c.body))
			refused(t, err, badBody, c.text)
		})
	}
}

func decodeError[Req any](body string) error {
	_, err := api.Decode[Req](call("", body))
	return err
}

func TestWrongTypes(t *testing.T) {
	for _, c := range []struct {
		decode      func(body string) error
		field, kind string
		values      []string
	}{
		{decodeError[core.MessageListRequest], "queue_name", "str", []string{`1`, `null`, `true`, `[]`, `{}`}},
		{decodeError[core.MessageListRequest], "marker", "str", []string{`1`, `null`, `["x"]`}},
		{decodeError[core.MessageListRequest], "limit", "int", []string{`"1"`, `null`, `true`, `1.0`, `1e3`, `-0.5`, `99999999999999999999.5`, `"99999999999999999999"`, `[1]`, `{}`}},
		{decodeError[core.MessageListRequest], "echo", "bool", []string{`"true"`, `1`, `0`, `null`, `[]`}},
		{decodeError[core.MessageListRequest], "include_delayed", "bool", []string{`"true"`, `1`, `null`}},
		{decodeError[core.QueuePurgeRequest], "resource_types", "list", []string{`"messages"`, `null`, `1`, `{}`}},
		{decodeError[core.QueuePurgeRequest], "resource_types", "list of str", []string{`[1]`, `["messages", null]`, `[["messages"]]`}},
	} {
		for _, v := range c.values {
			t.Run(c.field+" "+v, func(t *testing.T) {
				refused(t, c.decode(`{"`+c.field+`": `+v+`}`), badBody, `The value of the "`+c.field+`" field must be a `+c.kind+`.`)
			})
		}
	}
}

func TestEveryKind(t *testing.T) {
	list, err := api.Decode[core.MessageListRequest](call("", `{"queue_name": "\u0071", "marker": "é\n", "limit": -7,
		"echo": true, "include_claimed": false, "include_delayed": false}`))
	if err != nil || list.Limit == nil || list.IncludeDelayed == nil {
		t.Fatalf("got %+v and error %v", list, err)
	}
	same(t, "queue", list.Queue, "q")
	same(t, "marker", list.Marker, "é\n")
	same(t, "limit", *list.Limit, -7)
	same(t, "echo", list.Echo, true)
	same(t, "include_claimed", list.IncludeClaimed, false)
	same(t, "include_delayed", *list.IncludeDelayed, false)

	purge, err := api.Decode[core.QueuePurgeRequest](call("", `{"queue_name": "q", "resource_types": ["a", "\ud83d\ude00"]}`))
	if err != nil {
		t.Fatal(err)
	}
	sameAll(t, "types", purge.Types, "a", "😀")

	create, err := api.Decode[core.QueueCreateRequest](call("", `{"metadata": {"a" : 1.0, "a":2}, "queue_name": "q"}`))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "metadata", string(create.Metadata), `{"a" : 1.0, "a":2}`)
}

func TestEmptyListsAreThere(t *testing.T) {
	purge, err := api.Decode[core.QueuePurgeRequest](call("", `{"queue_name": "q", "resource_types": []}`))
	if err != nil || purge.Types == nil || len(purge.Types) != 0 {
		t.Errorf("got %#v and error %v, want an empty list", purge.Types, err)
	}
	purge, err = api.Decode[core.QueuePurgeRequest](call("", `{"queue_name": "q", "resource_types": ["a", "b"], "resource_types": ["c"]}`))
	if err != nil {
		t.Fatal(err)
	}
	sameAll(t, "types given twice", purge.Types, "c")
}

func TestNothingIsRequiredPlainly(t *testing.T) {
	for _, body := range []string{"", "{}", " { } "} {
		r, err := api.Decode[core.QueueListRequest](call("queue_list", body))
		if err != nil || r.Limit != nil || r.Marker != "" || r.Detailed {
			t.Errorf("%q: got %+v and error %v", body, r, err)
		}
	}
}

func TestQueuesThatCannotBe(t *testing.T) {
	const text = "The format of the submitted queue name or project id is not valid."
	for _, body := range []string{"", "{}", `{"queue_name": ""}`, `{"queue_name": "a b"}`, `{"queue_name": "q", "queue_name": "a\u0000"}`} {
		refused(t, decodeError[core.QueueGetRequest](body), "Invalid queue identification", text)
	}
	if err := decodeError[core.QueueGetRequest](`{"queue_name": "q"}`); err != nil {
		t.Error(err)
	}
}

func TestSize(t *testing.T) {
	c := decoding(api.V2, "message_post", `{"messages": [{"body": 1}]}`)
	c.Size = 12345
	r, err := api.Decode[core.MessagePostRequest](c)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "size", r.Size, 12345)
}

// TestCut is of requests that are larger than any may be: an operation that limits
// them is told of more than its limit, whatever that is.
func TestCut(t *testing.T) {
	post := decoding(api.V2, "message_post", "")
	post.Size, post.Cut = 300, true
	r, err := api.Decode[core.MessagePostRequest](post)
	if err != nil || r.Size != math.MaxInt {
		t.Errorf("got size %d and error %v", r.Size, err)
	}
	claim := decoding(api.V2, "claim_create", "")
	claim.Size, claim.Cut = 300, true
	_, err = api.Decode[core.ClaimCreateRequest](claim)
	refused(t, err, badRequest, "The request is too large.")

	create := decoding(api.V2, "queue_create", "")
	create.Size, create.Cut = 300, true
	reply := newHandler(t, api.Options{}).Handle(t.Context(), create)
	answered(t, reply, 400, "Invalid API request", "Queue metadata is too large. Max size: 65536")
}

func TestHeaderIntoRequest(t *testing.T) {
	c := decoding(api.V2, "message_post", `{"messages": [{"body": 1}], "Idempotency-Key": "no", "key": "no", "-": "no"}`)
	c.Header = headers("Idempotency-Key", "k")
	r, err := api.Decode[core.MessagePostRequest](c)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "key", r.Key, "k")
}

func TestSwitchesAreTheDialects(t *testing.T) {
	strict := &api.Dialect{Rules: map[string]api.Rule{"list": {Set: []string{"must_exist", "no_such_switch"}}}}
	for _, c := range []struct {
		dialect *api.Dialect
		action  string
		want    bool
	}{{nil, "list", false}, {strict, "list", true}, {strict, "other", false}, {api.V2, "message_list", false}} {
		asked := decoding(c.dialect, c.action, `{"must_exist": true, "MustExist": true}`)
		r, err := api.Decode[core.MessageListRequest](asked)
		if err != nil || r.MustExist != c.want {
			t.Errorf("%s: got %v and error %v, want %v", c.action, r.MustExist, err, c.want)
		}
	}
}

// TestOwn is of fields that come from beside the body: the body cannot give them.
func TestOwn(t *testing.T) {
	c := call("claim_create", `{"queue_name": 1, "limit": "x", "ttl": 60}`)
	c.Params = api.Params{Own: []string{"queue_name", "limit"}, Given: []api.Param{{Field: "queue_name", Name: "queue_name", Value: "q"}}}
	r, err := api.Decode[core.ClaimCreateRequest](c)
	if err != nil || r.Limit != nil || *r.TTL != 60 {
		t.Errorf("got %+v and error %v", r, err)
	}
	same(t, "queue", r.Queue, "q")
}

// TestIgnoredBodies is of requests that say all they can beside the body.
func TestIgnoredBodies(t *testing.T) {
	for _, body := range []string{`{`, `[]`, `x`, `{"queue_name": 1}`} {
		r, err := api.Decode[core.QueueGetRequest](decoding(api.V2, "queue_get", body))
		if err != nil || r.Queue != "q" {
			t.Errorf("%s: got %+v and error %v", body, r, err)
		}
		if _, err := api.Decode[core.PingRequest](decoding(api.V2, "ping_node", body)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		_, err = api.Decode[core.QueueCreateRequest](decoding(api.V2, "queue_create", body))
		if body != `{"queue_name": 1}` && err == nil {
			t.Errorf("%s was taken for metadata", body)
		}
	}
}
