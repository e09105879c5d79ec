package ws

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// allowed tells whether a request may connect by the page that it comes from.
// Those that name no page come from no browser, which alone brings along what it
// was given by others.
func allowed(r *http.Request, origins []string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(origins, "*") {
		return true
	}
	if len(origins) > 0 {
		return slices.ContainsFunc(origins, func(o string) bool { return strings.EqualFold(o, origin) })
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
