package ari

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
)

func TestConnectProvesFiltersAndListsBeforeItServes(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	x.answer("GET /channels", 200, `[
		{"id":"a","state":"Up","caller":{"number":"0212345678"},"dialplan":{"app_name":"Stasis","app_data":"app,in,0212345678,800"}},
		{"id":"b","state":"Down","dialplan":{"app_name":"Stasis","app_data":"app,dialled"}},
		{"id":"c","state":"Down","dialplan":{"app_name":"Stasis","app_data":"app,dialled"}},
		{"id":"d","state":"Up","dialplan":{"app_name":"Stasis","app_data":"apple,in"}},
		{"id":"e","state":"Up","dialplan":{"app_name":"Playback","app_data":"app,in"}},
		{"id":"f","state":"Ring","caller":{"number":"anonymous"},"dialplan":{"app_name":"Stasis","app_data":"app,in,,800"}},
		{"id":"g","state":"Up","dialplan":{"app_name":"Stasis","app_data":"app"}}]`)
	x.answer("GET /bridges", 200, `[{"id":"talk","channels":["a","zz"]}]`)
	x.answer("GET /channels/b/variable", 404, `{"message":"Provided variable was not found"}`)
	x.answer("GET /channels/c/variable", 200, `{"value":"1"}`)
	l := newListener()
	line := run(t, x.config(), l)
	assert.Equal(t, []call.Channel{
		{ID: "a", Up: true, Dialed: true, Bridge: "talk", Caller: "0212345678", Args: []string{"in", "0212345678", "800"}},
		{ID: "b", Args: []string{"dialled"}},
		{ID: "c", Dialed: true, Args: []string{"dialled"}},
		{ID: "f", Dialed: true, Args: []string{"in", "", "800"}},
		{ID: "g", Up: true, Dialed: true},
	}, receive(t, l.connected))
	require.Eventually(t, func() bool { return line.Ready() == nil }, patient, time.Millisecond)

	asked := x.asked()
	require.GreaterOrEqual(t, len(asked), 3)
	assert.Contains(t, asked[0], `PUT /applications/app/eventFilter {"allowed":[{"type":"StasisStart"},`)
	assert.Equal(t, []string{"GET /channels", "GET /bridges"}, asked[1:3])

	x.send(started("h", "in", "", "800"))
	e := l.next(t, call.Entered, "h")
	assert.Equal(t, []string{"in", "", "800"}, e.Args)
	assert.Empty(t, e.Caller, "withheld, whatever the channel says")
	assert.WithinDuration(t, time.Now(), e.At, patient)
}

func TestEventsOfTheConnectComeAfterConnected(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	l := newListener()
	l.during = func(context.Context) error {
		x.send(started("a", "in", "", "800"))
		x.send(started("b", "in", "", "800"))
		assert.Empty(t, l.events)
		return nil
	}
	line := New(x.config())
	assert.ErrorIs(t, line.Ready(), ErrConnecting)
	run(t, x.config(), l)
	receive(t, l.connected)
	assert.Equal(t, "a", receive(t, l.events).Channel)
	assert.Equal(t, "b", receive(t, l.events).Channel)
}

func TestDeafConnectionsAreMadeAgain(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	x.deaf = 1
	l := newListener()
	line := run(t, x.config(), l)
	require.Eventually(t, func() bool { return errors.Is(line.Ready(), ErrDeaf) }, patient, time.Millisecond)
	receive(t, l.connected)
	assert.GreaterOrEqual(t, x.websockets(), 2)
	assert.Empty(t, l.disconnected, "the handler never knew")
}

func TestConnectionsThatFailLaterAreNoticed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail, mend func(*exchange)
		want       error
	}{
		"deaf":   {func(x *exchange) { x.setDeaf(true) }, func(x *exchange) { x.setDeaf(false) }, ErrDeaf},
		"silent": {(*exchange).freeze, (*exchange).thaw, ErrSilent},
		"cut":    {(*exchange).cut, func(*exchange) {}, nil},
		"probe refused": {
			func(x *exchange) { x.answerProbes(500) }, func(x *exchange) { x.answerProbes(0) }, ErrDeaf,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t)
			l := newListener()
			cfg := x.config()
			cfg.Probe = 2 * time.Second
			line := run(t, cfg, l)
			receive(t, l.connected)
			x.send(started("before", "in"))
			tt.fail(x)
			err := receive(t, l.disconnected)
			require.Error(t, err)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
			require.Error(t, line.Ready())
			tt.mend(x)
			receive(t, l.connected)
			x.send(started("after", "in"))
			l.next(t, call.Entered, "before")
			l.next(t, call.Entered, "after")
			require.Eventually(t, func() bool { return line.Ready() == nil }, patient, time.Millisecond)
		})
	}
}

