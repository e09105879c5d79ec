package api_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

var (
	free = core.Message{ID: "m1", TTL: 60, Age: 5, Body: jsontext.Value(`{"a" : "\u0041"}`)}
	held = core.Message{ID: "m2", TTL: 61, Age: 6, Body: jsontext.Value(`null`), Claim: "c1", ClaimCount: 2, Checksum: "MD5:00"}
	both = []core.Message{free, held}
)

func TestDocuments(t *testing.T) {
	const m1 = `{"id":"m1","ttl":60,"age":5,"body":{"a" : "\u0041"},"claim_id":null}`
	const m2 = `{"id":"m2","ttl":61,"age":6,"body":null,"claim_id":"c1"}`
	http := api.Shape{ID: true, Checksum: true, Base: "/v2/queues/q/messages"}
	for _, c := range []struct {
		name   string
		result any
		want   string
	}{
		{"nothing", core.None{}, `{}`},
		{"a problem", &api.Problem{Title: "T", Description: "D", Challenge: "secret"}, `{"title":"T","description":"D"}`},
		{"a problem without words", &api.Problem{Title: "T"}, `{"title":"T"}`},
		{"a queue", core.Queue{Metadata: jsontext.Value(`{"a" : 1}`)}, `{"a" : 1}`},
		{"a queue that was made", core.QueueCreated{Queue: "q", Created: true}, `{}`},
		{"no queues", core.QueuePage{Queues: []core.QueueItem{}, Next: "x"}, `{"queues":[]}`},
		{"queues", core.QueuePage{Queues: []core.QueueItem{{Name: "q"}, {Name: "r", Metadata: jsontext.Value(`{}`)}}, Count: 2},
			`{"queues":[{"name":"q"},{"name":"r","metadata":{}}],"count":2}`},
		{"queues with odd metadata", core.QueuePage{Queues: []core.QueueItem{{Name: "q", Metadata: jsontext.Value(`{"a":{"b":1,"b":2},"c":"\u0041\/"}`)}}},
			`{"queues":[{"name":"q","metadata":{"a":{"b":1,"b":2},"c":"\u0041\/"}}]}`},
		{"stats of nothing", core.Stats{}, `{"messages":{"claimed":0,"free":0,"total":0}}`},
		{"stats", core.Stats{Messages: core.MessageStats{Claimed: 1, Free: 2, Total: 3, Oldest: &core.MessageAge{ID: "m", Age: 1, Created: "then"}}},
			`{"messages":{"claimed":1,"free":2,"total":3,"oldest":{"id":"m","age":1,"created":"then"}}}`},
		{"a post", core.MessagePosted{IDs: []string{"a", "b"}}, `{"message_ids":["a","b"]}`},
		{"a message", held, m2},
		{"a page", core.MessagePage{Messages: both, Next: "x"}, `{"messages":[` + m1 + `,` + m2 + `]}`},
		{"an empty page", core.MessagePage{}, `{"messages":[]}`},
		{"messages", core.Messages{Messages: both}, `{"messages":[` + m1 + `,` + m2 + `]}`},
		{"popped", core.MessagesRemoved{Popped: true, Messages: both},
			`{"messages":[{"id":"m1","ttl":60,"age":5,"body":{"a" : "\u0041"},"claim_id":null,"claim_count":0},` +
				`{"id":"m2","ttl":61,"age":6,"body":null,"claim_id":"c1","claim_count":2,"checksum":"MD5:00"}]}`},
		{"a claim", core.Claim{ID: "c1", Age: 1, TTL: 2, Messages: []core.Message{held}}, `{"age":1,"ttl":2,"messages":[` + m2 + `]}`},
		{"a new claim", core.ClaimCreated{ID: "c1", Messages: []core.Message{held}}, `{"claim_id":"c1","messages":[` + m2 + `]}`},
		{"no claim", core.ClaimCreated{}, `{"claim_id":null,"messages":[]}`},

		{"a list for HTTP", &api.MessageList{Shape: http, Messages: both, Links: []api.Link{{Rel: "next", Href: "/x?a=\"b\""}}},
			`{"messages":[{"id":"m1","href":"/v2/queues/q/messages/m1","ttl":60,"age":5,"body":{"a" : "\u0041"}},` +
				`{"id":"m2","href":"/v2/queues/q/messages/m2?claim_id=c1","ttl":61,"age":6,"body":null,"checksum":"MD5:00"}],` +
				`"links":[{"rel":"next","href":"/x?a=\"b\""}]}`},
		{"no links", &api.MessageList{Shape: http, Links: []api.Link{}}, `{"messages":[],"links":[]}`},
		{"two links", &api.MessageList{Links: []api.Link{{Rel: "a", Href: "b"}, {Rel: "c", Href: "d"}}},
			`{"messages":[],"links":[{"rel":"a","href":"b"},{"rel":"c","href":"d"}]}`},
		{"a claim for HTTP", &api.MessageList{Claim: &api.ClaimHeader{Age: 1, TTL: 2, Href: "/c"}}, `{"age":1,"ttl":2,"href":"/c","messages":[]}`},
		{"a message of its own", &api.ShapedMessage{Shape: api.Shape{Claim: true}, Message: held}, `{"ttl":61,"age":6,"body":null,"claim_id":"c1"}`},
		{"text that is none", &api.Problem{Title: "a\xffb"}, "{\"title\":\"a\ufffdb\"}"},
		{"a link that is none", &api.MessageList{Links: []api.Link{{Rel: "a\xff", Href: "\xff"}}}, "{\"messages\":[],\"links\":[{\"rel\":\"a\ufffd\",\"href\":\"\ufffd\"}]}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := api.JSON.Append([]byte("before"), c.result)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "document", string(got), "before"+c.want)
		})
	}
}

