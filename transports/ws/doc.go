// Package ws is the WebSocket door. A frame of text holds a request as JSON, a
// binary one as MessagePack, and each is answered in kind; what a connection
// listens to is pushed over it in between.
//
// A connection has a goroutine that reads. Others are there only while they have
// something to do: one writes, one carries out the requests whose answers must
// keep their order, and one each those that may overlap. So a connection that is
// idle takes little more than its buffer for reading.
package ws
