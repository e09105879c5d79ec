package storage

import (
	"net/url"
	"strings"
)

// telling are parts of the names of parameters whose values nobody is shown. They
// are short, so that a misspelt name has one of them too.
var telling = []string{"pas", "word", "pwd", "secret", "token", "key"}

// Redacted is the text of a URL as it may be shown to anybody: without the password
// of its user and without the values of parameters that are named like a secret. Of
// a URL that has a password where none belongs, perhaps, only the scheme is left,
// and of a text that is no URL nothing.
func Redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "(not a URL)"
	}
	if u.User == nil && strings.Contains(text, "@") {
		return u.Scheme + ":(hidden)"
	}
	q := u.Query()
	for name := range q {
		for _, part := range telling {
			if strings.Contains(strings.ToLower(name), part) {
				q.Set(name, "xxxxx")
			}
		}
	}
	if u.RawQuery != "" {
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
