package rest_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/transporttest"
)

// TestReplies is of every operation that succeeds: status, headers and body.
func TestReplies(t *testing.T) {
	const full = `"_max_messages_post_size": 262144, "_default_message_ttl": 3600, "_default_message_delay": 0, "_dead_letter_queue": null,
		"_dead_letter_queue_messages_ttl": null, "_max_claim_count": null, "_enable_encrypt_messages": false`
	s := serve(t, rest.Config{})
	holes := transporttest.Holes{}
	for _, c := range []struct{ method, target, body, answer string }{
		{"PUT", "/v2/queues/q", `{"owner":"é"}`, "201\nContent-Type: application/json\nLocation: /v2/queues/q\n"},
		{"PUT", "/v2/queues/q", ``, "204\nLocation: /v2/queues/q\n"},
		{"GET", "/v2/queues/q", ``, "200\nContent-Type: application/json\n\n" + `{"owner": "é", ` + full + `}`},
		{"PATCH", "/v2/queues/q", `[]`, "200\nContent-Type: application/json\n\n" + `{"owner": "é", ` + full + `}`},
		{"GET", "/v2/queues?with_count=true", ``, "200\nContent-Type: application/json\n\n" +
			`{"queues": [{"name": "q", "href": "/v2/queues/q"}], "links": [{"rel": "next", "href": "/v2/queues?with_count=true&marker=q"}], "count": 1}`},
		{"GET", "/v2/queues?detailed=true", ``, "200\nContent-Type: application/json\n\n" +
			`{"queues": [{"name": "q", "href": "/v2/queues/q", "metadata": {"owner": "é", ` + full + `}}], "links": [{"rel": "next", "href": "/v2/queues?detailed=true&marker=q"}]}`},
		{"GET", "/v2/queues/q/stats", ``, "200\nContent-Type: application/json\n\n" + `{"messages": {"claimed": 0, "free": 0, "total": 0}}`},

		{"POST", "/v2/queues/q/messages", `{"messages": [{"body": 1}, {"body": "é"}]}`, "201\nContent-Type: application/json\n" +
			"Location: /v2/queues/q/messages?ids=$a,$b\n\n" + `{"resources": ["/v2/queues/q/messages/$a", "/v2/queues/q/messages/$b"]}`},
		{"GET", "/v2/queues/q/messages", ``, "200\nContent-Type: application/json\n\n" + `{"messages": [], "links": []}`},
		{"GET", "/v2/queues/q/messages?echo=true&limit=1", ``, "200\nContent-Type: application/json\n\n" +
			`{"messages": [{"id": "$a", "href": "/v2/queues/q/messages/$a", "ttl": 3600, "age": 0, "body": 1}],
			"links": [{"rel": "next", "href": "/v2/queues/q/messages?limit=1&echo=true&include_delayed=true&marker=$any"}]}`},
		{"GET", "/v2/queues/q/messages/$b", ``, "200\nContent-Type: application/json\n\n" +
			`{"id": "$b", "href": "/v2/queues/q/messages/$b", "ttl": 3600, "age": 0, "body": "é"}`},
		{"GET", "/v2/queues/q/messages?ids=$b,$a", ``, "200\nContent-Type: application/json\n\n" +
			`{"messages": [{"id": "$b", "href": "/v2/queues/q/messages/$b", "ttl": 3600, "age": 0, "body": "é"},
			{"id": "$a", "href": "/v2/queues/q/messages/$a", "ttl": 3600, "age": 0, "body": 1}]}`},
		{"GET", "/v2/queues/q/stats", ``, "200\nContent-Type: application/json\n\n" + `{"messages": {"claimed": 0, "free": 2, "total": 2,
			"oldest": {"href": "/v2/queues/q/messages/$a", "age": 0, "created": "2026-01-02T03:04:05Z"},
			"newest": {"href": "/v2/queues/q/messages/$b", "age": 0, "created": "2026-01-02T03:04:05Z"}}}`},

		{"POST", "/v2/queues/q/claims?limit=1", `{"ttl": 100, "grace": 60}`, "201\nContent-Type: application/json\nLocation: /v2/queues/q/claims/$c\n\n" +
			`{"messages": [{"id": "$a", "href": "/v2/queues/q/messages/$a?claim_id=$c", "ttl": 3600, "age": 0, "body": 1}]}`},
		{"GET", "/v2/queues/q/claims/$c", ``, "200\nContent-Type: application/json\n\n" +
			`{"age": 0, "ttl": 100, "href": "/v2/queues/q/claims/$c", "messages": [{"id": "$a", "href": "/v2/queues/q/messages/$a?claim_id=$c", "ttl": 3600, "age": 0, "body": 1}]}`},
		{"PATCH", "/v2/queues/q/claims/$c", `{"ttl": 60}`, "204\n"},
		{"DELETE", "/v2/queues/q/messages/$a?claim_id=$c", ``, "204\n"},
		{"DELETE", "/v2/queues/q/claims/$c", ``, "204\n"},
		{"DELETE", "/v2/queues/q/messages?pop=5", ``, "200\nContent-Type: application/json\n\n" +
			`{"messages": [{"id": "$b", "age": 0, "ttl": 3600, "body": "é", "claim_id": null, "claim_count": 0}]}`},
		{"POST", "/v2/queues/q/claims", ``, "204\n"},
		{"DELETE", "/v2/queues/q/messages?ids=$a,$b", ``, "204\n"},
		{"POST", "/v2/queues/q/purge", ``, "204\n"},
		{"GET", "/v2/ping", ``, "204\n"},
		{"DELETE", "/v2/queues/q", ``, "204\n"},
	} {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			target, err := holes.Fill(c.target)
			if err != nil {
				t.Fatal(err)
			}
			contentType := ""
			if strings.HasPrefix(c.body, "[") {
				contentType = patchType
			}
			a := s.in(t).do(c.method, target, c.body, "Content-Type", contentType)
			check(t, holes, a, c.answer)
			if strings.Contains(a.body, `\u`) || strings.Contains(a.body, ": ") {
				t.Errorf("the body is longer than it must be: %s", a.body)
			}
			if a.status == 201 && a.body == "" {
				same(t, "Content-Length", a.header.Get("Content-Length"), "0")
			}
		})
	}
}

