package rest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/rest"
)

// TestCrowd is of many who listen to one queue: all are told the same, in order,
// and none of them takes much memory.
func TestCrowd(t *testing.T) {
	const (
		listeners = 1000
		posts     = 20
		each      = 5   // messages of a post
		most      = 100 // KiB that a listener may take, with its end of the connection
	)
	s := serveLive(t, rest.Config{StreamsPerRemote: listeners})
	before := inUse()
	all := make([]*bufio.Reader, listeners)
	for i := range all {
		all[i] = s.listen()
	}
	if took := (inUse() - before) / listeners; took > most<<10 {
		t.Errorf("a listener takes %d bytes", took)
	} else {
		t.Logf("a listener takes %d bytes", took)
	}
	told := make([]string, listeners)
	var readers sync.WaitGroup
	for i, r := range all {
		readers.Go(func() { told[i] = idsOf(r, posts*each) })
	}
	for n := range posts {
		var bodies []any
		for i := range each {
			bodies = append(bodies, n*each+i)
		}
		s.post(bodies...)
	}
	readers.Wait()
	for i := range told {
		if told[i] != told[0] || strings.Count(told[i], "\n") != posts*each {
			t.Fatalf("the first was told\n%s\nand number %d\n%s", told[0], i, told[i])
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(told[0]), "\n") {
		if !strings.HasSuffix(line, `"body":`+strconv.Itoa(i)+"}") {
			t.Fatalf("message %d is %s", i, line)
		}
	}
}

// listen opens an event stream on a connection of its own, up to where it is live.
func (s *site) listen() *bufio.Reader {
	s.t.Helper()
	_, host, _ := strings.Cut(s.url, "://")
	c, err := net.Dial("tcp", host)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	_, _ = io.WriteString(c, head("GET "+messages)+"Accept: "+streamType+"\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReaderSize(c, 1<<10), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r := bufio.NewReaderSize(answer.Body, 1<<10)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.HasPrefix(line, "event: live") {
			return r
		}
	}
}

// idsOf are the next so many messages of a stream, each a line: its ID and data.
func idsOf(r *bufio.Reader, n int) string {
	var told strings.Builder
	var id string
	for n > 0 {
		line, err := r.ReadString('\n')
		if err != nil {
			return told.String() + err.Error()
		}
		switch {
		case strings.HasPrefix(line, "id: "):
			id = strings.TrimSpace(line)
		case strings.HasPrefix(line, "data: {\"id\""):
			told.WriteString(id + " " + line)
			n--
		}
	}
	return told.String()
}

// inUse is the memory that is in use, of heap and stacks.
func inUse() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}
