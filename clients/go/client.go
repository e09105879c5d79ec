package client

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says which broker a Client calls, and as whom. Only URL is always
// needed.
type Config struct {
	// URL is where the broker is, without the version: http://host:port, with a
	// path if it is mounted below one.
	URL string

	// Project owns the queues. It may be left out if the Token tells it.
	Project string

	// ClientID is the UUID that marks messages as this client's own, so that it
	// does not read them back unless it asks for its echo. "" takes a random one.
	ClientID string

	// Token proves the caller to a broker that asks for it.
	Token string

	// Retries is how often Post tries again after a lost connection or a 503. 0
	// means 5; a negative number means never, and no idempotency key is sent.
	Retries int

	// HTTPClient carries the requests. nil takes one of this Client's own, which
	// keeps up to 256 idle connections, follows no redirect and has no time
	// limit but the context's.
	HTTPClient *http.Client
}

// Client calls one broker as one client of one project. It may be used by many
// goroutines at once.
type Client struct {
	http    *http.Client
	own     bool   // http was made here
	base    string // the URL without a slash at its end
	header  http.Header
	id      string
	retries int
}

const (
	defaultRetries = 5
	idleConns      = 256
)

// New makes a Client. It sends nothing yet.
func New(c Config) (*Client, error) {
	base, err := baseOf(c.URL)
	if err != nil {
		return nil, err
	}
	client := &Client{
		http:    c.HTTPClient,
		base:    base,
		id:      cmp.Or(c.ClientID, newUUID()),
		retries: max(0, cmp.Or(c.Retries, defaultRetries)),
	}
	if client.http == nil {
		client.http, client.own = newHTTPClient(), true
	}
	client.header = headerOf(c, client.id)
	return client, nil
}

// ID is the client's UUID: the one in the Config, or the random one.
func (c *Client) ID() string { return c.id }

// Close ends the idle connections. It leaves Config.HTTPClient alone.
func (c *Client) Close() {
	if c.own {
		c.http.CloseIdleConnections()
	}
}

func baseOf(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", fmt.Errorf("marconi: the broker's URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", fmt.Errorf("marconi: the broker's URL is %q; it must be http://host or https://host", text)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", errors.New("marconi: the broker's URL can have no user, query or fragment")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// headerOf is what every request carries.
func headerOf(c Config, id string) http.Header {
	h := http.Header{
		"Client-Id":  {id},
		"Accept":     {"application/json"},
		"User-Agent": {"marconi-go"},
	}
	if c.Project != "" {
		h.Set("X-Project-Id", c.Project)
	}
	if c.Token != "" {
		h.Set("X-Auth-Token", c.Token)
	}
	return h
}

func newHTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         dialer.DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: idleConns, // the default of 2 would dial anew for most concurrent calls
			IdleConnTimeout:     90 * time.Second,
		},
		// A redirect would carry the token to wherever it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// newUUID is a random UUID.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40 // version 4
	b[8] = b[8]&0x3f | 0x80 // variant 10
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
