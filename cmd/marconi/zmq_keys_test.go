package main_test

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/transports/zmtp"
)

// TestKeysBindToProjects has a key that is bound to a project reach no other, though
// nobody is asked for a token.
func TestKeysBindToProjects(t *testing.T) {
	server, member := keyPair(t), keyPair(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"secret":  hex.EncodeToString(server.Secret[:]),
		"clients": hex.EncodeToString(member.Public[:]) + " shop\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, _ := serve(t, "--store", "memory:", "--set", "zmq_curve_secret_key_file="+filepath.Join(dir, "secret"),
		"--set", "zmq_curve_clients_file="+filepath.Join(dir, "clients"))
	endpoint := p.await(&p.out, `(?m)^zmq +(\S+) `)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for project, refused := range map[string]bool{"shop": false, "other": true} {
		c, err := client.DialZMQ(ctx, client.ZMQConfig{Endpoint: endpoint, Project: project, Security: zmtp.CurveClient(member, server.Public)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Post(ctx, "q", client.PostOptions{}, []byte(`1`))
		var e *client.Error
		if got := errors.As(err, &e) && e.Status == 403; got != refused || !refused && err != nil {
			t.Errorf("a post to %s: %v", project, err)
		}
		_ = c.Close(ctx)
	}
}

func keyPair(t *testing.T) zmtp.KeyPair {
	t.Helper()
	k, err := zmtp.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	return k
}
