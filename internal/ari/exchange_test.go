package ari

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
)

// exchange is an Asterisk in this process, as far as ARI shows one, that can be
// made to fail.
type exchange struct {
	t      *testing.T
	server *httptest.Server
	opened atomic.Int32 // TCP connections so far

	mu        sync.Mutex
	current   *websocket.Conn // has the application
	open      []*websocket.Conn
	connected int      // websockets so far
	requests  []string // METHOD /path?query body
	answers   map[string]answer
	deaf      int  // so many of the next websockets get no events
	deafNow   bool // nobody does
	probes    int  // status of all probes; 0: they come back
	frozen    chan struct{}
}

// answer is what the exchange says to "METHOD /path".
type answer struct {
	status int
	body   string
	drop   bool // closes the connection instead
	once   bool
}

func newExchange(t *testing.T) *exchange {
	x := &exchange{t: t, answers: map[string]answer{}}
	x.server = httptest.NewUnstartedServer(http.HandlerFunc(x.serve))
	x.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			x.opened.Add(1)
		}
	}
	x.server.Start()
	t.Cleanup(func() {
		x.thaw()
		x.closeAll()
		x.server.Close()
	})
	return x
}

func (x *exchange) config() Config {
	return Config{URL: x.server.URL + "/ari", User: "user", Password: "secret", App: "app", ServiceNumber: "800000000", Yield: time.Hour}
}

func (x *exchange) answer(what string, status int, body string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answers[what] = answer{status: status, body: body}
}

func (x *exchange) serve(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != "user" || password != "secret" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/ari")
	if path == "/events" {
		x.websocket(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	x.mu.Lock()
	line := r.Method + " " + path
	if r.URL.RawQuery != "" {
		line += "?" + r.URL.RawQuery
	}
	if len(body) > 0 {
		line += " " + string(body)
	}
	probe := strings.HasPrefix(path, "/events/user/")
	if !probe {
		x.requests = append(x.requests, line)
	}
	a, special := x.answers[r.Method+" "+path]
	if a.once {
		delete(x.answers, r.Method+" "+path)
	}
	if probe && x.probes != 0 {
		a, special = answer{status: x.probes}, true
	}
	frozen := x.frozen
	x.mu.Unlock()
	if frozen != nil {
		select {
		case <-frozen:
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case a.drop:
		panic(http.ErrAbortHandler)
	case special:
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	case probe:
		x.echo(strings.TrimPrefix(path, "/events/user/"))
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet:
		_, _ = io.WriteString(w, "[]")
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (x *exchange) websocket(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock() // before the client knows: its probe must find the websocket
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OnPingReceived: func(context.Context, []byte) bool { return !x.isFrozen() },
	})
	if err != nil {
		x.mu.Unlock()
		return
	}
	old := x.current
	x.current = conn
	if x.deaf > 0 {
		x.deaf--
		x.current = nil
	}
	x.open = append(x.open, conn)
	x.connected++
	frozen := x.frozen != nil
	x.mu.Unlock()
	if old != nil {
		_ = old.Write(r.Context(), websocket.MessageText, []byte(`{"type":"ApplicationReplaced","application":"app"}`))
	}
	if frozen {
		return
	}
	_, _, _ = conn.Read(context.Background()) // answers pings, until the other side closes
}

func (x *exchange) isFrozen() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.frozen != nil
}

// send sends an event to whoever has the application.
func (x *exchange) send(raw string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current != nil {
		_ = x.current.Write(context.Background(), websocket.MessageText, []byte(raw))
	}
}

func (x *exchange) echo(name string) {
	x.mu.Lock()
	deaf := x.deafNow
	x.mu.Unlock()
	if !deaf {
		x.send(fmt.Sprintf(`{"type":"ChannelUserevent","eventname":%q,"userevent":{"type":"x"}}`, name))
	}
}

// cut closes all websockets without a word.
func (x *exchange) cut() { x.closeAll() }

func (x *exchange) closeAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range x.open {
		_ = c.CloseNow()
	}
	x.open, x.current = nil, nil
}

func (x *exchange) setDeaf(deaf bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.deafNow = deaf
}

// freeze makes everything hang until thaw.
func (x *exchange) freeze() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.frozen = make(chan struct{})
}

func (x *exchange) thaw() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.frozen != nil {
		close(x.frozen)
		x.frozen = nil
	}
}

func (x *exchange) websockets() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.connected
}

// asked returns the requests so far, without probes.
func (x *exchange) asked() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.requests)
}

// listener is a Handler that tests look at.
type listener struct {
	connected    chan []call.Channel
	events       chan call.Event
	disconnected chan error
	during       func(ctx context.Context) error // within Connected
	hold         chan struct{}                   // Event waits for it
}

func newListener() *listener {
	return &listener{
		connected: make(chan []call.Channel, 100), events: make(chan call.Event, 100_000), disconnected: make(chan error, 100),
	}
}

func (l *listener) Connected(ctx context.Context, channels []call.Channel) error {
	if l.during != nil {
		if err := l.during(ctx); err != nil {
			return err
		}
	}
	l.connected <- channels
	return nil
}

func (l *listener) Event(e call.Event) {
	if l.hold != nil {
		<-l.hold
	}
	l.events <- e
}

func (l *listener) Disconnected(err error) { l.disconnected <- err }

// patient is how long tests wait for what must come.
const patient = 20 * time.Second

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patient):
		require.FailNow(t, "what must come did not come")
		panic("unreachable")
	}
}

// next returns the next event of the kind; others are passed over.
func (l *listener) next(t *testing.T, kind call.EventKind, channel string) call.Event {
	t.Helper()
	for {
		if e := receive(t, l.events); e.Kind == kind && (channel == "" || e.Channel == channel) {
			return e
		}
	}
}

// run runs a line until the test ends. The machine may be busy: what is waited
// for by default is longer than in earnest.
func run(t *testing.T, cfg Config, l *listener) *Line {
	t.Helper()
	setDefault(&cfg.Probe, patient/2)
	line := New(cfg)
	line.proof, line.pinged = patient/4, time.Second
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = line.Run(ctx, l)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		line.Close()
	})
	return line
}

// started is an event of a citizen's channel.
func started(channel string, args ...string) string {
	list, _ := json.Marshal(args)
	return fmt.Sprintf(`{"type":"StasisStart","timestamp":"2026-11-22T13:11:35.568+0000","args":%s,"channel":{"id":%q,"state":"Ring",`+
		`"caller":{"name":"","number":"0212345678"},"dialplan":{"app_name":"Stasis","app_data":"app,%s"}}}`,
		list, channel, strings.Join(args, ","))
}
