package core

import (
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

// Caller is who asks, as the door has found out.
type Caller struct {
	Project string // whose queues
	Client  string // who of the project: its own messages can be left out of lists
	Roles   []string
	Expires time.Time // when what the door found out ends; zero: never
}

// Has reports whether the caller has a role.
func (c Caller) Has(role string) bool { return slices.Contains(c.Roles, role) }

func (c Caller) queue(name string) storage.QueueID {
	return storage.QueueID{Project: c.Project, Name: name}
}

// CheckQueue refuses names that no queue can have, and projects that no queue
// can be of: a name is 1 to 64 of a–z, A–Z, 0–9, '_', '.' and '-'; a project at
// most 256 characters.
func CheckQueue(project, name string) error {
	if name == "" || len(name) > MaxQueueName || !nameOnly(name) || tooLong(project, MaxProjectID) {
		return titled("Invalid queue identification",
			invalid("The format of the submitted queue name or project id is not valid."))
	}
	return nil
}

func tooLong(s string, characters int) bool {
	if len(s) <= characters {
		return false
	}
	return len([]rune(s)) > characters
}

func nameOnly(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}
