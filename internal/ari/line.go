// Package ari is the telephone exchange as calls use it: call.Line over the
// Asterisk REST Interface. It carries out commands by HTTP, and turns what
// Asterisk says on its websocket into call.Events.
//
//	line := ari.New(ari.Config{URL: "http://127.0.0.1:8088/ari", User: "richiamo", Password: "...", App: "richiamo"})
//	go line.Run(ctx, handler)           // connects, and stays connected until ctx ends
//	line.Perform(ctx, call.Command{Op: call.DoAnswer, Channel: id})
//
// Where to look: run.go keeps the connection and tells the handler; session.go
// is one websocket from its first probe to its end; decode.go reads events;
// perform.go carries out commands and dial.go those that ring a telephone;
// look.go asks what there is; rest.go asks and understands the answer, and http.go
// carries both.
//
// # One connection
//
// Connect; probe; tell Asterisk which events are wanted; list its channels;
// Handler.Connected; then events, those received since the connect first. The
// probe is an event of our own that must come back on the websocket. Nothing
// else proves that events arrive: a websocket that connects while an older one
// of the same application closes may be accepted and stay deaf (6 of 400 in a
// measurement on Asterisk 22.10.1), and a connection whose other end vanished
// looks open. The probe is repeated every two seconds beside everything else.
//
// Events are never dropped: a reader drains the socket into a queue without
// bound, whatever the handler does meanwhile. Asterisk itself waits for slow
// readers, and refuses new calls while it waits.
//
// # Two processes of one name
//
// Asterisk gives an application to whoever connected last and tells the older
// process so (ApplicationReplaced). From then on the older one's commands are
// refused with ErrReplaced, here, because Asterisk would obey them; Run tells
// the handler and tries again only after Config.Yield, longer each time. Which
// process may connect is decided outside, before Run.
//
// # Channels that we dial
//
// DoCreate marks a channel with the argument Dialled; it enters the application
// when it is created, before it is dialled. Its end is told by ChannelDestroyed,
// which carries the cause. A citizen's channel ends with StasisEnd, without a
// cause: Asterisk sends none, and asking for it would cost every call an event.
//
// Nothing here logs, counts or returns in an error a telephone number, a key or
// a caller's name.
package ari

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"richiamo/internal/call"
)

var _ call.Line = (*Line)(nil)

// Dialled is the one argument of a channel that this package created.
const Dialled = "dialled"

// Errors that Disconnected and Ready give, beside those of the network.
var (
	// ErrReplaced means that another process connected under our application's
	// name. Commands are refused until this one is connected again.
	ErrReplaced = errors.New("ari: another process took over the application; make sure that only one runs per exchange")
	// ErrDeaf means that the websocket is open but our events do not come.
	ErrDeaf = errors.New("ari: the exchange delivers no events on the open connection")
	// ErrSilent means that the other end of the connection does not answer.
	ErrSilent = errors.New("ari: the exchange does not answer on the open connection")
	// ErrConnecting is what Ready gives before the first connection.
	ErrConnecting = errors.New("ari: not connected to the exchange yet")
)

// Config says which exchange, and how it is laid out.
type Config struct {
	URL      string // root of ARI: http://127.0.0.1:8088/ari
	User     string
	Password string
	App      string // the Stasis application that the dialplan hands calls to
	Node     string // the exchange's name, for the log

	// ServiceNumber is shown to whom we call, digits only, unless the command
	// names another.
	ServiceNumber string
	// Carrier is the PJSIP endpoint of the public network; "carrier" if empty.
	Carrier string
	// Sounds is the folder of the recordings below Asterisk's sounds;
	// "richiamo" if empty. A recording is sound:SOUNDS/LANGUAGE/NAME.
	Sounds string
	// Away is the dialplan context for DoContinue where the command names only
	// an extension; "away" if empty.
	Away string
	// Longest ends a channel that we dialled, whoever forgot it; an hour if zero.
	Longest time.Duration

	// Probe is how often the connection is probed, and how long a probe may
	// take once connected; two seconds if zero.
	Probe time.Duration
	// Yield is how long we wait before connecting again after ErrReplaced; it
	// doubles each time in a row, up to eight times. Ten seconds if zero.
	Yield time.Duration

	Logger  *slog.Logger // nil: nothing is logged
	Observe Observer
	// Now is the clock that events are stamped by, the one that calls go by;
	// time.Now if nil.
	Now func() time.Time
}

