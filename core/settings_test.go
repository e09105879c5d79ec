package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// shownMetadata is metadata as stored and as shown, in which spaces are left out.
var shownMetadata = []struct{ stored, shown string }{
	{`{}`, `{"_max_messages_post_size":262144, "_default_message_ttl":3600, "_default_message_delay":0,
		"_dead_letter_queue":null, "_dead_letter_queue_messages_ttl":null, "_max_claim_count":null,
		"_enable_encrypt_messages":false}`},
	// What is there keeps its place, and what is missing follows.
	{`{"_default_message_ttl":120,"owner":"me","_max_messages_post_size":1024}`,
		`{"_default_message_ttl":120, "owner":"me", "_max_messages_post_size":1024, "_default_message_delay":0,
		"_dead_letter_queue":null, "_dead_letter_queue_messages_ttl":null, "_max_claim_count":null,
		"_enable_encrypt_messages":false}`},
	{`{"_dead_letter_queue":"dead","_dead_letter_queue_messages_ttl":90,"_max_claim_count":2,
		"_enable_encrypt_messages":true,"_default_message_delay":5,"_flavor":"gold","_retry_policy":{}}`,
		`{"_dead_letter_queue":"dead", "_dead_letter_queue_messages_ttl":90, "_max_claim_count":2,
		"_enable_encrypt_messages":true, "_default_message_delay":5, "_flavor":"gold", "_retry_policy":{},
		"_max_messages_post_size":262144, "_default_message_ttl":3600}`},
	// What Python takes for false shows the default, in its place.
	{`{"_max_claim_count":0,"_default_message_ttl":null,"_enable_encrypt_messages":null,"_dead_letter_queue":null,
		"_default_message_delay":false,"_max_messages_post_size":null,"_dead_letter_queue_messages_ttl":null}`,
		`{"_max_claim_count":null, "_default_message_ttl":3600, "_enable_encrypt_messages":false,
		"_dead_letter_queue":null, "_default_message_delay":0, "_max_messages_post_size":262144,
		"_dead_letter_queue_messages_ttl":null}`},
	{`{"_max_claim_count":true}`, `{"_max_claim_count":true, "_max_messages_post_size":262144,
		"_default_message_ttl":3600, "_default_message_delay":0, "_dead_letter_queue":null,
		"_dead_letter_queue_messages_ttl":null, "_enable_encrypt_messages":false}`},
}

func compact(text string) string { return strings.Join(strings.Fields(text), "") }

func TestDefaultsAreShown(t *testing.T) {
	for _, m := range shownMetadata {
		w := newWorld(t, core.Options{})
		same(t, "missing", string(do(w, w.GetQueue, core.QueueGetRequest{Queue: "q"}).Metadata), compact(shownMetadata[0].shown))
		w.create("q", m.stored)
		want := compact(m.shown)
		same(t, "got", string(do(w, w.GetQueue, core.QueueGetRequest{Queue: "q"}).Metadata), want)
		same(t, "patched", string(do(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: "q"}).Metadata), want)
		listed := do(w, w.ListQueues, core.QueueListRequest{Detailed: true}).Queues
		same(t, "listed", string(listed[0].Metadata), want)
		same(t, "stored", compact(w.stored("q")), compact(m.stored))
	}
}

func TestDefaultsShownAreTheBrokers(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{
		MaxMessagesPostSize: 1000, DefaultMessageTTL: 61, DefaultMessageDelay: 7,
	}})
	same(t, "metadata", string(do(w, w.GetQueue, core.QueueGetRequest{Queue: "q"}).Metadata),
		`{"_max_messages_post_size":1000,"_default_message_ttl":61,"_default_message_delay":7,"_dead_letter_queue":null,`+
			`"_dead_letter_queue_messages_ttl":null,"_max_claim_count":null,"_enable_encrypt_messages":false}`)
}

const (
	badTTL      = "_default_message_ttl can not exceed 1209600 seconds, and must be at least 60 seconds long."
	badDelay    = "_default_message_delay can not exceed 900 seconds, and must be at least 0 seconds long."
	badDeadTTL  = "_dead_letter_queue_messages_ttl can not exceed 1209600 seconds, and must be at least 60 seconds long."
	badPostSize = "_max_messages_post_size can not exceed 262144,  and must be at least greater than 0."
	badDead     = "_dead_letter_queue must be the name of a queue."
	badEncrypt  = "_enable_encrypt_messages must be boolean."
)

