package core_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stackforge/marconi/core"
)

func TestFormIsMadeOnce(t *testing.T) {
	type door int
	h := &core.Heard{}
	var made atomic.Int64
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			key := door(i % 2)
			if got := h.Form(key, func() any { made.Add(1); return int(key) * 7 }); got != int(key)*7 {
				t.Errorf("the form of %d is %v", key, got)
			}
		})
	}
	all.Wait()
	same(t, "made", made.Load(), 2)
	same(t, "of another door", h.Form(0, func() any { return "new" }), any("new"))
}

func TestFactNames(t *testing.T) {
	for kind, want := range map[core.FactKind]string{core.Live: "live", core.Gap: "gap", core.End: "end", 0: "unknown"} {
		same(t, "name", kind.String(), want)
	}
}
