// Package zmq is the ZeroMQ door, as docs/zmq.md tells it: an endpoint for
// commands, which a DEALER or a REQ connects to; one that takes posts from a PUSH
// and answers nothing; and one that tells a SUB what becomes visible. Each is a
// transport of its own.
//
// Peers and their frames are package zmtp's. A connection for commands has one
// goroutine that reads. Others are there only while they have something to do: one
// waits for posts that were started and answers them in their order, a few carry
// out other requests, and one pushes. Posts need no goroutine each: they are started
// by the one that reads, and so stored in the order in which they came.
package zmq
