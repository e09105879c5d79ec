package ws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/ws"
	"github.com/stackforge/marconi/transports/ws/wstest"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	for _, o := range []wstest.Options{{}, {Binary: true}, {Compressed: true}, {Binary: true, Compressed: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			t.Parallel()
			transporttest.Run(t, o.Dialect(), func(t *testing.T, h api.Handler) transporttest.Door {
				return dialDoor(t, serve(t, ws.Config{Handler: h, Compression: o.Compressed}), o)
			})
		})
	}
}

func dialDoor(t *testing.T, s *site, o wstest.Options) transporttest.Door {
	t.Helper()
	d, err := wstest.Dial(t.Context(), s.url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Requests are held against Zaqar's schema before anything else is looked at.
func TestSchema(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{}).dial()
	for _, text := range []string{
		request("queue_update", `{"queue_name":"q","changes":{"op":"add"}}`),
		request("queue_purge", `{"queue_name":"q","resource_types":"messages"}`),
		request("message_post", `{"queue_name":"q","messages":{"body":1}}`),
		request("message_post", `{"queue_name":"q"}`),
		request("message_post", `{"messages":[]}`),
		request("message_post", `"x"`),
		request("claim_create", `{"queue_name":"q","ttl":"100"}`),
		request("claim_create", `{"queue_name":"q","ttl":100.0}`),
		request("claim_create", `{"queue_name":"q","ttl":true}`),
		request("claim_update", `{"queue_name":"q","claim_id":"x","ttl":"60"}`),
		`{"action":"queue_list"}`,
		`{"action":"queue_list","headers":[]}`,
		`{"action":"queue_list","headers":{"Client-ID":"x"}}`,
		`{"action":"queue_list","headers":{"X-Project-ID":"project"}}`,
		`{"action":"queue_list","headers":{"client-id":"x","x-project-id":"project"}}`,
		`{"action":"queue_list","headers":{"Client-ID":"x","X-Project-ID":1}}`,
		`{"action":"queue_get","headers":{"Client-ID":"x","X-Tenant-ID":"project"},"body":{"queue_name":"a b"}}`,
	} {
		c.send(text)
		if f := c.answer(400); string(f.Body) != `{"error":"Schema validation failed."}` {
			t.Errorf("%s\nanswered %s", text, f.text)
		}
	}
	c.send(`{"action":"ping_node","headers":{}}`)
	c.answer(204)
	for _, text := range []string{
		request("claim_create", `{"queue_name":"q","ttl":59}`),
		request("claim_update", `{"queue_name":"q","claim_id":"x","ttl":59}`),
		`{"action":"queue_list","headers":{"Client-ID":"x","X-Project-ID":""}}`,
	} {
		c.send(text)
		if f := c.answer(400); !strings.Contains(f.text, `"exception":`) {
			t.Errorf("%s\nanswered %s", text, f.text)
		}
	}
}
