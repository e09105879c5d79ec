package transporttest_test

import (
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

func TestRun(t *testing.T) {
	transporttest.Run(t, transporttest.Plain, func(_ *testing.T, h api.Handler) transporttest.Door {
		return transporttest.Bare(h)
	})
}
