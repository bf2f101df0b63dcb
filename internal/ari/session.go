package ari

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"richiamo/internal/call"
)

// Limits of one session.
const (
	firstProbe  = time.Second            // within which a new connection must prove itself
	pingTimeout = 300 * time.Millisecond // to tell deaf from dead
	mostMessage = 1 << 20                // bytes of one event; real ones have hundreds
	probeName   = "richiamo-probe-"      // with the connection's nonce and a number
)

// session is one websocket, from its handshake to its end.
type session struct {
	line  *Line
	conn  *websocket.Conn
	nonce string
	sent  int         // probes
	echo  chan string // probes that came back; holds a few
	queue *queue
	quit  <-chan struct{} // closed when Run is to end
	ended chan struct{}   // closed when the reader has put its last event
	err   error           // why it ended; read after ended

	replaced bool // under line.mu
}

// session connects, serves until the connection ends, and returns why it ended;
// served tells whether the handler was ever told of it.
func (l *Line) session(ctx context.Context, h Handler) (served bool, err error) {
	s, err := l.connect(ctx)
	if err != nil {
		return false, err
	}
	l.forget()
	ctx, cancel := context.WithCancelCause(ctx)
	go s.read(cancel)
	stop := context.AfterFunc(ctx, func() { _ = s.conn.CloseNow() })
	defer func() { // the reader must be gone before the next connection
		cancel(err)
		stop()
		_ = s.conn.CloseNow()
		<-s.ended
	}()
	channels, err := s.open(ctx)
	if err != nil {
		return false, s.why(ctx, err)
	}
	l.adopt(s, channels)
	if err := h.Connected(ctx, channels); err != nil {
		return false, s.why(ctx, fmt.Errorf("ari: take up the exchange's calls: %w", err))
	}
	l.setState(nil)
	l.log.Info("connected to the exchange", "channels", len(channels))
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		s.watch(ctx, cancel)
	}()
	err = s.deliver(ctx, h)
	cancel(err)
	<-watched
	l.setState(err)
	h.Disconnected(err)
	return true, err
}