// answerProbes makes all probes fail; zero ends it.
func (x *exchange) answerProbes(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.probes = status
}

func TestWhoIsReplacedStopsAtOnceAndYields(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	l := newListener()
	cfg := x.config()
	cfg.Yield = 300 * time.Millisecond
	line := run(t, cfg, l)
	receive(t, l.connected)
	l.hold = make(chan struct{})
	x.send(started("a", "in"))
	x.send(`{"type":"ApplicationReplaced"}`)
	require.Eventually(t, func() bool {
		return errors.Is(line.Perform(t.Context(), call.Command{Op: call.DoAnswer, Channel: "a"}), ErrReplaced)
	}, patient, time.Millisecond, "commands stop although an event still waits for the handler")
	require.ErrorIs(t, line.OpenNotebook(t.Context()), ErrReplaced)
	stopped := time.Now()
	assert.Equal(t, 1, x.websockets())
	close(l.hold)
	require.ErrorIs(t, receive(t, l.disconnected), ErrReplaced)
	require.Len(t, l.events, 1)
	receive(t, l.connected)
	assert.GreaterOrEqual(t, time.Since(stopped), cfg.Yield/2)
	require.NoError(t, line.Perform(t.Context(), call.Command{Op: call.DoAnswer, Channel: "a"}))
}

func TestANewerProcessTakesTheApplication(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	older, newer := newListener(), newListener()
	first := run(t, x.config(), older)
	receive(t, older.connected)
	second := run(t, x.config(), newer)
	receive(t, newer.connected)
	require.ErrorIs(t, receive(t, older.disconnected), ErrReplaced)
	require.ErrorIs(t, first.Perform(t.Context(), call.Command{Op: call.DoHangup, Channel: "a"}), ErrReplaced)
	require.NoError(t, second.Perform(t.Context(), call.Command{Op: call.DoHangup, Channel: "a"}))
	x.send(started("a", "in"))
	newer.next(t, call.Entered, "a")
	assert.Empty(t, older.events)
}

func TestWhatCannotBeReadIsCountedWithoutItsContent(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	l := newListener()
	var malformed atomic.Int32
	var log lockedBuffer
	cfg := x.config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	cfg.Observe.Malformed = func() { malformed.Add(1) }
	run(t, cfg, l)
	receive(t, l.connected)
	x.send(`{"type":"StasisStart","args":["in","0212345678"`)
	x.send(`0212345678`)
	x.send(`{"type":"StasisStart","args":"0212345678"}`)
	x.send(`{"type":"SomethingNew","channel":{"id":"a"}}`)
	x.send(`{"type":"ChannelVarset","value":"0212345678"}`)
	x.send(started("a", "in"))
	assert.Equal(t, "a", receive(t, l.events).Channel)
	assert.EqualValues(t, 3, malformed.Load())
	assert.Empty(t, l.disconnected)
	assert.Contains(t, log.String(), "can't be read")
	assert.NotContains(t, log.String(), "212345678")
}

type lockedBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

func TestASlowHandlerLosesNothing(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	l := newListener()
	l.hold = make(chan struct{})
	run(t, x.config(), l)
	receive(t, l.connected)
	const many = 20_000 // ten megabytes: more than sockets hold
	pad := strings.Repeat("x", 500)
	for i := range many {
		x.send(started(strconv.Itoa(i), "in", pad))
	}
	close(l.hold)
	for i := range many {
		require.Equal(t, strconv.Itoa(i), receive(t, l.events).Channel)
	}
}

