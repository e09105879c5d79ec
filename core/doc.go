// Package core is the broker: what each operation means. It knows no bytes of
// any protocol and no backend by name.
//
// # The model
//
// A project owns queues. A queue holds messages in the order in which they were
// accepted; package storage tells how. A message lives for its ttl. It can be
// read by anybody of the project (publish-subscribe), and claimed: handed to one
// worker for a while, who deletes it when the work is done. A claim that ends
// gives back what was not deleted.
//
// # Operations
//
// Every operation is a method of Broker with the same shape:
//
//	func (b *Broker) Verb(ctx context.Context, who Caller, r NounVerbRequest) (Result, error)
//
// It checks, makes an order, calls the store once where it can, and turns the
// answer into a view. Errors are *Error, or the context's own.
//
// Requests carry json tags because the words of Zaqar's API are the words of the
// domain; a pointer is a field that may be absent. Spans are whole seconds.
//
// # What is not there
//
// A missing queue lists empty and shows the default metadata; posting makes the
// queue; deleting what is not there succeeds; a claim on it finds nothing.
package core
