package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// AnyOrigin among the origins allows the pages of all.
const AnyOrigin = "*"

const preflightAge = "3600" // seconds that a browser keeps the answer to a preflight

// What scripts of other origins may do. Nothing here says who somebody is without
// his saying so (a cookie, say), so credentials are not among it.
var (
	sharedMethods = strings.Join([]string{
		http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodPatch, http.MethodHead,
	}, ", ")
	sharedRequestHeaders = strings.Join([]string{
		"X-Auth-Token", "X-Identity-Status", "X-Roles", "X-Service-Catalog", "X-User-Id", "X-Tenant-Id",
		requestID, "X-Trace-Info", "X-Trace-HMAC", "Client-ID", // so far Zaqar's
		"X-Project-Id", "Authorization", "Content-Type", "Idempotency-Key", lastEventID,
		"URL-Signature", "URL-Expires", "URL-Methods", "URL-Paths",
	}, ", ")
	sharedResponseHeaders = strings.Join([]string{
		"X-Auth-Token", "X-Subject-Token", "X-Service-Token", requestID, // so far Zaqar's
		echo.HeaderLocation, echo.HeaderAllow, echo.HeaderWWWAuthenticate, echo.HeaderRetryAfter,
	}, ", ")
)

// shared lets scripts of the allowed origins read what next answers (CORS, as the
// Fetch standard has it). Whether a request is carried out is another matter: that
// is decided by who sends it.
func (d *door) shared(next http.Handler) http.Handler {
	if len(d.config.Origins) == 0 {
		return next
	}
	all := slices.Contains(d.config.Origins, AnyOrigin)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, h := r.Header.Get(echo.HeaderOrigin), w.Header()
		if !all {
			h.Add(echo.HeaderVary, echo.HeaderOrigin)
		}
		allowed := origin != "" && (all || slices.Contains(d.config.Origins, origin))
		if allowed && all {
			origin = AnyOrigin
		}
		asks := r.Method == http.MethodOptions && r.Header.Get(echo.HeaderAccessControlRequestMethod) != ""
		if allowed {
			h.Set(echo.HeaderAccessControlAllowOrigin, origin)
			describe(h, asks)
		}
		if asks {
			w.WriteHeader(http.StatusOK)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// describe says what scripts may do: to a browser that asks before a request what
// they may send, and with an answer what they may read of it.
func describe(h http.Header, asks bool) {
	if !asks {
		h.Set(echo.HeaderAccessControlExposeHeaders, sharedResponseHeaders)
		return
	}
	h.Set(echo.HeaderAccessControlAllowMethods, sharedMethods)
	h.Set(echo.HeaderAccessControlAllowHeaders, sharedRequestHeaders)
	h.Set(echo.HeaderAccessControlMaxAge, preflightAge)
}
