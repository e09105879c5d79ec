package browser_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// patience is how long a test waits for the one thing that comes next.
const patience = 30 * time.Second

// chromium is a running browser: the address of its DevTools.
type chromium string

var devTools = regexp.MustCompile(`DevTools listening on ws://([^/]+)/`)

// launch starts a Chromium without a window, which ends with the test.
func launch(t *testing.T) chromium {
	t.Helper()
	home := t.TempDir()
	c := exec.Command("chromium",
		"--headless", "--user-data-dir="+home, "--remote-debugging-port=0",
		"--no-sandbox", // it wants rights that containers do not have, and all pages are ours
		"--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding", // of the pages that are not on top
		"about:blank")
	c.Env = append(processtest.Environ(), "HOME="+home)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatalf("%v: sudo apt-get install chromium", err)
	}
	addresses := make(chan string, 1)
	go tellAddress(stderr, addresses)
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		defer time.AfterFunc(patience, func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }).Stop()
		for range addresses { // until the last of its processes is gone, and writes no files
		}
		_ = c.Wait()
	})
	at := await(t, addresses, "the browser to come up")
	if at == "" {
		t.Fatalf("%v did not come up", c)
	}
	return chromium(at)
}

// tellAddress sends the address of DevTools when the browser has told it, and
// closes the channel when it says no more.
func tellAddress(stderr io.Reader, addresses chan<- string) {
	defer close(addresses)
	said := bufio.NewReader(stderr)
	for {
		line, err := said.ReadString('\n')
		if m := devTools.FindStringSubmatch(line); m != nil {
			addresses <- m[1]
		}
		if err != nil {
			return
		}
	}
}

// target makes an empty page and connects to its DevTools.
func (c chromium) target(t *testing.T) *websocket.Conn {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+string(c)+"/json/new?about:blank", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var made struct{ WebSocketDebuggerURL string }
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil {
		t.Fatalf("%s: %v", response.Status, err)
	}
	socket, _, err := websocket.DefaultDialer.DialContext(t.Context(), made.WebSocketDebuggerURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	return socket
}