// Observer is told what happens, for metrics. Each may be nil; each is called
// from many goroutines and must be quick.
type Observer struct {
	// Request: one HTTP request for a command ("answer", "play", ...) or a
	// question ("channels", "probe", ...) has ended.
	Request func(operation string, took time.Duration, err error)
	// Event: an event waited so long for the handler.
	Event func(kind call.EventKind, waited time.Duration)
	// Malformed: Asterisk sent something that could not be read.
	Malformed func()
	// Connection: connected (nil), or not any more.
	Connection func(err error)
	// RoundTrip: a probe came back after so long.
	RoundTrip func(took time.Duration)
}

// Line is one exchange. Use New. Its methods may be called from any goroutine.
type Line struct {
	cfg    Config
	http   *client
	log    *slog.Logger
	limit  time.Duration // for one request
	proof  time.Duration // within which a new connection must prove itself
	pinged time.Duration // within which a live connection answers a ping
	paused time.Duration // between tries of a dial that came too early, and looks whether it was done
	tells  time.Duration // within which the exchange tells of a dial

	state atomic.Pointer[error] // what Ready returns; nil before the first try

	mu      sync.Mutex
	fenced  bool // replaced: commands are refused
	tracked map[string]*track
}

// track is what has to be remembered of a channel between its events.
type track struct {
	dialled  bool      // created by DoCreate: its end is ChannelDestroyed
	bridged  bool      // it left the bridge in which Asterisk keeps channels that it dials
	released bool      // given back to the dialplan: its end for us is StasisEnd
	begun    bool      // it is dialled: Asterisk has told so, or it was found so
	rang     bool      // the other side has said that it rings, or has let something be heard
	giveUp   time.Time // when Asterisk gives up ringing; zero if it was not dialled by us
	digit    byte      // the last key, and when Asterisk heard it
	keyed    time.Time
	plays    string // the playback that was begun last, until it has ended
}

// requestTimeout bounds one request.
const requestTimeout = 3 * time.Second

// New makes a line. It does not connect: Run does. Commands may be performed
// and questions asked without Run; only events need it.
func New(cfg Config) *Line {
	setDefault(&cfg.Carrier, "carrier")
	setDefault(&cfg.Sounds, "richiamo")
	setDefault(&cfg.Away, "away")
	setDefault(&cfg.Longest, time.Hour)
	setDefault(&cfg.Probe, 2*time.Second)
	setDefault(&cfg.Yield, 10*time.Second)
	setDefault(&cfg.Logger, slog.New(slog.DiscardHandler))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Line{
		cfg:     cfg,
		http:    newClient(cfg.URL, cfg.User, cfg.Password),
		log:     cfg.Logger.With("node", cfg.Node),
		limit:   requestTimeout,
		proof:   firstProbe,
		pinged:  pingTimeout,
		paused:  5 * time.Millisecond,
		tells:   tellsWithin,
		tracked: map[string]*track{},
	}
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Ready is nil while events come in and commands go out; otherwise it says why
// not, in words for whoever operates the service.
func (l *Line) Ready() error {
	if state := l.state.Load(); state != nil {
		return *state
	}
	return ErrConnecting
}

// Close lets go of idle connections. Run must have returned.
func (l *Line) Close() { l.http.closeIdle() }

// track returns what is remembered of a channel, and begins to remember. l.mu
// is held.
func (l *Line) track(channel string) *track {
	t := l.tracked[channel]
	if t == nil {
		t = &track{}
		l.tracked[channel] = t
	}
	return t
}
