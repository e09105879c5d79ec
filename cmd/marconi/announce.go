package main

import (
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/stackforge/marconi/storage"
)

// announce says what was opened, and one line to try it with.
func (s *service) announce(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, thisBuild())
	fmt.Fprintf(t, "store\t%s\t%s\n", storage.Redacted(s.config.store), s.aboutStore())
	fmt.Fprintf(t, "http\t%s\t%s\n", s.http.Addr(), s.aboutAuth())
	fmt.Fprintf(t, "ws\t%s\tWebSocket, the same at /ws of http\n", s.wsAddr())
	for _, e := range s.zmq {
		fmt.Fprintf(t, "%s\t%s\t%s\n", e.name, e.door.Addr(), aboutZMQ[e.name])
	}
	if s.admin != nil {
		fmt.Fprintf(t, "admin\t%s\t/metrics, /debug/pprof/\n", s.admin.Addr())
	}
	_ = t.Flush()
	fmt.Fprintf(w, "\n%s\n  %s\n\n", s.aboutTrial(), s.trial())
	if s.config.auth == authTokens && s.certificate == nil && (!loopback(s.config.http) || s.config.ws != "" && !loopback(s.config.ws)) {
		s.log.Warn("tokens travel in the clear: give the door a certificate (tls_cert, tls_key), or keep it behind something that has one")
	}
	if s.config.auth == authTokens && s.config.clear() {
		s.log.Warn("tokens travel in the clear over ZeroMQ: give its endpoints a key (zmq_curve_secret_key_file)")
	}
}

// aboutZMQ says which sockets are for which endpoint.
var aboutZMQ = map[string]string{
	"zmq": "ZeroMQ: DEALER, REQ", "zmq_ingest": "ZeroMQ: PUSH", "zmq_publish": "ZeroMQ: SUB",
}

// wsAddr is where the WebSocket door is: at its own address, if it has one.
func (s *service) wsAddr() string {
	if s.ws != nil {
		return s.ws.Addr()
	}
	return "ws" + strings.TrimPrefix(s.http.Addr(), "http") + "/ws"
}

// aboutStore says what an answered post is worth. Of stores that are elsewhere
// their URL says enough.
func (s *service) aboutStore() string {
	u, err := url.Parse(s.config.store)
	switch {
	case err != nil:
		return ""
	case u.Scheme == "memory":
		return "nothing survives a restart"
	case u.Scheme == "pebble":
		return "what was answered is on disk, in " + dataDir(u)
	}
	return ""
}

// dataDir is the directory that the URL of a store on disk names, from the root
// where that can be known.
func dataDir(u *url.URL) string {
	dir := u.Path
	if name, err := url.PathUnescape(u.Opaque); err == nil && name != "" {
		dir = name
	}
	dir = filepath.FromSlash(dir)
	if whole, err := filepath.Abs(dir); err == nil {
		return whole
	}
	return dir
}

func (s *service) aboutAuth() string {
	if s.config.auth == authTokens {
		return "callers need a token of " + s.config.tokensFile
	}
	return "callers are believed (auth = none)"
}

func (s *service) aboutTrial() string {
	if s.config.auth == authTokens {
		return "To post a message, with a token in TOKEN and its project in PROJECT:"
	}
	return "To post a message:"
}

// trial is a command line that posts a message.
func (s *service) trial() string {
	words := append([]string{"curl", "-X", "POST"}, s.reach()...)
	words = append(words, "-H", quote("Client-ID: "+s.someClientID()), "-H", quote("Content-Type: application/json"))
	if s.config.auth == authTokens {
		words = append(words, "-H", `"X-Auth-Token: $TOKEN"`, "-H", `"X-Project-Id: $PROJECT"`)
	} else {
		words = append(words, "-H", quote("X-Project-Id: demo"))
	}
	return strings.Join(append(words, "-d", quote(`{"messages": [{"body": "Hello", "ttl": 300}]}`)), " ")
}

// someClientID fits the rule for Client-IDs.
func (s *service) someClientID() string {
	id := "3381af92-2b9e-11e3-b191-71861300734c"
	if s.config.clientIDs == clientIDsOff {
		id = strings.Repeat(id, 1+int(s.config.minClientID)/len(id))[:min(max(s.config.minClientID, int64(len(id))), s.config.maxClientID)]
	}
	return id
}

const trialPath = "/v2/queues/hello/messages"

// reach is the URL of a queue for curl, and what curl needs to get there.
func (s *service) reach() []string {
	u, err := url.Parse(s.http.Addr())
	if err != nil {
		return []string{quote(s.http.Addr() + trialPath)}
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		u.Host = host + ":" + u.Port()
	}
	u.Path = trialPath
	if s.certificate == nil {
		return []string{quote(u.String())}
	}
	words := []string{"--cacert", quote(s.config.tlsCert)}
	leaf := s.certificate.inUse.Load().Leaf
	switch {
	case leaf.VerifyHostname(host) == nil:
	case len(leaf.DNSNames) > 0:
		name := strings.Replace(leaf.DNSNames[0], "*", "marconi", 1)
		words = append(words, "--resolve", quote(name+":"+u.Port()+":"+host))
		u.Host = name + ":" + u.Port()
	default:
		words = []string{"--insecure"} // the certificate is for no name by which we are reached
	}
	return append(words, quote(u.String()))
}

// quote makes one word of a shell's.
func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
