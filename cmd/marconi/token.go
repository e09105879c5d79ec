package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stackforge/marconi/transports/auth"
)

func newToken() *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "Make tokens for callers",
		Args:  refuseArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newTokenNew())
	return c
}

// tokenOrder is what the flags of "token new" say.
type tokenOrder struct {
	name, project string
	roles         []string
	expires, file string
	asJSON        bool
}

func newTokenNew() *cobra.Command {
	var o tokenOrder
	c := &cobra.Command{
		Use:   "new --name NAME --project PROJECT",
		Short: "Make a token",
		Long: `New makes a token and prints it. It cannot be shown again: the token file holds
only its hash. The second line printed is the one for that file (tokens_file); with
--file it is put there instead, and a running broker takes it up within a second.

A caller sends its token as "X-Auth-Token: …" or "Authorization: Bearer …".`,
		Example: `  marconi token new --name shop-worker --project shop --file tokens
  marconi token new --name operator --project '*' --roles admin --expires 720h`,
		Args: refuseArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.carryOut(c.OutOrStdout(), time.Now()) },
	}
	set := c.Flags()
	set.SortFlags = false
	set.StringVar(&o.name, "name", "", "whose it is, for people")
	set.StringVar(&o.project, "project", "", "the one project it opens, or * for any")
	set.StringSliceVar(&o.roles, "roles", nil, "roles of its bearer, such as admin")
	set.StringVar(&o.expires, "expires", "", "when it ends: a span such as 720h, or an instant such as 2027-01-31T00:00:00Z")
	set.StringVar(&o.file, "file", "", "token file to add it to; made if it is not there")
	set.BoolVar(&o.asJSON, "json", false, "print a JSON object")
	return c
}

func (o tokenOrder) carryOut(w io.Writer, now time.Time) error {
	switch {
	case o.name == "":
		return usage(errors.New("--name is missing: whose the token is, for people"))
	case o.project == "":
		return usage(fmt.Errorf("--project is missing: the one that the token opens, or %q for any", auth.AnyProject))
	}
	expires, err := instant(o.expires, now)
	if err != nil {
		return usage(err)
	}
	secret, made, err := auth.NewToken(auth.Token{Name: o.name, Project: o.project, Roles: o.roles, Expires: expires})
	if err != nil {
		return usage(err)
	}
	line, err := made.Line()
	if err != nil {
		return err
	}
	if o.file != "" {
		if err := addLine(o.file, line); err != nil {
			return err
		}
	}
	switch {
	case o.asJSON:
		return writeJSON(w, struct {
			Token string     `json:"token"`
			Entry auth.Token `json:"entry"`
		}{secret, made})
	case o.file != "":
		line = ""
	default:
		line += "\n"
	}
	_, err = fmt.Fprintf(w, "%s\n%s", secret, line)
	return err
}

// instant reads a span from now, or an instant to come; "" is never.
func instant(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		d, err := time.ParseDuration(text)
		if err != nil {
			return t, fmt.Errorf("--expires must be a span such as 720h or an instant such as 2027-01-31T00:00:00Z, not %q", text)
		}
		t = now.Add(d).UTC().Truncate(time.Second)
	}
	if !t.After(now) {
		return t, fmt.Errorf("--expires must be an instant to come, or a span of a second at least; %q has passed", text)
	}
	return t, nil
}

// addLine adds a line to a token file that is in order.
func addLine(name, line string) (err error) {
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := auth.ParseTokens(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > 0 && !strings.HasSuffix(string(text), "\n") {
		line = "\n" + line
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.WriteString(line + "\n")
	return err
}
