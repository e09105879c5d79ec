package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// NewHandler is the door without its socket. Of the configuration it does not use
// what is about connections: Addr, TLS, HeaderTimeout, IdleTimeout, StopTimeout.
func NewHandler(c Config) http.Handler { return newDoor(c).handler() }

// door serves requests.
type door struct {
	config   Config
	allow    map[string]string // by path of a place: the methods that mean something there
	seats    *seats            // of event streams
	requests sync.RWMutex      // each reads it, some longer than they have a connection; locked: none begins

	serving context.Context // done: event streams end
	stop    context.CancelFunc
}

func newDoor(c Config) *door {
	c = c.withDefaults()
	d := &door{config: c, allow: map[string]string{}, seats: newSeats(c.Streams, c.StreamsPerRemote)}
	d.serving, d.stop = context.WithCancel(context.Background())
	return d
}

func (d *door) handler() http.Handler {
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect() // nobody may write X-Forwarded-For for himself
	e.HTTPErrorHandler = d.broken
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Add(method, "/healthz", d.live)
		e.Add(method, "/readyz", d.ready)
	}
	e.GET("/", d.versions)
	for _, p := range places(routesV2, d.offered) {
		d.open(e, p)
	}
	return d.bound(d.mounted(d.shared(e)))
}

// offered tells whether a route is, in this configuration.
func (d *door) offered(r route) bool {
	return (d.config.AdminMode || !r.admin) && (d.config.Broker != nil || !r.stream)
}

// bound names a request, and bounds how long its connection waits for what is
// left of it, read or not, and for the answer to be taken. A body in chunks is the
// last thing it brings: if a length was given too, a proxy before us may have gone
// by that, and what we find behind the chunks be no request at all (RFC 9112, 6.1).
func (d *door) bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.requests.TryRLock() {
			return // there is nobody to answer
		}
		defer d.requests.RUnlock()
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
// all that is left for the last parameter.
func found(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if slices.ContainsFunc(c.ParamValues(), func(v string) bool { return strings.Contains(v, "/") }) {
			return echo.ErrNotFound
		}
		return next(c)
	}
}

// serve carries out the first of the routes whose condition holds.
func (d *door) serve(p place, routes []route) echo.HandlerFunc {
	return func(c echo.Context) error {
		given := queryOf(c.Request())
		r := pick(routes, given, wantsEvents(c.Request()))
		call := d.newCall(c, p, r)
		d.arguments(call, c, r, given)
		if r.mediaType != "" && c.Request().Header.Get(echo.HeaderContentType) != r.mediaType {
			call.Late = unsupported(r.mediaType)
		}
		if r.stream {
			unveil(call, given)
			return d.watch(c, p, r, call)
		}
		if err := d.readBody(c, call); err != nil {
			return err
		}
		return d.reply(c, p, r, call, d.carryOut(c, call))
	}
}

// carryOut answers a call.
func (d *door) carryOut(c echo.Context, call *api.Call) api.Reply {
	if _, waits := last(call, wait.name); waits {
		end := time.Now().Add(core.MaxWait*time.Second + 2*d.config.BodyTimeout)
		_ = http.NewResponseController(c.Response()).SetWriteDeadline(end) // not every connection has one
	}
	return d.config.Handler.Handle(c.Request().Context(), call)
}

func pick(routes []route, given map[string][]string, events bool) *route {
	for i := range routes {
		w := routes[i].when
		if (w == "" || strings.Join(given[w], "") != "") && (events || !routes[i].stream) {
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
		call := d.newCall(c, p, &route{})
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
