package main

import (
	"slices"
	"time"

	"github.com/stackforge/marconi/core"
)

// config is what an operator decides.
type config struct {
	store           string
	http, admin     string
	adminMode       bool
	insecure        bool
	auth            string
	tokensFile      string
	tlsCert, tlsKey string

	logLevel, logFormat                                  string
	stopTimeout, headerTimeout, bodyTimeout, idleTimeout time.Duration

	limits           core.Limits
	checksum         bool
	deleteNeedsClaim bool
	clientIDs        string
	minClientID      int64
	maxClientID      int64
}

const (
	authNone   = "none"
	authTokens = "tokens"

	clientIDsStrict = "strict"
	clientIDsOff    = "off"

	longestClientID = 255
)

func defaults() config {
	return config{
		store: "pebble:marconi-data", http: "127.0.0.1:8888", auth: authNone,
		logLevel: "info", logFormat: "text",
		stopTimeout: 10 * time.Second, headerTimeout: 10 * time.Second, bodyTimeout: time.Minute, idleTimeout: 2 * time.Minute,
		limits:    core.DefaultLimits(),
		clientIDs: clientIDsStrict, minClientID: 10, maxClientID: 36,
	}
}

// option is a key and where in a config its value is kept.
type option struct {
	key   string
	about string
	flag  string // what its own flag takes; "" if only --set reaches it
	value value
}

// options is every key there is.
func (c *config) options() []option {
	return slices.Concat(c.doorOptions(), c.processOptions(), c.callerOptions(), c.limitOptions())
}

func (c *config) doorOptions() []option {
	return []option{
		{"store", "where messages are kept: pebble:DIR, pebble:///DIR from the root, redis://HOST:PORT, or memory:", "URL", secretURL{text{&c.store}}},
		{"http", "address of the HTTP door; port 0 takes a free one", "ADDR", address{to: &c.http}},
		{"admin", "address of metrics and profiles; empty: none", "ADDR", address{to: &c.admin, off: true}},
		{"admin_mode", "offer the operations of operators, such as /v2/health", "bool", boolean{&c.adminMode}},
		{"insecure", "allow what others could abuse: open addresses without authentication", "bool", boolean{&c.insecure}},
		{"auth", "how callers are known: none (believed) or tokens", "HOW", choice{&c.auth, []string{authNone, authTokens}}},
		{"tokens_file", "hashes of the tokens that callers may use", "FILE", text{&c.tokensFile}},
		{"tls_cert", "certificate chain of the HTTP door, in PEM", "FILE", text{&c.tlsCert}},
		{"tls_key", "key of that certificate, in PEM", "FILE", text{&c.tlsKey}},
	}
}

func (c *config) processOptions() []option {
	return []option{
		{"log_level", "least that is logged: debug, info, warn or error", "LEVEL", choice{&c.logLevel, []string{"debug", "info", "warn", "error"}}},
		{"log_format", "text or json", "FORMAT", choice{&c.logFormat, []string{"text", "json"}}},
		{"stop_timeout", "how long a stop may wait for what is in progress", "", span{&c.stopTimeout}},
		{"header_timeout", "how long a request's headers may take to arrive", "", span{&c.headerTimeout}},
		{"body_timeout", "how long a request's body may take to arrive, and the answer to be taken", "", span{&c.bodyTimeout}},
		{"idle_timeout", "how long a connection may stay open unused", "", span{&c.idleTimeout}},
	}
}

func (c *config) callerOptions() []option {
	return []option{
		{"enable_checksum", "add an MD5 checksum to each message", "", boolean{&c.checksum}},
		{"message_delete_with_claim_id", "refuse bulk deletions that name no claims", "", boolean{&c.deleteNeedsClaim}},
		{"client_id_uuid_safe", "strict: a Client-ID must be a UUID; off: any text", "", choice{&c.clientIDs, []string{clientIDsStrict, clientIDsOff}}},
		{"min_length_client_id", "characters of a Client-ID at least, where it is any text", "", count{&c.minClientID, 1}},
		{"max_length_client_id", "characters of a Client-ID at most, where it is any text", "", count{&c.maxClientID, 1}},
	}
}

// limitOptions are the limits by the names of their json tags. Zero would mean
// the default to core.Limits, so it is not to be had where the default is another.
func (c *config) limitOptions() []option {
	l := &c.limits
	return []option{
		{"default_message_ttl", "seconds a message lives if the post does not say", "", count{&l.DefaultMessageTTL, 1}},
		{"default_message_delay", "seconds a message is delayed if the post does not say", "", count{&l.DefaultMessageDelay, 0}},
		{"default_claim_ttl", "seconds a claim lasts if it does not say", "", count{&l.DefaultClaimTTL, 1}},
		{"default_claim_grace", "seconds messages outlive a claim if it does not say", "", count{&l.DefaultClaimGrace, 1}},
		{"max_queues_per_page", "queues a listing shows at most", "", count{&l.MaxQueuesPerPage, 1}},
		{"max_messages_per_page", "messages a listing shows at most", "", count{&l.MaxMessagesPerPage, 1}},
		{"max_messages_per_claim_or_pop", "messages a claim or a pop takes at most", "", count{&l.MaxMessagesPerClaimOrPop, 1}},
		{"max_queue_metadata", "bytes of a queue's metadata at most", "", count{&l.MaxQueueMetadata, 1}},
		{"max_messages_post_size", "bytes of a post at most, all its messages together", "", count{&l.MaxMessagesPostSize, 1}},
		{"max_message_ttl", "seconds a message may live at most", "", count{&l.MaxMessageTTL, 1}},
		{"max_message_delay", "seconds a message may be delayed at most", "", count{&l.MaxMessageDelay, 1}},
		{"max_claim_ttl", "seconds a claim may last at most", "", count{&l.MaxClaimTTL, 1}},
		{"max_claim_grace", "seconds messages may outlive a claim at most", "", count{&l.MaxClaimGrace, 1}},
		{"idempotency_key_ttl", "seconds a resent post is recognised by its key", "", count{&l.IdempotencyKeyTTL, 1}},
	}
}
