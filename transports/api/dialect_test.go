package api_test

import (
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

func TestV2(t *testing.T) {
	for _, c := range []struct {
		name, action, body string
		status             int
		title, text        string
	}{
		{"metadata is the body", "queue_create", `{"queue_name": 5, "metadata": {"x": 1}}`, 201, "", ""},
		{"no metadata", "queue_create", ``, 201, "", ""},
		{"an array as metadata", "queue_create", `[]`, 400, badBody, notSuch},
		{"a scalar as metadata", "queue_create", `5`, 400, badBody, notParsed},
		{"null as metadata", "queue_create", `null`, 400, badBody, notParsed},
		{"half the metadata", "queue_create", `{`, 400, badBody, notParsed},
		{"metadata and more", "queue_create", `{}{}`, 400, badBody, notParsed},
		{"metadata too deep", "queue_create", deep(500), 400, badBody, tooDeep},
		{"metadata too large", "queue_create", `{"x": 9223372036854775808}`, 400, badBody, tooBig},

		{"no changes", "queue_update", ``, 400, badBody, "PATCH body could not be empty for update."},
		{"an object as changes", "queue_update", `{"op": "add"}`, 400, badBody, "Request body must be a JSON array of operation objects."},
		{"a scalar as changes", "queue_update", `1`, 400, badBody, "Request body must be a JSON array of operation objects."},
		{"half a change", "queue_update", `[{"op": "add"`, 400, badBody, notParsed},
		{"a change that is none", "queue_update", `[null]`, 400, badBody, "Operations must be JSON objects."},
		{"an op that is none", "queue_update", `[{"op": 1}]`, 400, badBody, `The value of the "op" field must be a str.`},
		{"a path that is none", "queue_update", `[{"path": []}]`, 400, badBody, `The value of the "path" field must be a str.`},
		{"changes and more", "queue_update", `[] x`, 400, badBody, notParsed},
		{"a missing queue", "queue_update", `[]`, 404, "Not found", "Queue q does not exist for project project"},

		{"all is purged", "queue_purge", ``, 204, "", ""},
		{"a purge of nothing named", "queue_purge", `{}`, 400, "Invalid API request", `Post body must contain key "resource_types".`},
		{"a purge of something else", "queue_purge", `{"types": ["messages"]}`, 400, "Invalid API request", `Post body must contain key "resource_types".`},
		{"a purge by a list", "queue_purge", `["messages"]`, 400, badBody, notSuch},

		{"a share of nothing named", "queue_share", ``, 400, badBody, "Request body can not be empty"},
		{"a share of half an object", "queue_share", `{`, 400, badBody, notParsed},
		{"a share of a list", "queue_share", `["messages"]`, 400, badBody, notSuch},
		{"what is shared is the body", "queue_share", `{"queue_name": "q"}`, 400, "Invalid API request", "Unknown keys: {'queue_name'}"},
		{"a share without a secret", "queue_share", `{}`, 400, "Invalid API request", "The `key` can't be None"},

		{"a post of nothing", "message_post", ``, 400, badBody, "Request body can not be empty"},
		{"a post without messages", "message_post", `{}`, 400, "Invalid API request", "No messages were found in the request body."},
		{"a post of a list", "message_post", `[{"body": 1}]`, 400, "Invalid API request", "No messages were found in the request body."},
		{"a post of no messages", "message_post", `{"messages": []}`, 400, "Invalid API request", "No messages to enqueu."},
		{"a post of null", "message_post", `{"messages": null}`, 400, badBody, notSuch},
		{"a post of half a list", "message_post", `{"messages": [`, 400, badBody, notParsed},
		{"a post", "message_post", `{"messages": [{"body": 1}]}`, 201, "", ""},

		{"a claim of the usual", "claim_create", ``, 204, "", ""},
		{"a claim of nothing special", "claim_create", `{}`, 204, "", ""},
		{"a renewal of nothing", "claim_update", ``, 400, badBody, "Request body can not be empty"},
		{"a renewal of the usual", "claim_update", `{}`, 404, "Not found", "Claim  does not exist in queue q for project project"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reply := newHandler(t, api.Options{}).Handle(t.Context(), decoding(api.V2, c.action, c.body))
			answered(t, reply, c.status, c.title, c.text)
		})
	}
}

func TestV2MissesMessages(t *testing.T) {
	c := decoding(api.V2, "message_get_many", "")
	c.Params.Given = append(c.Params.Given, api.Param{Field: "message_ids", Name: "ids", Value: "a,b"})
	answered(t, newHandler(t, api.Options{}).Handle(t.Context(), c), 404, "Not found",
		"No messages with IDs: ['a', 'b'] found in the queue q for project project.")
}

func TestRequire(t *testing.T) {
	d := &api.Dialect{Rules: map[string]api.Rule{"claim": {Require: []api.Need{{Field: "ttl"}, {Field: "grace", Complaint: "What grace?"}}}}}
	for _, c := range []struct{ body, title, text string }{
		{`{"ttl": 60, "grace": 60}`, "", ""},
		{`{"grace": 60, "ttl": 60, "ttl": 61}`, "", ""},
		{`{"grace": 60}`, badBody, `Missing "ttl" field.`},
		{`{"ttl": 60}`, "", "What grace?"},
		{`{}`, badBody, `Missing "ttl" field.`},
		{``, "", ""}, // that is what Empty is for
	} {
		_, err := api.Decode[core.ClaimCreateRequest](decoding(d, "claim", c.body))
		refused(t, err, c.title, c.text)
	}
}
