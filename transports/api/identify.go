package api

import (
	"cmp"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/stackforge/marconi/core"
)

// ClientIDRule says what a Client-ID must look like. The zero value wants a UUID.
type ClientIDRule struct {
	Any      bool // any text of Min to Max characters
	Min, Max int
}

// identify completes the caller by what the headers say, and refuses queues that
// cannot be.
func identify(c *Call, rule ClientIDRule) error {
	client, err := clientOf(c, rule)
	if err != nil {
		return err
	}
	c.Caller.Client = client
	if c.Caller.Project, err = projectOf(c); err != nil {
		return err
	}
	for _, p := range c.Params.Given {
		if p.Field == fieldQueue {
			return checkQueue(c, p.Value)
		}
	}
	return nil
}

const fieldQueue = "queue_name"

// checkQueue refuses a queue that cannot be, in the words of the dialect.
func checkQueue(c *Call, name string) error {
	project, words := c.Caller.Project, c.Dialect.wording()
	err := core.CheckQueue(project, name)
	switch {
	case err == nil || words.Queue == "":
		return err
	case core.CheckQueue(project, "q") != nil:
		return newInvalid("", words.LongID)
	case len(name) > core.MaxQueueName:
		return newInvalid("", words.LongName)
	}
	return newInvalid("", words.Queue)
}

func clientOf(c *Call, rule ClientIDRule) (string, error) {
	text, given := c.Header("Client-ID")
	if !c.Dialect.asksClient(c.Action) {
		return text, nil
	}
	if !given {
		return "", newInvalid("Missing header value", `The "Client-Id" header is required.`)
	}
	if rule.Any {
		if n := utf8.RuneCountInString(text); n >= rule.Min && n <= rule.Max {
			return text, nil
		}
	} else if c.client != "" {
		return c.client, nil
	} else if id, ok := uuidOf(text); ok {
		return id, nil
	}
	return "", newInvalid("Wrong UUID value", cmp.Or(c.Dialect.wording().Client, "Malformed hexadecimal UUID."))
}

// uuidOf reads what Python's uuid.UUID does, into 32 small hexadecimal digits:
// two spellings of one UUID are one client.
func uuidOf(text string) (string, bool) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "urn:", ""), "uuid:", "")
	text = strings.Trim(text, "{}")
	var digits [32]byte
	n := 0
	for i := range len(text) {
		if text[i] == '-' {
			continue
		}
		if n == len(digits) {
			return "", false
		}
		digits[n] = text[i]
		n++
	}
	var id [16]byte
	if _, err := hex.Decode(id[:], digits[:]); n != len(digits) || err != nil {
		return "", false
	}
	return hex.EncodeToString(id[:]), true
}

// projectOf is the project that was proven or, where none was, the one that the
// caller names.
func projectOf(c *Call) (string, error) {
	named, given := c.Header("X-Project-Id")
	if !given {
		named, given = c.Header("X-Tenant-Id")
	}
	proven := c.Caller.Project
	switch {
	case proven != "" && given && named != proven:
		return "", errForbidden
	case proven != "":
		return proven, nil
	case !given && !c.Dialect.asksProject(c.Action):
		return "", nil
	case !given:
		return "", newInvalid("Project-Id Missing", "The header X-PROJECT-ID was missing")
	case named == "":
		return "", newInvalid("Empty project header not allowed", "Project ID cannot be empty. Specify the right project by header X-PROJECT-ID and try again.")
	}
	return named, nil
}
