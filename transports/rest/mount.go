package rest

import (
	"net/http"
	"strings"
)

// mounted sends a request to what is mounted at its path, and all others on. A
// mounted handler gets the request as it came, with its name in the header of the
// answer.
func (d *door) mounted(next http.Handler) http.Handler {
	if len(d.config.Mounts) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := d.mountAt(r.URL.Path)
		if h == nil {
			h = next
		}
		h.ServeHTTP(w, r)
	})
}

// mountAt is the handler mounted at a path, or nil: at the path itself or, of
// those whose path ends with a slash, the one with the longest that it lies under.
func (d *door) mountAt(path string) http.Handler {
	if h := d.config.Mounts[path]; h != nil {
		return h
	}
	for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if h := d.config.Mounts[path[:i+1]]; h != nil {
			return h
		}
	}
	return nil
}
