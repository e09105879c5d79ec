//go:build !race

package pebblestore_test

import "time"

// startLimit is how long a start may take.
const startLimit = 2 * time.Second

// memoryLimit is how much memory waiting messages may take.
const memoryLimit = 100 << 20
