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

// objection is what HTTP itself finds wrong with a request, nil if nothing.
func objection(r *http.Request) *api.Reply {
	switch {
	case r.ContentLength != 0 && strings.EqualFold(r.Header.Get(echo.HeaderContentType), formType):
		return isForm
	case !acceptsJSON(r.Header.Values(echo.HeaderAccept)):
		return notAcceptable
	}
	return nil
}

// acceptsJSON reads Accept as RFC 9110 says: the most exact range decides.
func acceptsJSON(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	exact, best := -1, 0.0
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		media, params, err := mime.ParseMediaType(item)
		at := rangeOf(media)
		if err != nil || at < exact || at < 0 {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			q, _ = strconv.ParseFloat(text, 64)
		}
		if at > exact {
			exact, best = at, q
		}
		best = max(best, q)
	}
	return best > 0 || strings.Trim(strings.Join(accept, ""), ", ") == ""
}

// rangeOf says how exactly a media range names JSON; -1 if it does not.
func rangeOf(media string) int {
	switch media {
	case "*/*", "*": // the second is not of the standard, but of Java's
		return 0
	case "application/*":
		return 1
	case echo.MIMEApplicationJSON:
		return 2
	}
	return -1
}
