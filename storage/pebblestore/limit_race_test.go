//go:build race

package pebblestore_test

import "time"

// startLimit is how long a start may take.
const startLimit = 10 * time.Second // it makes everything slower

// memoryLimit is how much memory waiting messages may take. The race detector
// keeps several bytes about each of ours.
const memoryLimit = 1000 << 20
