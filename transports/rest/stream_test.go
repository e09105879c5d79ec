package rest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

const messages = "/v2/queues/q/messages"

func TestStream(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	s.post(0)
	e := s.events(messages)
	same(t, "Cache-Control", e.answer.Header.Get("Cache-Control"), "no-store")
	same(t, "X-Accel-Buffering", e.answer.Header.Get("X-Accel-Buffering"), "no")
	if !strings.HasPrefix(e.answer.Header.Get("X-Openstack-Request-Id"), "req-") {
		t.Errorf("it has no name: %v", e.answer.Header)
	}
	if first := e.line(); !strings.HasPrefix(first, "retry: ") {
		t.Errorf("it begins with %q", first)
	}
	if before := e.live(); before != nil {
		t.Errorf("it begins with what was there: %v", before)
	}
	s.post(1, `"two"`)
	first, second := e.told(1), e.told(`"two"`)
	if first.id >= second.id {
		t.Errorf("IDs: %q, then %q", first.id, second.id)
	}
	var list struct {
		Messages []json.RawMessage `json:"messages"`
	}
	listed := s.mustDo(200, "GET", messages+"?echo=true", "").body
	if err := json.Unmarshal([]byte(listed), &list); err != nil {
		t.Fatal(err)
	}
	same(t, "a message is as lists show it", second.data, string(list.Messages[2]))
}

// TestStreamOfNoQueue listens to what is made later.
func TestStreamOfNoQueue(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	e := s.events(messages)
	live := e.next()
	same(t, "event", live.name, "live")
	s.post(1)
	e.told(1)
	s.events(messages, "Last-Event-ID", live.id).told(1)
}

func TestStreamGoesOn(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	s.post(1, 2, 3)
	e := s.events(messages + "?marker=earliest")
	first := e.told(1)
	second := e.told(2)
	e.told(3)
	e.close()
	for name, open := range map[string]*events{
		"header":                s.events(messages, "Last-Event-ID", first.id),
		"header over the query": s.events(messages+"?marker=earliest&last_event_id="+second.id, "Last-Event-ID", first.id),
		"query":                 s.events(messages + "?last_event_id=" + first.id),
		"query over the marker": s.events(messages + "?last_event_id=" + first.id + "&marker=earliest"),
		"marker":                s.events(messages + "?marker=" + first.id),
		"empty header":          s.events(messages+"?marker="+first.id, "Last-Event-ID", ""),
	} {
		open.t = t
		t.Log(name)
		open.told(2)
		open.told(3)
		same(t, "then it is live", open.next().name, "live")
	}
	e = s.events(messages + "?marker=latest")
	if before := e.live(); before != nil {
		t.Errorf("latest begins with %v", before)
	}
}

// TestStreamGoesOnFromLive loses nothing that was posted while nobody listened,
// though no message had come before.
func TestStreamGoesOnFromLive(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	s.post(0)
	e := s.events(messages)
	live := e.next()
	same(t, "event", live.name, "live")
	same(t, "data", live.data, `{"position":"`+live.id+`"}`)
	e.close()
	s.post(1)
	s.events(messages, "Last-Event-ID", live.id).told(1)
}

func TestStreamTellsOfGaps(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	s.post(1, 2, 3, 4)
	e := s.events(messages + "?marker=earliest")
	ids := []string{e.told(1).id, e.told(2).id, e.told(3).id, e.told(4).id}
	for _, id := range ids[1:3] {
		s.mustDo(204, "DELETE", messages+"/"+id, "")
	}
	e = s.events(messages, "Last-Event-ID", ids[0])
	gap := e.next()
	same(t, "event", gap.name, "gap")
	same(t, "data", gap.data, `{"position":"`+ids[2]+`","from":"`+ids[1]+`","to":"`+ids[2]+`"}`)
	same(t, "its ID", gap.id, ids[2])
	e.told(4)
}

// TestStreamOfBodiesWithLines is of JSON that was written in lines.
func TestStreamOfBodiesWithLines(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	e := s.events(messages)
	e.live()
	s.post("[1,\n  2]", "[3,\r\n4]", "[5,\r6]", `"a\nid: x\n\n"`)
	e.told("[1,\n  2]")
	e.told("[3,\n4]")
	e.told("[5,\n6]")
	e.told(`"a\nid: x\n\n"`)
}

