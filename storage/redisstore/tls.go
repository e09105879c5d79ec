package redisstore

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// secrecy is what a URL says of TLS.
type secrecy struct {
	on        bool
	ca        string // the file of those who may have signed a server's certificate; "": the system's
	cert, key string // the files of our own certificate; "": there is none
	server    string // whose certificate it must be; "": of the host that is dialled
}

// check says what does not go together, and reads no file.
func (s secrecy) check() error {
	switch {
	case !s.on && (s.ca != "" || s.cert != "" || s.key != ""):
		return errors.New("certificates are for TLS: use rediss or tls=true")
	case (s.cert == "") != (s.key == ""):
		return errors.New("tls_cert and tls_key belong together")
	}
	return nil
}

// config reads the files. It is nil without TLS.
func (s secrecy) config() (*tls.Config, error) {
	if !s.on {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.server}
	if s.ca != "" {
		text, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, fmt.Errorf("tls_ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("tls_ca: no certificate is in %s", s.ca)
		}
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, fmt.Errorf("tls_cert and tls_key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
