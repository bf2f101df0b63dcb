// Package sip is a synthetic telephone for tests, the demo, benchmarks and the
// command "richiamo phone": it registers, calls, answers, presses keys, sends
// tones, and tells which recordings, tones and voices it hears.
//
// A [Phone] sits on one UDP address of loopback and is ready when [New] returns.
// [Phone.Dial] and [Invite.Answer] give a [Call]; everything that can be done
// or heard in a conversation is a method of it:
//
//	phone, _ := sip.New(sip.Config{Listen: "127.0.0.1:0", Ear: ear})
//	defer phone.Close()
//	call, err := phone.Dial(ctx, "sip:800000000@127.0.0.1:5060", "0212345678")
//	err = call.WaitHeard(ctx, "welcome") // it is being played now
//	err = call.Press(ctx, "1")           // cuts it
//	err = call.Hangup()
//
// The signalling is sipgo's transactions with a small dialogue on top (RFC 3261);
// audio is A-law in packets of 20 ms (RFC 3551), keys are telephone events
// (RFC 4733). There is no other codec, no encryption, no NAT, no TCP: the other
// side is an exchange on the same machine, or another Phone.
package sip

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"richiamo/internal/sip/ear"
)

// An Ear recognises recordings; see [ear.Ear]. One serves any number of phones.
type Ear = ear.Ear

// NewEar learns the recordings FOLDER/NAME.alaw of a file system.
func NewEar(fsys fs.FS) (*Ear, error) { return ear.NewEar(fsys) }

// Config says what a phone is. Only Listen is needed.
type Config struct {
	Listen string // IP and UDP port of the phone; port 0 chooses a free one: "127.0.0.1:0"

	User      string // user part of its address, "phone" if empty; also the user of digest authentication
	Password  string // for digest authentication; empty: a challenge is a refusal
	Registrar string // host:port where Register registers; empty: Register fails

	Ear    *Ear         // recognises recordings; nil: tones and unknown audio only
	Logger *slog.Logger // what happens to the phone, without numbers; nil: nothing is logged

	// Announced is the address that the phone names for its sound, in place of the
	// one where it really is: so does a phone behind a router, or in a network of
	// which it knows only the inside. The zero Addr names the real one.
	Announced netip.Addr

	Keys  KeyTiming // how keys are pressed
	Quiet bool      // send no audio until a key, a tone or a recording is to be sent (cheap)
	Deaf  bool      // ignore all audio that comes in (cheaper still); nothing is heard or recorded
}

// A Phone is one telephone. Its methods may be called from any goroutine.
type Phone struct {
	cfg  Config
	log  *slog.Logger
	conn *net.UDPConn
	addr netip.AddrPort

	ua     *sipgo.UserAgent
	client *sipgo.Client
	socket *socket

	ctx    context.Context // ends when the phone closes
	cancel context.CancelFunc
	served chan struct{} // closed when nothing reads conn any more

	mu       sync.Mutex
	closed   bool
	work     sync.WaitGroup // everything that must have ended before the socket closes
	calls    map[string]*Call
	incoming chan *Invite

	registration registration
}

// ErrClosed is what a phone answers after Close.
var ErrClosed = errors.New("the phone is closed")

