package rest_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/transporttest"
)

// The files v2*.txtar in testdata say what a Zaqar server answered. The same
// requests are sent here; the answers must be the same but for the deviations.

// deviation is another answer than Zaqar's, and why.
type deviation struct{ why, answer string }

var deviations = map[string]deviation{
	"1": {"older versions are not served", `300
Content-Type: application/json

{"versions": [{"id": "2", "status": "CURRENT", "updated": "2014-9-24T04:06:47Z", "media-types": [{"base": "application/json",
"type": "application/vnd.openstack.messaging-v2+json"}], "links": [{"href": "/v2/", "rel": "self"}]}]}`},
	"20": {"later releases spell the header so", `400
Content-Type: application/json
Vary: Accept

{"title": "Missing header value", "description": "The \"Client-Id\" header is required."}`},
	"75": {"later releases spell the header so", `400
Content-Type: application/json
Vary: Accept

{"title": "Missing header value", "description": "The \"Client-Id\" header is required."}`},
	"23": {"later releases have a title and no links to a standard of 1999", `406
Content-Type: application/xml
Vary: Accept

<?xml version="1.0" encoding="UTF-8"?>
<error><title>406 Not Acceptable</title><description>Endpoint only serves ` + "`application/json`" + `; specify client-side media type support with the &#34;Accept&#34; header.</description></error>`},
	"52": {"a mistake of the caller's is not the store's", `400
Content-Type: application/json
Vary: Accept

{"title": "Invalid request body", "description": "Request body must be a JSON array of operation objects."}`},
	"55": {"later releases have a title of their own", `415
Content-Type: application/json
Vary: Accept

{"title": "415 Unsupported Media Type", "description": "Accepted media type for PATCH: {'Accept-Patch': 'application/openstack-messaging-v2.0-json-patch'}."}`},
	"120": {"a claim that never was does not show whether the message is claimed", `400
Content-Type: application/json
Vary: Accept

{"title": "Unable to delete", "description": "The specified claim does not exist or has expired."}`},
	"236": {"what is expired is gone at once", `404
Content-Type: application/json
Vary: Accept

{"title": "Not found", "description": "Message $id38 does not exist in queue e1 for project project"}`},
	"237": {"what is expired is gone at once", `200
Content-Type: application/json

{"messages": [], "links": []}`},
	"238": {"what is expired is gone at once", `200
Content-Type: application/json

{"messages": {"claimed": 0, "free": 0, "total": 0}}`},
	"241": {"a claim that ended is not shown", `200
Content-Type: application/json

{"messages": [{"id": "$id39", "href": "/v2/queues/e2/messages/$id39", "ttl": 300, "age": 62, "body": "long"}],
"links": [{"rel": "next", "href": "/v2/queues/e2/messages?echo=true&include_delayed=true&marker=$any"}]}`},
	"242": {"a worker learns that it lost the race", `400
Content-Type: application/json
Vary: Accept

{"title": "Unable to delete", "description": "The specified claim does not exist or has expired."}`},
	"243": {"the message of 242 is still there", `201
Content-Type: application/json
Location: /v2/queues/e2/claims/$id41

{"messages": [{"id": "$id39", "href": "/v2/queues/e2/messages/$id39?claim_id=$id41", "ttl": 300, "age": 62, "body": "long"}]}`},
}

// meaningful are the headers of which an answer has those that are listed and no
// others.
var meaningful = []string{"Content-Type", "Vary", "Location", "Allow", "Cache-Control"}

