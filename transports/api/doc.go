// Package api makes operations of the broker reachable for doors that know
// nothing of them. A door turns bytes into a Call and a Reply into bytes; what is
// between the two is here, once for all doors.
//
// # The life of a call
//
//	Call ─► Observe ─► Authenticate ─► identify ─► role ─► decode ─► core ─► Reply
//
// Observe logs and measures it. Authenticate finds out what is proven of the
// caller; identify reads the rest from the headers: Client-ID and project. Then
// the operation's row in the table says which role is needed, how the request is
// decoded, which method of core.Broker is called, and which status goes with the
// result.
//
// # Dialects
//
// Versions and doors differ in details: which fields are required, whether a
// queue must exist. A Dialect holds these as data, so that a version is a table
// and no code.
//
// # Envelopes
//
// Doors that know no paths, headers or statuses send a request as one document
// that has them as members, and so is its answer: an Envelope, in JSON or in
// MessagePack. It is Zaqar's over WebSocket.
//
// # Sessions
//
// A door over which things can be pushed has a Session for each connection. What
// is listened to costs it no goroutine: the session wakes the door, and the door
// takes what is there when the connection can have it.
package api
