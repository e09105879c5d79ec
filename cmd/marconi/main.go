// Command marconi is the broker and what its operators need: it serves, checks
// and shows its configuration, makes tokens, and measures.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

// What the program exits with.
const (
	exitFailed = 1 // it could not do what it was asked to
	exitUsage  = 2 // what it was asked, or its configuration, makes no sense
	exitCut    = 3 // it was stopped before what was in progress had finished
)

// exitError is an error that knows what to exit with.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, err}
}

func main() {
	redisstore.Silence()
	err := newRoot().Execute()
	if err == nil {
		return
	}
	complain(os.Stderr, err)
	code := exitFailed
	var e *exitError
	if errors.As(err, &e) {
		code = e.code
	}
	os.Exit(code)
}

// complain writes each line of an error under the program's name. The client
// calls itself by it, too.
func complain(w io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "marconi: %s\n", strings.TrimPrefix(strings.TrimRight(line, "\n"), "marconi: "))
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "marconi",
		Short: "A multi-tenant message queue that speaks Zaqar's API",
		Long: `Marconi is a multi-tenant message queue that speaks the API of OpenStack Zaqar.

Start a broker on 127.0.0.1:8888 that keeps its messages in ./marconi-data:

  marconi serve

It prints a curl line to try. Every option can be set in a file, in the
environment and on the command line; "marconi config show" lists them all.`,
		Args:          refuseArgs,
		SilenceErrors: true, // main says them
		SilenceUsage:  true,
		Version:       thisBuild().String(),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newServe(), newConfig(), newToken(), newInspect(), newBench(), newVersion())
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.RunE = explain
	}
	return root
}

// explain shows the help of a command that there is.
func explain(c *cobra.Command, path []string) error {
	about, rest, err := c.Root().Find(path)
	switch {
	case err != nil:
		return usage(err)
	case len(rest) > 0 && about.HasAvailableSubCommands():
		return refuseArgs(about, rest)
	case len(rest) > 0:
		return usage(fmt.Errorf("there is no help on %q; see %q", strings.Join(path, " "), about.CommandPath()+" --help"))
	}
	about.InitDefaultHelpFlag()
	about.InitDefaultVersionFlag()
	return about.Help()
}

// refuseArgs is for commands that take none, also where one was perhaps meant to
// be a command.
func refuseArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if len(names) == 0 {
		return usage(fmt.Errorf("%s takes no argument, and there is %q", c.CommandPath(), args[0]))
	}
	return usage(fmt.Errorf("%s has no command %q%s", c.CommandPath(), args[0], nearest("; the nearest is %q", args[0], names)))
}

// flagError names the flag that was perhaps meant.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return usage(fmt.Errorf("%w; see %q", err, c.CommandPath()+" --help"))
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return usage(fmt.Errorf("%w%s", err, nearest("; the nearest is --%s", unknown.GetSpecifiedName(), names)))
}

// nearest writes what was perhaps meant by a name as format says, or nothing if
// no other is near.
func nearest(format, name string, known []string) string {
	near := storage.Nearest(name, known)
	if near == "" {
		return ""
	}
	return fmt.Sprintf(format, near)
}
