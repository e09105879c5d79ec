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
package api