func TestHealthIsTheSameEachTime(t *testing.T) {
	health := core.Health{OperationStatus: map[string]core.Attempt{"b": {Succeeded: true, Seconds: 0.5}, "a": {}, "d": {}, "c": {}}}
	for range 20 {
		got, err := api.JSON.Append(nil, health)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "document", string(got), `{"storage_reachable":false,"operation_status":{`+
			`"a":{"succeeded":false,"seconds":0,"ref":null},"b":{"succeeded":true,"seconds":0.5,"ref":null},`+
			`"c":{"succeeded":false,"seconds":0,"ref":null},"d":{"succeeded":false,"seconds":0,"ref":null}},`+
			`"message_volume":{"free":0,"claimed":0,"total":0}}`)
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	if got, err := api.JSON.Append(nil, make(chan int)); err == nil {
		t.Errorf("got %s, want an error", got)
	}
}

// The documents as encoding/json would write them.
type (
	message struct {
		ID         string          `json:"id,omitempty"`
		Href       string          `json:"href,omitempty"`
		TTL        int64           `json:"ttl"`
		Age        int64           `json:"age"`
		Body       json.RawMessage `json:"body"`
		Claim      *any            `json:"claim_id,omitempty"`
		ClaimCount *int            `json:"claim_count,omitempty"`
		Checksum   string          `json:"checksum,omitempty"`
	}
	list struct {
		Age      *int64    `json:"age,omitempty"`
		TTL      *int64    `json:"ttl,omitempty"`
		Href     string    `json:"href,omitempty"`
		Messages []message `json:"messages"`
		Links    *[]link   `json:"links,omitempty"`
	}
	link struct {
		Rel  string `json:"rel"`
		Href string `json:"href"`
	}
)

func messageOf(s api.Shape, m core.Message) message {
	out := message{TTL: m.TTL, Age: m.Age, Body: json.RawMessage(m.Body)}
	if s.ID {
		out.ID = m.ID
	}
	if s.Base != "" {
		out.Href = s.Base + "/" + m.ID
		if m.Claim != "" {
			out.Href += "?claim_id=" + m.Claim
		}
	}
	if s.Claim {
		var id any
		if m.Claim != "" {
			id = m.Claim
		}
		out.Claim = &id
	}
	if s.Count {
		out.ClaimCount = &m.ClaimCount
	}
	if s.Checksum {
		out.Checksum = m.Checksum
	}
	return out
}

func listOf(l *api.MessageList) list {
	out := list{Messages: []message{}}
	for _, m := range l.Messages {
		out.Messages = append(out.Messages, messageOf(l.Shape, m))
	}
	if c := l.Claim; c != nil {
		out.Age, out.TTL, out.Href = &c.Age, &c.TTL, c.Href
	}
	if l.Links != nil {
		links := []link{}
		for _, a := range l.Links {
			links = append(links, link(a))
		}
		out.Links = &links
	}
	return out
}

// equal compares documents by what they say.
func equal(t *testing.T, got []byte, want any) {
	t.Helper()
	wanted, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(got) {
		t.Fatalf("not JSON: %s", got)
	}
	if g, w := read(t, got), read(t, wanted); !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", got, wanted)
	}
}

func read(t *testing.T, document []byte) (value any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	return value
}

// FuzzEncode compares what is written by hand with encoding/json.
func FuzzEncode(f *testing.F) {
	f.Add([]byte(`{"a":1}`), int64(60), int64(5), uint64(7), true, byte(0xff), "/v2/queues/q/messages?limit=1", 2)
	f.Add([]byte(`"é\u0000\n"`), int64(-1), int64(1)<<62, uint64(0), false, byte(0), "", 0)
	f.Add([]byte("\"\xff\""), int64(0), int64(0), uint64(1), true, byte(0x55), "\xff\"\\\n\u2028", 3)
	f.Fuzz(func(t *testing.T, body []byte, ttl, age int64, id uint64, claimed bool, shape byte, text string, n int) {
		if !json.Valid(body) || !utf8.Valid(body) {
			body, _ = json.Marshal(string(body))
		}
		m := core.Message{ID: strconv.FormatUint(id, 16), TTL: ttl, Age: age, Body: body, ClaimCount: int(ttl), Checksum: "MD5:" + strconv.FormatInt(age, 16)}
		if claimed {
			m.Claim = strconv.FormatUint(^id, 16)
		}
		s := api.Shape{ID: shape&1 != 0, Claim: shape&2 != 0, Count: shape&4 != 0, Checksum: shape&8 != 0}
		if shape&16 != 0 {
			s.Base = "/v2/queues/" + strconv.Itoa(n) + "/messages"
		}
		got, err := api.JSON.Append(nil, &api.ShapedMessage{Shape: s, Message: m})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, messageOf(s, m))
		if !bytes.Contains(got, append([]byte(`"body":`), body...)) {
			t.Errorf("the body is another: got %s, want %s", got, body)
		}

		l := &api.MessageList{Shape: s}
		for range min(max(n, 0), 5) {
			l.Messages = append(l.Messages, m)
		}
		if shape&32 != 0 {
			l.Claim = &api.ClaimHeader{Age: age, TTL: ttl, Href: text}
		}
		if shape&64 != 0 {
			l.Links = []api.Link{{Rel: "next", Href: text}, {Rel: text, Href: ""}}[:min(max(n, 0), 2)]
		}
		got, err = api.JSON.Append(nil, l)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ToValidUTF8(text, "") == text {
			equal(t, got, listOf(l))
		} else if !json.Valid(got) || !utf8.Valid(got) {
			t.Errorf("not JSON: %q", got)
		}
	})
}
