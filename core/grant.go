package core

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Grant lets whoever has it use parts of a queue until it expires, in the name of
// nobody but the project. One that Zaqar made with the same secret is as good.
type Grant struct {
	// Paths are those of HTTP, whichever door the grant is used at; it is for all
	// that is below them too.
	Paths     []string `json:"paths"`
	Methods   []string `json:"methods"` // of HTTP
	Project   string   `json:"project"`
	Expires   string   `json:"expires"`   // in UTC and whole seconds: 2030-01-01T00:00:00
	Signature string   `json:"signature"` // HMAC-SHA256, in small hexadecimal digits
}

const grantTime = "2006-01-02T15:04:05"

// CheckGrant refuses a grant that nobody signed with a secret of the broker's, and
// one whose time is over. It answers when the grant expires. The order of its lists
// means nothing, nor does the way in which ISO 8601 writes the time.
func (b *Broker) CheckGrant(g Grant) (expires time.Time, err error) {
	expires, ok := instantOf(g.Expires)
	switch {
	case !ok || !g.sound():
		return time.Time{}, newError(Forbidden, "The grant is not well-formed.")
	case !b.signed(g.text(expires), g.Signature):
		return time.Time{}, newError(Forbidden, "The signature is not that of the grant.")
	case !b.now().Before(expires):
		return time.Time{}, newError(Forbidden, "The grant has expired.")
	}
	return expires, nil
}

// sound tells whether the text of a grant is that of no other: what separates its
// parts must not be in one.
func (g Grant) sound() bool {
	odd := func(path string) bool { return path == "" || strings.ContainsAny(path, `,\`) }
	return len(g.Paths) > 0 && !slices.ContainsFunc(g.Paths, odd) &&
		len(g.Methods) > 0 && !slices.ContainsFunc(g.Methods, notMethod) &&
		soundProject(g.Project)
}

func notMethod(name string) bool { return name == "" || !nameOnly(name) }

func soundProject(project string) bool { return project != "" && !strings.Contains(project, `\`) }

// text is what is signed. Its four parts are separated by a backslash and an n:
// Zaqar meant a new line.
func (g Grant) text(expires time.Time) string {
	return strings.Join([]string{
		strings.Join(slices.Sorted(slices.Values(g.Paths)), ","),
		strings.Join(slices.Sorted(slices.Values(g.Methods)), ","),
		g.Project,
		expires.Format(grantTime),
	}, `\n`)
}

// signed takes as long whichever secret it was, or none.
func (b *Broker) signed(text, signature string) bool {
	equal := 0
	for _, secret := range b.options.Secrets {
		equal |= subtle.ConstantTimeCompare([]byte(sign(secret, text)), []byte(signature))
	}
	return equal == 1
}

func sign(secret []byte, text string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Forms of ISO 8601, the usual one first.
var (
	dates = []string{"2006-1-2", "20060102"}
	times = []string{"15:04:5", "15:04", "15", "150405", "1504"}
	zones = []string{"", "Z07:00", "Z0700", "Z07"}
)

// instantOf reads an instant, cut to seconds. Without a zone it is in UTC.
func instantOf(text string) (time.Time, bool) {
	if date, clock, ok := strings.Cut(text, " "); ok {
		text = date + "T" + clock
	}
	for _, date := range dates {
		for _, clock := range times {
			for _, zone := range zones {
				if t, ok := instantLike(date+"T"+clock+zone, text); ok {
					return t, true
				}
			}
		}
	}
	return instantLike(dates[0], text)
}

// instantLike reads what is written like layout. Years have four digits.
func instantLike(layout, text string) (time.Time, bool) {
	t, err := time.Parse(layout, text)
	t = t.UTC().Truncate(time.Second)
	return t, err == nil && t.Year() >= 1 && t.Year() <= 9999
}
