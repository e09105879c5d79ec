package rest

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/stackforge/marconi/transports/api"
)

// What is answered without a caller: to load balancers, to those who look for the
// version, and where there is nothing.

// live says that the process serves at all.
func (d *door) live(c echo.Context) error {
	return c.String(http.StatusOK, "ok\n")
}

// ready says whether requests would succeed.
func (d *door) ready(c echo.Context) error {
	if err := d.config.Ready(c.Request().Context()); err != nil {
		d.config.Log.Warn("not ready", "error", err)
		return c.String(http.StatusServiceUnavailable, "the store cannot be reached\n")
	}
	return c.String(http.StatusOK, "ok\n")
}

type version struct {
	ID         string      `json:"id"`
	Status     string      `json:"status"`
	Updated    string      `json:"updated"`
	MediaTypes []mediaType `json:"media-types"`
	Links      []selfLink  `json:"links"`
}

type mediaType struct {
	Base string `json:"base"`
	Type string `json:"type"`
}

type selfLink struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// versions lists the versions of the API. Clients compare it whole.
func (d *door) versions(c echo.Context) error {
	return document(c, http.StatusMultipleChoices, echo.MIMEApplicationJSON, map[string][]version{"versions": {{
		ID: "2", Status: "CURRENT", Updated: "2014-9-24T04:06:47Z",
		MediaTypes: []mediaType{{echo.MIMEApplicationJSON, "application/vnd.openstack.messaging-v2+json"}},
		Links:      []selfLink{{"/v2/", "self"}},
	}}})
}

// broken answers what no call came of.
func (d *door) broken(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	h := c.Response().Header()
	reply := outside(err)
	switch allow, ok := d.allow[c.Path()]; {
	case reply == methodNotAllowed && ok:
		h.Set(echo.HeaderAllow, allow+", "+http.MethodOptions)
	case reply == broken:
		d.config.Log.Error("a request failed outside of its call", "error", err, "request_id", h.Get(requestID))
	}
	if err := fail(c, reply.Status, reply.Result.(*api.Problem)); err != nil {
		d.config.Log.Debug("an answer could not be written", "error", err)
	}
}

// outside finds the answer to an error of the framework, or of reading.
func outside(err error) *api.Reply {
	var h *echo.HTTPError
	switch {
	case errors.Is(err, errBody):
		return unread
	case errors.As(err, &h) && h.Code == http.StatusNotFound:
		return nowhere
	case errors.As(err, &h) && h.Code == http.StatusMethodNotAllowed:
		return methodNotAllowed
	}
	return broken
}
