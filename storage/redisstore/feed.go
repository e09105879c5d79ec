package redisstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// feed hears of the queues that somebody here follows. All followers of a queue
// share a channel, and all channels whose slots one server holds share a line,
// which is one connection.
type feed struct {
	store *Store
	ended sync.WaitGroup // the lines, and what connects channels again
	stop  context.CancelFunc
	ctx   context.Context // until stop

	mu       sync.Mutex // guards what follows
	closed   bool
	channels map[string]*channel
	lines    map[string]*line // by the server's address
}

// channel is a followed queue. The feed's mutex guards it.
type channel struct {
	name      string
	followers map[*follower]bool
	line      *line         // nil while it is not connected
	up        chan struct{} // closed once it is subscribed for the first time
	isUp      bool
}

// follower is told by one goroutine at a time.
type follower struct {
	mu     sync.Mutex
	active bool // from its first event until its stop
	see    func(storage.Event)
}

func (f *follower) tell(e storage.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.active {
		f.see(e)
	}
}

// begin tells that what came before was lost.
func (f *follower) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = true
	f.see(storage.Event{Lost: true})
}

// end returns when it is being told nothing any more.
func (f *follower) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = false
}

var errClosed = errors.New("redisstore: the store is closed")

func newFeed(s *Store) *feed {
	f := &feed{store: s, channels: map[string]*channel{}, lines: map[string]*line{}}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// Follow implements storage.Feed. It answers when the channel is subscribed, so
// that nothing is missed behind it.
func (s *Store) Follow(ctx context.Context, q storage.QueueID, see func(storage.Event)) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.feed.follow(ctx, s.channelOf(q), &follower{see: see})
}

// connectTime bounds how long Follow waits for a channel.
const connectTime = 10 * time.Second

var errFollow = errors.New("redisstore: the feed could not be subscribed in time")

func (f *feed) follow(ctx context.Context, name string, who *follower) (func(), error) {
	ctx, cancel := context.WithTimeoutCause(ctx, connectTime, errFollow)
	defer cancel()
	ch, err := f.join(name, who)
	if err != nil {
		return nil, err
	}
	select {
	case <-ch.up:
	case <-ctx.Done():
		f.leave(ch, who)
		return nil, context.Cause(ctx)
	case <-f.ctx.Done():
		return nil, errClosed
	}
	who.begin()
	return func() {
		f.leave(ch, who)
		who.end()
	}, nil
}

func (f *feed) join(name string, who *follower) (*channel, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errClosed
	}
	ch := f.channels[name]
	if ch == nil {
		ch = &channel{name: name, followers: map[*follower]bool{}, up: make(chan struct{})}
		f.channels[name] = ch
		f.ended.Go(func() { f.connect([]*channel{ch}) })
	}
	ch.followers[who] = true
	return ch, nil
}

func (f *feed) leave(ch *channel, who *follower) {
	f.mu.Lock()
	delete(ch.followers, who)
	var from *line
	if len(ch.followers) == 0 && f.channels[ch.name] == ch {
		delete(f.channels, ch.name)
		if from = ch.line; from != nil {
			delete(from.channels, ch.name)
		}
	}
	f.mu.Unlock()
	if from != nil {
		// Should this fail, the line notices, and nobody hears the channel.
		_ = from.sub.SUnsubscribe(f.ctx, ch.name)
	}
}

// connect puts channels that have none on a line. It tries until it succeeds, the
// channels are left, or the feed ends.
func (f *feed) connect(chs []*channel) {
	for pause := newPause(); len(chs) > 0; {
		var left []*channel
		for _, ch := range chs {
			if err := f.place(ch); err != nil {
				left = append(left, ch)
			}
		}
		if chs = left; len(chs) == 0 {
			return
		}
		if pause.wait(f.ctx) != nil {
			return
		}
		f.store.reload(f.ctx)
	}
}

// place subscribes a channel at the server that holds its slot.
func (f *feed) place(ch *channel) error {
	ctx, cancel := context.WithTimeout(f.ctx, connectTime)
	defer cancel()
	c, err := f.store.masterOf(ctx, ch.name)
	if err != nil {
		return err
	}
	if l := f.assign(ch, c); l != nil {
		l.subscribe(ctx, ch.name)
	}
	return nil
}

// assign is the line of a server, from now on that of a channel too; nil if nobody
// follows the channel any more.
func (f *feed) assign(ch *channel, c *redis.Client) *line {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.channels[ch.name] != ch {
		return nil
	}
	l := f.lines[c.Options().Addr]
	if l == nil {
		l = f.newLine(c)
	}
	ch.line = l
	l.channels[ch.name] = ch
	return l
}

// subscribed tells the followers of a channel that it is connected, for the first
// time or again.
func (f *feed) subscribed(l *line, name string) {
	f.mu.Lock()
	ch := l.channels[name]
	if ch != nil && !ch.isUp {
		ch.isUp = true
		close(ch.up)
	}
	f.mu.Unlock()
	f.tell(l, name, storage.Event{Lost: true})
}

// tell tells the followers of a channel what came over a line.
func (f *feed) tell(l *line, name string, e storage.Event) {
	f.mu.Lock()
	var followers []*follower
	if ch := l.channels[name]; ch != nil {
		for who := range ch.followers {
			followers = append(followers, who)
		}
	}
	f.mu.Unlock()
	for _, who := range followers {
		who.tell(e)
	}
}

// close stops the lines and waits for them.
func (f *feed) close() {
	f.mu.Lock()
	f.closed = true
	lines := slices.Collect(maps.Values(f.lines))
	f.mu.Unlock()
	f.stop()
	for _, l := range lines {
		_ = l.sub.Close()
	}
	f.ended.Wait()
}

// decodeEvent takes what it cannot read for a loss.
func decodeEvent(payload string) storage.Event {
	f := strings.Fields(payload)
	if len(f) != 5 {
		return storage.Event{Lost: true}
	}
	return storage.Event{
		Epoch: epochOf(f[0]),
		First: storage.Position(number(f[1])),
		Last:  storage.Position(number(f[2])),
		Freed: f[3] == "1",
		Due:   instantOf(f[4]),
	}
}
