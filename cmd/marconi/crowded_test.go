package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/loadtest/processtest"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

// TestCrowdedRedis has many more callers than connections to a Redis that answers
// nothing for a while. All are told to try again, soon, and are served afterwards.
func TestCrowdedRedis(t *testing.T) {
	t.Parallel()
	redis := processtest.StartRedis(t)
	store := openStore(t, redis+"?pool_size=2&socket_timeout=0.3&patience=0.3")
	b, err := core.New(t.Context(), store, core.Options{})
	if err != nil {
		t.Fatal(err)
	}
	door := openDoorHTTP(t, api.New(b, api.Options{}))
	crowd := func(want int) {
		t.Helper()
		began := time.Now()
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				got, err := door.Do(t.Context(), postTo("q", i))
				if err != nil || got.Status != want || (want == http.StatusServiceUnavailable) != (got.Refusal != "") {
					t.Errorf("got %d %q %v, want %d", got.Status, got.Refusal, err, want)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	}
	crowd(http.StatusCreated)
	tellRedis(t, redis, "CLIENT PAUSE 600000 WRITE")
	crowd(http.StatusServiceUnavailable)
	tellRedis(t, redis, "CLIENT UNPAUSE")
	crowd(http.StatusCreated)
}

func postTo(queue string, body int) transporttest.Request {
	return transporttest.Request{
		Action: "message_post",
		Header: map[string]string{"Client-ID": transporttest.ClientID("alice"), "X-Project-ID": "project"},
		Body:   fmt.Appendf(nil, `{"queue_name": %q, "messages": [{"body": %d}]}`, queue, body),
	}
}

// tell sends the server a command, which it has to agree to.
func tellRedis(t *testing.T, url, command string) {
	t.Helper()
	c, err := net.Dial("unix", strings.TrimPrefix(url, "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("+OK\r\n"))
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "+OK\r\n" {
		t.Fatalf("%s: %q %v", command, answer, err)
	}
}
