package redisstore

import (
	"strconv"
	"strings"
	"time"

	"github.com/stackforge/marconi/storage"
)

// joins is whether a post may go with others: all is visible at once, nothing about
// it is to be looked up, and a flight has room for n such as this one.
func joins(p *storage.Post, n int) bool {
	return p.Once.Key == "" && p.Once.Producer == "" && fits(p, n)
}

// fits is whether a flight has room for n posts such as this one, which is one of
// something.
func fits(p *storage.Post, n int) bool {
	return len(p.Drafts) > 0 && len(p.Drafts) <= jointMessages/n && firstDue(p) == 0 && bytesOf(p) <= jointBytes/n
}

// follows is whether a post is the next one of another's producer, and may go with it.
func follows(before, p *storage.Post) bool {
	return before.Once.Producer != "" && p.Once.Producer == before.Once.Producer && p.Once.Seq == before.Once.Seq+1 &&
		fits(before, 1) && fits(p, 1)
}

func bytesOf(p *storage.Post) (n int) {
	for i := range p.Drafts {
		n += len(p.Drafts[i].Body)
	}
	return n
}

// together is the arguments that several posts have as one, before their messages.
// Posts of a producer are told apart, as each is remembered.
func together(posts []*storage.Post) (now time.Time, args []any) {
	messages, ends := 0, int64(0)
	for _, p := range posts {
		messages += len(p.Drafts)
		if end := firstEnd(p, p.Drafts); ends == 0 || end < ends {
			ends = end
		}
		if p.Now.After(now) {
			now = p.Now
		}
	}
	args = make([]any, 0, 10+messages)
	once, last := &posts[0].Once, &posts[len(posts)-1].Once
	if once.Producer == "" {
		return now, append(args, "", "", "", 0, 0, strconv.Itoa(messages)+"i", 0, ends, "")
	}
	return now, append(args, "p", once.Producer, "", once.Seq, last.Until.UnixMilli(), shapesOf(posts), 0, ends, "")
}

func shapesOf(posts []*storage.Post) string {
	shapes := make([]string, len(posts))
	for i, p := range posts {
		shapes[i] = shapeOf(p)
	}
	return strings.Join(shapes, ",")
}

// landing is what the script answered to posts together, for one of them.
type landing struct {
	word   string
	reply  []any
	err    error
	before uint64 // messages of the posts before this one
}

// posted is what became of the post, with its IDs behind others.
func (l *landing) posted(p *storage.Post, ids []string) (storage.Posted, error) {
	switch {
	case l.err != nil:
		return storage.Posted{}, l.err
	case l.word != "ok" || len(l.reply) != 4:
		return posted(p, l.word, l.reply)
	}
	epoch, before := epochOf(l.reply[0]), storage.Position(number(l.reply[1])+l.before)
	tail := before
	for range p.Drafts {
		tail++
		ids = append(ids, storage.PositionText(epoch, tail))
	}
	return storage.Posted{IDs: ids, First: before + 1, Last: tail}, nil
}
