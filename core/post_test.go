package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

func TestPostMakesTheQueue(t *testing.T) {
	w := newWorld(t, core.Options{})
	same(t, "messages", len(w.post("q", `1`, `2`, `3`)), 3)
	same(t, "metadata", w.stored("q"), `{}`)
	sameAll(t, "bodies", bodies(w.list("q")), `1`, `2`, `3`)
}

func TestPostKeepsTheOrder(t *testing.T) {
	w := newWorld(t, core.Options{})
	ids := w.post("q", `1`, `2`)
	ids = append(ids, w.as("bob").post("q", `3`)...)
	ids = append(ids, w.post("q", `4`)...)
	for i, m := range w.list("q") {
		same(t, "ID", m.ID, ids[i])
		same(t, "position", int(m.Position), i+1)
	}
	sameAll(t, "bodies", bodies(w.list("q")), `1`, `2`, `3`, `4`)
}

func TestPostHasNoLimitButItsSize(t *testing.T) {
	w := newWorld(t, core.Options{})
	same(t, "messages", len(w.post("q", strings.Split(strings.Repeat("1 ", 500)+"1", " ")...)), 501)
}

func TestBodiesAreKeptByteForByte(t *testing.T) {
	w := newWorld(t, core.Options{})
	for _, body := range []string{
		`null`, `""`, `"\u00e9é"`, `{ "b" : 1,"a":[ ] }`, `1.50`, `123456789012345678901234567890`, `{"a":1,"a":2}`,
	} {
		same(t, "body", string(w.get("q", w.post("q", body)[0]).Body), body)
	}
}

// seconds is a span that a request names.
func seconds(n int64) *int64 { return &n }

const badMessageTTL = "The TTL for a message may not exceed 1209600 seconds, and must be at least 60 seconds long."

var messageTTLs = []struct {
	metadata string
	given    *int64
	want     int64
	text     string // of the error; "": there is none
}{
	{`{}`, nil, 3600, ""},
	{`{}`, seconds(60), 60, ""},
	{`{}`, seconds(1209600), 1209600, ""},
	{`{}`, seconds(59), 0, badMessageTTL},
	{`{}`, seconds(0), 0, badMessageTTL},
	{`{}`, seconds(-1), 0, badMessageTTL},
	{`{}`, seconds(1209601), 0, badMessageTTL},
	{`{}`, seconds(1 << 62), 0, badMessageTTL},
	{`{"_default_message_ttl":120}`, nil, 120, ""},
	{`{"_default_message_ttl":120}`, seconds(7200), 7200, ""},
	{`{"_default_message_ttl":null}`, nil, 3600, ""},
}

func TestMessageTTL(t *testing.T) {
	for _, c := range messageTTLs {
		w := newWorld(t, core.Options{})
		w.create("q", c.metadata)
		r := core.MessagePostRequest{Queue: "q", Messages: []core.Draft{mortal(`1`, 60), {Body: jsontext.Value(`2`), TTL: c.given}}}
		if c.text != "" {
			refused(t, try(w, w.PostMessages, r), core.Invalid, "", c.text)
			same(t, "messages", len(w.list("q")), 0) // all or none
			continue
		}
		id := do(w, w.PostMessages, r).IDs[1]
		same(t, "ttl", w.get("q", id).TTL, c.want)
		w.pass(time.Duration(c.want)*time.Second - time.Millisecond)
		same(t, "age at the last instant", w.get("q", id).Age, c.want-1)
		w.pass(time.Millisecond)
		same(t, "code when it is over", core.CodeOf(try(w, w.GetMessage, core.MessageGetRequest{Queue: "q", ID: id})), core.NotFound)
	}
}

const badMessageDelay = "The delay for a message may not exceed 900 seconds, and must be at least 0 seconds long."

var messageDelays = []struct {
	metadata string
	given    *int64
	want     int64
	text     string // of the error; "": there is none
}{
	{`{}`, nil, 0, ""},
	{`{}`, seconds(30), 0, ""}, // dropped
	{`{}`, seconds(901), 0, ""},
	{`{}`, seconds(-1), 0, ""},
	{`{"_default_message_delay":0}`, seconds(30), 0, ""},
	{`{"_default_message_delay":null}`, seconds(30), 0, ""},
	{`{"_default_message_delay":false}`, seconds(30), 0, ""},
	{`{"_default_message_delay":10}`, nil, 10, ""},
	{`{"_default_message_delay":true}`, nil, 1, ""},
	{`{"_default_message_delay":900}`, nil, 900, ""},
	{`{"_default_message_delay":10}`, seconds(0), 0, ""},
	{`{"_default_message_delay":10}`, seconds(30), 30, ""},
	{`{"_default_message_delay":10}`, seconds(900), 900, ""},
	{`{"_default_message_delay":10}`, seconds(901), 0, badMessageDelay},
	{`{"_default_message_delay":10}`, seconds(-1), 0, badMessageDelay},
}

