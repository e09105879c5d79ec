package api

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// drafts reads the messages of a post.
func (r *reader) drafts(p *[]core.Draft) error {
	if k, err := r.kind(); err != nil || k != '[' {
		return either(err, errDocumentType)
	}
	*p = (*p)[:0]
	return r.items(func() error {
		var d core.Draft
		if err := r.draft(&d); err != nil {
			return err
		}
		*p = append(*p, d)
		return nil
	})
}

func (r *reader) draft(d *core.Draft) error {
	if k, err := r.kind(); err != nil || k != '{' {
		return either(err, errDocumentType)
	}
	err := r.members(func(name []byte) error {
		if field := string(name); field != "body" && field != "ttl" && field != "delay" {
			return r.skip()
		}
		v, err := r.value()
		if err != nil {
			return err
		}
		switch string(name) {
		case "ttl":
			return setInteger("ttl", &d.TTL, v)
		case "delay":
			return setInteger("delay", &d.Delay, v)
		}
		d.Body = v
		return nil
	})
	if err == nil && d.Body == nil {
		return newInvalid(titleBody, `Missing "body" field.`)
	}
	return err
}

// changes reads a JSON patch.
func (r *reader) changes(p *[]core.Change) error {
	if k, err := r.kind(); err != nil || k != '[' {
		return either(err, newInvalid(titleBody, "Request body must be a JSON array of operation objects."))
	}
	return r.items(func() error {
		if k, err := r.kind(); err != nil || k != '{' {
			return either(err, newInvalid(titleBody, "Operations must be JSON objects."))
		}
		var c core.Change
		err := r.members(func(name []byte) error {
			v, err := r.value()
			if err != nil {
				return err
			}
			return setChange(&c, string(name), v)
		})
		*p = append(*p, c)
		return err
	})
}

func setChange(c *core.Change, name string, v jsontext.Value) error {
	switch name {
	case "op":
		return setValue(name, &c.Op, v)
	case "path":
		return setValue(name, &c.Path, v)
	case "value":
		c.Value = v
	}
	return nil
}