// New makes a phone and binds its address. Close it when done.
func New(cfg Config) (*Phone, error) {
	listen, err := netip.ParseAddrPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("the phone's address %q must be an IP address and a port, such as 127.0.0.1:0: %w", cfg.Listen, err)
	}
	if listen.Addr().IsUnspecified() {
		return nil, fmt.Errorf("the phone's address %s must name one interface, such as 127.0.0.1", cfg.Listen)
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(listen))
	if err != nil {
		return nil, fmt.Errorf("bind the phone to %s (is the port taken?): %w", cfg.Listen, err)
	}
	if cfg.User == "" {
		cfg.User = "phone"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Phone{
		cfg: cfg, log: cfg.Logger, conn: conn,
		addr:     conn.LocalAddr().(*net.UDPAddr).AddrPort(),
		served:   make(chan struct{}),
		calls:    map[string]*Call{},
		incoming: make(chan *Invite, 64),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if err := p.start(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return p, nil
}

// start lays sipgo on the socket. sipgo's own log is thrown away: its lines
// quote addresses with telephone numbers in them.
func (p *Phone) start() error {
	silent := slog.New(slog.DiscardHandler)
	ua, err := sipgo.NewUA(
		sipgo.WithUserAgent("richiamo-phone"),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(silent)),
		sipgo.WithUserAgentTransactionLayerOptions(
			sip.WithTransactionLayerLogger(silent),
			sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}),
		),
	)
	if err != nil {
		return fmt.Errorf("make the SIP user agent: %w", err)
	}
	p.ua = ua
	if p.client, err = sipgo.NewClient(ua, sipgo.WithClientLogger(silent)); err != nil {
		return fmt.Errorf("make the SIP client: %w", err)
	}
	server, err := sipgo.NewServer(ua, sipgo.WithServerLogger(silent))
	if err != nil {
		return fmt.Errorf("make the SIP server: %w", err)
	}
	server.OnInvite(p.onInvite)
	server.OnAck(p.onAck)
	server.OnBye(p.onBye)
	server.OnCancel(func(req *sip.Request, tx sip.ServerTransaction) {
		p.reply(req, tx, sip.StatusCallTransactionDoesNotExists)
	})
	server.OnOptions(p.onOptions)
	server.OnNoRoute(func(req *sip.Request, tx sip.ServerTransaction) {
		p.reply(req, tx, sip.StatusMethodNotAllowed)
	})

	p.socket = newSocket(p.conn, ua.TransportLayer().Pool("udp"))
	go func() {
		defer close(p.served)
		if err := server.ServeUDP(p.socket); err != nil {
			p.log.Error("the phone's socket failed", "error", err)
		}
	}()
	<-p.socket.ready
	return nil
}

// Addr is the phone's address, IP and port.
func (p *Phone) Addr() string { return p.addr.String() }

// URI is the phone's SIP address, which others can dial.
func (p *Phone) URI() string { return "sip:" + p.cfg.User + "@" + p.addr.String() }

// Incoming gives the calls that come in. It is closed by Close. A call that
// finds 64 others waiting there is refused as busy.
func (p *Phone) Incoming() <-chan *Invite { return p.incoming }

// Close hangs up everything, refuses what rings, unregisters and frees the
// address. It may be called again.
func (p *Phone) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.served
		return nil
	}
	p.closed = true
	close(p.incoming)
	calls := make([]*Call, 0, len(p.calls))
	for _, c := range p.calls {
		calls = append(calls, c)
	}
	p.mu.Unlock()

	p.cancel()
	var bye sync.WaitGroup
	for _, c := range calls {
		bye.Go(func() {
			if err := c.Hangup(); err != nil {
				p.log.Warn("hang up at close", "error", err)
			}
		})
	}
	bye.Wait()
	p.unregister()
	p.work.Wait()

	p.socket.retire()
	<-p.served
	p.ua.TransactionLayer().Close()
	return p.conn.Close()
}

// enter notes that work begins which Close must wait for; done ends it.
func (p *Phone) enter() (done func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	p.work.Add(1)
	return p.work.Done, nil
}

// add makes a call known by its dialogue, so that requests in it find it.
func (p *Phone) add(c *Call) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.calls[c.dialog.key()] = c
	return nil
}

func (p *Phone) remove(c *Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, c.dialog.key())
}

// find returns the call that a request belongs to: its To tag is ours.
func (p *Phone) find(req *sip.Request) *Call {
	id, err := sip.DialogIDFromRequestUAS(req)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[id]
}

// patience is how long the phone waits for the answer to a request that ends
// something, before it lets go by itself.
const patience = 5 * time.Second
