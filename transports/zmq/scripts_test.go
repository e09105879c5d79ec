package zmq_test

import (
	"fmt"
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmq"
	"github.com/stackforge/marconi/transports/zmq/zmqtest"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	for _, o := range []zmqtest.Options{{}, {Binary: true}, {Frames: true}, {Request: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			t.Parallel()
			transporttest.Run(t, o.Dialect(), func(t *testing.T, h api.Handler) transporttest.Door {
				return zmqtest.Door(commands(t, zmq.Config{Handler: h}).dial().Dealer, o)
			})
		})
	}
}
