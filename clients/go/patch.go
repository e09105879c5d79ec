package client

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// Change is one step of PatchQueue. Add, Replace and Remove make it.
type Change struct {
	op, key string
	value   any
}

// Add sets a key of the metadata, whether it is there or not.
func Add(key string, value any) Change { return Change{"add", key, value} }

// Replace sets a key of the metadata that must be there.
func Replace(key string, value any) Change { return Change{"replace", key, value} }

// Remove takes away a key of the metadata that must be there.
func Remove(key string) Change { return Change{op: "remove", key: key} }

// MarshalJSON writes the change as a step of a JSON patch.
func (ch Change) MarshalJSON() ([]byte, error) {
	path := "/metadata/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(ch.key)
	step := map[string]any{"op": ch.op, "path": path}
	if ch.op != "remove" {
		step["value"] = ch.value
	}
	return json.Marshal(step)
}

// PatchQueue changes a queue's metadata, all of the changes in their order or
// none, and returns it as it is then. The error's status is 404 for a queue that
// does not exist, 409 for a key that had to be there.
func (c *Client) PatchQueue(ctx context.Context, queue string, changes ...Change) (Metadata, error) {
	body, err := encode(changes)
	if err != nil {
		return nil, err
	}
	var m Metadata
	err = c.get(ctx, request{method: http.MethodPatch, at: []string{"queues", queue}, body: body, bodyType: typePatch}, &m)
	return m, err
}
