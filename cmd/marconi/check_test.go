package main

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const secure = "auth=tokens tokens_file=t"
	for _, c := range []struct {
		settings string
		says     []string // of the one problem; none: all is well
	}{
		{"", nil},
		{"http=0.0.0.0:8888", []string{`http = "0.0.0.0:8888" (--set)`, `auth = "none" (default)`, `set auth = "tokens"`, "set insecure = true"}},
		{"http=:8888", []string{"other machines"}},
		{"http=[::]:8888", []string{"other machines"}},
		{"http=192.0.2.1:8888", []string{"other machines"}},
		{"http=queue.example.org:8888", []string{"other machines"}},
		{"http=127.example.org:8888", []string{"other machines"}},
		{"http=0.0.0.0:8888 insecure=true", nil},
		{"http=0.0.0.0:8888 " + secure, nil},
		{"http=127.0.0.2:8888", nil},
		{"http=[::1]:8888", nil},
		{"http=[::ffff:127.0.0.1]:8888", nil},
		{"http=LocalHost:8888", nil},
		{"admin=127.0.0.1:9090", nil},
		{"zmq=tcp://*:5557", []string{`zmq = "tcp://*:5557" (--set)`, "other machines"}},
		{"zmq_ingest=tcp://:5558", []string{"other machines"}},
		{"zmq_publish=tcp://192.0.2.1:5559", []string{"other machines"}},
		{"zmq=tcp://*:5557 " + secure, nil},
		{"zmq=tcp://*:5557 zmq_curve_secret_key_file=s", []string{"other machines"}},
		{"zmq=tcp://*:5557 zmq_curve_secret_key_file=s zmq_curve_clients_file=c", nil},
		{"zmq=ipc:///run/marconi zmq_ingest=tcp://127.0.0.1:0", nil},
		{"zmq_curve_clients_file=c", []string{"zmq_curve_secret_key_file"}},
		{"admin=:9090", []string{`admin = ":9090" (--set)`, "loopback address", "insecure = true"}},
		{"admin=:9090 " + secure, []string{"admin"}},
		{"admin=:9090 insecure=1", nil},
		{"auth=tokens", []string{`auth = "tokens" (--set)`, "needs tokens_file"}},
		{"tokens_file=t", []string{`tokens_file = "t" (--set)`, `auth = "tokens"`}},
		{"signed_url_secret=hunter2", nil},
		{"signed_url_secret_file=f", nil},
		{"signed_url_secret=hunter2 signed_url_secret_file=f", []string{`signed_url_secret = "xxxxx" (--set)`, `signed_url_secret_file = "f" (--set)`}},
		{"tls_cert=c", []string{"tls_cert and tls_key go together", `tls_cert = "c" (--set)`}},
		{"tls_key=k", []string{"tls_cert and tls_key go together"}},
		{"tls_cert=c tls_key=k", nil},
		{"store=mem:", []string{"--set: store mem:", `unknown scheme "mem"`, "memory, pebble"}},
		{"store=/var/lib", []string{"store (--set) must be a URL", `"pebble:///var/lib/marconi"`}},
		{"store=pebble:data", nil},
		{"store=pebble:", []string{"--set: store pebble:", "no directory"}},
		{"store=pebble:data?reserv=1", []string{`unknown parameter "reserv"`}},
		{"store=redis://h/0?foo=1", []string{`unknown parameter "foo"`}},
		{"store=redis://h?sentinel_password=hunter2", nil},
		{"store=redis://h?sentinel_pasword=hunter2", []string{"did you mean sentinel_password?"}},
		{"store=redis:u:hunter2@h", []string{"redis:(hidden)", "scheme://host"}},
		{"store=rediss://h?tls_ca=/there/is/none", nil},
		{"http=127.0.0.1:9000", []string{`http = "127.0.0.1:9000" (--set)`, `ws = "127.0.0.1:9000" (default)`}},
		{"http=127.0.0.1:0 ws=127.0.0.1:0 admin=127.0.0.1:0 zmq=tcp://127.0.0.1:0", nil},
		{"admin=127.0.0.1:5557", []string{"admin", `zmq = "tcp://127.0.0.1:5557" (default)`}},
		{"admin=localhost:09000", []string{"ws", "admin"}},
		{"admin=[::1]:9000", nil},
		{"zmq=tcp://*:1 ws=[::ffff:127.0.0.1]:1 insecure=true", []string{"zmq", "ws"}},
		{"http=0.0.0.0:1 ws=[::]:1 insecure=true", []string{"http", "ws"}},
		{"http=a.example.org:1 ws=A.example.org:1 insecure=true", []string{"http", "ws"}},
		{"http=a.example.org:1 ws=b.example.org:1 insecure=true", nil},
		{"zmq=ipc:///run/m zmq_ingest=ipc:///run//m", []string{"zmq", "zmq_ingest"}},
		{"zmq=ipc:///run/m zmq_ingest=ipc:///run/n", nil},
		{"ws= zmq= admin=", nil},
		{"store=x://u:hunter2@h:port", []string{"store (--set) must be a URL"}},
		{"store=x://u:hunter2@h", []string{"x://u:xxxxx@h"}},
		{"min_length_client_id=37", []string{`min_length_client_id = "37" (--set)`, `max_length_client_id = "36" (default)`}},
		{"max_length_client_id=256", []string{"at most 255"}},
		{"min_length_client_id=255 max_length_client_id=255", nil},
		{"default_message_ttl=59", []string{`default_message_ttl is 59; it must be from 60 to 1209600; see default_message_ttl = "59" (--set)`}},
		{"max_message_ttl=3599", []string{`default_message_ttl is 3600; it must be from 60 to 3599; see max_message_ttl = "3599" (--set)`}},
		{"max_message_ttl=100 default_message_ttl=101", []string{`default_message_ttl = "101" (--set), max_message_ttl = "100" (--set)`}},
		{"max_messages_per_page=1001", []string{"max_messages_per_page is 1001; it must be from 1 to 1000; see"}},
	} {
		t.Run(c.settings, func(t *testing.T) {
			var words []string
			for _, s := range strings.Fields(c.settings) {
				words = append(words, "--set", s)
			}
			_, err := load(args(t, words...), nil)
			if len(c.says) == 0 && err != nil {
				t.Errorf("got %v", err)
			}
			if len(c.says) > 0 && (err == nil || strings.Contains(err.Error(), "\n")) {
				t.Fatalf("got %v, want one problem", err)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("got %v, want something with %s", err, s)
				}
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v shows a password", err)
			}
		})
	}
}

func TestCheckTellsEverything(t *testing.T) {
	_, err := load(args(t, "--http", ":1", "--admin", ":2", "--auth", "nobody", "--tls-cert", "c", "--store", "x:",
		"--set", "max_claim_ttl=61", "--set", "max_queues_per_page=2000", "--set", "idempotency_key_ttl=0"), nil)
	for _, s := range []string{"http", "admin", "auth", "tls_cert", "store", "max_claim_ttl", "max_queues_per_page", "idempotency_key_ttl"} {
		if err == nil || !strings.Contains(err.Error(), s) {
			t.Errorf("nothing about %s in:\n%v", s, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 8 {
		t.Errorf("%d lines for 8 problems:\n%v", n, err)
	}
}
