package rest

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/stackforge/marconi/transports/api"
)

const firstRead = 16 << 10 // bytes that a request gets before it has sent any

var errBody = errors.New("rest: body could not be read")

// readBody reads the body as far as the limit, whatever its length is said to be,
// in the time that is left for it. A connection on which a body was not read to
// its end keeps its deadline.
func (d *door) readBody(c echo.Context, call *api.Call) error {
	r := c.Request()
	limit := int64(d.config.MaxBody)
	if r.ContentLength == 0 {
		return nil
	}
	if r.ContentLength > limit {
		call.Size, call.Cut = int(r.ContentLength), true
		return nil
	}
	body, err := readAll(r.Body, r.ContentLength, limit)
	if err != nil {
		return errBody
	}
	call.Size = len(body)
	if int64(len(body)) > limit {
		call.Cut = true
		return nil
	}
	call.Body = body
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Time{})
	return nil
}

// readAll reads at most one byte more than the limit. The memory it takes grows
// with what has come, not with what was announced.
func readAll(from io.Reader, announced, limit int64) ([]byte, error) {
	if announced < 0 {
		announced = limit
	}
	body := make([]byte, 0, min(announced, firstRead)+1)
	for int64(len(body)) <= limit {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		if len(body) == cap(body) {
			grown := make([]byte, len(body), min(int64(2*cap(body)), announced+1))
			copy(grown, body)
			body = grown
		}
	}
	return body, nil
}
