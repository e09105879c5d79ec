package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stackforge/marconi/storage/pebblestore"
)

func newInspect() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect DIR",
		Short: "Show what is in a store on disk, and check every record",
		Long: `Inspect reads all of the store in a directory while no broker has it open: its
queues, what they hold, and the room it takes. It checks every record and changes
nothing. What has expired and was not removed yet is counted too.

It exits with 1 if the store is in use or cannot be read, and if anything in it is
damaged; it then says where.`,
		Example: `  marconi inspect marconi-data
  marconi inspect /var/lib/marconi --json`,
		Args: oneDirectory,
		RunE: func(c *cobra.Command, names []string) error {
			return inspect(c.OutOrStdout(), names[0], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return c
}

func oneDirectory(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(fmt.Errorf("%s takes the directory of one store", c.CommandPath()))
	}
	return nil
}

func inspect(w io.Writer, dir string, asJSON bool) error {
	r, err := pebblestore.Inspect(dir)
	if err != nil {
		return err
	}
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return stock(dir, r).show(w, asJSON)
}
