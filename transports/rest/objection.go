package rest

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/stackforge/marconi/transports/api"
)

const formType = "application/x-www-form-urlencoded"

var (
	methodNotAllowed = &api.Reply{Status: http.StatusMethodNotAllowed, Result: &api.Problem{Title: "405 Method Not Allowed"}}
	nowhere          = &api.Reply{Status: http.StatusNotFound, Result: &api.Problem{Title: "404 Not Found"}}
	unread           = &api.Reply{Status: http.StatusBadRequest, Result: &api.Problem{Title: "Invalid request body", Description: "Request body could not be read."}}
	broken           = &api.Reply{Status: http.StatusInternalServerError, Result: &api.Problem{Title: "Internal server error", Description: "The request could not be completed."}}

	isForm = &api.Reply{Status: http.StatusBadRequest, Result: &api.Problem{
		Title: "Invalid Content-Type",
		Description: "Endpoint does not accept `" + formType + "` content; currently supported media type is `" +
			echo.MIMEApplicationJSON + "`; specify proper client-side media type with the \"Content-Type\" header.",
	}}
	notAcceptable = &api.Reply{Status: http.StatusNotAcceptable, Result: &api.Problem{
		Title:       "406 Not Acceptable",
		Description: "Endpoint only serves `" + echo.MIMEApplicationJSON + "`; specify client-side media type support with the \"Accept\" header.",
	}}
)

func unsupported(mediaType string) *api.Reply {
	return &api.Reply{Status: http.StatusUnsupportedMediaType, Result: &api.Problem{
		Title:       "415 Unsupported Media Type",
		Description: "Accepted media type for PATCH: {'Accept-Patch': '" + mediaType + "'}.",
	}}
}

// objection is what HTTP itself finds wrong with a request for a route, nil if
// nothing.
func objection(r *http.Request, events bool) *api.Reply {
	switch {
	case r.ContentLength != 0 && strings.EqualFold(r.Header.Get(echo.HeaderContentType), formType):
		return isForm
	case !events && !acceptsJSON(r.Header.Values(echo.HeaderAccept)):
		return notAcceptable
	}
	return nil
}

func acceptsJSON(accept []string) bool {
	_, q := liking(accept, rangeOf)
	return q > 0 || strings.Trim(strings.Join(accept, ""), ", ") == ""
}

// wantsEvents tells whether a request names event streams, and likes them better
// than JSON if it names that too.
func wantsEvents(r *http.Request) bool {
	accept := r.Header.Values(echo.HeaderAccept)
	_, events := liking(accept, func(media string) int {
		if media == eventType {
			return 0
		}
		return -1
	})
	if events <= 0 {
		return false
	}
	exact, q := liking(accept, rangeOf)
	return exact < exactly || q < events
}

// liking reads Accept as RFC 9110 says: of the ranges that name what is offered,
// the most exact decides how much it is liked, from 0 to 1. How exactly a range
// names it, at tells; below 0 it does not.
func liking(accept []string, at func(media string) int) (exact int, q float64) {
	exact = -1
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		media, params, err := mime.ParseMediaType(item)
		how := at(media)
		if err != nil || how < exact || how < 0 {
			continue
		}
		this := 1.0
		if text, ok := params["q"]; ok {
			this, _ = strconv.ParseFloat(text, 64)
		}
		if how > exact {
			exact, q = how, this
		}
		q = max(q, this)
	}
	return exact, q
}

const exactly = 2 // how exactly a range names JSON that names nothing else

// rangeOf says how exactly a media range names JSON; -1 if it does not.
func rangeOf(media string) int {
	switch media {
	case "*/*", "*": // the second is not of the standard, but of Java's
		return 0
	case "application/*":
		return 1
	case echo.MIMEApplicationJSON:
		return exactly
	}
	return -1
}
