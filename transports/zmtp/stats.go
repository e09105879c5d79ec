package zmtp

import "sync/atomic"

// Stats is what a listener has seen since it listens.
type Stats struct {
	Peers    int   // connected now, greeted or not
	Accepted int64 // connections
	Refused  int64 // of them at once, since there were too many
	Failed   int64 // that did not get through the handshake
	Denied   int64 // of them for their credentials
	Cut      int64 // peers that were cut off: for what they sent, did not take, or for silence
	Lost     int64 // messages that a Pub did not get into a mailbox
	Panics   int64 // of handlers and of our own
}

// counters is Stats as it is counted.
type counters struct {
	accepted, refused, failed, denied, cut, lost, panics atomic.Int64
}

func (c *counters) stats() Stats {
	return Stats{
		Accepted: c.accepted.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(), Denied: c.denied.Load(),
		Cut: c.cut.Load(), Lost: c.lost.Load(), Panics: c.panics.Load(),
	}
}
