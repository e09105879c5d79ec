package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// resident is the memory that a process takes, as Linux tells.
func resident(process int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", process))
	if fields := bytes.Fields(text); err == nil && len(fields) > 1 {
		pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
		return pages * int64(os.Getpagesize())
	}
	return 0
}

// ticks is how many ticks Linux counts in a second.
const ticks = 100

// usedBy is the processor time that a process has taken, as Linux tells.
func usedBy(process int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	_, behind, found := bytes.Cut(text, []byte(") "))
	fields := bytes.Fields(behind)
	if err != nil || !found || len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(string(fields[11]))
	system, _ := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * time.Second / ticks
}

// pause waits, unless ctx is done before.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
