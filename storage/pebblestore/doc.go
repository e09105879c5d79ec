// Package pebblestore keeps queues in a directory, in a Pebble database. It is
// the embedded, durable backend: what it has answered survives the process and
// the machine.
//
// # What lies where
//
// Pebble holds everything: see keys.go. In memory, per queue in use, is what
// calls need to decide: the tail of the log, a cursor that claims have got to,
// what is held, what came back from claims, and two numbers for each block of
// 256 positions (how many of them are empty for ever, and when the first message
// expires). A message that just waits takes nothing. All of that is rebuilt from
// the records of a queue when it is first used. Subscriptions lie in memory as
// well.
//
// # The life of a call
//
// A queue's name has a slot, and the slot a lock. A call takes the lock, settles
// the queue as of its instant, reads, decides, changes what lies in memory, and
// submits a batch of writes to the committer. Then it gives the lock back and
// waits for the disk. So calls to one queue decide one after the other, as fast
// as memory goes, calls to several queues decide side by side, and all of them
// share fsyncs: the committer makes one group of all that was submitted while
// the last group was being written. Batches are committed in the order in which
// they were submitted, so what one call decided on top of another's decision is
// never durable without it.
//
// What a call takes away, or holds, other calls see at once, and an answer that
// may rest on it waits until it is durable. What a call adds is seen when it is
// durable: reads stop at the durable tail, although Pebble would show more. So
// posts are never waited for by those who read, and nothing is listed, claimed
// or told that a power cut could take back.
//
// A second goroutine waits until a group is durable and does what is to happen
// then: it shows what was added, tells the followers and wakes the callers, while
// the committer already writes the next group. The log keeps their order, so no
// group is durable without those before it.
//
// What follows from the instant alone, that a message has expired or a claim has
// ended, is written as well, but nobody waits for it: whoever reads the store
// after a crash concludes it again.
//
// A call about two queues (a burial) takes both locks, in the order of the names,
// and submits one batch.
//
// # Room on disk
//
// Positions are never used twice, so the log of a queue is emptied from the
// front. When 16 blocks at the front have become empty, their range is deleted as
// one, which lets Pebble drop tables without reading them. A block that becomes
// empty behind one that is not is deleted as a range of its own, so that one
// message that stays does not leave a million gaps to step over.
//
// # When the disk fails
//
// A commit that fails leaves memory ahead of the disk, and Pebble in a state that
// it does not come back from. So the whole opening of the store is given up: its
// calls fail, a fence keeps its goroutines from the disk, and a new opening reads
// everything again as soon as the disk is well. Tables that Pebble cannot write
// in the background are less: they are tried again, Ping tells of them, and
// posts are refused until it succeeds.
//
// Damage is found by the checksums of Pebble's blocks, when they are read. Where
// Pebble would take damage for the torn end of a log, this package looks closer
// when it opens the store: see chunks.go and seal.go.
package pebblestore
