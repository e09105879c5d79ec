package zmq_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmq"
)

// What requests have had stored is still that when others have come after them, which
// may be read into the same memory.
func TestWhatIsKeptStays(t *testing.T) {
	t.Parallel()
	c := commands(t, zmq.Config{Broker: transporttest.Broker(t, core.Options{Subscribers: []string{"http"}})}).dial()
	var want, ids []string
	for i := range 50 {
		want = append(want, fmt.Sprintf(`{"n":"%s"}`, strings.Repeat(string(rune('a'+i%26)), 20)))
		queue := fmt.Sprint("q", i)
		c.ask(201, "queue_create", fmt.Sprintf(`{"queue_name":%q,"metadata":%s}`, queue, want[i]))
		var made struct {
			ID string `json:"subscription_id"`
		}
		m := c.ask(201, "subscription_create", fmt.Sprintf(`{"queue_name":%q,"subscriber":"http://example.org/","options":{}}`, queue))
		unmarshal(t, m.Body, &made)
		ids = append(ids, made.ID)
		c.ask(204, "subscription_update", fmt.Sprintf(`{"queue_name":%q,"subscription_id":%q,"options":%s}`, queue, made.ID, want[i]))
		c.ask(201, "message_post", fmt.Sprintf(`{"queue_name":%q,"messages":[{"body":%s}]}`, queue, want[i]))
		c.ask(201, "message_post", fmt.Sprintf(`{"queue_name":%q}`, queue), want[i])
	}
	for i, text := range want {
		queue := fmt.Sprintf(`{"queue_name":"q%d"`, i)
		member := strings.Trim(text, "{}")
		for action, body := range map[string]string{
			"queue_get":        queue + `}`,
			"subscription_get": queue + fmt.Sprintf(`,"subscription_id":%q}`, ids[i]),
		} {
			if m := c.ask(200, action, body); !strings.Contains(m.text, member) {
				t.Errorf("%s: there is no %s in %s", action, text, m.text)
			}
		}
		if m := c.ask(200, "message_list", queue+`,"echo":true}`); strings.Count(m.text, member) != 2 {
			t.Errorf("there is not %s twice in %s", text, m.text)
		}
	}
}
