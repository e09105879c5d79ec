package redisstore_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

// authority signs certificates.
type authority struct {
	dir, file string
	template  *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.file = filepath.Join(a.dir, "ca.pem")
	a.template = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = a.sign(t, a.template, a.file, "")
	return a
}

// pair is a certificate for a server at 127.0.0.1 and for a client, and its key.
func (a *authority) pair(t testing.TB, name string) (cert, key string) {
	t.Helper()
	cert, key = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+"-key.pem")
	a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, cert, key)
	return cert, key
}

// sign writes a certificate, signed by the authority once that has a key, and the
// certificate's key, unless that is to be in no file.
func (a *authority) sign(t testing.TB, template *x509.Certificate, cert, key string) *ecdsa.PrivateKey {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	signer := a.key
	if signer == nil {
		signer = own
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.template, &own.PublicKey, signer)
	must(t, err)
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	if key != "" {
		secret, err := x509.MarshalPKCS8PrivateKey(own)
		must(t, err)
		must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	}
	return own
}

// secret are the arguments of a server that speaks TLS at a second port, and the
// address of that.
func (a *authority) secret(t testing.TB, args ...string) (addr string, all []string) {
	t.Helper()
	cert, key := a.pair(t, "server")
	port := freePort(t)
	return addrOf(port), append([]string{"--tls-port", strconv.Itoa(port), "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", a.file}, args...)
}

// trying opens a store in a time in which nothing can be tried for long.
func trying(t testing.TB, text string) (storage.Driver, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return openURL(ctx, text)
}

// serves has a store do what takes several connections.
func serves(t *testing.T, text string) {
	t.Helper()
	d, err := trying(t, text)
	must(t, err)
	defer d.Close()
	id, now := storage.QueueID{Project: "p", Name: "jobs"}, time.UnixMilli(1_000_000)
	createAndPost(t, d, id, now)
	told := make(chan struct{}, 10)
	stop, err := d.Follow(t.Context(), id, func(e storage.Event) {
		if e.Last > 0 {
			told <- struct{}{}
		}
	})
	must(t, err)
	defer stop()
	_, err = d.PostMessages(t.Context(), postOf(id, now, "a"))
	must(t, err)
	await(t, "the feed tells of the post", told)
	popped, err := d.PopMessages(t.Context(), id, 10, now)
	must(t, err)
	if len(popped) != 1 || string(popped[0].Body) != "a" {
		t.Errorf("popped %v", popped)
	}
	must(t, d.DeleteQueue(t.Context(), id))
}

// TestTLS has a server with a certificate of an authority that the system does not
// know, and stores that trust it or not.
func TestTLS(t *testing.T) {
	t.Parallel()
	right, wrong := newAuthority(t), newAuthority(t)
	addr, args := right.secret(t, "--tls-auth-clients", "no")
	s := startServer(t, args...)
	serves(t, "rediss://"+addr+"?tls_ca="+right.file)
	serves(t, "redis://"+addr+"?tls=true&tls_ca="+right.file)
	_, port, _ := net.SplitHostPort(addr)
	for _, c := range []struct{ name, url, text string }{
		{"the system's authorities", "rediss://" + addr, "unknown authority"},
		{"another authority", "rediss://" + addr + "?tls_ca=" + wrong.file, "unknown authority"},
		{"another host than the certificate's", "rediss://localhost:" + port + "?tls_ca=" + right.file, "not valid for any names"},
		{"TLS where the server speaks plainly", "rediss://" + s.addr + "?tls_ca=" + right.file, "deadline"},
		{"plainly where the server speaks TLS", "redis://" + addr, "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			refusedBy(t, c.url, c.text)
		})
	}
}

// refusedBy holds that a store is not opened, for what reason, and that this is
// said soon: a certificate does not get better by being tried again.
func refusedBy(t *testing.T, url, reason string) {
	t.Helper()
	began := time.Now()
	d, err := trying(t, url)
	if err == nil {
		must(t, d.Close())
		t.Fatal("the store was opened")
	}
	if took := time.Since(began); !strings.Contains(err.Error(), reason) || took > patience/3 {
		t.Errorf("refused in %v with %v, want %q", took, err, reason)
	}
}

