package rest

import "strings"

// Found is an operation and where it is found.
type Found struct {
	Method, Path, Action string
	Admin                bool
}

// Routes are the routes of version 2, with fields in braces.
func Routes() []Found {
	var all []Found
	for _, r := range routesV2 {
		parts := strings.Split(r.path, "/")
		for i, part := range parts {
			if name, ok := strings.CutPrefix(part, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		all = append(all, Found{r.method, strings.Join(parts, "/"), r.action, r.admin})
	}
	return all
}

// EventOf is what a client is told of a push.
var EventOf = eventOf
