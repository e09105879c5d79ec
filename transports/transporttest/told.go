package transporttest

import "encoding/json"

// Told is what comes over a connection that stays: the answer to a request, or a
// push.
type Told struct {
	Body    json.RawMessage `json:"body"`
	Headers struct {
		Status int `json:"status"`
	} `json:"headers"`
	ID json.RawMessage `json:"id"`

	Type     string          `json:"Message_Type"`
	Queue    string          `json:"queue_name"`
	Position string          `json:"position"`
	Fact     string          `json:"fact"`
	Claim    string          `json:"claim_id"`
	Stream   string          `json:"stream_id"`
	Messages json.RawMessage `json:"messages"`
}
