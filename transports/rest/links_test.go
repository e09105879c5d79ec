package rest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/transports/rest"
)

// next is the link of a page to the next one; "" if it has none.
func next(t *testing.T, page string) string {
	t.Helper()
	var d struct {
		Links []struct{ Rel, Href string }
	}
	if err := json.Unmarshal([]byte(page), &d); err != nil || d.Links == nil || len(d.Links) > 1 {
		t.Fatalf("%v: %s", err, page)
	}
	if len(d.Links) == 0 {
		return ""
	}
	same(t, "relation", d.Links[0].Rel, "next")
	return d.Links[0].Href
}

func TestLinksOfQueues(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, q := range []string{"a-1", "b.2", "c_3"} {
		s.mustDo(201, "PUT", "/v2/queues/"+q, `{"kind":"x y"}`)
	}
	for query, link := range map[string]string{
		"":                                 "/v2/queues?marker=c_3",
		"?limit=1":                         "/v2/queues?limit=1&marker=a-1",
		"?limit=2&marker=a-1":              "/v2/queues?limit=2&marker=c_3",
		"?detailed=yes&limit=2":            "/v2/queues?limit=2&detailed=true&marker=b.2",
		"?detailed=off&with_count=1":       "/v2/queues?detailed=false&with_count=true&marker=c_3",
		"?name=.":                          "/v2/queues?name=.&marker=b.2",
		"?name=-&limit=":                   "/v2/queues?name=-&marker=a-1",
		"?limit=3&limit=1":                 "/v2/queues?limit=1&marker=a-1",
		"?kind=x%20y&limit=1":              "/v2/queues?limit=1&marker=a-1",
		"?limit=%201":                      "/v2/queues?limit=%201&marker=a-1",
		"?kind=z":                          "",
		"?marker=zzz":                      "",
		"?name=%26%3D%20%2B":               "",
		"?detailed=true&detailed=&limit=1": "/v2/queues?limit=1&detailed=true&marker=a-1",
	} {
		same(t, "link of "+query, next(t, s.mustDo(200, "GET", "/v2/queues"+query, "").body), link)
	}
	same(t, "no link of an empty page", s.mustDo(200, "GET", "/v2/queues?marker=zzz", "").body, `{"queues":[],"links":[]}`)
}

// A producer's post that is too old to be remembered is nowhere to be found.
func TestNoLinksOfForgottenPosts(t *testing.T) {
	s := serve(t, rest.Config{})
	post := func(status, seq int) answer {
		return s.mustDo(status, "POST", "/v2/queues/q/messages", fmt.Sprintf(`{"messages":[{"body":1}],"producer":"p","seq":%d}`, seq))
	}
	for seq := range storage.ProducerMemory + 1 {
		post(201, seq+1)
	}
	known := post(200, 2)
	same(t, "location", strings.HasPrefix(known.header.Get("Location"), "/v2/queues/q/messages?ids="), true)
	same(t, "again", strings.HasSuffix(known.body, `"],"again":true}`), true)
	forgotten := post(200, 1)
	same(t, "body", forgotten.body, `{"resources":[],"again":true}`)
	same(t, "location", forgotten.header.Get("Location"), "")
}

func TestLinksOfMessages(t *testing.T) {
	s := serve(t, rest.Config{})
	s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":1},{"body":2}]}`, "Client-ID", bob)
	for query, link := range map[string]string{
		"":                         "/v2/queues/q/messages?include_delayed=true&marker=",
		"?limit=1":                 "/v2/queues/q/messages?limit=1&include_delayed=true&marker=",
		"?echo=1&include_claimed=": "/v2/queues/q/messages?echo=true&include_delayed=true&marker=",
		"?echo=False&include_claimed=t&include_delayed=no": "/v2/queues/q/messages?echo=false&include_claimed=true&include_delayed=true&marker=",
		"?unknown=1": "/v2/queues/q/messages?include_delayed=true&marker=",
	} {
		got := next(t, s.mustDo(200, "GET", "/v2/queues/q/messages"+query, "").body)
		begin, marker, _ := strings.Cut(got, "marker=")
		if begin+"marker=" != link || marker == "" {
			t.Errorf("%s: got %s, want %s…", query, got, link)
		}
	}
}

func TestLinksOfMessagesOfAQueueThatDelays(t *testing.T) {
	s := serve(t, rest.Config{})
	s.mustDo(201, "PUT", "/v2/queues/q", `{"_default_message_delay":30}`)
	s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":1,"delay":0}]}`, "Client-ID", bob)
	for query, begin := range map[string]string{
		"":                       "/v2/queues/q/messages?marker=",
		"?include_delayed=false": "/v2/queues/q/messages?include_delayed=false&marker=",
		"?include_delayed=on":    "/v2/queues/q/messages?include_delayed=true&marker=",
	} {
		if got := next(t, s.mustDo(200, "GET", "/v2/queues/q/messages"+query, "").body); !strings.HasPrefix(got, begin) {
			t.Errorf("%s: got %s, want %s…", query, got, begin)
		}
	}
}

// TestFollowingLinks reads all there is, page by page, and goes on with what comes
// later.
func TestFollowingLinks(t *testing.T) {
	s := serve(t, rest.Config{})
	const messages = 23
	s.mustDo(201, "POST", "/v2/queues/q/messages", manyMessages(messages), "Client-ID", bob)
	link, seen, last := "/v2/queues/q/messages?limit=5", 0, ""
	for link != "" {
		page := s.mustDo(200, "GET", link, "").body
		var d struct{ Messages []struct{ Body int } }
		if err := json.Unmarshal([]byte(page), &d); err != nil {
			t.Fatal(err)
		}
		for _, m := range d.Messages {
			same(t, "message", m.Body, seen)
			seen++
		}
		last, link = link, next(t, page)
	}
	same(t, "messages", seen, messages)
	s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":"late"}]}`, "Client-ID", bob)
	if page := s.mustDo(200, "GET", last, "").body; !strings.Contains(page, `"late"`) {
		t.Errorf("got %s", page)
	}
}
