package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// A profile in progress is told to end, and its answer still arrives.
func TestAdminEndsWhatIsInProgress(t *testing.T) {
	a, err := listenAdmin("127.0.0.1:0", newMetrics(build{}).registry)
	if err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{})
	a.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		fmt.Fprint(w, "cut short")
	})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx) }()

	got := make(chan string, 1)
	go func() {
		answer, err := http.Get(a.Addr())
		if err != nil {
			got <- err.Error()
			return
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		got <- fmt.Sprint(string(text), err)
	}()
	<-began
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if text := <-got; text != "cut short<nil>" {
		t.Errorf("got %s", text)
	}
}

func TestAdminThatCannotServeFails(t *testing.T) {
	a, err := listenAdmin("127.0.0.1:0", newMetrics(build{}).registry)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Serve(t.Context()); err == nil {
		t.Error("no error")
	}
	if _, err := listenAdmin("127.0.0.1:none", nil); err == nil {
		t.Error("no error from an address that cannot be")
	}
}
