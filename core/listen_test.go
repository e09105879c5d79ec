package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
)

// from listens from a place. What it hears is as of a connection.
func (w *world) from(queue, place string) *connection {
	w.t.Helper()
	c := &connection{}
	l, err := w.Listen(w.ctx, w.who, core.ListenRequest{Queue: queue, From: place}, func() { c.woken.Add(1) })
	if err != nil {
		w.t.Fatal(err)
	}
	c.Subscribed = &core.Subscribed{Listener: l}
	synctest.Wait()
	return c
}

func TestListenFrom(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		ids := w.post("q", make10(4)...)
		sameAll(t, "from the beginning", w.from("q", "earliest").hear(), `0`, `1`, `2`, `3`, "live")
		sameAll(t, "from now on", w.from("q", "").hear(), "live")
		sameAll(t, "from now on", w.from("q", "latest").hear(), "live")
		sameAll(t, "from an ID", w.from("q", ids[1]).hear(), `2`, `3`, "live")
		sameAll(t, "from another project", w.of("other").from("q", "earliest").hear(), "live")
	})
}

func TestListenRefuses(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{MaxListeners: 1}})
	listen := func(from string) error {
		_, err := w.Listen(w.ctx, w.who, core.ListenRequest{Queue: "q", From: from}, func() {})
		return err
	}
	for _, from := range []string{"nowhere", "Latest", "0000002a", "0000002A-0000000000000007"} {
		refused(t, listen(from), core.Invalid, "", "The position must be 'latest', 'earliest', or the position or ID of a message.")
	}
	w.store.fail("QueueStats", errBroken)
	refused(t, listen(""), core.Unavailable, "", "Messages could not be listened to.")
	if err := listen("earliest"); err != nil {
		t.Fatal(err)
	}
	refused(t, listen("earliest"), core.Unavailable, "", "There are too many listeners.")
}

