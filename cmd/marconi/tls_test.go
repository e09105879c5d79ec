package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair makes a certificate for names, which are of hosts or addresses, and
// returns its files in dir.
func writePair(t *testing.T, dir string, names ...string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// named is the name of the certificate that a handshake would get.
func named(t *testing.T, c *certificate) string {
	t.Helper()
	pair, err := c.config().GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.Subject.CommonName
}

func TestCertificatesFollowTheirFiles(t *testing.T) {
	var log bytes.Buffer
	dir := t.TempDir()
	cert, key := writePair(t, dir, "one")
	c, err := newCertificate(cert, key, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Duration(0)
	c.now = func() time.Duration { return now }

	writePair(t, dir, "two")
	now = time.Second - 1
	if got := named(t, c); got != "one" {
		t.Errorf("within a second: got %s", got)
	}
	now = time.Second
	if got := named(t, c); got != "two" {
		t.Errorf("after a second: got %s", got)
	}

	for range 3 {
		now += time.Second
		named(t, c)
	}
	if n := strings.Count(log.String(), "read again"); n != 1 {
		t.Errorf("the files changed once and were read again %d times", n)
	}

	other, _ := writePair(t, t.TempDir(), "three")
	if err := os.Rename(other, cert); err != nil { // its key is still to come
		t.Fatal(err)
	}
	for range 3 {
		now += time.Second
		if got := named(t, c); got != "two" {
			t.Errorf("a certificate without its key: got %s", got)
		}
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("the trouble was told %d times: %s", n, log.String())
	}
	writePair(t, dir, "four")
	now += time.Second
	if got := named(t, c); got != "four" {
		t.Errorf("after a good pair: got %s", got)
	}
}

func TestCertificatesMustBeGood(t *testing.T) {
	cert, key := writePair(t, t.TempDir(), "one")
	_, foreign := writePair(t, t.TempDir(), "two")
	for _, pair := range [][2]string{{cert, foreign}, {key, cert}, {cert + "x", key}, {cert, key + "x"}} {
		if _, err := newCertificate(pair[0], pair[1], slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%v was taken", pair)
		}
	}
}
