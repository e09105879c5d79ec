package api

import (
	"encoding/base64"
	"strings"

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
	encoded := false
	err := r.members(func(name []byte) error {
		switch string(name) {
		case "body", "ttl", "delay", "body_encoding":
		default:
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
		case "body_encoding":
			encoded = string(v) == `"base64"`
			return unless(encoded, errBodyEncoding)
		}
		d.Body = v
		return nil
	})
	switch {
	case err != nil:
		return err
	case d.Body == nil:
		return newInvalid(titleBody, `Missing "body" field.`)
	case encoded:
		return decodeBody(d)
	}
	return nil
}

var (
	errBodyEncoding = newInvalid(titleBody, `The value of the "body_encoding" field must be "base64".`)
	errNoBase64     = newInvalid(titleBody, `The value of the "body" field must be base64.`)
)

// decodeBody makes a message of bytes of one whose body is a text in base64.
func decodeBody(d *core.Draft) error {
	if d.Body.Kind() != '"' {
		return errNoBase64
	}
	text := unquote(d.Body)
	body, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return errNoBase64
	}
	d.Raw, d.Body = true, body
	return nil
}

func unless(right bool, err error) error {
	if right {
		return nil
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
