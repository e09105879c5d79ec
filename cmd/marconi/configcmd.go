package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stackforge/marconi/transports/auth"
)

const sourcesHelp = `
Options come from a TOML file (--config or MARCONI_CONFIG), from variables of the
environment (MARCONI_ and the key in capitals), and from flags; of several, the
last in this order counts. A key that does not exist is an error.`

func newConfig() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Check and show the configuration",
		Args:  refuseArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newConfigCheck(), newConfigShow())
	return c
}

func newConfigCheck() *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "check",
		Short: "Say everything that is wrong with the configuration",
		Long: `Check reads the configuration as serve would with the same flags, and the files
of tokens, secrets, keys and certificates its keys name, and says everything that is wrong with them. It
opens neither the store, of which it reads the URL, nor an address. It exits with 2 if something is wrong.
` + sourcesHelp,
		Example: `  marconi config check --config /etc/marconi.toml
  MARCONI_HTTP=0.0.0.0:8888 marconi config check --set max_message_ttl=86400`,
		Args: refuseArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := load(f, os.Environ())
			if err := errors.Join(err, l.checkFiles()); err != nil {
				return usage(err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "the configuration is in order")
			return err
		},
	}
	f.bind(c.Flags())
	return c
}

// checkFiles reads the files that the config names.
func (l *loaded) checkFiles() error {
	var problems []error
	if l.tokensFile != "" {
		_, err := auth.Tokens(l.tokensFile, auth.Options{})
		problems = append(problems, err)
	}
	if l.shareSecretFile != "" {
		_, err := l.secrets(slog.New(slog.DiscardHandler))
		problems = append(problems, err)
	}
	problems = append(problems, l.checkCurve())
	if l.tlsCert != "" && l.tlsKey != "" {
		_, err := newCertificate(l.tlsCert, l.tlsKey, slog.New(slog.DiscardHandler))
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func newConfigShow() *cobra.Command {
	var (
		f      flags
		asJSON bool
	)
	c := &cobra.Command{
		Use:   "show",
		Short: "Show every option, its value, and where it came from",
		Long: `Show lists every option as serve would see it with the same flags. Passwords are
not shown. If something is wrong, it says so too, and exits with 2.
` + sourcesHelp,
		Example: `  marconi config show
  marconi config show --config /etc/marconi.toml --json`,
		Args: refuseArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, problem := load(f, os.Environ())
			show := l.showTable
			if asJSON {
				show = l.showJSON
			}
			if err := show(c.OutOrStdout()); err != nil {
				return err
			}
			return usage(problem)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "show a JSON list")
	f.bind(c.Flags())
	return c
}

func (l *loaded) showTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KEY\tVALUE\tFROM")
	for _, o := range l.options() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", o.key, o.value.show(), l.origin(o.key))
	}
	return t.Flush()
}

func (l *loaded) showJSON(w io.Writer) error {
	type shown struct {
		Key   string `json:"key"`
		Value string `json:"value"`
		From  string `json:"from"`
		About string `json:"about"`
	}
	var all []shown
	for _, o := range l.options() {
		all = append(all, shown{o.key, o.value.show(), l.origin(o.key), o.about})
	}
	return writeJSON(w, all)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
