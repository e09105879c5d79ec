// Package rest is the HTTP door: from a request to an api.Call, from an api.Reply
// to a response. What an operation means is elsewhere; this package knows paths,
// query parameters, headers, hrefs and links, and the answers that HTTP itself
// asks for. No name of the web framework leaves it.
package rest
