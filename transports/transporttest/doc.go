// Package transporttest says what every operation does, in scripts that are
// played through any door. The scripts in testdata are the specification: a door
// that plays them behaves like all others.
//
// # Scripts
//
// A file is a txtar archive. What stands before its first section tells what the
// file is about; each section is a script of its own, played on an empty store. A
// line says one thing, and a line that begins with a blank goes on with the one
// before. Empty lines and lines that begin with # say nothing.
//
//	only plain v2            played only through doors that speak one of these dialects
//	unless ws                played through all others; ws are those that take envelopes
//	broker {"checksum":true} the broker has these options; see Settings
//
//	as bob                   requests from here on are bob's; alice's, if nobody is named
//	of shop                  … and about shop's queues; about those of "project", if none is named
//	advance 61s              time passes; it stands still otherwise
//	with Some-Header: text   the next request has this header, in place of its own if it has one
//	without Client-ID        the next request has no such header
//
//	> message_get {"queue_name": "q", "message_id": "$id"}
//	< 200 {"id": "$id", "claim_id": null, "ttl": 3600, "age": 0, "body": "$any"}
//
// The last two are a request, by the name of its operation and the fields that it
// has, and the answer to it. The answer's document must be equal, whatever the
// order of members; numbers are equal if they are written alike. No document says
// that there is none, or that there is nothing in it. A refusal, from status 400
// on, is followed by its text instead.
//
// # Holes
//
// $id is a hole. Where an answer has it for the first time it takes what it finds,
// which no other hole has taken; from then on it stands for that. $any takes
// anything and keeps nothing.
package transporttest
