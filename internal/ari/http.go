package ari

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// client speaks HTTP/1.1 (RFC 9112) with one exchange. It is here in place of
// net/http because a call is five small requests, and net/http hands each of them
// to two goroutines of the connection and back, which takes half as much processor
// time again (BenchmarkRequest). Here the caller's goroutine writes the request in
// one go and reads the answer.
type client struct {
	address string      // host and port; empty: the exchange's URL is none
	secure  *tls.Config // nil: http
	root    string      // path that all paths stand below, without a slash at its end
	head    string      // of each request, behind its path

	authorization string

	slots chan struct{} // one for each connection in use
	dials chan struct{} // one for each connection that has not had an answer yet
	mu    sync.Mutex
	idle  []*wire // the one used last is the last
}

// wire is one connection to the exchange. One request at a time has it.
type wire struct {
	net.Conn
	raw    syscall.RawConn // below TLS
	in     *bufio.Reader   // over Read
	out    []byte          // the request, to be used again
	budget int             // bytes that the answer may still have
	broken error           // why no more of it can be read
	used   time.Time       // when the last answer was read
}

// Bounds of the HTTP connections to one exchange. Each is a thread there;
// idle ones must be closed by us before Asterisk closes them (60 s), because a
// request that meets a closing connection fails. An answer, its header included,
// has so many bytes at the most: a list of a thousand channels has a million, a
// recording of a minute half of one. Asterisk lets few connections wait to be
// accepted; one more than that seems to be there, and is a second later.
const (
	maxConnections = 48
	dialsAtOnce    = 4
	dialTimeout    = time.Second
	idleTimeout    = 10 * time.Second
	mostAnswer     = 16 << 20
)

var (
	errNoAddress = errors.New("the exchange's address is no address: correct it in the configuration")
	errUnfit     = errors.New("an address holds a character that none may hold")
	errNoHTTP    = errors.New("the exchange's answer is not HTTP")
	errMuch      = errors.New("the exchange's answer is longer than any can be")
)

// newClient makes a client of what answers at a URL, which may be wrong: then it
// is said with each request.
func newClient(root, user, password string) *client {
	c := &client{
		slots:         make(chan struct{}, maxConnections),
		dials:         make(chan struct{}, dialsAtOnce),
		authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)),
	}
	u, err := url.Parse(root)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return c
	}
	port := u.Port()
	if u.Scheme == "https" {
		c.secure = &tls.Config{ServerName: u.Hostname()}
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	c.address = net.JoinHostPort(u.Hostname(), port)
	c.root = strings.TrimSuffix(u.EscapedPath(), "/")
	c.head = " HTTP/1.1\r\nHost: " + u.Host + "\r\nAuthorization: " + c.authorization + "\r\n"
	return c
}

// exchange sends a request and returns the status and the body of the answer.
// The caller's context can end it, and the deadline does. It is sent once: after
// an error it may have been carried out.
func (c *client) exchange(ctx context.Context, deadline time.Time, r *request) (status int, body []byte, err error) {
	switch {
	case c.address == "":
		return 0, nil, errNoAddress
	case !isTarget(r.path):
		return 0, nil, errUnfit
	}
	if err := enter(ctx, deadline, c.slots); err != nil {
		return 0, nil, err
	}
	defer func() { <-c.slots }()
	w := c.open(deadline)
	if w == nil {
		if err := enter(ctx, deadline, c.dials); err != nil {
			return 0, nil, err
		}
		defer func() { <-c.dials }() // once it is known to be accepted
		w, err = c.take(ctx, deadline)
	}
	if err != nil {
		return 0, nil, because(ctx, err)
	}
	stop := context.AfterFunc(ctx, w.interrupt)
	status, body, again, err := w.exchange(c, r)
	if stop() && err == nil && again {
		c.put(w)
	} else {
		_ = w.Close()
	}
	return status, body, because(ctx, err)
}

// because prefers the context's reason to that of the connection which it ended.
func because(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return context.DeadlineExceeded
	}
	return err
}

// isTarget tells whether a path can stand in the first line of a request as it is.
func isTarget(path string) bool {
	for i := range len(path) {
		if path[i] <= ' ' || path[i] >= 0x7f {
			return false
		}
	}
	return true
}

// enter waits until there may be one more.
func enter(ctx context.Context, deadline time.Time, slots chan<- struct{}) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case slots <- struct{}{}:
		return nil
	default:
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take returns a connection that was given back meanwhile, or a new one.
func (c *client) take(ctx context.Context, deadline time.Time) (*wire, error) {
	if w := c.open(deadline); w != nil { // given back meanwhile
		return w, nil
	}
	return c.dial(ctx, deadline)
}