func TestAcceptOfStreams(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	for _, c := range []struct{ target, accept, got string }{
		{messages, streamType, streamType},
		{messages, "Text/Event-Stream; charset=utf-8", streamType},
		{messages, "text/event-stream, */*", streamType},
		{messages, "text/event-stream, application/json;q=0.5", streamType},
		{messages, "application/json, text/event-stream", "application/json"},
		{messages, "application/json, text/event-stream;q=0.5", "application/json"},
		{messages, "*/*", "application/json"},
		{messages, "", "application/json"},
		{messages, "text/event-stream;q=0", "406"},
		{messages, "text/event-stream;q=0, */*", "application/json"},
		{messages, "text/*", "406"},
		{messages + "?ids=a", streamType, "406"},
		{messages + "/m", streamType, "406"},
		{"/v2/queues", streamType, "406"},
	} {
		e := s.stream(c.target, "Accept", c.accept)
		got := e.answer.Header.Get("Content-Type")
		if e.answer.StatusCode != 200 {
			got = e.answer.Status[:3]
		}
		same(t, c.target+" "+c.accept, got, c.got)
		e.close()
	}
	refusedWith(t, s.do("POST", messages, `{"messages":[{"body":1}]}`, "Accept", streamType), 406, "406 Not Acceptable", acceptText)
	same(t, "HEAD", s.do("HEAD", messages, "", "Accept", streamType).status, 406)
	without := serve(t, rest.Config{})
	refusedWith(t, without.do("GET", messages, "", "Accept", streamType), 406, "406 Not Acceptable", acceptText)
}

// TestChecksOfStreams is of streams that do not begin.
func TestChecksOfStreams(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	ask := func(target string, headers ...string) answer {
		return s.do("GET", target, "", append([]string{"Accept", streamType}, headers...)...)
	}
	answered(t, ask(messages, "X-Auth-Token", "wrong"), 401, unauthorized)
	refusedWith(t, ask(messages, "Client-ID", ""), 400, "Missing header value", `The "Client-Id" header is required.`)
	refusedWith(t, ask(messages, "X-Project-Id", ""), 400, "Project-Id Missing", "The header X-PROJECT-ID was missing")
	refusedWith(t, ask("/v2/queues/a%20b/messages"), 400, "Invalid queue identification", badName)
}

func TestStreamsShowSignsOfLife(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{StreamPulse: time.Millisecond})
	e := s.events(messages)
	e.live()
	for comments := 0; comments < 3; {
		switch line := e.line(); line {
		case ":":
			comments++
		case "":
		default:
			t.Fatalf("got %q", line)
		}
	}
	s.post(1)
	e.told(1)
}

func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	all := []*events{s.events(messages), s.events(messages), s.events("/v2/queues/other/messages")}
	for _, e := range all {
		e.live()
	}
	if err := s.stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	for _, e := range all {
		e.ended()
	}
}

// secretive believes the bearer of a token alone, until a while has passed.
type secretive struct {
	believing
	lasts time.Duration
}

func (a secretive) Authenticate(_ context.Context, c *api.Call) (core.Caller, error) {
	if token, _ := c.Header("X-Auth-Token"); token != "s3cr3t" {
		return core.Caller{}, api.ErrUnauthenticated
	}
	who := core.Caller{Project: "shop"}
	if a.lasts > 0 {
		who.Expires = time.Now().Add(a.lasts)
	}
	return who, nil
}

