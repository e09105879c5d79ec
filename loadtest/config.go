package loadtest

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

// Config says which broker to put under load, and how much. Only URL is needed.
type Config struct {
	URL     string // as in client.Config
	Project string // "" without a Token: "loadtest"
	Token   string

	// Connections is how many requests are under way at most, each on a
	// connection of its own; 0 means 8. Check shares them out to its workers.
	Connections int

	// Duration and Count end a run, whichever comes first. Count is in
	// operations, for Check in messages. If both are 0 and there is no Stop,
	// Duration is 10 seconds.
	Duration time.Duration
	Count    int

	// Stop ends the load of Check too, when it is closed. Scenarios do not look
	// at it.
	Stop <-chan struct{}

	// Rate is how many operations are due in a second, on all connections
	// together. 0 is a closed loop. Check does not look at it.
	Rate float64

	// Listeners is how many listen, each on a connection of its own besides; 0
	// means 100. Only the scenario "listen" and CheckListening look at it.
	Listeners int

	// Process is the broker's process, where it runs on this machine: the scenario
	// "listen" then tells what memory it takes. 0: nobody knows.
	Process int

	Size    int    // bytes of a message's body, at least 2; 0 means 1024. For Check the most of its padding
	Queues  int    // to spread the load over; 0 means 1, for Check 3
	Prefill int    // messages in each queue before a listing; 0 means 1000
	Seed    uint64 // of all that is random

	// HTTPClient carries the requests; it should have a Timeout. nil takes one
	// with a limit of 20 seconds a request.
	HTTPClient *http.Client
}

const (
	requestTimeout = 20 * time.Second
	smallestBody   = 2 // bytes: an empty text in JSON
)

// withDefaults fills in what was left open.
func (c Config) withDefaults(queues int) Config {
	if c.Token == "" {
		c.Project = cmp.Or(c.Project, "loadtest")
	}
	if c.Count == 0 && c.Stop == nil {
		c.Duration = cmp.Or(c.Duration, 10*time.Second)
	}
	c.Connections = cmp.Or(c.Connections, 8)
	c.Listeners = cmp.Or(c.Listeners, 100)
	c.Size = cmp.Or(c.Size, 1024)
	c.Queues = cmp.Or(c.Queues, queues)
	c.Prefill = cmp.Or(c.Prefill, 1000)
	return c
}

func (c Config) check() error {
	switch {
	case c.Connections < 0 || c.Queues < 0 || c.Prefill < 0 || c.Listeners < 0 || c.Count < 0 || c.Duration < 0:
		return errors.New("loadtest: a number of connections, listeners, queues, messages or operations, or the duration, is negative")
	case !(c.Rate >= 0 && c.Rate <= 1e9):
		return errors.New("loadtest: the rate must be from 0 to 1e9 operations a second")
	case c.Size < smallestBody:
		return errors.New("loadtest: a body has at least 2 bytes")
	}
	return nil
}

// dial makes the client that a run uses, and what ends its connections.
func (c Config) dial(retries int) (api *client.Client, hangUp func(), err error) {
	hangUp = func() {}
	if c.HTTPClient == nil {
		c.HTTPClient = httpClient(c.Connections)
		hangUp = c.HTTPClient.CloseIdleConnections
	}
	api, err = client.New(client.Config{
		URL: c.URL, Project: c.Project, Token: c.Token, Retries: retries, HTTPClient: c.HTTPClient,
	})
	return api, hangUp, err
}

func httpClient(connections int) *http.Client {
	dialer := &net.Dialer{Timeout: requestTimeout}
	return &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			MaxConnsPerHost:     connections,
			MaxIdleConnsPerHost: connections,
			DisableCompression:  true, // bodies are random; it would measure gzip
		},
	}
}
