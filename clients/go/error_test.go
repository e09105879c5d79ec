package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stackforge/marconi/clients/go"
)

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		status     int
		want       client.Error
	}{
		{
			"of the broker", `{"title": "Not found", "description": "Queue nope does not exist for project p"}`, 404,
			client.Error{Title: "Not found", Description: "Queue nope does not exist for project p"},
		},
		{
			"without a description", `{"title": "404 Not Found"}`, 404,
			client.Error{Title: "404 Not Found"},
		},
		{
			"of an authenticating proxy",
			`{"error":{"code":401,"title":"Unauthorized","message":"The request you have made requires authentication."}}`, 401,
			client.Error{Title: "Unauthorized", Description: "The request you have made requires authentication."},
		},
		{
			"in plain text", " Keystone is down\xff\n", 503,
			client.Error{Title: "Service Unavailable", Description: "Keystone is down"},
		},
		{"without a body", "", 500, client.Error{Title: "Internal Server Error"}},
		{
			"of great length", strings.Repeat("x", 5000), 502,
			client.Error{Title: "Bad Gateway", Description: strings.Repeat("x", 1024)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-OpenStack-Request-Id", "req-1")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			defer server.Close()
			c, err := client.New(client.Config{URL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			tt.want.Status, tt.want.RequestID = tt.status, "req-1"
			got, ok := errors.AsType[*client.Error](c.Ping(t.Context()))
			if !ok || *got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	err := fmt.Errorf("claiming: %w", &client.Error{Status: 503, Title: "Busy", Description: "Later.", RequestID: "req-1"})
	if got, want := err.Error(), "claiming: marconi: 503 Busy: Later. (req-1)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if client.StatusOf(err) != 503 || client.StatusOf(errors.New("x")) != 0 || client.StatusOf(nil) != 0 {
		t.Error("the wrong status")
	}
}
