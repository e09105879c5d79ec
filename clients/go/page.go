package client

import (
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// link leads from one page to the next.
type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// nextOf is the marker in the link to the next page, or "" if there is none.
// Only the marker is taken from it, and the request is built anew: so the link
// cannot lead elsewhere, and filters that it does not repeat are kept.
func nextOf(links []link) (string, error) {
	for _, l := range links {
		if l.Rel != "next" {
			continue
		}
		u, err := url.Parse(l.Href)
		if err != nil {
			return "", fmt.Errorf("marconi: the link to the next page: %w", err)
		}
		marker := u.Query().Get("marker")
		if marker == "" {
			return "", fmt.Errorf("marconi: the link to the next page, %q, has no marker", l.Href)
		}
		return marker, nil
	}
	return "", nil
}

// follow yields the items of all pages from a marker on. It ends at an empty
// page, at one without a next, or after the first error.
func follow[T any](marker string, fetch func(marker string) (items []T, next string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for at := marker; ; {
			items, next, err := fetch(at)
			if err == nil && next != "" && next == at {
				err = fmt.Errorf("marconi: the page after marker %q leads to itself", at)
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if len(items) == 0 || next == "" {
				return
			}
			at = next
		}
	}
}

// paging is the query that any listing understands.
func paging(marker string, limit int) url.Values {
	q := url.Values{}
	if marker != "" {
		q.Set("marker", marker)
	}
	if limit != 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return q
}

// waiting sets how long an answer may take to come, if it has nothing to tell.
func waiting(q url.Values, d time.Duration) {
	if d > 0 {
		q.Set("wait", strconv.FormatInt(wholeSeconds(d), 10))
	}
}

// flag sets a parameter that is true; false is what leaving it out means.
func flag(q url.Values, name string, value bool) {
	if value {
		q.Set(name, "true")
	}
}
