package core

import (
	"context"
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/storage"
)

// QueueUpdateRequest changes a queue's metadata.
type QueueUpdateRequest struct {
	Queue   string   `json:"queue_name"`
	Changes []Change `json:"changes"`
	Size    int      `json:"-"` // of the request, in bytes
}

// Change is one step of a JSON patch (RFC 6902), of which add, remove and replace
// of /metadata/<name> are known. Its value is valid JSON, or nil.
type Change struct {
	Op    string         `json:"op"`
	Path  string         `json:"path"`
	Value jsontext.Value `json:"value"`
}

// UpdateQueue carries out all changes in their order or none, and shows the
// metadata that came of it.
func (b *Broker) UpdateQueue(ctx context.Context, who Caller, r QueueUpdateRequest) (Queue, error) {
	if err := b.checkMetadataSize(r.Size); err != nil {
		return Queue{}, err
	}
	edits, err := editsOf(r.Changes)
	if err != nil {
		return Queue{}, err
	}
	id := who.queue(r.Queue)
	for {
		m, err := b.change(ctx, who, id, edits)
		if errors.Is(err, storage.ErrChanged) {
			continue // somebody else's change came first: do ours on top of it
		}
		if err != nil {
			return Queue{}, err
		}
		return Queue{b.limits.shown(m).text()}, nil
	}
}

func (b *Broker) change(ctx context.Context, who Caller, id storage.QueueID, edits []edit) (metadata, error) {
	const spoiled = "Queue could not be updated."
	q, err := b.store.GetQueue(ctx, id)
	if errors.Is(err, storage.ErrQueueNotFound) {
		return nil, noQueue(who, id.Name)
	}
	if err != nil {
		return nil, fault(err, spoiled)
	}
	m, err := parseMetadata(q.Metadata)
	if err != nil {
		return nil, fault(err, spoiled)
	}
	for _, e := range edits {
		if err := b.limits.apply(&m, e); err != nil {
			return nil, err
		}
	}
	if err := b.limits.checkMetadata(id.Name, m); err != nil {
		return nil, asBadBody(err)
	}
	text := m.text()
	if err := b.checkMetadataSize(len(text)); err != nil {
		return nil, err
	}
	err = b.store.SetMetadata(ctx, id, text, q.Version)
	b.settings.forget(id) // also after a failure, which may have changed them
	switch {
	case errors.Is(err, storage.ErrQueueNotFound):
		return nil, noQueue(who, id.Name)
	case errors.Is(err, storage.ErrChanged):
		return nil, err
	case err != nil:
		return nil, fault(err, spoiled)
	}
	return m, nil
}

// edit is a change that makes sense, and the attribute it is about.
type edit struct {
	Change
	name string
}

func editsOf(changes []Change) ([]edit, error) {
	edits := make([]edit, len(changes))
	for i, c := range changes {
		name, err := target(c)
		if err != nil {
			return nil, titled(badBody, err)
		}
		edits[i] = edit{c, name}
	}
	return edits, nil
}

func (l Limits) apply(m *metadata, e edit) error {
	missing := m.get(e.name) == nil
	reserved := l.reserved().get(e.name) != nil || e.name == attrFlavor || e.name == attrRetry
	switch {
	case e.Op == "remove" && missing && !reserved:
		return newError(Conflict, "Can't remove non-existent object %s.", e.name)
	case e.Op == "replace" && missing && !reserved:
		return newError(Conflict, "Can't replace non-existent object %s.", e.name)
	case e.Op == "remove":
		m.remove(e.name)
	default:
		m.set(e.name, e.Value)
	}
	return nil
}

// target checks a change and finds the attribute it is about.
func target(c Change) (string, *Error) {
	switch c.Op {
	case "add", "replace":
		if c.Value == nil {
			return "", invalid("Operation `%s` must have a value.", c.Op)
		}
	case "remove":
	default:
		return "", invalid("Invalid operation: `%s`. It must be one of the following: add, remove, replace.", c.Op)
	}
	parts, err := pointer(c.Path)
	if err != nil {
		return "", err
	}
	// Zaqar does not look at the first part of what is to be removed.
	if len(parts) != 2 || c.Op != "remove" && !strings.EqualFold(parts[0], "metadata") {
		return "", invalid("Invalid JSON pointer for this resource: '%s, e.g /metadata/key'", c.Path)
	}
	return parts[1], nil
}

// pointer takes a JSON pointer (RFC 6901) apart. No part may be empty.
func pointer(path string) ([]string, *Error) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return nil, invalid("Pointer `%s` does not start with \"/\".", path)
	}
	parts := strings.Split(rest, "/")
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if p == "" {
			return nil, invalid("Pointer `%s` has an empty part.", path)
		}
		if left := strings.NewReplacer("~0", "", "~1", "").Replace(p); strings.Contains(left, "~") {
			return nil, invalid("Pointer `%s` contains \"~\" that is not part of \"~0\" or \"~1\".", path)
		}
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
	}
	return parts, nil
}

// asBadBody titles what Zaqar blames on the body of a patch.
func asBadBody(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return titled(badBody, e)
	}
	return err
}