// TestMissingQueue asks everything of a queue that is not there, and makes none.
func TestMissingQueue(t *testing.T) {
	const full = `{"_max_messages_post_size":262144,"_default_message_ttl":3600,"_default_message_delay":0,"_dead_letter_queue":null,` +
		`"_dead_letter_queue_messages_ttl":null,"_max_claim_count":null,"_enable_encrypt_messages":false}`
	s := serve(t, rest.Config{})
	for _, c := range []struct {
		method, target, body string
		status               int
		answer               string
	}{
		{"GET", "/v2/queues/q", ``, 200, full},
		{"GET", "/v2/queues/q/stats", ``, 200, `{"messages":{"claimed":0,"free":0,"total":0}}`},
		{"GET", "/v2/queues/q/messages", ``, 200, `{"messages":[],"links":[]}`},
		{"GET", "/v2/queues/q/messages?ids=a,b", ``, 404, problem("Not found", "No messages with IDs: ['a', 'b'] found in the queue q for project project.")},
		{"GET", "/v2/queues/q/messages/a", ``, 404, problem("Not found", "Message a does not exist in queue q for project project")},
		{"DELETE", "/v2/queues/q", ``, 204, ""},
		{"DELETE", "/v2/queues/q/messages?ids=a", ``, 204, ""},
		{"DELETE", "/v2/queues/q/messages/a?claim_id=c", ``, 204, ""},
		{"DELETE", "/v2/queues/q/messages?pop=1", ``, 200, `{"messages":[]}`},
		{"POST", "/v2/queues/q/claims", `{"ttl":60}`, 204, ""},
		{"GET", "/v2/queues/q/claims/c", ``, 404, problem("Not found", "Claim c does not exist in queue q for project project")},
		{"PATCH", "/v2/queues/q/claims/c", `{}`, 404, problem("Not found", "Claim c does not exist in queue q for project project")},
		{"DELETE", "/v2/queues/q/claims/c", ``, 204, ""},
		{"PATCH", "/v2/queues/q", `[]`, 404, problem("Not found", "Queue q does not exist for project project")},
		{"POST", "/v2/queues/q/purge", ``, 204, ""},
		{"GET", "/v2/queues", ``, 200, `{"queues":[],"links":[]}`},
	} {
		contentType := ""
		if c.body == "[]" {
			contentType = patchType
		}
		answered(t, s.do(c.method, c.target, c.body, "Content-Type", contentType), c.status, c.answer)
	}
}

