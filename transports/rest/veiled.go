package rest

import (
	"net/http"

	"github.com/stackforge/marconi/transports/api"
)

// veiled are headers that an event stream may have in its query: a browser's
// EventSource can send no headers of its own. Queries end up in logs, of proxies
// if not of ours, so this is for event streams alone.
var veiled = map[string]string{
	"Client-Id":     "client_id",
	"X-Project-Id":  "project_id",
	"X-Auth-Token":  "token",
	"Url-Signature": "url_signature",
	"Url-Expires":   "url_expires",
	"Url-Methods":   "url_methods",
	"Url-Paths":     "url_paths",
}

// unveil makes a call find in the query the headers that it does not have, and in
// its headers where to go on, which a browser that connects again sends beside the
// query of the first time.
func unveil(call *api.Call, given map[string][]string) {
	headers := call.Header
	call.Header = func(name string) (string, bool) {
		if value, there := headers(name); there {
			return value, true
		}
		values := given[veiled[http.CanonicalHeaderKey(name)]]
		if len(values) == 0 {
			return "", false
		}
		return values[len(values)-1], true
	}
	if id, there := headers(lastEventID); there {
		call.Params.Given = append(call.Params.Given, api.Param{Field: "position", Name: lastEventID, Value: id})
	}
}
