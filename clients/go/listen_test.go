package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/clients/go"
)

// listen takes n pieces of news.
func listen(t *testing.T, c *client.Client, o client.ListenOptions, n int) (all []client.News) {
	t.Helper()
	for news, err := range c.Listen(t.Context(), "q", o) {
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, news); len(all) == n {
			break
		}
	}
	return all
}

func heard(at, body string) client.News {
	return client.News{Position: at, Message: client.Message{ID: at, Body: json.RawMessage(body), TTL: time.Minute}}
}

func TestListen(t *testing.T) {
	c := listeningTo(t, client.Config{Project: project}, func(p *peer) {
		a := p.hears("message_watch", watching)
		if want := map[string]string{"Client-ID": self, "X-Project-ID": project}; !reflect.DeepEqual(a.Headers, want) {
			t.Errorf("headers %v, want %v", a.Headers, want)
		}
		p.answers(a, 201, `{"stream_id":"s1"}`)
		p.says(live("a-1"), notification("a-2", `{"n":1}`),
			`{"queue_name":"q","stream_id":"s1","Message_Type":"Fact","fact":"moved","to":"a-9"}`,
			`{"queue_name":"q","stream_id":"s1","Message_Type":"Fact","fact":"gap","from":"a-3","to":"a-4"}`,
			notification("a-5", `2`))
		p.stays()
	})
	want := []client.News{
		{Fact: client.Live, Position: "a-1"}, heard("a-2", `{"n":1}`),
		{Fact: client.Gap, Position: "a-4", From: "a-3", To: "a-4"}, heard("a-5", `2`),
	}
	if got := listen(t, c, client.ListenOptions{Position: client.Latest}, 4); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestListenGoesOn(t *testing.T) {
	leavesNothing(t)
	c := listeningTo(t, client.Config{Project: project},
		nil, // it cannot be reached
		func(p *peer) { p.watches(client.Earliest) },
		func(p *peer) { // before anything was told
			p.watches(client.Earliest)
			p.says(notification("a-1", "1"), notification("a-2", "2"))
		},
		func(p *peer) { // behind a message
			p.watches("a-2")
			p.says(`{"queue_name":"q","stream_id":"s1","Message_Type":"Fact","fact":"gap","from":"a-3","to":"b-0"}`)
		},
		func(p *peer) { // behind a gap
			p.watches("b-0")
			p.says(live("b-0"), `{"queue_name":"q","stream_id":"s1","Message_Type":"Fact","fact":"end","reason":"stopped"}`)
			p.stays()
		},
		func(p *peer) { // behind the end of a broker
			a := p.hears("message_watch", `{"queue_name":"q","position":"b-0"}`)
			p.answers(a, 503, `{"exception":"There are too many listeners.","error":null}`)
			p.stays()
		},
		func(p *peer) {
			p.watches("b-0")
			p.says(notification("b-1", "3"))
			p.stays()
		})
	var lost []error
	o := client.ListenOptions{Position: client.Earliest, Lost: func(err error) { lost = append(lost, err) }}
	var at []string
	for _, n := range listen(t, c, o, 5) {
		at = append(at, n.Position)
	}
	if want := []string{"a-1", "a-2", "b-0", "b-0", "b-1"}; !reflect.DeepEqual(at, want) {
		t.Errorf("got %v, want %v", at, want)
	}
	var statuses []int
	for _, err := range lost {
		statuses = append(statuses, client.StatusOf(err))
	}
	if want := []int{503, 0, 0, 0, 0, 503}; !reflect.DeepEqual(statuses, want) {
		t.Errorf("lost by %v, want the statuses %v", lost, want)
	}
}

func TestListenIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config client.Config
		part   func(*peer)
		want   client.Error
	}{
		{"a position that is none", client.Config{Project: project}, func(p *peer) {
			a := p.hears("message_watch", watching)
			p.answers(a, 400, `{"exception":"The position must be …","error":null}`)
			p.stays()
		}, client.Error{Status: 400, Title: "Bad Request", Description: "The position must be …"}},
		{"a token", client.Config{Project: project, Token: "secret"}, func(p *peer) {
			a := p.hears("authenticate", "")
			if want := map[string]string{"X-Auth-Token": "secret", "X-Project-ID": project}; !reflect.DeepEqual(a.Headers, want) {
				t.Errorf("headers %v, want %v", a.Headers, want)
			}
			p.answers(a, 401, `{"error":"Authentication failed."}`)
			p.stays()
		}, client.Error{Status: 401, Title: "Unauthorized", Description: "Authentication failed."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := listeningTo(t, tt.config, tt.part)
			for news, err := range c.Listen(t.Context(), "q", client.ListenOptions{Position: client.Latest}) {
				refusal, ok := errors.AsType[*client.Error](err)
				if !ok || *refusal != tt.want {
					t.Errorf("got %+v, %v, want %v", news, err, &tt.want)
				}
			}
		})
	}
}

func TestListenNeedsAProjectAndABroker(t *testing.T) {
	for n, err := range listeningTo(t, client.Config{Token: "secret"}).Listen(t.Context(), "q", client.ListenOptions{}) {
		if err == nil {
			t.Errorf("got %+v without a project", n)
		}
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	c, err := client.New(client.Config{URL: other.URL, Project: project})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range c.Listen(t.Context(), "q", client.ListenOptions{}) {
		refused(t, err, 404)
	}
}

func TestListenAuthenticates(t *testing.T) {
	c := listeningTo(t, client.Config{Project: project, Token: "secret"}, func(p *peer) {
		p.answers(p.hears("authenticate", ""), 200, `{"message":"Authentified."}`)
		a := p.hears("message_watch", watching)
		if a.Headers["X-Auth-Token"] != "" {
			t.Error("the token was sent again")
		}
		p.answers(a, 201, `{"stream_id":"s1"}`)
		p.says(live("a-1"))
		p.stays()
	})
	listen(t, c, client.ListenOptions{Position: client.Latest}, 1)
}

func TestListenEndsWithItsContext(t *testing.T) {
	leavesNothing(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := listeningTo(t, client.Config{Project: project}, func(p *peer) {
		p.watches(client.Latest)
		p.says(live("a-1"))
		p.stays()
	})
	var last error
	for _, err := range c.Listen(ctx, "q", client.ListenOptions{Position: client.Latest}) {
		cancel()
		last = err
	}
	if last != context.Canceled {
		t.Errorf("it ended with %v", last)
	}
}

func TestListenAnswersPings(t *testing.T) {
	c := listeningTo(t, client.Config{Project: project}, func(p *peer) {
		p.watches(client.Latest)
		answered := false
		p.conn.SetPongHandler(func(text string) error {
			answered = text == "are you there?"
			p.says(live("a-1"))
			return nil
		})
		if err := p.conn.WriteControl(websocket.PingMessage, []byte("are you there?"), time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		p.stays()
		if !answered {
			t.Error("it was not there")
		}
	})
	listen(t, c, client.ListenOptions{Position: client.Latest}, 1)
}