// TestStreamsOfBrowsers have in the query what EventSource cannot send.
func TestStreamsOfBrowsers(t *testing.T) {
	t.Parallel()
	log := &diary{}
	s := serveWho(t, rest.Config{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, secretive{})
	const who = "client_id=" + alice + "&project_id=shop&token=s3cr3t"
	bare := []string{"Client-ID", "", "X-Project-Id", ""}
	e := s.events(messages+"?"+who, bare...)
	e.live()
	s.mustDo(201, "POST", messages, `{"messages":[{"body":1}]}`, "X-Auth-Token", "s3cr3t", "X-Project-Id", "shop")
	e.told(1)

	for _, query := range []string{strings.ReplaceAll(who, "s3cr3t", "guess"), "client_id=" + alice + "&project_id=shop"} {
		answered(t, s.do("GET", messages+"?"+query, "", append(bare, "Accept", streamType)...), 401, unauthorized)
	}
	answered(t, s.do("GET", messages+"?"+who, "", append(bare, "Accept", streamType, "X-Auth-Token", "guess")...), 401, unauthorized)
	refused := s.do("GET", messages+"?"+strings.ReplaceAll(who, "client_id", "x"), "", append(bare, "Accept", streamType)...)
	refusedWith(t, refused, 400, "Missing header value", `The "Client-Id" header is required.`)
	for _, c := range [][2]string{{"GET", messages}, {"GET", "/v2/queues"}, {"DELETE", messages + "/m"}, {"GET", messages + "/m"}} {
		answered(t, s.do(c[0], c[1]+"?"+who, "", bare...), 401, unauthorized)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if text := log.text(); strings.Contains(text, "s3cr3t") || strings.Contains(text, "client_id=") || !strings.Contains(text, "message_watch") {
		t.Errorf("the log has:\n%s", text)
	}
}

// diary is a log that may be read while it is written.
type diary struct {
	mu      sync.Mutex
	written bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written.Write(p)
}

func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written.String()
}

func TestStreamsEndWithWhatProvedTheCaller(t *testing.T) {
	t.Parallel()
	s := serveWho(t, rest.Config{}, secretive{lasts: 50 * time.Millisecond})
	e := s.events(messages, "X-Auth-Token", "s3cr3t", "X-Project-Id", "shop")
	if _, err := io.ReadAll(e.lines); err != nil {
		t.Errorf("got %v, want an end", err)
	}
}

// TestStreamsThatNobodyReads are cut off, and hold up nobody else.
func TestStreamsThatNobodyReads(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{BodyTimeout: time.Second, StreamsPerRemote: 2, StreamPulse: 20 * time.Millisecond})
	stuck := s.dial()
	defer stuck.Close()
	_, _ = io.WriteString(stuck, head("GET "+messages)+"Accept: "+streamType+"\r\n\r\n")
	if _, err := io.ReadFull(stuck, make([]byte, len("HTTP/1.1 200"))); err != nil {
		t.Fatal(err)
	}
	e := s.events(messages)
	e.live()
	large := `"` + strings.Repeat("x", 200<<10) + `"`
	const posts = 80 // more than the buffers of both systems hold
	for range posts {
		s.post(large)
		e.told(large)
	}
	s.untilSeated(messages, e.pulse) // which the stuck one has left
	text, err := io.ReadAll(stuck)
	if err == nil && len(text) >= posts*len(large) {
		t.Errorf("one who did not read got all of it: %d bytes", len(text))
	}
	s.post(1)
	e.told(1)
}

// TestStreamsOverHTTP2 are quiet for longer than a client may take to read.
func TestStreamsOverHTTP2(t *testing.T) {
	t.Parallel()
	config, roots := secure(t)
	const patience = 300 * time.Millisecond
	s, slow := serveLive(t, rest.Config{TLS: config, BodyTimeout: patience}), serve(t, rest.Config{BodyTimeout: patience})
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	e := s.events(messages)
	same(t, "version", e.answer.ProtoMajor, 2)
	e.live()
	for range 3 { // each takes as long as the server waits for a body
		same(t, "statuses", statuses(slow.raw(head("PUT /v2/queues/q")+"Content-Length: 2\r\n\r\n")), "400")
	}
	s.post(1)
	e.told(1)
	if err := s.stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	e.ended()
}

// TestStreamsThatNobodyReadsOverHTTP2 are cut off alone: others of the connection
// go on.
func TestStreamsThatNobodyReadsOverHTTP2(t *testing.T) {
	t.Parallel()
	config, roots := secure(t)
	s := serveLive(t, rest.Config{TLS: config, BodyTimeout: time.Second, StreamsPerRemote: 2, StreamPulse: 20 * time.Millisecond})
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	stuck, e := s.events(messages), s.events(messages)
	same(t, "version", e.answer.ProtoMajor, 2)
	e.live()
	large := `"` + strings.Repeat("x", 200<<10) + `"`
	const posts = 40 // more than a client takes of a stream that it does not read
	for range posts {
		s.post(large)
		e.told(large)
	}
	s.untilSeated(messages, e.pulse)
	if text, err := io.ReadAll(stuck.lines); err == nil {
		t.Errorf("one who did not read got an end after %d bytes", len(text))
	}
	s.post(1)
	e.told(1)
}
