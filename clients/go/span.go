package client

import (
	"strconv"
	"time"
)

// span is a duration that is sent as whole seconds.
type span time.Duration

// MarshalJSON rounds up: what should live a while does not live shorter.
func (s span) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, wholeSeconds(time.Duration(s)), 10), nil
}

func wholeSeconds(d time.Duration) int64 {
	n := d / time.Second
	if d%time.Second > 0 {
		n++
	}
	return int64(n)
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
