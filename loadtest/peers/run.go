package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// order is what to measure.
type order struct {
	kind, addr, queue              string
	listeners, stuck               int
	size, window, posters, process int
	rate                           float64
	duration                       time.Duration
}

const (
	deafness = 4 << 10          // bytes that the system takes for who reads nothing, or as few as it can
	patience = 20 * time.Second // without any delivery, at the end
	settle   = time.Second      // until memory is looked at
)

// load is a run.
type load struct {
	order
	service
	start     time.Time
	all       []*listener
	deaf      []*listener
	posted    atomic.Int64
	delivered atomic.Int64
	last      atomic.Int64  // when a message was delivered to all last
	room      chan struct{} // told when something was delivered to all
	took      [][]time.Duration
}

func (o order) run(ctx context.Context) error {
	l, before, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	idle := resident(o.process)
	var readers sync.WaitGroup
	cpu := usedBy(o.process)
	l.start = time.Now()
	for i := range l.all {
		readers.Go(func() { l.took[i] = l.hear(l.all[i]) })
	}
	err = l.post(ctx)
	posting := time.Since(l.start)
	active := resident(o.process)
	l.await()
	took, cpu := l.lastDelivery(), usedBy(o.process)-cpu
	l.close()
	readers.Wait()
	l.report(took, posting, cpu, before, idle, active)
	if missing := l.posted.Load()*int64(o.listeners) - l.delivered.Load(); missing != 0 {
		err = errors.Join(err, fmt.Errorf("%d deliveries are missing", missing))
	}
	return err
}

// hold listens until ctx is done.
func (o order) hold(ctx context.Context) error {
	l, before, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	fmt.Printf("%d listen; memory %d, before %d\n", o.listeners, resident(o.process), before)
	<-ctx.Done()
	return nil
}

// open makes all listeners.
func (o order) open(ctx context.Context) (l *load, before int64, err error) {
	s, ok := services[o.kind]
	if !ok {
		return nil, 0, fmt.Errorf("there is no kind %q", o.kind)
	}
	before = resident(o.process)
	l = &load{order: o, service: s, room: make(chan struct{}, 1), took: make([][]time.Duration, o.listeners)}
	for i := range o.listeners + o.stuck {
		c, err := dial(o.addr, o.queue, s)
		if err != nil {
			l.close()
			return nil, 0, fmt.Errorf("listener %d: %w", i, err)
		}
		if i < o.listeners {
			l.all = append(l.all, c)
		} else {
			_ = c.conn.(*net.TCPConn).SetReadBuffer(deafness)
			l.deaf = append(l.deaf, c)
		}
	}
	return l, before, pause(ctx, settle)
}

func (l *load) close() {
	for _, c := range slices.Concat(l.all, l.deaf) {
		c.conn.Close()
	}
}

const stamp = `{"at":"`

// hear reads until the connection ends, and answers how long each message took.
func (l *load) hear(c *listener) (took []time.Duration) {
	for {
		text, err := l.next(c)
		if err != nil {
			return took
		}
		_, at, is := bytes.Cut(text, []byte(stamp))
		if !is {
			continue
		}
		sent, err := strconv.ParseInt(string(at[:19]), 10, 64)
		if err != nil {
			return took
		}
		took = append(took, time.Since(l.start)-time.Duration(sent))
		if l.delivered.Add(1)%int64(l.listeners) == 0 {
			l.last.Store(int64(time.Since(l.start)))
			select {
			case l.room <- struct{}{}:
			default:
			}
		}
	}
}

// post posts until the time is over.
func (l *load) post(ctx context.Context) error {
	failed := make(chan error, l.posters)
	for range l.posters {
		go func() { failed <- l.postSome(ctx) }()
	}
	var all error
	for range l.posters {
		all = errors.Join(all, <-failed)
	}
	return all
}

func (l *load) postSome(ctx context.Context) error {
	send, err := l.poster(l.addr, l.queue)
	if err != nil {
		return err
	}
	pad := bytes.Repeat([]byte("x"), max(0, l.size-len(stamp)-19-len(`","pad":""}`)))
	for ctx.Err() == nil && time.Since(l.start) < l.duration {
		due, err := l.turn(ctx, l.posted.Add(1))
		if err != nil {
			l.posted.Add(-1)
			return err
		}
		if err := send(fmt.Appendf(nil, `%s%019d","pad":"%s"}`, stamp, due.Nanoseconds(), pad)); err != nil {
			l.posted.Add(-1)
			return err
		}
	}
	return nil
}

// turn waits until the nth message may be posted, and answers when that was due.
func (l *load) turn(ctx context.Context, n int64) (due time.Duration, err error) {
	if l.rate > 0 {
		due = time.Duration(float64(n) / l.rate * float64(time.Second))
		return due, pause(ctx, due-time.Since(l.start))
	}
	err = l.wait(ctx, n)
	return time.Since(l.start), err
}

// wait waits until the nth message fits into the window.
func (l *load) wait(ctx context.Context, n int64) error {
	for l.delivered.Load() < (n-int64(l.window))*int64(l.listeners) {
		select {
		case <-l.room:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond): // another poster was told
		}
	}
	return nil
}

func (l *load) lastDelivery() time.Duration { return time.Duration(l.last.Load()) }

// await waits until all was delivered.
func (l *load) await() {
	for before, since := int64(-1), time.Now(); time.Since(since) < patience; {
		now := l.delivered.Load()
		if now >= l.posted.Load()*int64(l.listeners) {
			return
		}
		if now != before {
			before, since = now, time.Now()
		}
		_ = pause(context.Background(), time.Millisecond)
	}
}

func (l *load) report(took, posting, cpu time.Duration, before, idle, active int64) {
	all := slices.Concat(l.took...)
	slices.Sort(all)
	at := func(q float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return float64(all[int(q*float64(len(all)-1))].Microseconds()) / 1000
	}
	each := func(now int64) float64 { return float64(now-before) / float64(l.listeners+l.stuck) / 1000 }
	fmt.Printf("%-8s %5d listeners %5d B  %8.0f posts/s %9.0f deliveries/s  CPU %5.2f µs  p50 %8.2f ms  p99 %8.2f ms  max %8.2f ms  kB each: idle %6.1f active %6.1f\n",
		l.kind, l.listeners, l.size, float64(l.posted.Load())/posting.Seconds(), float64(len(all))/took.Seconds(), float64(cpu.Nanoseconds())/1000/float64(max(1, len(all))),
		at(0.5), at(0.99), at(1), each(idle), each(active))
}
