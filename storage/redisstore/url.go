package redisstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/stackforge/marconi/storage"
)

// The times and sizes of the client, where a URL says nothing else.
const (
	dialTime   = 2 * time.Second
	socketTime = 3 * time.Second
	poolSize   = 64
)

// OpenURL is the storage.Opener of these URLs, in which user, password, database
// and parameters may be left out:
//
//	redis://user:password@host:6379/database?parameters
//	rediss://…                                   the same over TLS
//	redis:///path.sock, unix:///path.sock
//	redis+sentinel://host1,host2:26379?master=name
//	redis+cluster://host1,host2:6379
//
// The parameters are master (which makes redis: a URL of Sentinels too), dbid,
// socket_timeout in seconds, sentinel_username and sentinel_password, as in
// Zaqar; pool_size; tls (true or false); the PEM files tls_ca, of those who may
// sign a server's certificate in place of the system's, and tls_cert and tls_key,
// of the broker's own, which are read once, when the store is opened; patience and
// replica_timeout in seconds, and min_replicas, for which see Config.
func OpenURL(u *url.URL) (storage.Open, error) {
	p, err := parseURL(u)
	if err != nil {
		return nil, err
	}
	return p.open, nil
}

// open reads the files of certificates and opens the store.
func (p *parameters) open(ctx context.Context) (storage.Driver, error) {
	o := p.client
	var err error
	if o.TLSConfig, err = p.tls.config(); err != nil {
		return nil, err
	}
	s, err := Open(ctx, redis.NewUniversalClient(&o), p.store)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// parseURL reads a URL into options of a client and of a store.
func parseURL(u *url.URL) (*parameters, error) {
	o := redis.UniversalOptions{
		MaxRetries:               -1, // what was sent may have been carried out: see oneShot
		Protocol:                 3,
		DialTimeout:              dialTime,
		DialerRetries:            1, // patience is ours
		ReadTimeout:              socketTime,
		WriteTimeout:             socketTime,
		PoolTimeout:              socketTime,
		PoolSize:                 poolSize,
		ContextTimeoutEnabled:    true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	o.Username = u.User.Username()
	o.Password, _ = u.User.Password()
	p := &parameters{client: o, store: Config{ReplicaTimeout: time.Second}, tls: secrecy{on: u.Scheme == "rediss"}}
	if err := p.read(u); err != nil {
		return nil, err
	}
	if err := p.place(u); err != nil {
		return nil, err
	}
	if p.store.MinReplicas > 0 && p.store.ReplicaTimeout >= p.client.ReadTimeout {
		return nil, errors.New("replica_timeout is not shorter than socket_timeout")
	}
	return p, nil
}

// parameters are those of a URL, on their way to where they belong.
type parameters struct {
	client redis.UniversalOptions // without TLS, which is in files
	store  Config
	tls    secrecy
	named  bool // dbid was given
}

// setters are by the parameter's name.
var setters = map[string]func(*parameters, string) error{
	"master":            func(p *parameters, v string) error { p.client.MasterName = v; return notEmpty(v) },
	"sentinel_username": func(p *parameters, v string) error { p.client.SentinelUsername = v; return nil },
	"sentinel_password": func(p *parameters, v string) error { p.client.SentinelPassword = v; return nil },
	"dbid":              func(p *parameters, v string) error { p.named = true; return count(v, &p.client.DB, 0) },
	"pool_size":         func(p *parameters, v string) error { return count(v, &p.client.PoolSize, 1) },
	"min_replicas":      func(p *parameters, v string) error { return count(v, &p.store.MinReplicas, 0) },
	"replica_timeout":   func(p *parameters, v string) error { return span(v, &p.store.ReplicaTimeout) },
	"patience":          func(p *parameters, v string) error { return span(v, &p.store.Patience) },
	"tls":               func(p *parameters, v string) (err error) { p.tls.on, err = strconv.ParseBool(v); return err },
	"tls_ca":            func(p *parameters, v string) error { p.tls.ca = v; return notEmpty(v) },
	"tls_cert":          func(p *parameters, v string) error { p.tls.cert = v; return notEmpty(v) },
	"tls_key":           func(p *parameters, v string) error { p.tls.key = v; return notEmpty(v) },
	"socket_timeout": func(p *parameters, v string) error {
		err := span(v, &p.client.ReadTimeout)
		p.client.WriteTimeout, p.client.PoolTimeout = p.client.ReadTimeout, p.client.ReadTimeout
		return err
	},
}

// read refuses parameters that nobody knows: a misspelt one must not pass for a
// default.
func (p *parameters) read(u *url.URL) error {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("the URL's parameters are not well formed")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		set, ok := setters[name]
		switch {
		case !ok:
			return unknown(name)
		case len(values[name]) != 1:
			return fmt.Errorf("parameter %s is given %d times", name, len(values[name]))
		}
		if err := set(p, values[name][0]); err != nil {
			return fmt.Errorf("parameter %s: not a value for it", name) // which may be a password
		}
	}
	return nil
}

// unknown names the parameter that was perhaps meant.
func unknown(name string) error {
	if near := storage.Nearest(name, slices.Sorted(maps.Keys(setters))); near != "" {
		return fmt.Errorf("unknown parameter %q: did you mean %s?", name, near)
	}
	return fmt.Errorf("unknown parameter %q", name)
}

// place reads scheme, host and path.
func (p *parameters) place(u *url.URL) error {
	if u.Opaque != "" || u.Fragment != "" {
		return errors.New("the URL is not of the form scheme://host")
	}
	o := &p.client
	sentinel := u.Scheme == "redis+sentinel" || o.MasterName != ""
	cluster := u.Scheme == "redis+cluster"
	port := "6379"
	if sentinel {
		port = "26379"
	}
	switch {
	case u.Scheme == "unix", u.Scheme == "redis" && u.Host == "" && u.Path != "":
		return p.socket(u)
	case cluster && o.MasterName != "":
		return errors.New("a cluster has no parameter master")
	case sentinel && o.MasterName == "":
		return errors.New("a Sentinel needs the parameter master")
	}
	var err error
	if o.Addrs, err = addresses(u.Host, port); err != nil {
		return err
	}
	if len(o.Addrs) > 1 && !sentinel && !cluster {
		return errors.New("more than one host: use redis+sentinel or redis+cluster")
	}
	if err := p.database(u.Path); err != nil {
		return err
	}
	if cluster && o.DB != 0 {
		return errors.New("a cluster has database 0 alone")
	}
	o.IsClusterMode = cluster
	if !sentinel && !cluster {
		p.tls.server = u.Hostname()
	}
	return p.tls.check()
}

func (p *parameters) socket(u *url.URL) error {
	switch {
	case u.Host != "" || u.Path == "" || u.Path == "/":
		return errors.New("a socket needs a path from the root, after three slashes")
	case p.client.MasterName != "" || p.tls != secrecy{}:
		return errors.New("a socket has neither master nor tls")
	}
	p.client.Addrs = []string{u.Path}
	return nil
}

// database reads the path, where it names one.
func (p *parameters) database(path string) error {
	name := strings.Trim(path, "/")
	if name == "" {
		return nil
	}
	if p.named {
		return errors.New("the database is given twice: in the path and as dbid")
	}
	if err := count(name, &p.client.DB, 0); err != nil {
		return errors.New("the URL's path is not the number of a database")
	}
	return nil
}

// addresses cuts a list of hosts, to which it adds the port where there is none.
func addresses(hosts, port string) ([]string, error) {
	var list []string
	for host := range strings.SplitSeq(hosts, ",") {
		h, p, err := net.SplitHostPort(host)
		if err != nil {
			h, p = strings.Trim(host, "[]"), port
		}
		if n, err := strconv.ParseUint(p, 10, 16); h == "" || err != nil || n == 0 {
			return nil, errors.New("the URL needs a host, or hosts with commas between, each with a port or none")
		}
		list = append(list, net.JoinHostPort(h, p))
	}
	return list, nil
}

var errValue = errors.New("not a value")

func notEmpty(v string) error {
	if v == "" {
		return errValue
	}
	return nil
}

func count(v string, to *int, least int) error {
	n, err := strconv.ParseUint(v, 10, 16)
	if err != nil || int(n) < least {
		return errValue
	}
	*to = int(n)
	return nil
}

// span reads seconds, as Zaqar writes them.
func span(v string, to *time.Duration) error {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0.001 && f <= 3600) {
		return errValue
	}
	*to = time.Duration(f * float64(time.Second))
	return nil
}
