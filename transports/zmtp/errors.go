package zmtp

import (
	"errors"
	"fmt"
)

// Reasons why a peer was cut off, could not be greeted, or was not sent to.
var (
	ErrGreeting  = errors.New("zmtp: not a greeting of ZMTP 3")
	ErrHandshake = errors.New("zmtp: handshake broken off")
	ErrRefused   = errors.New("zmtp: refused by the peer")
	ErrDenied    = errors.New("zmtp: credentials not accepted")
	ErrUnknown   = errors.New("zmtp: credentials cannot be checked now")
	ErrProtocol  = errors.New("zmtp: not a frame of ZMTP 3")
	ErrTooLong   = errors.New("zmtp: over a limit")
	ErrSilent    = errors.New("zmtp: the peer is silent")
	ErrStalled   = errors.New("zmtp: the peer takes nothing")
	ErrFull      = errors.New("zmtp: the peer's mailbox is full")
	ErrGone      = errors.New("zmtp: the peer is gone")
	ErrStopped   = errors.New("zmtp: stopped")
	ErrPanic     = errors.New("zmtp: panic")
)

// tooLong is ErrTooLong with the limit: what there is at most of a thing.
func tooLong(has string, most int, of string) error {
	return fmt.Errorf("%w: %s at most %d %s", ErrTooLong, has, most, of)
}
