// Package storagetest is the contract of package storage, executable. A driver
// is right if it passes:
//
//   - Run plays one case for each promise,
//   - Race lets many callers loose at once,
//   - Model plays random histories on the driver and on a reference and compares
//     every answer,
//
// and Bench tells how fast it is. Faulty makes a driver that fails where it is
// told to, for the tests of those who use drivers.
//
// # Time
//
// A case chooses every instant itself. All of them lie ahead of the machine's
// clock, so a backend that cleans up by its own clock has nothing to clean.
// Only the feed, which may tell of things late, is waited for, with patience
// that ends.
//
// # What open does
//
// Every case gets a driver of its own, fresh and empty. It is closed by this
// package, before the cleanups that open itself registered run.
package storagetest