func TestMessageDelay(t *testing.T) {
	for _, c := range messageDelays {
		w := newWorld(t, core.Options{})
		w.create("q", c.metadata)
		r := core.MessagePostRequest{Queue: "q", Messages: []core.Draft{{Body: jsontext.Value(`1`), Delay: c.given}}}
		if c.text != "" {
			refused(t, try(w, w.PostMessages, r), core.Invalid, "", c.text)
			continue
		}
		do(w, w.PostMessages, r)
		if c.want > 0 {
			w.pass(time.Duration(c.want)*time.Second - time.Millisecond)
			same(t, "claimed too early", len(w.claim("q", 1, 60).Messages), 0)
			w.pass(time.Millisecond)
		}
		same(t, "claimed", len(w.claim("q", 1, 60).Messages), 1)
	}
}

func TestBrokersDelayHoldsForAllQueues(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{DefaultMessageDelay: 5}})
	w.create("q", `{"_default_message_delay":0}`)
	w.post("q", `1`)
	w.post("made by the post", `1`)
	for _, queue := range []string{"q", "made by the post"} {
		same(t, "claimed too early", len(w.claim(queue, 1, 60).Messages), 0)
	}
	w.pass(5 * time.Second)
	for _, queue := range []string{"q", "made by the post"} {
		same(t, "claimed", len(w.claim(queue, 1, 60).Messages), 1)
	}
}

var postSizes = []struct {
	metadata string
	size     int
	text     string // of the error; "": there is none
}{
	{`{}`, 262144, ""},
	{`{}`, 262145, "Message collection size is too large. Max size 262144"},
	{`{"_max_messages_post_size":100}`, 100, ""},
	{`{"_max_messages_post_size":100}`, 101, "Message collection size is too large. Max size 100"},
	{`{"_max_messages_post_size":true}`, 1, ""},
	{`{"_max_messages_post_size":true}`, 2, "Message collection size is too large. Max size 1"},
	{`{"_max_messages_post_size":null}`, 262144, ""},
}

func TestPostSize(t *testing.T) {
	for _, c := range postSizes {
		w := newWorld(t, core.Options{})
		w.create("q", c.metadata)
		err := try(w, w.PostMessages, core.MessagePostRequest{Queue: "q", Messages: drafts(`1`), Size: c.size})
		switch {
		case c.text != "":
			refused(t, err, core.Invalid, "", c.text)
		case err != nil:
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestBadPostMakesNoQueue(t *testing.T) {
	w := newWorld(t, core.Options{})
	for _, c := range []struct {
		request core.MessagePostRequest
		text    string
	}{
		{core.MessagePostRequest{}, "No messages to enqueu."},
		{core.MessagePostRequest{Messages: []core.Draft{}}, "No messages to enqueu."},
		{core.MessagePostRequest{Messages: drafts(`1`), Size: 262145}, "Message collection size is too large. Max size 262144"},
		{core.MessagePostRequest{Messages: []core.Draft{mortal(`1`, 59)}}, badMessageTTL},
		{core.MessagePostRequest{Messages: drafts(`1`), Key: "\n"}, badKey},
	} {
		c.request.Queue = "q"
		refused(t, try(w, w.PostMessages, c.request), core.Invalid, "", c.text)
		same(t, "the queue is there", w.exists("q"), false)
	}
}

func TestEncryptedQueueTakesNoPosts(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_enable_encrypt_messages":true}`)
	err := try(w, w.PostMessages, core.MessagePostRequest{Queue: "q", Messages: drafts(`1`)})
	refused(t, err, core.Invalid, "",
		"Queue q asks for encrypted messages (_enable_encrypt_messages), which this server cannot store.")
	w.patch("q", add("_enable_encrypt_messages", `false`))
	w.post("q", `1`)
}
