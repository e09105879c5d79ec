// Package storage is the contract between the broker and its backends: types
// and words only. A backend promises what is written here and nothing else, and
// package storagetest holds it to that.
//
// # The queue is a log
//
// A queue has a life, named by its epoch: a random number that another life of
// the same name does not share. Within a life every message that becomes
// visible is given the next Position: 1, 2, 3 … without gaps. A message that is
// deleted or expires leaves its position empty for ever.
//
// A message posted with Draft.Visible in the future is delayed: it has an ID at
// once, and no position until that instant. A call that is told the instant
// (its now) first settles the queue: delayed messages that would have expired
// by now are dropped, those due by now enter the log in the order of the
// instants at which they fell due (then of their posting), and claims that
// ended by now let go of their messages. So every answer is as of its now.
//
// # The states of a message
//
//	posted ──(Visible > now)──► delayed ──due──► free ◄──► claimed ──► gone
//
// Gone is deleted, popped, purged, or expired: Expires <= now. A claim has ended
// when its Expires <= now; its messages are free again at that instant, with no
// work to be done by anybody. A message that was released until an instant
// (Claims.ReleaseClaim) rests: nobody holds it, and nobody can claim it before
// that instant.
//
// # Values
//
// Instants are whole milliseconds, and every one of them was chosen by the
// caller. Slices that go in or come out are shared: neither side writes into
// them afterwards.
//
// # Missing queues
//
// CreateClaim, ListMessages, PostMessages, StartPost, QueueStats, GetQueue and
// SetMetadata answer ErrQueueNotFound. To every other call what is in a missing queue is
// just not there.
package storage
