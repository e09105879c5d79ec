package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stackforge/marconi/storage/pebblestore"
)

// storeStock is a store's report for people and other programs.
type storeStock struct {
	Directory     string       `json:"directory"`
	Format        string       `json:"format"`
	DiskBytes     int64        `json:"disk_bytes"`
	Messages      int          `json:"messages"` // in all queues, held and delayed ones included
	Subscriptions int          `json:"subscriptions"`
	Undelivered   int          `json:"undelivered"` // that subscriptions have still to get
	Queues        []queueStock `json:"queues"`
	Damage        []string     `json:"damage"`
}

type queueStock struct {
	Project  string    `json:"project"`
	Queue    string    `json:"queue"`
	Created  time.Time `json:"created"`
	Messages int       `json:"messages"` // held and delayed ones included
	Held     int       `json:"held"`     // under a claim, or resting after one
	Delayed  int       `json:"delayed"`
	Bytes    int64     `json:"bytes"`
	Oldest   time.Time `json:"oldest,omitzero"` // of those that are not delayed
}

func stock(dir string, r pebblestore.Report) storeStock {
	s := storeStock{
		Directory: dir, Format: r.Format, DiskBytes: r.DiskBytes, Subscriptions: r.Subscriptions, Undelivered: r.Letters,
		Queues: []queueStock{}, Damage: append([]string{}, r.Damage...),
	}
	for _, q := range r.Queues {
		one := queueStock{q.ID.Project, q.ID.Name, q.Created.UTC(), q.Messages + q.Delayed, q.Held, q.Delayed, q.Bytes, q.Oldest}
		if !one.Oldest.IsZero() {
			one.Oldest = one.Oldest.UTC()
		}
		s.Messages += one.Messages
		s.Queues = append(s.Queues, one)
	}
	return s
}

// show prints all, and fails if there is damage.
func (s storeStock) show(w io.Writer, asJSON bool) (err error) {
	if asJSON {
		err = writeJSON(w, s)
	} else {
		err = s.write(w)
	}
	if len(s.Damage) > 0 {
		err = errors.Join(err, fmt.Errorf("%s is damaged:\n%s", s.Directory, strings.Join(s.Damage, "\n")))
	}
	return err
}

func (s storeStock) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "store\t%s\t%s\n", s.Directory, s.Format)
	fmt.Fprintf(t, "on disk\t%s\n", size(s.DiskBytes))
	fmt.Fprintf(t, "queues\t%d\nmessages\t%d\n", len(s.Queues), s.Messages)
	fmt.Fprintf(t, "subscriptions\t%d\nundelivered\t%d\n", s.Subscriptions, s.Undelivered)
	fmt.Fprintf(t, "damaged\t%d\n", len(s.Damage))
	if len(s.Queues) > 0 {
		fmt.Fprintln(t, "\nPROJECT\tQUEUE\tMESSAGES\tHELD\tDELAYED\tSIZE\tOLDEST")
	}
	for _, q := range s.Queues {
		oldest := "-"
		if !q.Oldest.IsZero() {
			oldest = q.Oldest.Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%q\t%s\t%d\t%d\t%d\t%s\t%s\n", q.Project, q.Queue, q.Messages, q.Held, q.Delayed, size(q.Bytes), oldest)
	}
	return t.Flush()
}

// size is a number of bytes for people, to three digits or so.
func size(bytes int64) string {
	const step = 1024
	value, units := float64(bytes), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for value >= step && len(units) > 1 {
		value, units = value/step, units[1:]
	}
	if bytes < step {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[0])
}
