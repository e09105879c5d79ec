package zmq_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmq"
	"github.com/stackforge/marconi/transports/zmq/zmqtest"
)

// bySchema are scripts about values of the wrong type and about headers that are
// missing: requests in envelopes are held against a schema first, which answers all
// of these with the same words. TestSchema has them.
var bySchema = []string{
	"changes that are none",
	"there is nothing else to purge",
	"messages are a list of objects",
	"a client says who it is",
	"a client says whose queues it means",
	"the client is asked for before the project, and that before the queue",
	"a tenant is a project under its older name",
	"everybody can ask whether the broker serves",
	"the bounds of a claim",
	"renewing bounds the ttl and takes any grace",
}

// bySpelling are scripts about numbers that are kept as they are written, which
// MessagePack has no numbers for.
var bySpelling = []string{
	"a body may be any value",
	"integers beyond 64 bits are refused wherever they are",
	"metadata may be anything",
}

func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := transporttest.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []zmqtest.Options{{}, {Binary: true}, {Frames: true}, {Request: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			t.Parallel()
			played, apart := 0, 0
			for _, f := range files {
				for _, script := range f.Scripts {
					switch {
					case slices.Contains(bySchema, script.Name), o.Binary && slices.Contains(bySpelling, script.Name):
						apart++
					case script.Suits("ws"):
						played++
						t.Run(f.Name+"/"+script.Name, func(t *testing.T) { play(t, script, o) })
					}
				}
			}
			want := len(bySchema)
			if o.Binary {
				want += len(bySpelling)
			}
			if apart != want || played < 100 {
				t.Errorf("%d scripts were played and %d of %d were not", played, apart, want)
			}
		})
	}
}

func play(t *testing.T, script transporttest.Script, o zmqtest.Options) {
	store := func(now func() time.Time) storage.Driver { return memstore.New(memstore.Config{Now: now}) }
	script.Play(t, store, func(h api.Handler) transporttest.Door {
		return zmqtest.Door(commands(t, zmq.Config{Handler: h}).dial().Dealer, o)
	})
}
