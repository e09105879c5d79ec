package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a broker",
		Long: `Serve runs a broker. Its messages are in the directory marconi-data under the
working directory, unless --store names another: what it has answered is on disk.

It runs until SIGTERM or SIGINT. It then takes no new requests, finishes those in
progress within stop_timeout, and ends; a second signal ends it at once. It exits
with 0 after a whole stop, 1 if it could not serve, 2 if its configuration makes no
sense, and 3 if a stop was cut short.
` + sourcesHelp,
		Example: `  marconi serve
  marconi serve --store pebble:///var/lib/marconi
  marconi serve --store memory: --http 127.0.0.1:0 --admin 127.0.0.1:9090 --log-level debug
  marconi serve --http 0.0.0.0:8888 --auth tokens --tokens-file tokens --tls-cert cert.pem --tls-key key.pem
  marconi serve --config /etc/marconi.toml --set max_messages_post_size=1048576`,
		Args: refuseArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := load(f, os.Environ())
			if err != nil {
				return usage(err)
			}
			log, err := newLog(c.ErrOrStderr(), l.logLevel, l.logFormat)
			if err != nil {
				return err
			}
			s, err := open(c.Context(), l.config, log)
			if err != nil {
				return err
			}
			signals := make(chan os.Signal, 2)
			signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
			defer signal.Stop(signals)
			s.announce(c.OutOrStdout())
			return s.run(signals)
		},
	}
	f.bind(c.Flags())
	return c
}
