package zmq_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmq"
)

// example writes an example of the document, as it stands there, to a file of its
// own name, which its first line tells.
func example(t *testing.T, name string) (file string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/zmq.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```[a-z]+\n((?:/\\*|#|//) " + regexp.QuoteMeta(name) + ":.*?)```\n")
	found := block.FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s is not in the document", name)
	}
	file = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, found[1], 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const python = "/usr/bin/python3" // that Debian's packages are for

func script(t *testing.T, name string) []string {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import zmq").CombinedOutput(); err != nil {
		t.Fatalf("pyzmq is missing: sudo apt-get install python3-zmq\n%s", out)
	}
	return []string{python, example(t, name)}
}

// process is an example that runs.
type process struct {
	t *testing.T
	*exec.Cmd
	lines  *bufio.Scanner
	errors *strings.Builder
}

func start(t *testing.T, words ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	p := &process{t, exec.CommandContext(ctx, words[0], words[1:]...), nil, new(strings.Builder)}
	p.Stderr = p.errors
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = p.Wait() // it was killed, or has ended and was waited for
	})
	return p
}

// line is the next that it prints.
func (p *process) line() string {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatalf("it has said all: %s", p.errors)
	}
	return p.lines.Text()
}

// ended wants it to end well, and is what it has yet printed.
func (p *process) ended() string {
	p.t.Helper()
	var all []string
	for p.lines.Scan() {
		all = append(all, p.lines.Text())
	}
	if err := p.Wait(); err != nil {
		p.t.Fatalf("%v: %v\n%s", p.Args, err, p.errors)
	}
	return strings.Join(all, "\n")
}

// stored is the numbers of the orders in the queue.
func stored(t *testing.T, b *core.Broker) (orders []int) {
	t.Helper()
	marker := ""
	limit := int64(20)
	for {
		page, err := b.ListMessages(t.Context(), core.Caller{Project: "shop"}, core.MessageListRequest{Queue: "orders", Marker: marker, Limit: &limit, Echo: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Messages) == 0 {
			return orders
		}
		for _, m := range page.Messages {
			var body struct{ Order int }
			unmarshal(t, m.Body, &body)
			orders = append(orders, body.Order)
		}
		marker = page.Next
	}
}

// TestDocument runs the examples of the document, each on the endpoint that it is for.
func TestDocument(t *testing.T) {
	t.Parallel()
	b := transporttest.Broker(t, core.Options{})
	site := commands(t, zmq.Config{Broker: b})
	publish, subscribe := published(t, zmq.Config{Broker: b})
	follow := start(t, append(script(t, "follow.py"), subscribe.addr)...)
	eventually(t, "it has subscribed", func() bool { return publish.Stats().Topics == 1 })

	if said := start(t, transporttest.Libzmq(t, example(t, "post.c")), site.addr).ended(); !regexp.MustCompile(`^\{"body":\{"message_ids":\["[0-9a-f-]+","[0-9a-f-]+"\]\},"headers":\{"status":201\},"id":1\}$`).MatchString(said) {
		t.Errorf("the post: %s", said)
	}
	if said := start(t, append(script(t, "ask.py"), site.addr)...).ended(); !regexp.MustCompile(`^[0-9a-f-]+ \{"order": 1\}\n[0-9a-f-]+ \{"order": 2\}$`).MatchString(said) {
		t.Errorf("the question: %s", said)
	}
	for i := 1; i <= 2; i++ {
		if said := follow.line(); !strings.HasSuffix(said, fmt.Sprintf(` {"order": %d}`, i)) {
			t.Errorf("the subscriber: %s", said)
		}
	}
	worker := start(t, append(script(t, "work.py"), site.addr)...)
	for i := 1; i <= 2; i++ {
		if said := worker.line(); said != fmt.Sprintf(`done: {"order": %d}`, i) {
			t.Errorf("the worker: %s", said)
		}
	}
	eventually(t, "what was done is deleted", func() bool { return len(stored(t, b)) == 0 })
}

func TestDocumentInGo(t *testing.T) {
	t.Parallel()
	site := commands(t, zmq.Config{})
	program := filepath.Join(t.TempDir(), "produce")
	if out, err := exec.Command("go", "build", "-o", program, example(t, "produce.go")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for range 2 { // the second time all were stored before
		if said := start(t, program, site.addr).ended(); !strings.HasPrefix(said, "the last is ") {
			t.Error(said)
		}
	}
	inOrder(t, stored(t, site.broker), 1000)
}

func TestDocumentedPush(t *testing.T) {
	t.Parallel()
	ingest, site := ingesting(t, zmq.Config{})
	start(t, transporttest.Libzmq(t, example(t, "push.c")), site.addr).ended()
	eventually(t, "all are stored", func() bool { return ingest.Stats().Stored == 1000 })
	inOrder(t, stored(t, site.broker), 1000)
}

func inOrder(t *testing.T, got []int, n int) {
	t.Helper()
	if len(got) != n {
		t.Errorf("%d are stored, want %d", len(got), n)
	}
	for i := range got {
		if got[i] != i {
			t.Fatalf("%d is number %d", got[i], i)
		}
	}
}
