// Package loadtest puts a running broker under load, over HTTP and with the Go
// client, and says how fast it was and whether it kept its promises.
//
// # How fast
//
// [Scenarios] lists the loads there are. Each runs closed-loop, with every
// connection sending its next operation as soon as the last is answered, or
// open-loop at a fixed [Config].Rate. In an open loop an operation has an instant
// at which it is due, and its latency counts from there, whether a connection was
// free then or not. So a stall shows in all the operations it held up, not in one
// for each connection. This includes what the load generator is late by itself,
// up to a millisecond with the timers of most systems; the row "waiting to start"
// of a [Result] tells it apart.
//
// # Whether right
//
// [Check] lets producers, claimers, poppers and readers loose on a few queues,
// empties the queues at the end, and has [Judge] compare what was sent with what
// came out.
//
// [CheckListening] lets many listen while messages come and go, and holds what
// each was told against the queue.
package loadtest
