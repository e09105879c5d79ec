// Package push tells listeners of what enters a log, and wakes those who wait
// for it. It knows neither what the log holds nor where it lies: a Source reads
// it and tells when there is something to read.
//
// # Listeners
//
// A listener is a place in a log. While it keeps up it is live: it shares a chain
// of news with all live listeners of the log, which is as long as the slowest of
// them makes it and bounded by MaxItems and MaxBytes, twice at most. A listener
// further back, a new one, and one that comes with a place is behind: it is read
// the log page by page, each when the one before has been taken, until it has
// caught up. Then it is live again. An idle listener has no goroutine and no
// buffer.
//
// Every item of the log is told once, in order, or is told of as a gap.
//
// # Goroutines
//
// Hub.Run owns them all: a fixed number of workers, who follow, read and wake,
// and one who keeps the time. Whoever posts is never held up by a listener.
package push
