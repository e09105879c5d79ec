package loadtest

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Memory is what a broker's process took, resident, in bytes; 0 where it is not
// known.
type Memory struct {
	Listeners int   `json:"listeners"`
	Before    int64 `json:"before"` // anybody listened
	Idle      int64 `json:"idle"`   // when all listened, and nothing was posted
	Active    int64 `json:"active"` // at the end of the load
}

// String says it all together and for each listener.
func (m Memory) String() string {
	each := func(now int64) float64 { return float64(now-m.Before) / float64(max(1, m.Listeners)) / 1000 }
	return fmt.Sprintf("%.1f MB, with %d idle listeners %.1f MB (%.1f kB each), at work %.1f MB (%.1f kB each)",
		float64(m.Before)/1e6, m.Listeners, float64(m.Idle)/1e6, each(m.Idle), float64(m.Active)/1e6, each(m.Active))
}

// residentOf is the memory that a process takes, as Linux tells, or 0.
func residentOf(process int) int64 {
	if process == 0 {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", process))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
