package lab

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Wire is the way from an application to the HTTP port of an exchange, on which a test has happen what happens
// on networks and to servers in trouble:
//
//	wire, err := lab.OpenWire(pbx.ARIURL)
//	defer wire.Close()
//	... the application connects to wire.Port in place of the exchange's ...
//	wire.Swallow()                        // the cable is pulled: nobody is told
//	wire.Pass()                           // and put back; connections that lost something stay dead
//	wire.Cut()                            // every connection is closed
//	dial := wire.Set(&lab.Trap{Method: "POST", Path: "/channels/*/dial", Times: 1, Done: true, Answer: 503})
//	<-dial.Sprung()                       // the exchange has done it, the application is told that it has not
//
// It understands HTTP/1.1, request by request, and passes websockets through as they are.
type Wire struct {
	// Port is where the application connects, on 127.0.0.1.
	Port int

	target   string // the exchange, HOST:PORT
	root     string // of the paths of ARI
	listener net.Listener
	parts    sync.WaitGroup
	closed   chan struct{}

	swallow atomic.Bool
	delay   atomic.Int64 // nanoseconds

	mu    sync.Mutex
	spans map[*span]bool
	traps []*Trap
}

// OpenWire opens a way to the exchange whose ARI has this root, as in Asterisk.ARIURL.
func OpenWire(ariURL string) (*Wire, error) {
	root, err := url.Parse(ariURL)
	if err != nil {
		return nil, fmt.Errorf("lab: open a wire: %w", err)
	}
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("lab: open a wire: %w", err)
	}
	w := &Wire{
		Port: listener.Addr().(*net.TCPAddr).Port, target: root.Host, root: root.Path,
		listener: listener, closed: make(chan struct{}), spans: map[*span]bool{},
	}
	w.parts.Go(w.accept)
	return w, nil
}

// Close closes everything and returns when nothing of it runs any more. It is called once.
func (w *Wire) Close() {
	close(w.closed)
	_ = w.listener.Close()
	w.Cut()
	w.parts.Wait()
}

// Swallow pulls the cable: whatever is sent, in both directions, is lost, and nothing tells either side. New
// connections are opened, as by a firewall that answers for the exchange, and get no answer.
func (w *Wire) Swallow() { w.swallow.Store(true) }

// Pass puts the cable back. A connection that has lost something stays silent for ever, as after a firewall has
// forgotten it; new ones get through.
func (w *Wire) Pass() { w.swallow.Store(false) }

// Delay has whatever is sent, in both directions, arrive so much later; zero: at once.
func (w *Wire) Delay(d time.Duration) { w.delay.Store(int64(d)) }

// Cut closes every connection, so that both sides are told.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for s := range w.spans {
		s.close()
	}
}

// Set sets a trap, behind those that are set already, and returns it.
func (w *Wire) Set(t *Trap) *Trap {
	t.sprung, t.released = make(chan struct{}), make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.traps = append(w.traps, t)
	return t
}

// caught finds the trap that a request falls into; nil: none.
func (w *Wire) caught(r *http.Request) *Trap {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.traps {
		if t.catches(r.Method, strings.TrimPrefix(r.URL.Path, w.root)) {
			return t
		}
	}
	return nil
}

func (w *Wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return // closed
		}
		w.parts.Go(func() { w.serve(near) })
	}
}

// serve passes one connection of the application through.
func (w *Wire) serve(near net.Conn) {
	s := &span{wire: w, near: near, ended: make(chan struct{})}
	if w.swallow.Load() {
		s.lost.Store(true) // it never reaches the exchange
	} else {
		far, err := net.Dial("tcp4", w.target)
		if err != nil {
			_ = near.Close()
			return
		}
		s.far = far
	}
	w.mu.Lock()
	w.spans[s] = true
	w.mu.Unlock()
	select {
	case <-w.closed: // meanwhile: Close may have missed it
		w.Cut()
	default:
	}
	if !s.lost.Load() {
		s.run()
	}
	if s.lost.Load() { // neither side is told of the other's end
		w.parts.Go(func() { _, _ = io.Copy(io.Discard, near) })
		select {
		case <-w.closed:
		case <-s.ended:
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.spans, s)
	s.close()
}

// span is one connection through the wire.
type span struct {
	wire  *Wire
	near  net.Conn      // towards the application
	far   net.Conn      // towards the exchange; nil: it never got there
	lost  atomic.Bool   // something of it was swallowed: nothing gets through any more
	ended chan struct{} // closed with it; under wire.mu
}

// close closes both ends. wire.mu is held.
func (s *span) close() {
	select {
	case <-s.ended:
		return
	default:
	}
	close(s.ended)
	_ = s.near.Close()
	if s.far != nil {
		_ = s.far.Close()
	}
}

// run passes requests and their answers, one after the other, until one side closes; what follows a request
// that opens a websocket is passed as it comes.
func (s *span) run() {
	requests, answers := bufio.NewReader(s.near), bufio.NewReader(s.far)
	for {
		r, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		opened, err := s.relay(r, answers)
		switch {
		case err != nil || s.lost.Load():
			return
		case opened:
			s.wire.parts.Go(func() { s.pour(s.near, answers) })
			s.pour(s.far, requests)
			return
		}
	}
}

// pour passes what comes from one side on to the other. That one side has closed is told to the other unless
// the connection has lost something.
func (s *span) pour(to net.Conn, from io.Reader) {
	_, _ = io.Copy(end{to, s}, from)
	if !s.lost.Load() {
		s.wire.mu.Lock()
		defer s.wire.mu.Unlock()
		s.close()
	}
}

// end is one end of a span: what is written to it goes over the wire.
type end struct {
	net.Conn
	span *span
}

func (e end) Write(p []byte) (int, error) {
	w := e.span.wire
	if d := w.delay.Load(); d > 0 {
		select {
		case <-time.After(time.Duration(d)):
		case <-e.span.ended:
		}
	}
	if w.swallow.Load() {
		e.span.lost.Store(true)
	}
	if e.span.lost.Load() {
		return len(p), nil
	}
	return e.Conn.Write(p)
}

// relay has one request answered. opened tells whether a websocket came of it.
func (s *span) relay(r *http.Request, answers *bufio.Reader) (opened bool, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	t := s.wire.caught(r)
	if t == nil {
		t = &Trap{}
	} else if err := t.hold(s.wire.closed); err != nil {
		return false, err
	}
	var answer *http.Response
	if t.Done || t.Answer == 0 {
		if err := r.Write(end{s.far, s}); err != nil {
			return false, err
		}
		if answer, err = http.ReadResponse(answers, r); err != nil {
			return false, err
		}
		defer answer.Body.Close()
	}
	switch t.Answer {
	case 0:
		var whole bytes.Buffer // so that it is delayed once
		if err := answer.Write(&whole); err != nil {
			return false, err
		}
		_, err := whole.WriteTo(end{s.near, s})
		return answer.StatusCode == http.StatusSwitchingProtocols, err
	case Silence:
		s.lost.Store(true)
		return false, nil
	case Broken:
		return false, errBroken
	}
	if answer != nil {
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return false, err
		}
	}
	_, err = fmt.Fprintf(end{s.near, s}, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		t.Answer, http.StatusText(t.Answer), len(t.Words), t.Words)
	return false, err
}
