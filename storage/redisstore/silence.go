package redisstore

import "github.com/redis/go-redis/v9/logging"

// Silence ends the log lines that the client library writes to standard error on
// its own, for the whole process: what goes wrong is answered as an error. It is
// called before the first store is opened.
func Silence() { logging.Disable() }
