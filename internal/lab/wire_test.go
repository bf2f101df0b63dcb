package lab_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/lab"
)

// wired is a server that counts what it does and echoes on a websocket, behind a wire.
type wired struct {
	*testing.T
	wire   *lab.Wire
	client *http.Client
	done   atomic.Int64
}

func newWired(t *testing.T) *wired {
	t.Helper()
	t.Parallel()
	w := &wired{T: t, client: &http.Client{Transport: &http.Transport{}, Timeout: waitForSIP}}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if strings.HasSuffix(in.URL.Path, "/events") {
			conn, err := websocket.Accept(out, in, nil)
			if err != nil {
				return
			}
			for {
				kind, text, err := conn.Read(context.Background())
				if err != nil || conn.Write(context.Background(), kind, text) != nil {
					return
				}
			}
		}
		body, _ := io.ReadAll(in.Body)
		w.done.Add(1)
		_, _ = io.WriteString(out, "did "+string(body))
	}))
	t.Cleanup(server.Close)
	var err error
	w.wire, err = lab.OpenWire(server.URL + "/ari")
	require.NoError(t, err)
	t.Cleanup(w.client.CloseIdleConnections)
	t.Cleanup(w.wire.Close)
	return w
}

func (w *wired) address(path string) string {
	return "http://127.0.0.1:" + strconv.Itoa(w.wire.Port) + "/ari" + path
}

// post makes a request and tells its status and answer, or the error.
func (w *wired) post(path string) (string, error) {
	answer, err := w.client.Post(w.address(path), "text/plain", strings.NewReader("it"))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return strconv.Itoa(answer.StatusCode) + " " + string(text), err
}

// events opens the websocket.
func (w *wired) events() *websocket.Conn {
	w.Helper()
	conn, answer, err := websocket.Dial(w.Context(), w.address("/events"), nil)
	require.NoError(w, err)
	require.Equal(w, http.StatusSwitchingProtocols, answer.StatusCode)
	w.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// echo sends over a websocket and waits for what comes back.
func (w *wired) echo(conn *websocket.Conn, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		return err
	}
	_, text, err := conn.Read(ctx)
	if err == nil {
		require.Equal(w, "hello", string(text))
	}
	return err
}

func TestWirePasses(t *testing.T) {
	w := newWired(t)
	for range 3 {
		got, err := w.post("/channels/create?endpoint=x")
		require.NoError(t, err)
		assert.Equal(t, "200 did it", got)
	}
	conn := w.events()
	require.NoError(t, w.echo(conn, waitForSIP))
	w.wire.Delay(100 * time.Millisecond)
	began := time.Now()
	require.NoError(t, w.echo(conn, waitForSIP))
	_, err := w.post("/late")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), 400*time.Millisecond, "there and back, twice")
}

func TestWireSwallows(t *testing.T) {
	w := newWired(t)
	idle, busy := w.events(), w.events()
	w.client.Timeout = 200 * time.Millisecond
	w.wire.Swallow()
	_, err := w.post("/a")
	require.Error(t, err)
	_, err = w.post("/b") // on a new connection
	require.Error(t, err)
	require.ErrorIs(t, w.echo(busy, 200*time.Millisecond), context.DeadlineExceeded, "nobody is told")
	assert.Zero(t, w.done.Load())

	w.wire.Pass()
	w.client.Timeout = waitForSIP
	got, err := w.post("/c")
	require.NoError(t, err)
	assert.Equal(t, "200 did it", got)
	require.NoError(t, w.echo(idle, waitForSIP), "it has lost nothing")
	assert.EqualValues(t, 1, w.done.Load(), "what was swallowed does not come later")

	w.wire.Cut()
	require.Error(t, w.echo(idle, waitForSIP))
	w.client.CloseIdleConnections()
	_, err = w.post("/d")
	require.NoError(t, err)
}

func TestWireHasRequestsFail(t *testing.T) {
	for _, tt := range []struct {
		name string
		trap *lab.Trap
		got  string // empty: an error
		done int64
	}{
		{"passed", &lab.Trap{}, "200 did it", 1},
		{"refused", &lab.Trap{Answer: 503, Words: "{}"}, "503 {}", 0},
		{"refused but done", &lab.Trap{Answer: 500, Done: true}, "500 ", 1},
		{"broken", &lab.Trap{Answer: lab.Broken}, "", 0},
		{"broken but done", &lab.Trap{Answer: lab.Broken, Done: true}, "", 1},
		{"silent", &lab.Trap{Answer: lab.Silence}, "", 0},
		{"silent but done", &lab.Trap{Answer: lab.Silence, Done: true}, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWired(t)
			trap := tt.trap
			trap.Method, trap.Path, trap.Times = http.MethodPost, "/channels/*/dial", 1
			w.wire.Set(trap)
			_, err := w.post("/channels/a/b/dial")
			require.NoError(t, err)
			assert.Zero(t, trap.Count(), "not this one")
			if trap.Answer == lab.Silence {
				w.client.Timeout = 200 * time.Millisecond
			}
			got, err := w.post("/channels/a/dial?timeout=5")
			assert.Equal(t, tt.got, got)
			assert.Equal(t, tt.got == "", err != nil, err)
			w.client.Timeout = waitForSIP
			<-trap.Sprung()
			assert.EqualValues(t, tt.done, w.done.Load()-1)
			got, err = w.post("/channels/a/dial")
			require.NoError(t, err)
			assert.Equal(t, "200 did it", got, "only the first")
			assert.Equal(t, 1, trap.Count())
		})
	}
}

// A request that is held arrives when it is released, also when who sent it has
// died meanwhile.
func TestWireHolds(t *testing.T) {
	w := newWired(t)
	trap := w.wire.Set(&lab.Trap{Path: "/x", Hold: true})
	ctx, die := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address("/x"), strings.NewReader("it"))
	require.NoError(t, err)
	sent := make(chan error, 1)
	go func() {
		answer, err := w.client.Do(request)
		if err == nil {
			answer.Body.Close()
		}
		sent <- err
	}()
	<-trap.Sprung()
	die()
	require.Error(t, <-sent)
	assert.Zero(t, w.done.Load())
	trap.Release()
	assert.Eventually(t, func() bool { return w.done.Load() == 1 }, waitForSIP, time.Millisecond)
	w.wire.Set(&lab.Trap{Path: "/y", Hold: true}) // never released: Close ends it
	go func() { _, _ = w.post("/y") }()
}

func TestOpenWire(t *testing.T) {
	t.Parallel()
	_, err := lab.OpenWire("http://exchange:port/")
	require.Error(t, err)
	wire, err := lab.OpenWire("http://127.0.0.1:1/ari") // nobody is there
	require.NoError(t, err)
	defer wire.Close()
	_, err = http.Get("http://127.0.0.1:" + strconv.Itoa(wire.Port))
	require.Error(t, err)
}