func TestAHandlerThatCannotBeginIsAskedAgain(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	l := newListener()
	var tries atomic.Int32
	l.during = func(context.Context) error {
		if tries.Add(1) == 1 {
			return errors.New("the store is away")
		}
		return nil
	}
	line := run(t, x.config(), l)
	require.Eventually(t, func() bool {
		err := line.Ready()
		return err != nil && strings.Contains(err.Error(), "the store is away")
	}, patient, time.Millisecond)
	receive(t, l.connected)
	assert.Empty(t, l.disconnected)
}

func TestConnectedEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	l := newListener()
	var tries atomic.Int32
	l.during = func(ctx context.Context) error {
		if tries.Add(1) > 1 {
			return nil
		}
		x.cut()
		<-ctx.Done()
		return ctx.Err()
	}
	run(t, x.config(), l)
	receive(t, l.connected)
}

func TestWhyThereIsNoConnection(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	x := newExchange(t)
	wrong := x.config()
	wrong.Password = "guess"
	elsewhere := x.config()
	elsewhere.URL = x.server.URL + "/ari/channels"
	away := x.config()
	away.URL = closed.URL + "/ari"
	for name, tt := range map[string]struct {
		cfg  Config
		want string
	}{
		"password": {wrong, "correct the user, the password"},
		"away":     {away, "is Asterisk running"},
		"path":     {elsewhere, "instead of opening a websocket"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := run(t, tt.cfg, newListener())
			assert.Eventually(t, func() bool { return strings.Contains(line.Ready().Error(), tt.want) }, patient, time.Millisecond,
				"%v", line.Ready())
			assert.NotContains(t, line.Ready().Error(), "guess")
		})
	}
	assert.Contains(t, connectError(httptest.NewRecorder().Result(), nil).Error(), "200")
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	l := newListener()
	l.hold = make(chan struct{})
	line := New(x.config())
	defer line.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- line.Run(ctx, l) }()
	receive(t, l.connected)
	for i := range 10 {
		x.send(started(fmt.Sprint(i), "in"))
	}
	cancel()
	close(l.hold)
	require.ErrorIs(t, receive(t, ended), context.Canceled)
	require.ErrorIs(t, receive(t, l.disconnected), context.Canceled)
	require.ErrorIs(t, line.Ready(), context.Canceled)
}

func TestObserverHears(t *testing.T) {
	t.Parallel()
	x := newExchange(t)
	l := newListener()
	cfg := x.config()
	requests, kinds, states, trips := make(chan string, 99), make(chan call.EventKind, 99), make(chan error, 99), make(chan time.Duration, 99)
	cfg.Observe = Observer{
		Request:    func(op string, _ time.Duration, err error) { requests <- op },
		Event:      func(kind call.EventKind, _ time.Duration) { kinds <- kind },
		Connection: func(err error) { states <- err },
		RoundTrip:  func(took time.Duration) { trips <- took },
	}
	run(t, cfg, l)
	assert.Equal(t, "probe", receive(t, requests))
	assert.Positive(t, receive(t, trips))
	assert.NoError(t, receive(t, states))
	x.send(started("a", "in"))
	assert.Equal(t, call.Entered, receive(t, kinds))
	x.cut()
	assert.Error(t, receive(t, states))
	assert.NoError(t, receive(t, states))
}

func TestPatienceGrowsAndEnds(t *testing.T) {
	t.Parallel()
	p := patience{yield: 10 * time.Second}
	within := func(got, longest time.Duration) {
		t.Helper()
		assert.LessOrEqual(t, got, longest)
		assert.GreaterOrEqual(t, got, longest/2-1)
	}
	down := errors.New("down")
	for _, longest := range []time.Duration{100, 200, 400, 800, 1600, 2000, 2000} {
		within(p.after(false, down), longest*time.Millisecond)
	}
	for range 100 {
		within(p.after(false, down), 2*time.Second)
	}
	within(p.after(true, down), 100*time.Millisecond)
	within(p.after(false, down), 100*time.Millisecond)
	for _, longest := range []time.Duration{10, 20, 40, 80, 80} {
		within(p.after(true, ErrReplaced), longest*time.Second)
	}
	within(p.after(true, down), 100*time.Millisecond)
	within(p.after(true, ErrReplaced), 10*time.Second)
}
