// Package memstore keeps queues in memory, for as long as the process lives. It
// is the reference of package storage: the other backends are judged by it.
//
// One mutex guards everything. A call takes it, settles the queue it is about,
// and then works on a state that is exact as of its instant: nothing behind
// settle asks again whether something has expired or ended.
//
// Everything that has an order lies in a sorted set: the log and its free
// messages by position, what time will change by the instant of the change. So
// the cost of a call grows with what it answers or changes and, as a logarithm,
// with what there is. Memory goes back as messages go.
package memstore
