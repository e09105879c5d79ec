// Package python holds the broker to what Python programs ask of it: its tests
// start the program and run python-zaqarclient, the openstack command, and the
// tests of Zaqar itself against it. It exports nothing.
package python
