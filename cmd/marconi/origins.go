package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/stackforge/marconi/transports/rest"
)

// origins are the origins of web pages, with commas between them.
type origins struct{ to *[]string }

func (v origins) set(s string) error {
	var all []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if item != rest.AnyOrigin && !isOrigin(item) {
			return fmt.Errorf(`must be origins such as "https://app.example.org", as browsers write them, or "*"; not %q`, item)
		}
		all = append(all, item)
	}
	*v.to = all
	return nil
}

func (v origins) show() string { return strings.Join(*v.to, ",") }

// isOrigin tells whether a text is what a browser may send as the origin of a
// page: nothing behind the port, nothing in capitals, no port that goes without
// saying.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && !strings.Contains(u.Host, "*") && text == strings.ToLower(u.Scheme+"://"+u.Host) &&
		!(u.Scheme == "https" && u.Port() == "443") && !(u.Scheme == "http" && u.Port() == "80")
}
