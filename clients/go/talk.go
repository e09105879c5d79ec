package client

import (
	"context"
	"errors"
	"strconv"
	"sync"
)

// talk is a socket over which requests overlap, while pushes come. A goroutine
// reads, so that pings are answered while nobody takes what was pushed.
type talk struct {
	*socket
	pushes chan *frame
	gone   chan struct{} // closed when nothing more comes
	leave  chan struct{} // closed when nobody takes pushes any more
	reader sync.WaitGroup

	write sync.Mutex // held while a request is sent

	mu    sync.Mutex // guards what follows
	asked int
	waits map[string]chan<- *frame // by the request's ID
	over  error                    // why nothing more comes
}

// talk begins to read. End must be called. As many pushes are kept at hand until
// they are taken; more are not read.
func (s *socket) talk(atHand int) *talk {
	t := &talk{
		socket: s, pushes: make(chan *frame, atHand), gone: make(chan struct{}), leave: make(chan struct{}),
		waits: make(map[string]chan<- *frame),
	}
	t.reader.Go(t.read)
	return t
}

// end ends the socket, and all who wait for something of it.
func (t *talk) end() {
	close(t.leave)
	t.close()
	t.reader.Wait()
}

func (t *talk) read() {
	err := t.readAll()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = err
	t.waits = nil
	close(t.gone)
}

func (t *talk) readAll() error {
	for {
		f, err := t.next()
		if err != nil {
			return err
		}
		if f.Request != nil {
			t.answered(f)
			continue
		}
		select {
		case t.pushes <- f:
		case <-t.leave:
			return errEnough
		}
	}
}

// answered hands an answer to who waits for it, if somebody still does.
func (t *talk) answered(f *frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if wait := t.waits[f.wireMessage.ID]; wait != nil {
		wait <- f
		delete(t.waits, f.wireMessage.ID)
	}
}

// push is the next push. What was pushed over a socket that has ended is worth
// nothing.
func (t *talk) push() (*frame, error) {
	select {
	case <-t.gone:
		return nil, t.over
	default:
	}
	select {
	case f := <-t.pushes:
		return f, nil
	case <-t.gone:
		return nil, t.over
	}
}

// ask sends a request and waits for its answer.
func (t *talk) ask(ctx context.Context, action string, body any) (*frame, error) {
	wait, err := t.start(action, body)
	if err != nil {
		return nil, err
	}
	return t.await(ctx, wait)
}

// askAll sends requests without waiting for their answers in between. The error is
// the first.
func (t *talk) askAll(ctx context.Context, action string, n int, body func(i int) any) error {
	var failed error
	waits := make([]<-chan *frame, 0, n)
	for i := range n {
		wait, err := t.start(action, body(i))
		if err != nil {
			failed = err
			break
		}
		waits = append(waits, wait)
	}
	var refused error
	for _, wait := range waits {
		if _, err := t.await(ctx, wait); err != nil && refused == nil {
			refused = err
		}
	}
	if refused != nil {
		return refused
	}
	return failed
}

// start sends a request.
func (t *talk) start(action string, body any) (<-chan *frame, error) {
	wait := make(chan *frame, 1)
	t.mu.Lock()
	if t.over != nil {
		defer t.mu.Unlock()
		return nil, &lostError{t.over}
	}
	t.asked++
	id := strconv.Itoa(t.asked)
	t.waits[id] = wait
	t.mu.Unlock()

	t.write.Lock()
	defer t.write.Unlock()
	return wait, t.send(action, id, body)
}

var errTalkOver = errors.New("the connection ended before the answer came")

// await is the answer to a request.
func (t *talk) await(ctx context.Context, wait <-chan *frame) (*frame, error) {
	select {
	case f := <-wait:
		return f, f.refusal()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-t.gone:
	}
	select {
	case f := <-wait: // it was the last that came
		return f, f.refusal()
	default:
		return nil, &lostError{errTalkOver}
	}
}
