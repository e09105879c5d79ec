package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

func same[V comparable](t T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s", what, show(got), show(want))
	}
}

// show quotes text, which may hold anything, and cuts it.
func show(v any) string {
	if text, ok := v.(string); ok {
		return fmt.Sprintf("%.200q", text)
	}
	return fmt.Sprint(v)
}

func sameTime(t T, what string, got, want time.Time) {
	t.Helper()
	if !got.Equal(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// sameTexts ends the case if it fails, for what follows counts on the length.
func sameTexts(t T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %.200q, want %.200q", what, got, want)
	}
}

// answers checks a call's error; a nil want wants success.
func answers(t T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s answered %v, want %v", what, err, want)
	}
}

// sameBodies names messages by their bodies.
func sameBodies(t T, what string, got []storage.Message, want ...string) {
	t.Helper()
	sameTexts(t, what, bodies(got), want...)
}

// only is the message of a list that must hold one.
func only(t T, what string, messages []storage.Message) storage.Message {
	t.Helper()
	if len(messages) != 1 {
		t.Fatalf("%s: got %.200q, want one", what, bodies(messages))
	}
	return messages[0]
}

func bodies(messages []storage.Message) []string {
	return each(messages, func(m storage.Message) string { return string(m.Body) })
}

func ids(messages []storage.Message) []string {
	return each(messages, func(m storage.Message) string { return m.ID })
}

func each[V, W any](values []V, of func(V) W) []W {
	result := make([]W, len(values))
	for i, v := range values {
		result[i] = of(v)
	}
	return result
}

// sameMessage compares two messages field by field.
func sameMessage(t T, what string, got, want storage.Message) {
	t.Helper()
	same(t, what+": ID", got.ID, want.ID)
	same(t, what+": ClientID", got.ClientID, want.ClientID)
	same(t, what+": Position", got.Position, want.Position)
	same(t, what+": Body", string(got.Body), string(want.Body))
	same(t, what+": Encoding", got.Encoding, want.Encoding)
	same(t, what+": Checksum", got.Checksum, want.Checksum)
	same(t, what+": Claim", got.Claim, want.Claim)
	same(t, what+": Claims", got.Claims, want.Claims)
	sameTime(t, what+": Created", got.Created, want.Created)
	sameTime(t, what+": Visible", got.Visible, want.Visible)
	sameTime(t, what+": Expires", got.Expires, want.Expires)
	sameTime(t, what+": Since", got.Since, want.Since)
}

// shows checks what a plain listing shows.
func (q queue) shows(now time.Time, want ...string) {
	q.Helper()
	sameBodies(q, "free messages", q.after(now, ""), want...)
}

// holds checks all that is in the queue, claimed and delayed included.
func (q queue) holds(now time.Time, want ...string) {
	q.Helper()
	page := q.page(storage.MessageFilter{Now: now, IncludeClaimed: true, IncludeDelayed: true})
	sameBodies(q, "all messages", page.Items, want...)
}

// counts checks the numbers of QueueStats.
func (q queue) counts(now time.Time, total, claimed, delayed int) {
	q.Helper()
	s := q.stats(now)
	if s.Total != total || s.Claimed != claimed || s.Delayed != delayed {
		q.Errorf("stats: total %d, claimed %d, delayed %d; want %d, %d, %d",
			s.Total, s.Claimed, s.Delayed, total, claimed, delayed)
	}
}
