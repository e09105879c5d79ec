// Package auth holds the authenticators that a door can be given: None believes
// what callers say of themselves, Tokens knows them by secrets whose hashes are in
// a file, and Signed, around one of these, by grants that the broker has signed.
package auth
