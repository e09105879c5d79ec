package ws_test

import (
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/ws"
)

// resident is how many bytes of memory this process takes, and how many of them
// are Go's, once it has given back what it can.
func resident(b *testing.B) (rss, inUse int) {
	b.Helper()
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return pages * os.Getpagesize(), int(m.HeapInuse + m.StackInuse)
}

// BenchmarkMemory tells what a connection takes that is open and does nothing. The
// other ends are in this process too, as bare as they can be.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct {
		name   string
		before []string // what each has asked for
	}{
		{"fresh", nil},
		{"asked", []string{request("queue_list", `{}`)}},
		{"subscribed", []string{request("subscription_create", `{"queue_name":"q"}`)}},
	} {
		b.Run(c.name, func(b *testing.B) { measureMemory(b, c.before) })
	}
}

func measureMemory(b *testing.B, before []string) {
	const n = 4000
	files(b, 2*n+100)
	s := serve(b, ws.Config{MaxConnections: -1, MaxPerAddress: -1, MaxPerProject: -1, PingInterval: time.Hour})
	ends := make([]net.Conn, 0, n)
	warm := s.raw()
	ask(b, warm, before)
	rss, used := resident(b)
	for range n {
		c := s.raw()
		ask(b, c, before)
		ends = append(ends, c)
	}
	rssNow, usedNow := resident(b)
	for b.Loop() {
	}
	b.ReportMetric(float64(rssNow-rss)/n, "rss-B/conn")
	b.ReportMetric(float64(usedNow-used)/n, "go-B/conn")
	b.ReportMetric(0, "ns/op")
	for _, c := range append(ends, warm) {
		c.Close()
	}
	await(b, "the connections to end", func() bool { return s.server.Connections() == 0 })
}

// ask sends requests and waits for an answer to each.
func ask(b *testing.B, c net.Conn, requests []string) {
	b.Helper()
	for _, r := range requests {
		if _, err := c.Write(frameOf(0x81, []byte(r))); err != nil {
			b.Fatal(err)
		}
		var answer [4096]byte
		n, err := c.Read(answer[:])
		if err != nil || !strings.Contains(string(answer[:n]), `"status":20`) {
			b.Fatalf("%v: %s", err, answer[:n])
		}
	}
}

// files raises the number of files that may be open, as far as this is allowed.
func files(b *testing.B, n uint64) {
	b.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		b.Fatal(err)
	}
	if limit.Cur < n {
		limit.Cur = min(n, limit.Max)
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < n {
			b.Fatalf("only %d files may be open", limit.Cur)
		}
	}
}
