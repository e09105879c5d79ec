package redisstore

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"

	"github.com/stackforge/marconi/storage"
)

// piece is how many messages a script stores at the most, so that no post keeps
// all others waiting for long.
const piece = 1000

// maxTries bounds how often a post in pieces begins again because it was so slow
// that its lease ended.
const maxTries = 3

// PostMessages implements storage.Messages.
func (s *Store) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	if joins(&p, 8) {
		return s.joint.post(ctx, &p)
	}
	for range maxTries {
		word, r, err := s.post(ctx, &p)
		if err != nil {
			return storage.Posted{}, err
		}
		if word != "lost" {
			return posted(&p, word, r)
		}
	}
	return storage.Posted{}, errSlow
}

func (s *Store) post(ctx context.Context, p *storage.Post) (string, []any, error) {
	if len(p.Drafts) > piece {
		return s.postPieces(ctx, p)
	}
	return s.run(ctx, "post", p.Queue, p.Now, withDrafts(postArguments(p, p.Drafts, ""), p, p.Drafts)...)
}

// postPieces stores all but the last piece where nobody looks; with the last one
// all appear at once. Who cannot go on says so: others wait for the lease.
func (s *Store) postPieces(ctx context.Context, p *storage.Post) (word string, r []any, err error) {
	mine, lease, rest := rand.Text(), "", p.Drafts
	defer func() {
		if err != nil {
			s.giveUp(ctx, p.Queue, mine)
		}
	}()
	for ; len(rest) > piece; rest = rest[piece:] {
		args := append(postArguments(p, rest[:piece], lease), mine)
		word, r, err := s.run(ctx, "stage", p.Queue, p.Now, withDrafts(args, p, rest[:piece])...)
		if err != nil || word != "ok" {
			return word, r, err
		}
		lease = mine
	}
	return s.run(ctx, "post", p.Queue, p.Now, withDrafts(postArguments(p, rest, lease), p, rest)...)
}

// giveUp ends a lease, unless it is another's by now. If that fails it ends by itself.
func (s *Store) giveUp(ctx context.Context, id storage.QueueID, lease string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), promptly)
	defer cancel()
	_, _, _ = s.run(ctx, "giveup", id, time.Time{}, lease)
}

func posted(p *storage.Post, word string, r []any) (storage.Posted, error) {
	switch {
	case word == "queue":
		return storage.Posted{}, storage.ErrQueueNotFound
	case word == "reused":
		return storage.Posted{}, storage.ErrKeyReused
	case word == "order" && len(r) == 1:
		return storage.Posted{}, storage.OutOfOrder{Want: number(r[0])}
	case word == "repeated" && len(r) == 1:
		return storage.Posted{Again: true}, nil // so long ago that the IDs are forgotten
	case len(r) != 4:
		return storage.Posted{}, errReply
	}
	ids, err := postedIDs(r)
	if err != nil || word == "repeated" {
		return storage.Posted{IDs: ids, Again: true}, err
	}
	done := storage.Posted{IDs: ids}
	if n := visible(p); n > 0 {
		before := storage.Position(number(r[1]))
		done.First, done.Last = before+1, before+storage.Position(n)
	}
	return done, nil
}

// postArguments are those before the drafts.
func postArguments(p *storage.Post, drafts []storage.Draft, lease string) []any {
	kind, name := "", ""
	switch {
	case p.Once.Key != "":
		kind, name = "k", p.Once.Key
	case p.Once.Producer != "":
		kind, name = "p", p.Once.Producer
	}
	args := make([]any, 0, 10+len(drafts))
	return append(args, kind, name, string(p.Once.Sum[:]), p.Once.Seq, p.Once.Until.UnixMilli(), shapeOf(p), firstDue(p), firstEnd(p, drafts), lease)
}

func withDrafts(args []any, p *storage.Post, drafts []storage.Draft) []any {
	var c cargo
	c.load(p, drafts)
	return c.appendTo(args)
}

func delayed(p *storage.Post, d *storage.Draft) bool { return d.Visible.After(p.Now) }

// visible counts the drafts that are not delayed.
func visible(p *storage.Post) (n int) {
	for i := range p.Drafts {
		if !delayed(p, &p.Drafts[i]) {
			n++
		}
	}
	return n
}

// firstDue is when the first of the delayed falls due, 0 if there is none.
func firstDue(p *storage.Post) int64 {
	var first time.Time
	for i := range p.Drafts {
		if d := &p.Drafts[i]; delayed(p, d) && (first.IsZero() || d.Visible.Before(first)) {
			first = d.Visible
		}
	}
	if first.IsZero() {
		return 0
	}
	return first.UnixMilli()
}

// firstEnd is when the first of some visible drafts expires, 0 if none is visible.
func firstEnd(p *storage.Post, drafts []storage.Draft) int64 {
	first := int64(0)
	for i := range drafts {
		if end := drafts[i].Expires.UnixMilli(); !delayed(p, &drafts[i]) && (first == 0 || end < first) {
			first = end
		}
	}
	return first
}

// shapeOf says of a post's drafts whether they are visible at once or delayed, in
// runs as "3i1d", so that its IDs can be told again from where it began. That of
// none is "0i", as it is a post all the same.
func shapeOf(p *storage.Post) string {
	if len(p.Drafts) == 0 {
		return "0i"
	}
	var b []byte
	for i := 0; i < len(p.Drafts); {
		kind, from := delayed(p, &p.Drafts[i]), i
		for i < len(p.Drafts) && delayed(p, &p.Drafts[i]) == kind {
			i++
		}
		b = append(strconv.AppendInt(b, int64(i-from), 10), letterOf[kind])
	}
	return string(b)
}

var letterOf = map[bool]byte{false: 'i', true: 'd'}

// postedIDs are the IDs of a post: epoch, tail and counter before it, its shape.
func postedIDs(r []any) (ids []string, err error) {
	epoch, tail, counter, shape := epochOf(r[0]), number(r[1]), number(r[2]), text(r[3])
	run := 0
	for i := range len(shape) {
		switch c := shape[i]; {
		case c >= '0' && c <= '9':
			run = 10*run + int(c-'0')
			continue
		case c == letterOf[true]:
			for range run {
				counter++
				ids = append(ids, storage.DelayedID(epoch, counter))
			}
		case c == letterOf[false]:
			for range run {
				tail++
				ids = append(ids, storage.PositionText(epoch, storage.Position(tail)))
			}
		default:
			return nil, errRecord
		}
		run = 0
	}
	return ids, nil
}
