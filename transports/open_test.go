package transports_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stackforge/marconi/transports"
)

func TestOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open transports.Open
		open.Wait() // there are none
		for _, state := range []http.ConnState{http.StateNew, http.StateNew, http.StateActive, http.StateIdle, http.StateHijacked} {
			open.Count(nil, state)
		}
		gone := make(chan struct{})
		go func() {
			open.Wait()
			close(gone)
		}()
		synctest.Wait()
		select {
		case <-gone:
			t.Error("there is one left")
		default:
		}
		open.Count(nil, http.StateClosed)
		<-gone
	})
}
