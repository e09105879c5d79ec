package rest

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// reply writes the answer to a call.
func (d *door) reply(c echo.Context, p place, r *route, call *api.Call, reply api.Reply) error {
	d.answering(c.Response())
	if problem, bad := reply.Result.(*api.Problem); bad {
		if call.Action == "subscription_create" && reply.Status == http.StatusConflict {
			c.Response().Header().Set(echo.HeaderLocation, pathOf(p.prefix, call)+"/subscriptions")
		}
		return fail(c, reply.Status, problem)
	}
	if call.Action == "get_home_doc" {
		return home(c, d.config.AdminMode)
	}
	dressed := dress(p.prefix, r, call, reply.Result)
	if dressed.location != "" {
		c.Response().Header().Set(echo.HeaderLocation, dressed.location)
	}
	if dressed.document == nil || reply.Status == http.StatusNoContent {
		return empty(c, reply.Status)
	}
	return document(c, reply.Status, echo.MIMEApplicationJSON, dressed.document)
}

func document(c echo.Context, status int, mediaType string, v any) error {
	b, err := api.JSON.Append(make([]byte, 0, 512), v)
	if err != nil {
		return err
	}
	return c.Blob(status, mediaType, b)
}

// empty answers without a body.
func empty(c echo.Context, status int) error {
	if status != http.StatusNoContent {
		c.Response().Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	}
	return c.NoContent(status)
}

// fail tells what is wrong.
func fail(c echo.Context, status int, p *api.Problem) error {
	h := c.Response().Header()
	h.Add(echo.HeaderVary, echo.HeaderAccept)
	switch {
	case status == http.StatusUnauthorized:
		if p.Challenge != "" {
			h.Set(echo.HeaderWWWAuthenticate, p.Challenge)
		}
		return document(c, status, echo.MIMEApplicationJSON, unauthorized{unauthorizedError{status, p.Title, p.Description}})
	case status == http.StatusNotAcceptable && strings.Contains(c.Request().Header.Get(echo.HeaderAccept), "xml"):
		b, err := xml.Marshal(xmlProblem{Title: p.Title, Description: p.Description})
		if err != nil {
			return err
		}
		return c.Blob(status, echo.MIMEApplicationXML, append([]byte(xml.Header), b...))
	}
	return document(c, status, echo.MIMEApplicationJSON, p)
}

// unauthorized is the shape of a 401: Keystone's, which clients know.
type unauthorized struct {
	Error unauthorizedError `json:"error"`
}

type unauthorizedError struct {
	Code    int    `json:"code"`
	Title   string `json:"title"`
	Message string `json:"message"`
}

type xmlProblem struct {
	XMLName     xml.Name `xml:"error"`
	Title       string   `xml:"title"`
	Description string   `xml:"description"`
}

// dressed is a result as HTTP shows it.
type dressed struct {
	document any // nil: no body
	location string
}

// dress gives a result its paths: hrefs, links, and where what was made is.
func dress(prefix string, r *route, call *api.Call, result any) dressed {
	queue := pathOf(prefix, call)
	shape := api.Shape{ID: true, Checksum: true, Base: queue + "/messages"}
	switch v := result.(type) {
	case core.QueueCreated:
		return dressed{location: queue}
	case core.QueuePage:
		return dressed{document: dressQueues(prefix, r, call, v)}
	case core.Queue:
		return dressed{document: v}
	case core.Stats:
		return dressed{document: dressStats(queue, v)}
	case core.MessagePosted:
		return dressPosted(queue, v)
	case core.MessagePage:
		return dressed{document: &api.MessageList{Shape: shape, Messages: v.Messages, Links: messageLinks(queue, r, call, v)}}
	case core.Messages:
		return dressed{document: &api.MessageList{Shape: shape, Messages: v.Messages}}
	case core.Message:
		return dressed{document: &api.ShapedMessage{Shape: shape, Message: v}}
	case core.ClaimCreated:
		return dressed{document: &api.MessageList{Shape: shape, Messages: v.Messages}, location: locationOf(queue, v)}
	case core.Claim:
		return dressed{document: &api.MessageList{Shape: shape, Messages: v.Messages,
			Claim: &api.ClaimHeader{Age: v.Age, TTL: v.TTL, Href: queue + "/claims/" + v.ID}}}
	case core.SubscriptionPage:
		return dressed{document: dressSubscriptions(queue, r, call, v)}
	case core.SubscriptionCreated:
		return dressed{document: v, location: queue + "/subscriptions"}
	case core.None:
		return dressed{location: changed(queue, call)}
	}
	return dressed{document: result}
}
