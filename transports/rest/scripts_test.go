package rest_test

import (
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/rest/resttest"
	"github.com/stackforge/marconi/transports/transporttest"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, "v2", func(t *testing.T, h api.Handler) transporttest.Door {
		s := serve(t, rest.Config{Handler: h, AdminMode: true})
		return resttest.Door(s.url, s.client)
	})
}
