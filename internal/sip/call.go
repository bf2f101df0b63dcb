package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"richiamo/internal/sip/ear"
)

// ErrEnded is what a call answers when it has ended while something was waited
// for or asked of it.
var ErrEnded = errors.New("the call has ended")

// A Call is a conversation that was answered. It ends by Hangup, by the other
// side, or with its phone. What was heard can be asked for after the end too.
// Its methods may be called from any goroutine.
type Call struct {
	phone  *Phone
	dialog *dialog
	media  *media
	sdp    []byte                // our own description
	tx     sip.ClientTransaction // of the INVITE, if we called

	confirmed   chan struct{} // closed when the answer was acknowledged
	confirmOnce sync.Once
	done        chan struct{} // closed when the call has ended

	mu       sync.Mutex
	changed  chan struct{} // closed and renewed when a waiter should look again
	answered time.Time
	ended    bool
	endedAt  time.Time
	byUs     bool
	cause    string
	listener *ear.Listener
	heardTo  int    // sounds that WaitHeard has gone past
	keys     []byte // keys that the other side pressed
	keysTo   int    // keys that WaitKeys has gone past
	received reception
	alaw     []byte // what was heard, in step with the clock from the answer on
}

// media is a call's audio: one socket, one sender.
type media struct {
	conn *net.UDPConn
	send *sender
}

func newMedia(p *Phone) (*media, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.addr.Addr(), 0)))
	if err != nil {
		return nil, fmt.Errorf("bind a port for audio: %w", err)
	}
	return &media{conn: conn, send: newSender(conn, p.cfg.Quiet)}, nil
}

func (m *media) addr() netip.AddrPort { return m.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// announced is where the phone says that its audio is.
func (m *media) announced(p *Phone) netip.AddrPort {
	if p.cfg.Announced.IsValid() {
		return netip.AddrPortFrom(p.cfg.Announced, m.addr().Port())
	}
	return m.addr()
}

func (m *media) close() { _ = m.conn.Close() }

func newCall(p *Phone, d *dialog, m *media, sdp []byte) *Call {
	return &Call{
		phone: p, dialog: d, media: m, sdp: sdp,
		confirmed: make(chan struct{}),
		done:      make(chan struct{}),
		changed:   make(chan struct{}),
		listener:  ear.NewListener(p.cfg.Ear),
	}
}

// begin starts the audio. The caller holds the phone open, so its work counter
// is above zero.
func (c *Call) begin(other description) {
	c.mu.Lock()
	c.answered = time.Now()
	c.mu.Unlock()
	c.media.send.redirect(other)
	c.phone.work.Go(func() { c.media.send.run(c.done) })
	if !c.phone.cfg.Deaf {
		c.phone.work.Go(c.receive)
	}
}

// confirm notes that the answer was acknowledged.
func (c *Call) confirm() { c.confirmOnce.Do(func() { close(c.confirmed) }) }

// ID is the SIP Call-ID, by which an exchange's log names the call too.
func (c *Call) ID() string { return c.dialog.callID }

// Answered is when the call was answered.
func (c *Call) Answered() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered
}

// Done is closed when the call has ended.
func (c *Call) Done() <-chan struct{} { return c.done }

// Ended says who ended the call and why: the Reason header of the other side's
// BYE ("Q.850;cause=16"), else "hung up". Before the end the cause is empty.
func (c *Call) Ended() (byUs bool, cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byUs, c.cause
}

// Hangup ends the call. It returns nil if the call has ended already.
func (c *Call) Hangup() error {
	if leave, err := c.phone.enter(); err == nil {
		defer leave()
	}
	if !c.finish(true, "hung up") {
		return nil
	}
	// Until then the call must be found: its ACK may still be on the way.
	defer c.phone.remove(c)
	return c.bye()
}

// bye tells the other side. Who was called must not do so before its answer was
// acknowledged (RFC 3261, 15).
func (c *Call) bye() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case <-c.confirmed:
	case <-time.After(patience / 2):
	}
	res, err := c.phone.ask(ctx, c.phone.request(c.dialog, sip.BYE, c.dialog.seq.Add(1)))
	if err != nil {
		return fmt.Errorf("hang up: %w", err)
	}
	// Both sides may hang up at once; then each knows nothing of the call any more.
	if !res.IsSuccess() && res.StatusCode != sip.StatusCallTransactionDoesNotExists {
		return fmt.Errorf("hang up: %w", &Refused{Status: res.StatusCode, Reason: res.Reason})
	}
	return nil
}

// finish ends the call on this side, once; it tells whether it was the first to.
func (c *Call) finish(byUs bool, cause string) bool {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return false
	}
	c.ended, c.endedAt, c.byUs, c.cause = true, time.Now(), byUs, cause
	c.listener.Pause()
	c.notify()
	close(c.done)
	c.mu.Unlock()

	c.media.close()
	if c.tx != nil {
		c.tx.Terminate()
	}
	return true
}

// notify wakes everyone who waits. The caller holds mu.
func (c *Call) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}
