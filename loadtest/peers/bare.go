package main

import (
	"io"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// queueLength is how many messages wait for a listener of the bare server; what
// comes beyond is lost to it.
const queueLength = 256

// bare is a server that tells all who are connected what is posted to it, and does
// nothing else: a frame is prepared once, each connection has a queue and a
// goroutine that writes.
type bare struct {
	upgrader websocket.Upgrader

	mu  sync.RWMutex
	all map[chan *websocket.PreparedMessage]struct{}
}

func newBare() *bare {
	return &bare{
		upgrader: websocket.Upgrader{ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10, WriteBufferPool: new(sync.Pool)},
		all:      make(map[chan *websocket.PreparedMessage]struct{}),
	}
}

// ServeHTTP implements http.Handler.
func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		b.post(w, r)
		return
	}
	conn, err := b.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	queue := make(chan *websocket.PreparedMessage, queueLength)
	b.mu.Lock()
	b.all[queue] = struct{}{}
	b.mu.Unlock()
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`"live"`))
	go write(conn, queue)
	go b.read(conn, queue)
}

// read waits for the connection's end.
func (b *bare) read(conn *websocket.Conn, queue chan *websocket.PreparedMessage) {
	for {
		if _, _, err := conn.NextReader(); err != nil {
			break
		}
	}
	b.mu.Lock()
	delete(b.all, queue)
	b.mu.Unlock()
	close(queue)
	conn.Close()
}

func write(conn *websocket.Conn, queue <-chan *websocket.PreparedMessage) {
	for m := range queue {
		if conn.WritePreparedMessage(m) != nil {
			conn.Close()
		}
	}
}

func (b *bare) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m, err := websocket.NewPreparedMessage(websocket.TextMessage, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	for queue := range b.all {
		select {
		case queue <- m:
		default:
		}
	}
	w.WriteHeader(http.StatusNoContent)
}
