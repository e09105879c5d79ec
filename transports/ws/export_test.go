package ws

import (
	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/transports/api"
)

// Frame is what is sent for a push.
func Frame(p *api.Push) *websocket.PreparedMessage { return prepare(p).frame }
