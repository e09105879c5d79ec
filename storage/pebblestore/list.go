package pebblestore

import (
	"context"

	"github.com/stackforge/marconi/storage"
)

// lookedAtOnce is how many messages a listing looks at before it lets other calls
// to the queue pass. A filter may leave out any number of them.
const lookedAtOnce = 2000

// ListMessages implements storage.Messages.
func (s *Store) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	r := &lister{filter: f}
	for {
		sl, err := s.settledQueue(ctx, f.Queue, ms(f.Now))
		if err != nil {
			return storage.MessagePage{}, err
		}
		err = r.goOn(sl.life)
		if err := sl.conclude(ctx, err, sl.changed); err != nil {
			return storage.MessagePage{}, err
		}
		if r.finished {
			return r.result(), nil
		}
	}
}

// lister fills a page.
type lister struct {
	life     *life
	filter   storage.MessageFilter
	page     storage.MessagePage
	at       storage.Marker   // behind the last item of the page
	from     storage.Position // behind the last message that was looked at
	looked   int              // messages since the lock was taken
	finished bool
}

func (r *lister) result() storage.MessagePage {
	if len(r.page.Items) > 0 {
		r.page.Next = r.at.String()
	}
	return r.page
}

// goOn fills the page a bit, or to its end.
func (r *lister) goOn(l *life) error {
	r.page.Tail, r.page.Wake = l.shown, instant(l.wake())
	r.looked = 0
	switch r.life {
	case l:
		return r.list()
	case nil:
		return r.begin(l)
	default: // another life has begun: this page is of the last one
		r.finished = true
		return nil
	}
}

func (r *lister) begin(l *life) error {
	r.life, r.page.Epoch = l, l.record.Epoch
	at, ok, err := l.start(r.filter.Marker, ms(r.filter.Now))
	if !ok || err != nil {
		r.finished = true
		return err
	}
	r.at, r.from = at, at.Position
	return r.list()
}

// start is where a marker goes on, as a position or a place of this life. It is
// false for a text that is no marker.
func (l *life) start(marker string, now int64) (m storage.Marker, ok bool, err error) {
	m = storage.Marker{Kind: storage.AtPosition, Epoch: l.record.Epoch}
	a, ok, err := l.alias(marker, now)
	if ok || err != nil {
		m.Position = a.after
		return m, ok, err
	}
	at, ok := storage.ParseMarker(marker)
	if !ok {
		return m, false, nil
	}
	if at.Epoch == l.record.Epoch && (at.Kind == storage.AtPosition || at.Kind == storage.AmongDelayed) {
		return at, true, nil
	}
	return m, true, nil
}

// list reads what came back, then the log, then the delayed, as far as the
// filter wants them.
func (r *lister) list() error {
	l := r.life
	if r.from < l.shown {
		if !r.filter.IncludeClaimed {
			if err := r.listBack(); err != nil || r.pauses() {
				return err
			}
			r.from = max(r.from, l.cursor)
		}
		if err := l.scan(r.from+1, l.shown, r.see); err != nil || r.pauses() {
			return err
		}
	}
	r.finished = true
	if r.filter.IncludeDelayed {
		return r.listDelayed()
	}
	return nil
}

// pauses is whether the page is full, which finishes it, or enough was looked at.
func (r *lister) pauses() bool {
	if r.full() {
		r.finished = true
	}
	return r.finished || r.looked >= lookedAtOnce
}

func (r *lister) full() bool { return len(r.page.Items) == r.filter.Limit }

// listBack reads what came back from claims, in portions.
func (r *lister) listBack() error {
	for !r.pauses() {
		ps := r.life.firstBack(r.from, min(r.filter.Limit, lookedAtOnce))
		if len(ps) == 0 {
			return nil
		}
		if err := r.life.fetch(ps, r.see); err != nil {
			return err
		}
	}
	return nil
}

// see adds a message of the log to the page if the filter lets it through.
func (r *lister) see(p storage.Position, value []byte) (more bool, err error) {
	r.from = p
	r.looked++
	if !r.filter.IncludeClaimed && r.life.held[p] != nil {
		return !r.pauses(), nil
	}
	m, err := r.life.message(p, value)
	if err != nil {
		return false, err
	}
	if r.add(m) {
		r.at.Position = p
	}
	return !r.pauses(), nil
}

func (r *lister) add(m storage.Message) bool {
	if r.filter.NotFrom != "" && m.ClientID == r.filter.NotFrom {
		return false
	}
	r.page.Items = append(r.page.Items, m)
	return true
}

func (r *lister) listDelayed() error {
	due, counter := int64(-never), uint64(0)
	if r.at.Kind == storage.AmongDelayed {
		due, counter = ms(r.at.Due), r.at.Counter
	}
	return r.life.eachDelayed(due, counter, func(at ref, value []byte) (bool, error) {
		m, err := openEnvelope(value)
		if err != nil {
			return false, r.life.fault(0, err)
		}
		if r.add(m) {
			r.at = storage.Marker{
				Kind: storage.AmongDelayed, Epoch: r.life.record.Epoch,
				Position: r.life.shown, Due: m.Visible, Counter: at.counter,
			}
		}
		return !r.full(), nil
	})
}
