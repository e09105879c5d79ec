package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

func TestDamageIsShownAndIsAnError(t *testing.T) {
	r := pebblestore.Report{
		Format: "format", DiskBytes: 3 << 20, Damage: []string{"queue \"q\", head: torn", "000007.sst: flipped"},
		Queues: []pebblestore.QueueReport{{ID: storage.QueueID{Project: "a b", Name: "q"}, Messages: 3, Held: 2, Delayed: 1, Bytes: 2000}},
	}
	var out bytes.Buffer
	err := stock("/data", r).show(&out, false)
	if err == nil || err.Error() != "/data is damaged:\nqueue \"q\", head: torn\n000007.sst: flipped" || codeOf(err) != exitFailed {
		t.Errorf("got error %v", err)
	}
	for _, s := range []string{"on disk        3.0 MiB", "messages       4", "damaged        2", `"a b"    q      4         2     1        2.0 KiB  -`} {
		if !strings.Contains(out.String(), s) {
			t.Errorf("no %q in\n%s", s, out.String())
		}
	}

	out.Reset()
	err = stock("/data", r).show(&out, true)
	var said struct {
		Messages int
		Damage   []string
		Queues   []map[string]any
	}
	if bad := json.Unmarshal(out.Bytes(), &said); bad != nil || err == nil || said.Messages != 4 || len(said.Damage) != 2 {
		t.Errorf("got %v, %v and %s", bad, err, out.String())
	}
	if _, there := said.Queues[0]["oldest"]; there {
		t.Errorf("there is an oldest message in %s", out.String())
	}
}

func TestASoundStoreIsNoError(t *testing.T) {
	var out bytes.Buffer
	if err := stock("/data", pebblestore.Report{}).show(&out, true); err != nil {
		t.Error(err)
	}
	for _, s := range []string{`"queues": []`, `"damage": []`} {
		if !strings.Contains(out.String(), s) {
			t.Errorf("no %s in %s", s, out.String())
		}
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 5 << 30: "5.0 GiB", 3000 << 40: "3000.0 TiB",
	} {
		if got := size(bytes); got != want {
			t.Errorf("%d: got %s, want %s", bytes, got, want)
		}
	}
}