func TestHealth(t *testing.T) {
	s := serve(t, rest.Config{AdminMode: true})
	s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":1}]}`)
	const well = `{"succeeded": true, "seconds": "$any", "ref": null}`
	a := s.do("GET", "/v2/health", "", "X-Roles", "member,admin")
	check(t, transporttest.Holes{}, a, "200\nContent-Type: application/json\n\n"+`{"storage_reachable": true, "operation_status": {
		"create_queue": `+well+`, "post_messages": `+well+`, "claim_messages": `+well+`, "list_messages": `+well+`,
		"delete_messages": `+well+`, "delete_claim": `+well+`, "bulk_delete_messages": `+well+`, "delete_queue": `+well+`},
		"message_volume": {"free": 1, "claimed": 0, "total": 1}}`)
	answered(t, s.do("GET", "/v2/queues", ""), 200, `{"queues":[{"name":"q","href":"/v2/queues/q"}],"links":[{"rel":"next","href":"/v2/queues?marker=q"}]}`)
}

func TestChecksums(t *testing.T) {
	w := newWatch()
	s := serve(t, rest.Config{Handler: handlerOf(t, w, core.Options{Checksum: true})})
	s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":"abc"},{"body":null}]}`)
	const sum = `"body":"abc","checksum":"MD5:ebd9f4c7b06cb0aaf5d13d80e49d8b90"`
	for _, c := range []struct{ method, target string }{
		{"GET", "/v2/queues/q/messages?echo=true"},
		{"POST", "/v2/queues/q/claims?limit=1"},
		{"GET", "/v2/queues/q/messages?echo=true&include_claimed=true"},
	} {
		a := s.do(c.method, c.target, "")
		if !strings.Contains(a.body, sum) || strings.Contains(a.body, `"body":null,"checksum"`) {
			t.Errorf("%s %s: got %s", c.method, c.target, a.body)
		}
	}
}

func TestUnauthorized(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, target := range []string{"/v2/", "/v2/ping", "/v2/queues", "/v2/queues/q"} {
		a := s.do("GET", target, "", "X-Auth-Token", "wrong")
		answered(t, a, 401, unauthorized)
		same(t, "Content-Type", a.header.Get("Content-Type"), "application/json")
		same(t, "WWW-Authenticate", a.header.Get("WWW-Authenticate"), `Keystone uri="https://id.example/v3"`)
	}
	same(t, "WWW-Authenticate of those who are known", s.do("GET", "/v2/ping", "").header.Get("WWW-Authenticate"), "")
}

// TestBodiesAreKept is of messages as they were written.
func TestBodiesAreKept(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, body := range []string{
		`{"a" : [ 1.50,2E+3 ] , "a": null}`, `"\u0041\/\ud83d\ude00é"`, "{\n\t\"x\": -0\n}", `[[],{}," "]`, `9223372036854775807`, `0.1e-400`,
	} {
		s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":`+body+`}]}`)
		a := s.mustDo(201, "POST", "/v2/queues/q/claims", "")
		if !strings.Contains(a.body, `"body":`+body+`}]}`) {
			t.Errorf("got %s, want %s in it", a.body, body)
		}
		s.mustDo(204, "POST", "/v2/queues/q/purge", "")
	}
}

