package client

import (
	"strconv"
	"time"
)

// span is a duration that is sent as whole seconds.
type span time.Duration

// MarshalJSON rounds up: what should live a while does not live shorter.
func (s span) MarshalJSON() ([]byte, error) {
	n := time.Duration(s) / time.Second
	if time.Duration(s)%time.Second > 0 {
		n++
	}
	return strconv.AppendInt(nil, int64(n), 10), nil
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