// connect opens the websocket.
func (l *Line) connect(ctx context.Context) (*session, error) {
	dialing, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	address := "ws" + strings.TrimPrefix(strings.TrimSuffix(l.cfg.URL, "/"), "http") + "/events?app=" + url.QueryEscape(l.cfg.App)
	conn, resp, err := websocket.Dial(dialing, address, &websocket.DialOptions{
		// The handshake is net/http's, on a connection that is for nothing else.
		HTTPClient:      &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		HTTPHeader:      http.Header{"Authorization": {l.http.authorization}, "User-Agent": nil},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, connectError(resp, err)
	}
	conn.SetReadLimit(mostMessage)
	return &session{
		line: l, conn: conn,
		nonce: strconv.FormatUint(rand.Uint64(), 36),
		echo:  make(chan string, 8),
		queue: newQueue(),
		quit:  ctx.Done(),
		ended: make(chan struct{}),
	}, nil
}

// connectError says what is wrong, and what to do where that is known.
func connectError(resp *http.Response, err error) error {
	if resp == nil {
		return fmt.Errorf("ari: the exchange can't be reached; is Asterisk running, and is its address right? %w", err)
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("ari: the exchange answers %d: correct the user, the password or the permitted addresses of ARI", resp.StatusCode)
	case http.StatusNotFound:
		return errors.New("ari: the exchange answers 404: its address is wrong, or ARI is switched off (ari.conf) or still loading")
	}
	return fmt.Errorf("ari: the exchange answers %d instead of opening a websocket", resp.StatusCode)
}

// open makes a connection that can be relied on: it proves that events come,
// asks for those that are wanted, and lists the channels.
func (s *session) open(ctx context.Context) ([]call.Channel, error) {
	if err := s.probe(ctx, s.line.proof); err != nil {
		return nil, err
	}
	if err := s.line.filter(ctx); err != nil {
		return nil, err
	}
	return s.line.Channels(ctx)
}

// filter asks for the wanted events only. Asterisk forgets it with the
// application, so it is done after each connect.
func (l *Line) filter(ctx context.Context) error {
	type kind struct {
		Type string `json:"type"`
	}
	var filter struct {
		Allowed []kind `json:"allowed"`
	}
	for _, w := range wanted {
		filter.Allowed = append(filter.Allowed, kind{w})
	}
	body, err := json.Marshal(filter)
	if err != nil {
		return fmt.Errorf("ari: write the event filter: %w", err)
	}
	_, err = l.do(ctx, request{
		operation: "filter", method: http.MethodPut, body: body, again: true,
		path: "/applications/" + url.PathEscape(l.cfg.App) + "/eventFilter",
	})
	return err
}

// why prefers the reader's reason: what failed meanwhile failed because of it.
func (s *session) why(ctx context.Context, err error) error {
	select {
	case <-s.ended:
		return s.err
	default:
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// read drains the websocket into the queue until it ends. The context of a
// read is none: the connection is closed to end it.
func (s *session) read(end context.CancelCauseFunc) {
	var buffer bytes.Buffer
	var m message
	for {
		_, r, err := s.conn.Reader(context.Background())
		if err == nil {
			buffer.Reset()
			_, err = buffer.ReadFrom(r)
		}
		if err == nil {
			err = s.receive(buffer.Bytes(), &m)
		} else {
			err = fmt.Errorf("ari: the connection to the exchange broke: %w", err)
		}
		if err != nil {
			s.err = err
			end(err)
			close(s.ended)
			return
		}
	}
}

// receive takes one message from the websocket; an error ends the session.
func (s *session) receive(raw []byte, m *message) error {
	l := s.line
	ok, err := decode(raw, m)
	if err != nil {
		// Its content may be personal: only its length is told.
		l.log.Error("the exchange sent an event that can't be read", "bytes", len(raw))
		if observe := l.cfg.Observe.Malformed; observe != nil {
			observe()
		}
		return nil
	}
	if !ok {
		return nil
	}
	switch m.Type {
	case "ApplicationReplaced":
		l.fence(s) // at once, before the events that wait are handled
		return ErrReplaced
	case "ChannelUserevent":
		select {
		case s.echo <- m.Eventname:
		default:
		}
		return nil
	}
	if e, ok := l.event(m, l.cfg.Now()); ok {
		s.queue.put(e)
	}
	return nil
}

// deliver hands events to the handler until the session ends, and then those
// that had come before its end. It returns why it ended.
func (s *session) deliver(ctx context.Context, h Handler) error {
	for {
		select {
		case <-s.queue.wake:
			s.hand(h)
		case <-ctx.Done():
			_ = s.conn.CloseNow()
			<-s.ended
			s.hand(h)
			return context.Cause(ctx)
		}
	}
}

// hand gives the handler everything that waits, unless Run is to end: then it is
// as if the process had died, and the next one asks what there is.
func (s *session) hand(h Handler) {
	observe := s.line.cfg.Observe.Event
	for batch := s.queue.take(); len(batch) > 0; batch = s.queue.take() {
		for _, e := range batch {
			select {
			case <-s.quit:
				return
			default:
			}
			if observe != nil {
				observe(e.Kind, s.line.cfg.Now().Sub(e.At))
			}
			h.Event(e)
		}
	}
}

// watch probes the connection again and again, beside everything else, and ends
// the session when a probe does not come back.
func (s *session) watch(ctx context.Context, end context.CancelCauseFunc) {
	tick := time.NewTicker(s.line.cfg.Probe)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.probe(ctx, s.line.cfg.Probe); err != nil && ctx.Err() == nil {
			end(err)
			return
		}
	}
}

// probe sends an event to our own application and waits until it comes back on
// this websocket: TCP, Asterisk's queue of events and the application's link to
// this connection are then in order.
func (s *session) probe(ctx context.Context, limit time.Duration) error {
	s.sent++
	name := probeName + s.nonce + "-" + strconv.Itoa(s.sent)
	started := time.Now()
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := s.line.do(waiting, request{
		operation: "probe", method: http.MethodPost,
		path: "/events/user/" + name + "?application=" + url.QueryEscape(s.line.cfg.App),
	})
	if err != nil && ctx.Err() == nil {
		return s.diagnose(ctx, err)
	}
	for {
		select {
		case got := <-s.echo:
			if got != name {
				continue // another process's, or one that came late
			}
			if observe := s.line.cfg.Observe.RoundTrip; observe != nil {
				observe(time.Since(started))
			}
			return nil
		case <-waiting.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return s.diagnose(ctx, nil)
		}
	}
}

// diagnose tells a connection that carries no events from one that carries
// nothing at all.
func (s *session) diagnose(ctx context.Context, err error) error {
	pinging, cancel := context.WithTimeout(ctx, s.line.pinged)
	defer cancel()
	reason := ErrDeaf
	if s.conn.Ping(pinging) != nil {
		reason = ErrSilent
	}
	if err != nil {
		return fmt.Errorf("%w (%w)", reason, err)
	}
	return reason
}

// fence stops all commands: the application is another process's.
func (l *Line) fence(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.replaced = true
	l.fenced = true
}

// forget lets go of what was remembered of channels; events may have been missed.
func (l *Line) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.tracked)
}

// adopt remembers which channels we made and dialled, and lifts the fence, if this
// session has not been replaced by now.
func (l *Line) adopt(s *session, channels []call.Channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range channels {
		if isDialled(c.Args) {
			t := l.track(c.ID)
			t.dialled, t.begun = true, c.Dialed
		}
	}
	l.fenced = s.replaced
}
