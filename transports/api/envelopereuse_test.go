package api_test

import (
	"testing"

	"github.com/stackforge/marconi/transports/api"
)

// TestHeadsOfAConnection reads one head after the other into the same envelope: what
// the one before said is taken over only where it is said again, or left out.
func TestHeadsOfAConnection(t *testing.T) {
	const project = `"X-Project-ID": `
	first := `{"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", ` + project + `"a"}`
	var e api.Envelope
	var before api.Before
	var c api.Call
	with := api.Head{Before: &before}
	for _, k := range []struct{ headers, queue, project string }{
		{first, `q`, "a"},
		{first, `q`, "a"},
		{"", `q`, "a"},
		{`{"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c", ` + project + `"b"}`, `r`, "b"},
		{"", `\u0072`, "a"},
	} {
		head := `{"action": "queue_get", "body": {"queue_name": "` + k.queue + `"}`
		if k.headers != "" {
			head += `, "headers": ` + k.headers
		}
		if wrong := e.ReadHead(api.JSON, []byte(head+"}"), with); wrong != nil {
			t.Fatalf("%s: %v", head, wrong)
		}
		e.FillCall(&c)
		got, _ := c.Header("X-Project-ID")
		same(t, head, got, k.project)
		want := k.queue
		if want == `\u0072` {
			want = "r"
		}
		same(t, head, e.Queue, want)
		if with.Headers == nil {
			with.Headers = e.Headers()
		}
		e.Forget()
	}
}

// TestWhatIsNoValue is a complaint about JSON, wherever it stands.
func TestWhatIsNoValue(t *testing.T) {
	h := newHandler(t, api.Options{})
	for _, body := range []string{`{"messages": x}`, `{"messages": [x]}`, `{"messages": }`, `{"messages": [{"body": 1},]}`} {
		reply := h.Handle(t.Context(), decoding(api.V2, "message_post", body))
		answered(t, reply, 400, "Invalid request body", "Request body could not be parsed.")
	}
}