// reserved attributes and what is wrong with their values; "" is nothing.
var reservedValues = []struct {
	name   string
	values []string
	text   string
}{
	{"_default_message_ttl", []string{`60`, `1209600`, `null`}, ""},
	{"_default_message_ttl", []string{`59`, `1209601`, `0`, `-60`, `true`, `false`}, badTTL},
	{"_default_message_ttl", []string{`60.0`, `3600.5`, `1e3`, `"60"`, `""`, `[]`, `{}`, `99999999999999999999`},
		"_default_message_ttl must be integer."},
	{"_default_message_delay", []string{`0`, `-0`, `900`, `null`, `true`, `false`}, ""},
	{"_default_message_delay", []string{`-1`, `901`}, badDelay},
	{"_default_message_delay", []string{`1.0`, `"1"`, `""`, `[]`}, "_default_message_delay must be integer."},
	{"_max_messages_post_size", []string{`1`, `262144`, `null`, `true`}, ""},
	{"_max_messages_post_size", []string{`0`, `-1`, `262145`, `false`}, badPostSize},
	{"_max_messages_post_size", []string{`1024.0`, `""`, `{}`}, "_max_messages_post_size must be integer."},
	{"_dead_letter_queue_messages_ttl", []string{`60`, `1209600`, `null`}, ""},
	{"_dead_letter_queue_messages_ttl", []string{`59`, `0`, `1209601`, `true`}, badDeadTTL},
	{"_dead_letter_queue_messages_ttl", []string{`99.5`, `""`}, "_dead_letter_queue_messages_ttl must be integer."},
	{"_max_claim_count", []string{`0`, `-1`, `1000000`, `null`, `true`, `false`}, ""},
	{"_max_claim_count", []string{`1.5`, `"2"`, `""`, `[]`}, "_max_claim_count must be integer."},
	{"_dead_letter_queue", []string{`null`, `"dead"`, `"a.b-c_D9"`}, ""},
	{"_dead_letter_queue", []string{`""`, `"two words"`, `1`, `true`, `false`, `[]`, `{}`}, badDead},
	{"_dead_letter_queue", []string{`"q"`}, "_dead_letter_queue must not be the queue itself."},
	{"_enable_encrypt_messages", []string{`true`, `false`, `null`}, ""},
	{"_enable_encrypt_messages", []string{`1`, `0`, `"true"`, `""`, `{}`}, badEncrypt},
	{"_flavor", []string{`"gold"`, `""`, `null`}, ""},
	{"_flavor", []string{`1`, `true`, `[]`}, "_flavor must be string."},
	{"_retry_policy", []string{`{}`, `null`}, ""},
	{"_retry_policy", []string{`1`, `[]`, `""`}, "_retry_policy must be a dict."},
	{"_something_else", []string{`1.5`, `""`, `{}`, `null`}, ""},
	{"default_message_ttl", []string{`1`}, ""},
}

func TestReservedValuesAreChecked(t *testing.T) {
	for _, r := range reservedValues {
		for _, value := range r.values {
			t.Run(r.name+" "+value, func(t *testing.T) {
				checkReserved(newWorld(t, core.Options{}), r.name, value, r.text)
			})
		}
	}
}

// checkReserved tries a value with a new queue and with one that is there.
func checkReserved(w *world, name, value, text string) {
	made := try(w, w.CreateQueue, core.QueueCreateRequest{
		Queue: "q", Metadata: jsontext.Value(`{"a":1,"` + name + `":` + value + `}`),
	})
	same(w.t, "the queue is made", w.exists("q"), text == "")
	w.create("q", `{}`)
	patched := try(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{add(name, value)}})
	if text != "" {
		refused(w.t, made, core.Invalid, "", text)
		refused(w.t, patched, core.Invalid, "Invalid request body", text)
		same(w.t, "metadata", w.stored("q"), `{}`)
		return
	}
	if made != nil || patched != nil {
		w.t.Errorf("made: %v, patched: %v", made, patched)
	}
}

func TestReservedLimitsAreTheBrokers(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{
		MaxMessageTTL: 7200, MaxMessageDelay: 10, MaxMessagesPostSize: 500,
	}})
	for metadata, text := range map[string]string{
		`{"_default_message_ttl":7201}`:            "_default_message_ttl can not exceed 7200 seconds, and must be at least 60 seconds long.",
		`{"_dead_letter_queue_messages_ttl":7201}`: "_dead_letter_queue_messages_ttl can not exceed 7200 seconds, and must be at least 60 seconds long.",
		`{"_default_message_delay":11}`:            "_default_message_delay can not exceed 10 seconds, and must be at least 0 seconds long.",
		`{"_max_messages_post_size":501}`:          "_max_messages_post_size can not exceed 500,  and must be at least greater than 0.",
	} {
		err := try(w, w.CreateQueue, core.QueueCreateRequest{Queue: "q", Metadata: jsontext.Value(metadata)})
		refused(t, err, core.Invalid, "", text)
	}
}

// A broker with lower limits than the one that took the metadata keeps its own.
func TestLowerLimitsHoldForOldQueues(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_default_message_ttl":1209600,"_max_messages_post_size":262144}`)
	w.create("slow", `{"_default_message_delay":900}`)
	low := w.beside(core.Options{Limits: core.Limits{
		MaxMessageTTL: 7200, MaxMessageDelay: 10, MaxMessagesPostSize: 500,
	}})
	same(t, "ttl", low.get("q", low.post("q", `1`)[0]).TTL, 7200)
	err := try(low, low.PostMessages, core.MessagePostRequest{Queue: "q", Messages: drafts(`1`), Size: 501})
	refused(t, err, core.Invalid, "", "Message collection size is too large. Max size 500")
	low.post("slow", `1`)
	low.pass(10 * time.Second)
	same(t, "claimed after the longest delay", len(low.claim("slow", 1, 60).Messages), 1)
}
