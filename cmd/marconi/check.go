package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// check looks at what only several values together can show.
func (l *loaded) check() []error {
	return append(l.checkLimits(),
		l.checkStore(),
		l.checkAuth(),
		l.checkSecrets(),
		l.checkDoor("http", l.http),
		l.checkDoor("ws", l.ws),
		l.checkZMQ(),
		l.checkAdmin(),
		l.checkSpots(),
		l.checkTLS(),
		l.checkClientIDs(),
	)
}

// checkLimits tells, with each limit that is wrong, what was set that makes it so.
func (l *loaded) checkLimits() (problems []error) {
	trial := config{limits: l.limits}
	for {
		err := trial.limits.Check()
		if err == nil {
			return problems
		}
		var causes []string
		for _, key := range trial.blame(err) {
			causes = append(causes, l.at(key))
		}
		problems = append(problems, fmt.Errorf("%w; see %s", err, strings.Join(causes, ", ")))
		if len(causes) == 0 {
			return problems
		}
	}
}

// blame finds the limits without which err would not be, and puts them back to
// their defaults.
func (c *config) blame(err error) (keys []string) {
	standard := defaults()
	better := *c
	for i, o := range standard.limitOptions() {
		trial := *c
		_ = trial.limitOptions()[i].value.set(o.value.show()) // a default always fits
		if now := trial.limits.Check(); now == nil || now.Error() != err.Error() {
			keys = append(keys, o.key)
			_ = better.limitOptions()[i].value.set(o.value.show())
		}
	}
	*c = better
	return keys
}

func (l *loaded) checkStore() error {
	u, err := url.Parse(l.store)
	if err != nil || u.Scheme == "" {
		return fmt.Errorf("store (%s) must be a URL such as %q or %q", l.origin("store"), defaults().store, "pebble:///var/lib/marconi")
	}
	if _, err := stores.Parse(l.store); err != nil {
		return fmt.Errorf("%s: %w", l.origin("store"), err)
	}
	return nil
}

func (l *loaded) checkAuth() error {
	switch {
	case l.auth == authTokens && l.tokensFile == "":
		return fmt.Errorf("%s needs tokens_file", l.at("auth"))
	case l.auth != authTokens && l.tokensFile != "":
		return fmt.Errorf("%s has no use without auth = %q", l.at("tokens_file"), authTokens)
	}
	return nil
}

func (l *loaded) checkSecrets() error {
	if l.shareSecret == "" || l.shareSecretFile == "" {
		return nil
	}
	return fmt.Errorf("either signed_url_secret or signed_url_secret_file: %s, %s", l.at("signed_url_secret"), l.at("signed_url_secret_file"))
}

func (l *loaded) checkDoor(key, addr string) error {
	if l.insecure || l.auth != authNone || addr == "" || loopback(addr) {
		return nil
	}
	return fmt.Errorf("%s can be reached from other machines, and %s believes whatever callers say of themselves: "+
		"either set auth = %q and tokens_file, or set insecure = true to accept that (or listen on 127.0.0.1)",
		l.at(key), l.at("auth"), authTokens)
}

func (l *loaded) checkAdmin() error {
	if l.insecure || l.admin == "" || loopback(l.admin) {
		return nil
	}
	return fmt.Errorf("%s can be reached from other machines and asks nobody who they are: "+
		"either use a loopback address such as 127.0.0.1:9090, or set insecure = true to accept that", l.at("admin"))
}

// checkSpots finds doors that would be where another one is.
func (l *loaded) checkSpots() error {
	var problems []error
	var taken []spot
	for _, s := range l.spots() {
		if i := slices.IndexFunc(taken, s.meets); i >= 0 {
			problems = append(problems, fmt.Errorf("%s and %s share an address, and each needs its own", l.at(taken[i].key), l.at(s.key)))
		}
		taken = append(taken, s)
	}
	return errors.Join(problems...)
}

func (l *loaded) checkTLS() error {
	if (l.tlsCert == "") == (l.tlsKey == "") {
		return nil
	}
	return errors.New("tls_cert and tls_key go together: " + l.at("tls_cert") + ", " + l.at("tls_key"))
}

func (l *loaded) checkClientIDs() error {
	switch {
	case l.maxClientID > longestClientID:
		return fmt.Errorf("%s must be at most %d", l.at("max_length_client_id"), longestClientID)
	case l.minClientID > l.maxClientID:
		return fmt.Errorf("%s must not be above %s", l.at("min_length_client_id"), l.at("max_length_client_id"))
	}
	return nil
}

// loopback reports whether only this machine can reach an address. A name that
// is not localhost counts as one that others can reach.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