// TestClientCertificate has a server that asks who comes.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	right, wrong := newAuthority(t), newAuthority(t)
	addr, args := right.secret(t, "--tls-auth-clients", "yes")
	startServer(t, args...)
	url := "rediss://" + addr + "?tls_ca=" + right.file
	cert, key := right.pair(t, "broker")
	serves(t, url+"&tls_cert="+cert+"&tls_key="+key)
	refusedBy(t, url, "certificate required")
	cert, key = wrong.pair(t, "broker")
	refusedBy(t, url+"&tls_cert="+cert+"&tls_key="+key, "tls: ")
}

// TestTLSFiles has files that are not what they should be. They are looked at when
// the store is opened, and not before.
func TestTLSFiles(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.pair(t, "broker")
	_, other := a.pair(t, "other")
	for _, c := range []struct{ url, text string }{
		{"rediss://h?tls_ca=" + filepath.Join(a.dir, "none"), "tls_ca: open"},
		{"rediss://h?tls_ca=" + key, "no certificate is in"},
		{"rediss://h?tls_cert=" + cert + "&tls_key=" + other, "does not match"},
	} {
		u, err := url.Parse(c.url)
		must(t, err)
		open, err := redisstore.OpenURL(u)
		must(t, err)
		if _, err := open(t.Context()); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("opening %s: %v, want an error with %q", c.url, err, c.text)
		}
	}
	for _, c := range []struct{ url, text string }{
		{"rediss://h?tls_ca=", "parameter tls_ca"},
		{"rediss://h?tls_cert=" + cert, "belong together"},
		{"rediss://h?tls_key=" + key, "belong together"},
		{"redis://h?tls_ca=" + a.file, "use rediss or tls=true"},
		{"redis+cluster://h?tls_cert=" + cert + "&tls_key=" + key, "use rediss or tls=true"},
		{"unix:///run/r.sock?tls_ca=" + a.file, "neither master nor tls"},
	} {
		u, err := url.Parse(c.url)
		must(t, err)
		if got, err := redisstore.Describe(u); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s is %q (%v), want an error with %q", c.url, got, err, c.text)
		}
	}
}

// TestTLSSentinel finds the master through a Sentinel, and speaks TLS with both.
func TestTLSSentinel(t *testing.T) {
	t.Parallel()
	right, wrong := newAuthority(t), newAuthority(t)
	addr, args := right.secret(t, "--tls-auth-clients", "no", "--tls-replication", "yes")
	startServer(t, args...)
	host, port, _ := net.SplitHostPort(addr)
	guard, options := right.secret(t, "--tls-auth-clients", "no", "--tls-replication", "yes")
	startSentinel(t, host, port, options...)
	url := "redis+sentinel://" + guard + "?master=queues&tls=true&tls_ca="
	serves(t, url+right.file)
	refusedBy(t, url+wrong.file, "unknown authority")
}

// TestTLSCluster has two masters that tell callers over TLS of ports with TLS.
func TestTLSCluster(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	c, addrs := &cluster{}, []string(nil)
	for range 2 {
		addr, args := a.secret(t, "--tls-auth-clients", "no", "--tls-cluster", "yes")
		addrs = append(addrs, addr)
		c.masters = append(c.masters, startServer(t, append(args, clusterArgs(t)...)...))
	}
	c.join(t, addrs...)
	d, err := trying(t, "redis+cluster://"+addrs[0]+"?tls=true&tls_ca="+a.file)
	must(t, err)
	defer d.Close()
	now := time.UnixMilli(1_000_000)
	for i := range 10 {
		createAndPost(t, d, storage.QueueID{Project: "p", Name: fmt.Sprint(i)}, now, "a")
	}
	for _, m := range c.masters {
		if n := m.client(t).DBSize(t.Context()).Val(); n < 2 {
			t.Errorf("a master has %d keys: the queues are not spread", n)
		}
	}
}