// TestOddMetadata is of metadata that only its owner should have to bear.
func TestOddMetadata(t *testing.T) {
	s := serve(t, rest.Config{})
	s.mustDo(201, "PUT", "/v2/queues/q", `{"a":{"b":1,"b":2},"c":"\u0041<>&\u2028"}`)
	for _, target := range []string{"/v2/queues/q", "/v2/queues?detailed=true"} {
		a := s.mustDo(200, "GET", target, "")
		if !strings.Contains(a.body, `"a":{"b":1,"b":2},"c":"\u0041<>&\u2028"`) {
			t.Errorf("%s: got %s", target, a.body)
		}
	}
}

func TestTextThatIsNone(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, c := range []struct{ method, target, description string }{
		{"GET", "/v2/queues/q/messages/%FF", "Message \ufffd does not exist in queue q for project \ufffd"},
		{"GET", "/v2/queues/q/messages?ids=%FF", "No messages with IDs: ['\ufffd'] found in the queue q for project \ufffd."},
		{"GET", "/v2/queues/q/claims/%FF", "Claim \ufffd does not exist in queue q for project \ufffd"},
	} {
		refusedWith(t, s.do(c.method, c.target, "", "X-Project-Id", "\xff"), 404, "Not found", c.description)
	}
}

// TestStoreThatCannotServe asks for everything that needs the store.
func TestStoreThatCannotServe(t *testing.T) {
	store := memstore.New(memstore.Config{})
	b := newBroker(t, store, core.Options{Now: newWatch().now})
	s := serve(t, rest.Config{Handler: api.New(b, api.Options{})})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, target, body, spoiled string }{
		{"GET", "/v2/ping", ``, "The store cannot be reached."},
		{"GET", "/v2/queues", ``, "Queues could not be listed."},
		{"PUT", "/v2/queues/q", ``, "Queue could not be created."},
		{"GET", "/v2/queues/q", ``, "Queue metadata could not be retrieved."},
		{"PATCH", "/v2/queues/q", `[]`, "Queue could not be updated."},
		{"DELETE", "/v2/queues/q", ``, "Queue could not be deleted."},
		{"GET", "/v2/queues/q/stats", ``, "Queue stats could not be read."},
		{"POST", "/v2/queues/q/purge", ``, "Queue could not be purged."},
		{"POST", "/v2/queues/q/messages", `{"messages":[{"body":1}]}`, "Messages could not be enqueued."},
		{"GET", "/v2/queues/q/messages", ``, "Messages could not be listed."},
		{"GET", "/v2/queues/q/messages?ids=m", ``, "Messages could not be retrieved."},
		{"GET", "/v2/queues/q/messages/m", ``, "Message could not be retrieved."},
		{"DELETE", "/v2/queues/q/messages/m", ``, "Message could not be deleted."},
		{"DELETE", "/v2/queues/q/messages?ids=m", ``, "Messages could not be deleted."},
		{"DELETE", "/v2/queues/q/messages?pop=1", ``, "Messages could not be popped."},
		{"POST", "/v2/queues/q/claims", ``, "Claim could not be created."},
		{"GET", "/v2/queues/q/claims/c", ``, "Claim could not be queried."},
		{"PATCH", "/v2/queues/q/claims/c", `{}`, "Claim could not be updated."},
		{"DELETE", "/v2/queues/q/claims/c", ``, "Claim could not be deleted."},
	} {
		contentType := ""
		if c.body == "[]" {
			contentType = patchType
		}
		a := s.do(c.method, c.target, c.body, "Content-Type", contentType)
		refusedWith(t, a, 503, "Service temporarily unavailable", c.spoiled+" Please try again in a few seconds.")
		same(t, "Retry-After", a.header.Get("Retry-After"), "")
	}
}
