package rest

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/stackforge/marconi/transports/api"
)

// newCall is a request for a route, without its arguments.
func (d *door) newCall(c echo.Context, p place, to *route) *api.Call {
	r := c.Request()
	return &api.Call{
		Dialect:   p.dialect,
		Transport: "http",
		ID:        c.Response().Header().Get(requestID),
		Remote:    remoteOf(r),
		Method:    r.Method,
		Path:      r.URL.EscapedPath(),
		Header: func(name string) (string, bool) {
			values := r.Header[http.CanonicalHeaderKey(name)]
			if len(values) == 0 {
				return "", false
			}
			return values[0], true
		},
		Early: objection(r, to.stream),
	}
}

// arguments takes those of the path and those of the query that the route knows.
func (d *door) arguments(call *api.Call, c echo.Context, r *route, given map[string][]string) {
	call.Action = r.action
	escaped := c.Request().URL.RawPath != ""
	names := c.ParamNames()
	call.Params.Own = append(make([]string, 0, len(names)+len(r.query)), names...)
	for i, name := range names {
		value := c.ParamValues()[i]
		if plain, err := url.PathUnescape(value); escaped && err == nil {
			value = plain
		}
		call.Params.Given = append(call.Params.Given, api.Param{Field: name, Name: name, Value: value})
	}
	for _, q := range r.query {
		call.Params.Own = append(call.Params.Own, q.to())
		for _, v := range given[q.name] {
			call.Params.Given = append(call.Params.Given, api.Param{Field: q.to(), Name: q.name, Value: v})
		}
	}
	if r.filter {
		call.Params.Others = others(r, given)
	}
}

func (q query) to() string {
	if q.field != "" {
		return q.field
	}
	return q.name
}

// others are the parameters that the route does not know.
func others(r *route, given map[string][]string) map[string]string {
	var o map[string]string
	for name, values := range given {
		known := slices.ContainsFunc(r.query, func(q query) bool { return q.name == name })
		if last := values[len(values)-1]; !known && last != "" {
			if o == nil {
				o = map[string]string{}
			}
			o[name] = last
		}
	}
	return o
}

// queryOf is nil for a request without a query. Pairs that cannot be read are
// left out, as they are in Zaqar.
func queryOf(r *http.Request) map[string][]string {
	if r.URL.RawQuery == "" {
		return nil
	}
	return r.URL.Query()
}

func remoteOf(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr) // invalid where there is no network
	return a.Addr()
}

const requestID = "X-Openstack-Request-Id"

// newRequestID names a request. It is no secret.
func newRequestID() string {
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(raw[8:], rand.Uint64())
	raw[6] = raw[6]&0x0f | 0x40 // a random UUID, RFC 9562
	raw[8] = raw[8]&0x3f | 0x80
	var id [4 + 36]byte
	copy(id[:], "req-")
	for i, at := 0, 4; i < len(raw); i++ {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			id[at] = '-'
			at++
		}
		hex.Encode(id[at:at+2], raw[i:i+1])
		at += 2
	}
	return string(id[:])
}