// A message that was delayed, or is a dead letter, has an ID that does not spell
// its position. It is a place to listen from all the same, also when the message
// is gone.
func TestListenFromOtherIDs(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{"_default_message_delay": 1}`)
		ids := w.postDrafts("q", core.Draft{Body: []byte(`0`), Delay: seconds(0)}, core.Draft{Body: []byte(`1`), Delay: seconds(5)})
		sameAll(t, "not due yet", w.from("q", ids[1]).hear(), "live")
		pass(5 * time.Second)
		w.postDrafts("q", core.Draft{Body: []byte(`2`), Delay: seconds(0)})
		sameAll(t, "due", w.from("q", ids[1]).hear(), `2`, "live")
		do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: ids[1]})
		sameAll(t, "gone", w.from("q", ids[1]).hear(), `2`, "live")

		w.create("worn", `{"_max_claim_count": 1, "_dead_letter_queue": "dead"}`)
		w.post("dead", `"before"`)
		id := w.post("worn", `"worn"`)[0]
		held := w.claim("worn", 1, 60)
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "worn", ID: held.ID})
		w.claim("worn", 1, 60)
		w.post("dead", `"after"`)
		sameAll(t, "dead", w.from("dead", id).hear(), `"after"`, "live")
		do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "dead", ID: id})
		sameAll(t, "dead and gone", w.from("dead", id).hear(), `"after"`, "live")
		sameAll(t, "of another queue", w.from("dead", ids[0]).hear(), "gap", `"before"`, "gap", `"after"`, "live")
	})
}

// Facts name the places at which to go on.
func TestFacts(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		before := w.from("q", "").news()
		same(t, "before the queue", before[0].Fact, core.Fact{Kind: core.Live, Position: "00000000-0000000000000000"})
		ids := w.post("q", make10(4)...)
		do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: ids[1]})
		news := w.from("q", ids[0]).news()
		same(t, "gap", news[0].Fact, core.Fact{Kind: core.Gap, Position: ids[1], From: ids[1], To: ids[1]})
		same(t, "position", news[1].Heard.Position, ids[2])
		same(t, "message", news[1].Heard.Message.ID, ids[2])
		same(t, "live", news[3].Fact, core.Fact{Kind: core.Live, Position: ids[3]})
		do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
		again := w.post("q", `1`)
		marker, _ := storage.ParseMarker(again[0])
		news = w.from("q", ids[3]).news()
		old, _ := storage.ParseMarker(ids[3])
		same(t, "another life", news[0].Fact, core.Fact{
			Kind: core.Gap, Position: storage.PositionText(marker.Epoch, 0),
			From: storage.PositionText(old.Epoch, 5), To: storage.PositionText(marker.Epoch, 0),
		})
	})
}

// What is heard of a message is what a listing shows.
func TestHeardIsAsListed(t *testing.T) {
	runs(t, core.Options{Checksum: true}, func(w *world, _ func()) {
		here := w.from("q", "latest")
		stop := w.start(core.Options{Checksum: true})
		defer stop()
		elsewhere := w.from("q", "latest")
		sameAll(t, "live", append(here.hear(), elsewhere.hear()...), "live", "live")
		w.postDrafts("q", mortal(`{"a": 1}`, 77))
		listed := w.list("q")[0]
		synctest.Wait()
		for _, c := range []*connection{here, elsewhere} {
			got := c.Take(1)[0].Heard
			same(t, "queue", got.Queue, "q")
			same(t, "body", string(got.Message.Body), string(listed.Body))
			if m := got.Message; m.ID != listed.ID || m.TTL != 77 || m.Age != 0 || m.Checksum != listed.Checksum || m.Position != 1 {
				t.Errorf("heard %+v, listed %+v", m, listed)
			}
		}
	})
}

func TestListenersEndWithTheBroker(t *testing.T) {
	runs(t, core.Options{}, func(w *world, stop func()) {
		c := w.from("q", "")
		c.hear()
		stop()
		sameAll(t, "at the end", c.hear(), "endstopped")
		sameAll(t, "after it", w.from("q", "earliest").hear(), "endstopped")
	})
}

// A queue that cannot be followed is complained of, but not without end.
func TestComplaints(t *testing.T) {
	var log lines
	runs(t, core.Options{Log: log.logger()}, func(w *world, _ func()) {
		w.store.fail("Follow", errBroken)
		for _, queue := range []string{"a", "b", "c"} {
			w.from(queue, "")
		}
		pass(10*time.Second + time.Millisecond)
		if n := log.count(); n < 10 || n > 12 {
			t.Errorf("%d lines in 10 s", n)
		}
	})
}

// While the store is away nothing ends, and what came meanwhile is told in order
// when it is back.
func TestListenersOutlastTheStore(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		live, subscribed := w.from("q", "latest"), w.connect("q", "1")
		sameAll(t, "live", append(live.hear(), subscribed.hear()...), "live", "live")
		worker := w.stream(20, telling{})
		there := *w
		there.store = tap(w.store.below)
		stop := there.start(core.Options{})
		defer stop()
		w.store.ask(func(string) error { return errBroken })
		there.post("q", `0`)
		late, err := w.Listen(w.ctx, w.who, core.ListenRequest{Queue: "q", From: "earliest"}, func() {})
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{`1`, `2`} {
			pass(30 * time.Second)
			there.post("q", body)
		}
		pass(30 * time.Second)
		same(t, "told while it is away", len(append(worker.told(), append(live.hear(), subscribed.hear()...)...)), 0)
		w.store.ask(func(string) error { return nil })
		pass(2 * time.Second)
		there.post("q", `3`)
		for _, c := range []*connection{live, subscribed, {Subscribed: &core.Subscribed{Listener: late}}} {
			var told []string
			for _, text := range c.hear() {
				if text != "live" {
					told = append(told, text)
				}
			}
			sameAll(t, "told", told, make10(4)...)
		}
		sameAll(t, "claimed", worker.told(), make10(4)...)
		_ = worker.end(t)
		if err := subscribed.End(w.ctx); err != nil {
			t.Error(err)
		}
	})
}