func TestTranscripts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file    string
		options core.Options
	}{
		{"v2.txtar", core.Options{}},
		{"v2-limits.txtar", core.Options{Limits: core.Limits{MaxQueueMetadata: 64, MaxMessagesPostSize: 256}}},
		{"v2-expiry.txtar", core.Options{}},
		{"v2-share.txtar", core.Options{Secrets: [][]byte{[]byte("sekrit")}}},
		{"v2-subscriptions.txtar", core.Options{Subscribers: []string{"http", "https", "mailto", "trust+http", "trust+https"}}},
	} {
		t.Run(c.file, func(t *testing.T) {
			archive, err := os.ReadFile("testdata/" + c.file)
			if err != nil {
				t.Fatal(err)
			}
			w := newWatch()
			s := serve(t, rest.Config{Handler: handlerOf(t, w, c.options), AdminMode: true})
			s.watch = w
			holes := transporttest.Holes{}
			for _, section := range txtar.Parse(archive).Files {
				t.Run(section.Name, func(t *testing.T) { replay(t, s.in(t), holes, section) })
			}
		})
	}
}

func replay(t *testing.T, s *site, holes transporttest.Holes, section txtar.File) {
	text, err := holes.Fill(strings.Split(string(section.Data), "\n< ")[0])
	if err != nil {
		t.Fatal(err)
	}
	want := strings.SplitN(string(section.Data), "\n< ", 2)[1]
	if span, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(span, "advance ") {
		d, err := time.ParseDuration(strings.TrimPrefix(span, "advance "))
		if err != nil {
			t.Fatal(err)
		}
		s.pass(d)
		text = rest
	}
	got := s.send(requestOf(t, s, text))
	number, _, _ := strings.Cut(section.Name, " ")
	d, deviates := deviations[number]
	if !deviates {
		check(t, holes, got, want)
		return
	}
	if r := (&silent{T: t}); !r.failing(func() { check(r, transporttest.Holes{}, got, want) }) {
		t.Errorf("Zaqar answers the same: %s", d.why)
	}
	check(t, holes, got, d.answer)
}

// silent counts failures instead of failing.
type silent struct {
	*testing.T
	failures int
}

func (s *silent) Errorf(string, ...any) { s.failures++ }

func (s *silent) failing(do func()) bool {
	do()
	return s.failures > 0
}

// parts takes apart what has a first line, headers, an empty line and a body.
func parts(text string) (first string, headers http.Header, body string) {
	head, body, _ := strings.Cut(text+"\n", "\n\n")
	first, rest, _ := strings.Cut(head, "\n")
	headers = http.Header{}
	for line := range strings.Lines(rest) {
		name, value, _ := strings.Cut(line, ":")
		headers.Set(name, strings.TrimSpace(value))
	}
	return first, headers, strings.TrimSuffix(body, "\n")
}

func requestOf(t *testing.T, s *site, text string) *http.Request {
	t.Helper()
	first, headers, body := parts(text)
	method, target, _ := strings.Cut(first, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+target, strings.NewReader(strings.TrimSpace(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Client-ID", alice)
	r.Header.Set("X-Project-ID", "project")
	for name := range headers {
		r.Header.Del(name)
		if value := headers.Get(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

type failer interface {
	Helper()
	Errorf(string, ...any)
}

func check(t failer, holes transporttest.Holes, got answer, want string) {
	t.Helper()
	status, headers, body := parts(want)
	if strconv.Itoa(got.status) != status {
		t.Errorf("got status %d, want %s: %s", got.status, status, got.body)
	}
	for _, name := range meaningful {
		if err := holes.MatchText(headers.Get(name), got.header.Get(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	body = strings.TrimSpace(body)
	if !strings.HasPrefix(body, "{") {
		if got.body != body {
			t.Errorf("got body %q, want %q", got.body, body)
		}
		return
	}
	if err := holes.Match([]byte(sortQueries(body)), []byte(sortQueries(got.body))); err != nil {
		t.Errorf("%v\nbody: %s", err, got.body)
	}
}

var query = regexp.MustCompile(`\?[^"]*=[^"]*`)

// sortQueries brings the parameters of links into one order.
func sortQueries(document string) string {
	return query.ReplaceAllStringFunc(document, func(q string) string {
		parameters := strings.Split(q[1:], "&")
		slices.Sort(parameters)
		return "?" + strings.Join(parameters, "&")
	})
}
