package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

func TestPost(t *testing.T) {
	c := calling(t, exchange{method: "POST", target: "/v2/queues/q1/messages", status: 201,
		body: `{"messages": [{"body": {"a": 1}, "ttl": 60}, {"body": "two", "ttl": 300, "delay": 0},
			{"body": [3], "delay": 30}, {"body": null}]}`,
		location: "/v2/queues/q1/messages?ids=f1,f2,f3,f4",
		answer: `{"resources": ["/v2/queues/q1/messages/f1", "/v2/queues/q1/messages/f2",
			"/v2/queues/q1/messages/f3", "/v2/queues/q1/messages/f4"]}`})
	ids, err := c.Post(t.Context(), "q1",
		client.Draft{Body: map[string]int{"a": 1}, TTL: time.Minute},
		client.Draft{Body: "two", TTL: 5 * time.Minute, Delay: new(time.Duration(0))},
		client.Draft{Body: json.RawMessage(`[3]`), Delay: new(30 * time.Second)},
		client.Draft{})
	if want := []string{"f1", "f2", "f3", "f4"}; err != nil || !reflect.DeepEqual(ids, want) {
		t.Errorf("got %v, %v, want %v", ids, err, want)
	}
}

// posted is what a client sends for a draft.
func posted(t *testing.T, retries int, post func(*client.Client) error) (body, key string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		body, key = string(b), r.Header.Get("Idempotency-Key")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"resources": []}`)
	}))
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Retries: retries})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := post(c); err != nil {
		t.Error(err)
	}
	return body, key
}

func TestRawBodiesKeepTheirText(t *testing.T) {
	const raw = `{"html":"<a href=\"x\">&é\u00e9\u2028</a>","n":1.000000000000000000001e400,"b":1,"a":2}`
	body, _ := posted(t, 0, func(c *client.Client) error {
		_, err := c.Post(t.Context(), "q", client.Draft{Body: json.RawMessage(raw)})
		return err
	})
	if !strings.Contains(body, raw) {
		t.Errorf("sent %s, want %s in it", body, raw)
	}
}

func TestABodyThatIsNoJSONIsNotSent(t *testing.T) {
	c := calling(t)
	for _, body := range []any{json.RawMessage(`{`), json.RawMessage{}, func() {}} {
		if _, err := c.Post(t.Context(), "q", client.Draft{Body: body}); err == nil {
			t.Errorf("%v was posted", body)
		}
	}
}

func TestKeys(t *testing.T) {
	post := func(c *client.Client) error {
		_, err := c.Post(t.Context(), "q", client.Draft{Body: 1})
		return err
	}
	_, one := posted(t, 0, post)
	_, other := posted(t, 0, post)
	if one == "" || other == "" || one == other {
		t.Errorf("keys %q and %q, want one for each post", one, other)
	}
	if _, none := posted(t, -1, post); none != "" {
		t.Errorf("key %q although nothing is tried again", none)
	}
	_, own := posted(t, -1, func(c *client.Client) error {
		_, err := c.PostOnce(t.Context(), "q", "order 17", client.Draft{Body: 1})
		return err
	})
	if own != "order 17" {
		t.Errorf("key %q, want the one given", own)
	}
}
