package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

// carrier answers requests in this process, so that time can be the test's.
type carrier func(r *http.Request) (*http.Response, error)

func (f carrier) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answering(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// over makes a client whose requests the carrier answers.
func over(t *testing.T, retries int, f carrier) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: "http://broker", Retries: retries, HTTPClient: &http.Client{Transport: f}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type torn struct{}

func (torn) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (torn) Close() error             { return nil }

func TestPostGoesOnUntilItIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys, bodies []string
		c := over(t, 0, func(r *http.Request) (*http.Response, error) {
			b, _ := io.ReadAll(r.Body)
			keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(b))
			switch len(keys) {
			case 1:
				return nil, syscall.ECONNREFUSED
			case 2:
				return answering(503, `{"title": "Service temporarily unavailable"}`)
			case 3:
				return &http.Response{StatusCode: 201, Body: torn{}}, nil // stored, but nobody hears of it
			}
			return answering(201, `{"resources": ["/v2/queues/q/messages/m1"]}`)
		})
		ids, err := c.Post(t.Context(), "q", client.Draft{Body: "x"})
		if err != nil || len(ids) != 1 || ids[0] != "m1" {
			t.Fatalf("got %v, %v", ids, err)
		}
		if len(keys) != 4 {
			t.Fatalf("%d requests", len(keys))
		}
		for i := range keys {
			if keys[i] == "" || keys[i] != keys[0] || bodies[i] == "" || bodies[i] != bodies[0] {
				t.Errorf("try %d has key %q and body %q, the first %q and %q", i, keys[i], bodies[i], keys[0], bodies[0])
			}
		}
	})
}

func TestPostGivesUp(t *testing.T) {
	for _, tt := range []struct {
		name    string
		retries int
		status  int
		tries   int
		most    time.Duration // that it may take; half of it is the least
	}{
		{"after the default number of retries", 0, 503, 6, 3100 * time.Millisecond},
		{"after the given number of retries", 2, 503, 3, 300 * time.Millisecond},
		{"at once if told to", -1, 503, 1, 0},
		{"at once on a bad request", 0, 400, 1, 0},
		{"at once on a reused key", 0, 409, 1, 0},
		{"at once on an internal error", 0, 500, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				c := over(t, tt.retries, func(*http.Request) (*http.Response, error) {
					tries++
					return answering(tt.status, `{"title": "No"}`)
				})
				began := time.Now()
				_, err := c.Post(t.Context(), "q", client.Draft{})
				refused(t, err, tt.status)
				if tries != tt.tries {
					t.Errorf("%d tries, want %d", tries, tt.tries)
				}
				if took := time.Since(began); took > tt.most || took < tt.most/2 {
					t.Errorf("it took %v, want %v to %v", took, tt.most/2, tt.most)
				}
			})
		})
	}
}

func TestRetriesStayInTheWindowOfTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(t, 1_000_000, func(*http.Request) (*http.Response, error) {
			return nil, syscall.ECONNRESET
		})
		began := time.Now()
		_, err := c.Post(t.Context(), "q", client.Draft{})
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took < 4*time.Minute || took > 6*time.Minute {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestPostHonoursItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(t, 1_000_000, func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED })
		ctx, cancel := context.WithTimeout(t.Context(), 42*time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Post(ctx, "q", client.Draft{})
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, want the deadline and what was wrong before", err)
		}
		if took := time.Since(began); took != 42*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestACancelledPostIsNotTriedAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := over(t, 0, func(r *http.Request) (*http.Response, error) {
		cancel()
		return nil, r.Context().Err()
	})
	_, err := c.Post(ctx, "q", client.Draft{})
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "waiting") {
		t.Errorf("got %v, want that it was cancelled under way", err)
	}
}

func TestNothingElseIsSentTwice(t *testing.T) {
	sent := 0
	c := over(t, 5, func(*http.Request) (*http.Response, error) {
		sent++
		return nil, syscall.ECONNRESET
	})
	_, errClaim := c.Claim(t.Context(), "q", client.ClaimOptions{})
	_, errPop := c.Pop(t.Context(), "q", 1)
	if errClaim == nil || errPop == nil || sent != 2 {
		t.Errorf("%d requests, %v, %v", sent, errClaim, errPop)
	}
}
