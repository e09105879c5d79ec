package core

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// The reserved attributes: those of a queue's metadata that the broker reads.
const (
	attrPostSize  = "_max_messages_post_size"
	attrTTL       = "_default_message_ttl"
	attrDelay     = "_default_message_delay"
	attrDead      = "_dead_letter_queue"
	attrDeadTTL   = "_dead_letter_queue_messages_ttl"
	attrMaxClaims = "_max_claim_count"
	attrEncrypt   = "_enable_encrypt_messages"
	attrFlavor    = "_flavor"
	attrRetry     = "_retry_policy"
)

// settings is what a queue's reserved attributes and the limits together say.
type settings struct {
	ttl, delay  int64 // of a message that names none; with no delay, none is kept
	postSize    int64
	dead        string // the queue of dead letters; "" if there is none
	deadTTL     int64  // 0: a dead letter keeps its own
	maxClaims   int
	countClaims bool // dead letters are on
	encrypt     bool
}

// reserved are the attributes that are shown whether they were set or not.
func (l Limits) reserved() metadata {
	return metadata{
		{attrPostSize, number(l.MaxMessagesPostSize)},
		{attrTTL, number(l.DefaultMessageTTL)},
		{attrDelay, number(l.DefaultMessageDelay)},
		{attrDead, jsontext.Value("null")},
		{attrDeadTTL, jsontext.Value("null")},
		{attrMaxClaims, jsontext.Value("null")},
		{attrEncrypt, jsontext.Value("false")},
	}
}

func number(n int64) jsontext.Value { return strconv.AppendInt(nil, n, 10) }

// shown is the metadata as callers see it: a reserved attribute that is missing
// or false in Python's sense shows its default.
func (l Limits) shown(m metadata) metadata {
	out := append(make(metadata, 0, len(m)+7), m...)
	for _, r := range l.reserved() {
		if v := out.get(r.name); v == nil || falsy(v) {
			out.set(r.name, r.value)
		}
	}
	return out
}

// settingsOf reads metadata that checkMetadata has let pass.
func (l Limits) settingsOf(m metadata) settings {
	s := settings{ttl: l.DefaultMessageTTL, delay: l.DefaultMessageDelay, postSize: l.MaxMessagesPostSize}
	if n := intAt(m, attrTTL); n > 0 {
		s.ttl = min(n, l.MaxMessageTTL)
	}
	if n := intAt(m, attrDelay); n > 0 {
		s.delay = min(n, l.MaxMessageDelay)
	}
	if n := intAt(m, attrPostSize); n > 0 {
		s.postSize = min(n, l.MaxMessagesPostSize)
	}
	s.dead, _ = stringValue(m.get(attrDead))
	s.deadTTL = min(intAt(m, attrDeadTTL), l.MaxMessageTTL)
	if n, ok := intValue(m.get(attrMaxClaims)); ok {
		s.countClaims = s.dead != ""
		s.maxClaims = int(n)
	}
	s.encrypt = !falsy(m.get(attrEncrypt)) && m.get(attrEncrypt) != nil
	return s
}

// checkMetadata refuses reserved attributes that make no sense.
func (l Limits) checkMetadata(queue string, m metadata) error {
	seconds := "%s can not exceed %d seconds, and must be at least %d seconds long."
	for _, r := range []struct {
		name    string
		lo, hi  int64
		wording string
	}{
		{attrPostSize, 1, l.MaxMessagesPostSize, ""},
		{attrTTL, MinMessageTTL, l.MaxMessageTTL, seconds},
		{attrDelay, MinMessageDelay, l.MaxMessageDelay, seconds},
		{attrDeadTTL, MinMessageTTL, l.MaxMessageTTL, seconds},
		{attrMaxClaims, -longest, longest, "%[1]s must be a count."},
	} {
		v := m.get(r.name)
		if v == nil || v.Kind() == 'n' {
			continue
		}
		n, ok := intValue(v)
		switch {
		case !ok:
			return invalid("%s must be integer.", r.name)
		case (n < r.lo || n > r.hi) && r.wording == "":
			return invalid("%s can not exceed %d,  and must be at least greater than 0.", r.name, r.hi)
		case n < r.lo || n > r.hi:
			return invalid(r.wording, r.name, r.hi, r.lo)
		}
	}
	return firstError(
		checkDead(queue, m.get(attrDead)),
		checkKind(attrEncrypt, m.get(attrEncrypt), "boolean", 't', 'f'),
		checkKind(attrFlavor, m.get(attrFlavor), "string", '"'),
		checkRetryPolicy(m.get(attrRetry)),
	)
}

func checkDead(queue string, v jsontext.Value) error {
	if v == nil || v.Kind() == 'n' {
		return nil
	}
	name, ok := stringValue(v)
	if !ok || CheckQueue("", name) != nil {
		return invalid("%s must be the name of a queue.", attrDead)
	}
	if name == queue {
		return invalid("%s must not be the queue itself.", attrDead)
	}
	return nil
}

// checkKind lets null pass: it means that the attribute is not set.
func checkKind(name string, v jsontext.Value, kind string, kinds ...jsontext.Kind) error {
	if v == nil || v.Kind() == 'n' {
		return nil
	}
	for _, k := range kinds {
		if v.Kind() == k {
			return nil
		}
	}
	return invalid("%s must be %s.", name, kind)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// intValue takes booleans for 0 and 1, as Python does.
func intValue(v jsontext.Value) (int64, bool) {
	switch v.Kind() {
	case 't':
		return 1, true
	case 'f':
		return 0, true
	case '0':
		n, err := strconv.ParseInt(string(v), 10, 64)
		return n, err == nil
	}
	return 0, false
}

func intAt(m metadata, name string) int64 {
	n, _ := intValue(m.get(name))
	return n
}

func stringValue(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, v)
	return string(b), err == nil
}