// open takes away the idle connection that was used last and is open as far as can
// be seen, since what is sent on one that the exchange has closed may not be sent
// twice; nil if there is none.
func (c *client) open(deadline time.Time) *wire {
	for w := c.last(); w != nil; w = c.last() {
		if w.SetDeadline(deadline) == nil && w.isOpen() {
			return w
		}
		_ = w.Close()
	}
	return nil
}

// last takes away the idle connection that was used last, nil if there is none.
func (c *client) last() *wire {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle)
	if n == 0 {
		return nil
	}
	w := c.idle[n-1]
	c.idle[n-1] = nil
	c.idle = c.idle[:n-1]
	return w
}

// put keeps a connection for the next request, and lets go of one that has not
// been needed for long. That costs no timer: while there is a session it is
// probed every other second, and each time one connection that is too many goes.
func (c *client) put(w *wire) {
	w.used = time.Now()
	var old *wire
	c.mu.Lock()
	if len(c.idle) > 0 && w.used.Sub(c.idle[0].used) > idleTimeout {
		old = c.idle[0]
		c.idle = append(c.idle[:0], c.idle[1:]...)
	}
	c.idle = append(c.idle, w)
	c.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
}

// closeIdle closes the connections that nobody uses.
func (c *client) closeIdle() {
	for w := c.last(); w != nil; w = c.last() {
		_ = w.Close()
	}
}

// dial makes a connection.
func (c *client) dial(ctx context.Context, deadline time.Time) (*wire, error) {
	dialer := net.Dialer{Timeout: dialTimeout, Deadline: deadline, KeepAlive: 15 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: conn}
	w.in = bufio.NewReader(w)
	w.raw, err = conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = conn.SetDeadline(deadline)
	}
	if err == nil && c.secure != nil {
		secured := tls.Client(conn, c.secure)
		err, w.Conn = secured.HandshakeContext(ctx), secured
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return w, nil
}

// interrupt ends what is being written and read.
func (w *wire) interrupt() { _ = w.SetDeadline(time.Unix(1, 0)) }

// isOpen tells whether the other end keeps a connection open on which nothing is
// outstanding: then there is nothing to be read, not even the end.
func (w *wire) isOpen() bool {
	var one [1]byte
	open := false
	err := w.raw.Read(func(fd uintptr) (done bool) {
		_, err := syscall.Read(int(fd), one[:])
		open = err == syscall.EAGAIN
		return true
	})
	return err == nil && open
}

// exchange sends a request and reads its answer; again tells whether the
// connection can be used once more.
func (w *wire) exchange(c *client, r *request) (status int, body []byte, again bool, err error) {
	w.out = c.write(w.out[:0], r)
	if _, err := w.Write(w.out); err != nil {
		return 0, nil, false, err
	}
	w.budget, w.broken = mostAnswer, nil
	status, body, again, err = readAnswer(w.in)
	switch {
	case err == nil:
		return status, body, again && w.in.Buffered() == 0, nil
	case errors.Is(w.broken, io.EOF):
		return 0, nil, false, io.ErrUnexpectedEOF
	case w.broken != nil:
		return 0, nil, false, w.broken
	}
	return 0, nil, false, errNoHTTP // without the parser's words: it quotes what it read
}

// write appends a request as it is sent.
func (c *client) write(out []byte, r *request) []byte {
	out = append(append(out, r.method...), ' ')
	out = append(append(append(out, c.root...), r.path...), c.head...)
	if r.body != nil {
		out = append(out, "Content-Type: application/json\r\n"...)
	}
	if r.body != nil || r.method != http.MethodGet {
		out = strconv.AppendInt(append(out, "Content-Length: "...), int64(len(r.body)), 10)
		out = append(out, "\r\n"...)
	}
	return append(append(out, "\r\n"...), r.body...)
}

// readAnswer reads one answer; again tells whether another may follow on the
// connection.
func readAnswer(in *bufio.Reader) (status int, body []byte, again bool, err error) {
	var answer *http.Response
	for answer == nil || answer.StatusCode/100 == 1 { // an interim one: the real one follows
		if answer, err = http.ReadResponse(in, nil); err != nil {
			return 0, nil, false, err
		}
	}
	if answer.ContentLength != 0 {
		body, err = io.ReadAll(answer.Body)
	}
	return answer.StatusCode, body, !answer.Close, err
}

// Read implements io.Reader for the reader of answers: no more than one may have.
func (w *wire) Read(into []byte) (n int, err error) {
	if w.budget <= 0 {
		w.broken = errMuch
		return 0, errMuch
	}
	n, err = w.Conn.Read(into[:min(len(into), w.budget)])
	w.budget, w.broken = w.budget-n, err
	return n, err
}
