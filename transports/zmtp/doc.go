// Package zmtp speaks ZMTP 3.0 and 3.1, the protocol of ZeroMQ, with peers that
// nobody trusts: as a ROUTER, a PULL and a PUB that listen, and as a DEALER that
// connects.
//
// The greeting, the choice of a mechanism and the match of socket types are
// go-zeromq/zmq4's, by its Open, Conn and Security. It is shown nothing but whole
// frames that were found sound, and its Socket is not used: that believes lengths
// and waits for slow peers. What follows the handshake is read and written here,
// since a length must be judged before memory is taken for it, and since a message
// should cost one copy in and one out.
//
// Every connection has a goroutine of its own, which reads. What is sent to a peer
// is put into its mailbox; while anything waits there, a second goroutine writes,
// as much at a time as there is. So a peer that is slow, silent, hostile or gone
// costs nobody else anything:
//
//   - it must finish the handshake within a time, and a message once begun;
//   - frames, parts, messages, metadata and subscriptions have limits, and memory is
//     taken as bytes come, not as they are announced;
//   - it is not read faster than its messages are handled;
//   - a mailbox that is full refuses, and the sender decides what that means;
//   - a peer that takes nothing for a while, or says nothing although asked, is cut off;
//   - the number of connections is limited, in all and by address;
//   - a panic costs the connection it belongs to, and is counted.
//
// Peers are told apart by *Peer, never by the identity that they claim.
package zmtp
