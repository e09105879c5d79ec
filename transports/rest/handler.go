package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// NewHandler is the door without its socket. Of the configuration it uses
// Handler, MaxBody, AdminMode, Ready and BodyTimeout.
func NewHandler(c Config) http.Handler {
	d := &door{config: c.withDefaults()}
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect() // nobody may write X-Forwarded-For for himself
	e.HTTPErrorHandler = d.broken
	e.GET("/healthz", d.live)
	e.GET("/readyz", d.ready)
	e.GET("/", d.versions)
	for _, p := range places(routesV2, c.AdminMode) {
		d.open(e, p)
	}
	return e
}

// door serves requests.
type door struct{ config Config }

// methods are those of RFC 9110 and 5789. A request with any other is refused
// without a look at the rest of it.
var methods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace,
}

// open makes a place reachable: by the methods that mean something there, and by
// all others to be told so.
func (d *door) open(e *echo.Echo, p place) {
	byMethod := map[string][]route{}
	for _, r := range p.routes {
		byMethod[r.method] = append(byMethod[r.method], r)
	}
	var allow []string
	for method, routes := range byMethod {
		e.Add(method, p.path, d.serve(p, routes))
		allow = append(allow, method)
	}
	slices.Sort(allow)
	otherwise := d.otherwise(p, strings.Join(allow, ", "))
	for _, method := range methods {
		if byMethod[method] == nil {
			e.Add(method, p.path, otherwise)
		}
	}
}

// serve carries out the first of the routes whose condition holds.
func (d *door) serve(p place, routes []route) echo.HandlerFunc {
	return func(c echo.Context) error {
		given := queryOf(c.Request())
		r := pick(routes, given)
		call := d.newCall(c, p)
		d.arguments(call, c, r, given)
		if r.mediaType != "" && c.Request().Header.Get(echo.HeaderContentType) != r.mediaType {
			call.Late = unsupported(r.mediaType)
		}
		if err := d.readBody(c, call); err != nil {
			return err
		}
		return d.reply(c, p, r, call, d.config.Handler.Handle(c.Request().Context(), call))
	}
}

func pick(routes []route, given map[string][]string) *route {
	for i := range routes {
		if w := routes[i].when; w == "" || strings.Join(given[w], "") != "" {
			return &routes[i]
		}
	}
	return &routes[len(routes)-1]
}

// otherwise answers the methods that mean nothing at a place, once all that is
// asked of any request holds. To OPTIONS it lists those that mean something.
func (d *door) otherwise(p place, allow string) echo.HandlerFunc {
	return func(c echo.Context) error {
		call := d.newCall(c, p)
		d.arguments(call, c, &route{}, nil)
		call.Late = methodNotAllowed
		reply := d.config.Handler.Handle(c.Request().Context(), call)
		allowed := reply.Status == http.StatusMethodNotAllowed
		h := c.Response().Header()
		switch {
		case c.Request().Method != http.MethodOptions:
			if allowed {
				h.Set(echo.HeaderAllow, allow+", "+http.MethodOptions)
			}
			return d.reply(c, p, &route{}, call, reply)
		case allowed:
			h.Set(echo.HeaderAllow, allow)
		}
		return empty(c, http.StatusOK)
	}
}
