package auth

import (
	"context"
	"strings"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// None believes callers: the project they name, and the roles they list in
// X-Roles. It is for a door that only trusted programs can reach. A caller that the
// door itself has bound to a project stays bound, and has no roles.
func None() api.Authenticator { return none{} }

type none struct{}

// Authenticate implements api.Authenticator. It never fails.
func (none) Authenticate(_ context.Context, c *api.Call) (core.Caller, error) {
	if c.Caller.Project != "" {
		return c.Caller, nil
	}
	text, _ := c.Header("X-Roles")
	return core.Caller{Roles: rolesIn(text)}, nil
}

// Challenge implements api.Authenticator: there is nothing to ask for.
func (none) Challenge() string { return "" }

// rolesIn reads a list separated by commas.
func rolesIn(text string) []string {
	var roles []string
	for role := range strings.SplitSeq(text, ",") {
		if role = strings.TrimSpace(role); role != "" {
			roles = append(roles, role)
		}
	}
	return roles
}
