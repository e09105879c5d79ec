package rest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// NewHandler is the door without its socket. Of the configuration it uses
// Handler, MaxBody, AdminMode, Ready, BodyTimeout and Log.
func NewHandler(c Config) http.Handler {
	d := &door{config: c.withDefaults(), allow: map[string]string{}}
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect() // nobody may write X-Forwarded-For for himself
	e.HTTPErrorHandler = d.broken
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Add(method, "/healthz", d.live)
		e.Add(method, "/readyz", d.ready)
	}
	e.GET("/", d.versions)
	for _, p := range places(routesV2, c.AdminMode) {
		d.open(e, p)
	}
	return d.bound(e)
}

// door serves requests.
type door struct {
	config Config
	allow  map[string]string // by path of a place: the methods that mean something there
}

// bound names a request, and bounds how long its connection waits for what is
// left of it, read or not, and for the answer to be taken. A body in chunks is the
// last thing it brings: if a length was given too, a proxy before us may have gone
// by that, and what we find behind the chunks be no request at all (RFC 9112, 6.1).
func (d *door) bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(requestID, newRequestID())
		if len(r.TransferEncoding) > 0 {
			w.Header().Set(echo.HeaderConnection, "close")
		}
		var end time.Time // none: a request without a body may take its time
		if r.ContentLength != 0 {
			end = time.Now().Add(d.config.BodyTimeout)
		}
		_ = http.NewResponseController(w).SetReadDeadline(end) // not every connection has one
		d.answering(w)
		next.ServeHTTP(w, r)
	})
}

// answering gives an answer its time. Before it is sent the connection may still
// wait for a body that nobody reads, so it is the body's time and as much again.
func (d *door) answering(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(2 * d.config.BodyTimeout))
}

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
		e.Add(method, p.path, found(d.serve(p, routes)))
		allow = append(allow, method)
	}
	slices.Sort(allow)
	d.allow[p.path] = strings.Join(allow, ", ")
	otherwise := found(d.otherwise(p))
	for _, method := range methods {
		if byMethod[method] == nil {
			e.Add(method, p.path, otherwise)
		}
	}
}

// found lets a request pass if its path ends where the place is: the router takes
// all that is left for the last parameter. What is pre-signed finds nothing,
// before anybody asks who sent it: nobody here can sign, so no signature is right.
func found(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		goesOn := slices.ContainsFunc(c.ParamValues(), func(v string) bool { return strings.Contains(v, "/") })
		signed := r.Header.Get("Url-Signature") != "" && r.Method != http.MethodOptions
		if goesOn || signed {
			return echo.ErrNotFound
		}
		return next(c)
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
func (d *door) otherwise(p place) echo.HandlerFunc {
	allow := d.allow[p.path]
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
