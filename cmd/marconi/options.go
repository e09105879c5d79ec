package main

import (
	"slices"
	"time"

	"github.com/stackforge/marconi/core"
)

// config is what an operator decides.
type config struct {
	store           string
	http, ws, admin string
	adminMode       bool
	insecure        bool
	auth            string
	tokensFile      string
	shareSecret     string
	shareSecretFile string
	tlsCert, tlsKey string

	origins          []string
	streams          int64
	streamsPerRemote int64

	wsConnections, wsPerAddress, wsPerProject int64
	wsCompression                             bool

	zmq, zmqIngest, zmqPublish    string
	zmqConnections, zmqPerAddress int64
	zmqInFlight                   int64
	curveSecretFile, curveClients string

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
		store: "pebble:marconi-data", http: "127.0.0.1:8888", ws: "127.0.0.1:9000", auth: authNone,
		streams: 10_000, streamsPerRemote: 1000,
		wsConnections: 10_000, wsPerAddress: 1000, wsPerProject: 5000,
		zmq: "tcp://127.0.0.1:5557", zmqConnections: 10_000, zmqPerAddress: 1000, zmqInFlight: 256,
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
	return slices.Concat(c.doorOptions(), c.zmqOptions(), c.processOptions(), c.callerOptions(), c.limitOptions())
}

func (c *config) doorOptions() []option {
	return []option{
		{"store", "where messages are kept: pebble:DIR, pebble:///DIR from the root, redis://HOST:PORT, or memory:", "URL", secretURL{text{&c.store}}},
		{"http", "address of the HTTP door; port 0 takes a free one", "ADDR", address{to: &c.http}},
		{"ws", "address of the WebSocket door, which is at /ws of the HTTP door too; empty: only there", "ADDR", address{to: &c.ws, off: true}},
		{"admin", "address of metrics and profiles; empty: none", "ADDR", address{to: &c.admin, off: true}},
		{"admin_mode", "offer the operations of operators, such as /v2/health", "bool", boolean{&c.adminMode}},
		{"insecure", "allow what others could abuse: open addresses without authentication", "bool", boolean{&c.insecure}},
		{"auth", "how callers are known: none (believed) or tokens", "HOW", choice{&c.auth, []string{authNone, authTokens}}},
		{"tokens_file", "hashes of the tokens that callers may use", "FILE", text{&c.tokensFile}},
		{"signed_url_secret", "by which grants of queues (pre-signed URLs) are signed; better in a file", "", secret{text{&c.shareSecret}}},
		{"signed_url_secret_file", "such secrets, one a line: the first signs, all are good", "", text{&c.shareSecretFile}},
		{"tls_cert", "certificate chain of the HTTP and WebSocket doors, in PEM", "FILE", text{&c.tlsCert}},
		{"tls_key", "key of that certificate, in PEM", "FILE", text{&c.tlsKey}},
		{"allowed_origins", "origins whose pages may use the doors, with commas between, or *; empty: none, but for WebSocket those of its own host", "", origins{&c.origins}},
		{"max_event_streams", "event streams at most", "", count{&c.streams, 1}},
		{"max_event_streams_per_address", "event streams of one address at most", "", count{&c.streamsPerRemote, 1}},
		{"max_ws_connections", "WebSocket connections at most", "", count{&c.wsConnections, 1}},
		{"max_ws_connections_per_address", "WebSocket connections from one address at most", "", count{&c.wsPerAddress, 1}},
		{"max_ws_connections_per_project", "WebSocket connections of one project at most", "", count{&c.wsPerProject, 1}},
		{"ws_compression", "offer permessage-deflate on WebSocket: fewer bytes for more memory", "", boolean{&c.wsCompression}},
	}
}

func (c *config) zmqOptions() []option {
	return []option{
		{"zmq", "endpoint of ZeroMQ for commands: tcp://HOST:PORT or ipc:///PATH; empty: none", "ENDPOINT", endpoint{&c.zmq}},
		{"zmq_ingest", "endpoint of ZeroMQ for posts that are not answered; empty: none", "ENDPOINT", endpoint{&c.zmqIngest}},
		{"zmq_publish", "endpoint of ZeroMQ that tells subscribers what becomes visible; empty: none", "ENDPOINT", endpoint{&c.zmqPublish}},
		{"zmq_curve_secret_key_file", "secret key of all endpoints of ZeroMQ, which then speak CURVE", "", text{&c.curveSecretFile}},
		{"zmq_curve_clients_file", "public keys of those who may connect by CURVE, one a line; empty: whoever knows the endpoints' own", "", text{&c.curveClients}},
		{"max_zmq_connections", "connections of each endpoint of ZeroMQ at most", "", count{&c.zmqConnections, 1}},
		{"max_zmq_connections_per_address", "those from one address at most", "", count{&c.zmqPerAddress, 1}},
		{"zmq_in_flight", "requests of a ZeroMQ connection that are not yet answered; more are not read", "", count{&c.zmqInFlight, 1}},
	}
}

func (c *config) processOptions() []option {
	return []option{
		{"log_level", "least that is logged: debug, info, warn or error", "LEVEL", choice{&c.logLevel, []string{"debug", "info", "warn", "error"}}},
		{"log_format", "text or json", "FORMAT", choice{&c.logFormat, []string{"text", "json"}}},
		{"stop_timeout", "how long a stop may wait for what is in progress", "", span{&c.stopTimeout}},
		{"header_timeout", "how long a request's headers may take to arrive", "", span{&c.headerTimeout}},
		{"body_timeout", "how long a request's body may take to arrive; the answer may take twice as long", "", span{&c.bodyTimeout}},
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
		{"default_subscription_ttl", "seconds a subscription lasts if it does not say", "", count{&l.DefaultSubscriptionTTL, 1}},
		{"max_queues_per_page", "queues a listing shows at most", "", count{&l.MaxQueuesPerPage, 1}},
		{"max_messages_per_page", "messages a listing shows at most", "", count{&l.MaxMessagesPerPage, 1}},
		{"max_messages_per_claim_or_pop", "messages a claim or a pop takes at most", "", count{&l.MaxMessagesPerClaimOrPop, 1}},
		{"max_subscriptions_per_page", "subscriptions a listing shows at most", "", count{&l.MaxSubscriptionsPerPage, 1}},
		{"max_queue_metadata", "bytes of a queue's metadata at most", "", count{&l.MaxQueueMetadata, 1}},
		{"max_messages_post_size", "bytes of a post at most, all its messages together", "", count{&l.MaxMessagesPostSize, 1}},
		{"max_message_ttl", "seconds a message may live at most", "", count{&l.MaxMessageTTL, 1}},
		{"max_message_delay", "seconds a message may be delayed at most", "", count{&l.MaxMessageDelay, 1}},
		{"max_claim_ttl", "seconds a claim may last at most", "", count{&l.MaxClaimTTL, 1}},
		{"max_claim_grace", "seconds messages may outlive a claim at most", "", count{&l.MaxClaimGrace, 1}},
		{"idempotency_key_ttl", "seconds a resent post is recognised by its key", "", count{&l.IdempotencyKeyTTL, 1}},
		{"max_listeners", "listeners to queues at most, all together", "", count{&l.MaxListeners, 1}},
		{"max_waiters", "claims and listings that may wait at once", "", count{&l.MaxWaiters, 1}},
	}
}
