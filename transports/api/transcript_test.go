package api_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

// deviation is another answer than Zaqar's, and why.
type deviation struct{ why, answer string }

var deviations = map[string]deviation{
	"11": {"a client that authenticates where it need not must not wait for ever",
		`text {"request": {"action": "authenticate", "body": {}, "headers": {}, "api": "v2"}, "body": {"message": "Authentified."}, "headers": {"status": 200}}`},
	"47": {"a connection is no URL, and confirms itself", `text {"request": {"action": "subscription_list", "body": {"queue_name": "q1"},
		"headers": {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", "X-Project-ID": "project"}, "api": "v2"},
		"body": {"subscriptions": [{"id": "$id5", "source": "q1", "subscriber": "connection:$connection", "ttl": 120, "age": 0, "options": {}, "confirmed": true}]},
		"headers": {"status": 200}}`},
	"48": {"a connection is no URL, and confirms itself", `text {"request": {"action": "subscription_get", "body": {"queue_name": "q1", "subscription_id": "$id5"},
		"headers": {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", "X-Project-ID": "project"}, "api": "v2"},
		"body": {"id": "$id5", "source": "q1", "subscriber": "connection:$connection", "ttl": 120, "age": 0, "options": {}, "confirmed": true},
		"headers": {"status": 200}}`},
}

// plug is a door without a socket: frames in, frames out.
type plug struct {
	handler api.Handler
	session *api.Session
	woken   chan struct{}
}

// plugIn opens a plug on a broker that runs until the test ends.
func plugIn(t *testing.T, o core.Options, so api.SessionOptions) *plug {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return time.Unix(1767322245, 0) }
	}
	b, err := core.New(t.Context(), memstore.New(memstore.Config{Now: o.Now}), o)
	if err != nil {
		t.Fatal(err)
	}
	p := &plug{handler: api.New(b, api.Options{}), woken: make(chan struct{}, 1)}
	so.Wake = func() {
		select {
		case p.woken <- struct{}{}:
		default:
		}
	}
	p.session = api.NewSession(b, so)
	transporttest.Running(t, b.Run)
	transporttest.Running(t, p.session.Run)
	return p
}

// send sends a frame and reads the answer.
func (p *plug) send(t *testing.T, codec api.Codec, frame []byte) []byte {
	t.Helper()
	e, wrong := api.ParseEnvelope(codec, frame)
	if wrong == nil {
		c := e.Call()
		c.Transport, c.Session = "plug", p.session
		reply := p.handler.Handle(t.Context(), c)
		wrong = &reply
	}
	answer, err := e.AppendReply(nil, *wrong)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// pushes takes so many pushes, which have to come.
func (p *plug) pushes(t *testing.T, count int) []api.Push {
	t.Helper()
	var got []api.Push
	late := time.After(30 * time.Second)
	for {
		got = append(got, p.session.Take(100)...)
		if len(got) >= count {
			return got
		}
		select {
		case <-p.woken:
		case <-late:
			t.Fatalf("got %d pushes in half a minute, want %d", len(got), count)
		}
	}
}

func TestTranscript(t *testing.T) {
	archive, err := os.ReadFile("testdata/websocket.txtar")
	if err != nil {
		t.Fatal(err)
	}
	p := plugIn(t, core.Options{Subscribers: []string{"http"}}, api.SessionOptions{})
	holes := transporttest.Holes{}
	for _, section := range txtar.Parse(archive).Files {
		t.Run(section.Name, func(t *testing.T) { p.replay(t, holes, section) })
	}
}

func (p *plug) replay(t *testing.T, holes transporttest.Holes, section txtar.File) {
	lines := strings.Split(strings.TrimSpace(string(section.Data)), "\n")
	frame, err := holes.Fill(strings.TrimPrefix(lines[0], "> "))
	if err != nil {
		t.Fatal(err)
	}
	codec, bytes := frameOf(t, frame)
	got := []string{told(t, codec, p.send(t, codec, bytes))}
	for _, push := range p.pushes(t, len(lines)-2) {
		document, err := push.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, told(t, push.Codec, document))
	}
	var want []string
	for _, line := range lines[1:] {
		want = append(want, strings.TrimPrefix(line, "< "))
	}
	number, _, _ := strings.Cut(section.Name, " ")
	if d, deviates := deviations[number]; deviates {
		if differences(transporttest.Holes{}, got, want) == nil {
			t.Errorf("Zaqar answers the same: %s", d.why)
		}
		want = []string{d.answer}
	}
	for _, difference := range differences(holes, got, want) {
		t.Error(difference)
	}
}

// frameOf is what a line of a transcript stands for.
func frameOf(t *testing.T, line string) (api.Codec, []byte) {
	t.Helper()
	kind, text, _ := strings.Cut(line, " ")
	var frame []byte
	var err error
	switch kind {
	case "text":
		return api.JSON, []byte(text)
	case "binary":
		frame, err = api.ToMessagePack(nil, []byte(text))
	case "hex":
		frame, err = hex.DecodeString(text)
	default:
		t.Fatalf("%q is no kind of frame", kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	return api.MessagePack, frame
}

// told is a frame as a line of a transcript.
func told(t *testing.T, codec api.Codec, frame []byte) string {
	t.Helper()
	if codec == api.JSON {
		return "text " + string(frame)
	}
	text, err := api.FromMessagePack(nil, frame, noMax)
	if err != nil {
		t.Fatal(err)
	}
	return "binary " + string(text)
}

func differences(holes transporttest.Holes, got, want []string) (all []string) {
	if len(got) != len(want) {
		return []string{"got " + strings.Join(got, "\n") + "\nwant " + strings.Join(want, "\n")}
	}
	for i := range got {
		kind, document, _ := strings.Cut(got[i], " ")
		wanted, pattern, _ := strings.Cut(want[i], " ")
		if kind != wanted {
			all = append(all, "got a frame of "+kind+", want "+wanted)
		}
		if err := holes.Match([]byte(pattern), []byte(document)); err != nil {
			all = append(all, err.Error()+"\n"+document)
		}
	}
	return all
}
