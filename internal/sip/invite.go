package sip

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ErrGone is what an Invite answers when it can't be answered any more: the
// caller has given up, or it was answered or refused already.
var ErrGone = errors.New("the call is not ringing any more")

// An Invite is a call that comes in and has not been answered.
type Invite struct {
	phone *Phone
	req   *sip.Request // with our tag in To
	tx    sip.ServerTransaction

	state     atomic.Int32  // ringing until exactly one decision wins
	cancelled atomic.Bool   // CANCEL came before a final answer was sent
	over      chan struct{} // closed when it is not ringing any more
	call      *Call         // set before over is closed, if answered
}

// The states of an Invite.
const (
	ringing int32 = iota
	decided
)

// onInvite rings. sipgo ends the transaction when it returns, so it stays until
// the call is answered and acknowledged, refused, or given up.
func (p *Phone) onInvite(req *sip.Request, tx sip.ServerTransaction) {
	done, err := p.enter()
	if err != nil {
		p.reply(req, tx, sip.StatusServiceUnavailable)
		return
	}
	defer done()
	if req.To() == nil || req.From() == nil || req.CallID() == nil || req.CSeq() == nil || req.Contact() == nil {
		p.reply(req, tx, sip.StatusBadRequest)
		return
	}
	if req.To().Params.Has("tag") {
		p.onReinvite(req, tx)
		return
	}
	inv := &Invite{phone: p, req: req.Clone(), tx: tx, over: make(chan struct{})}
	inv.req.To().Params.Add("tag", rand.Text())
	if !tx.OnCancel(func(*sip.Request) {
		inv.cancelled.Store(true)
		if inv.state.CompareAndSwap(ringing, decided) {
			close(inv.over)
		}
	}) {
		return
	}
	if !p.offer(inv) {
		_ = inv.Refuse(sip.StatusBusyHere)
	}
	select {
	case <-inv.over:
	case <-tx.Done():
		if inv.state.CompareAndSwap(ringing, decided) {
			close(inv.over)
		}
	case <-p.ctx.Done():
		_ = inv.Refuse(sip.StatusTemporarilyUnavailable)
	}
	<-inv.over
	inv.settle()
}

// offer puts a call before whoever reads Incoming.
func (p *Phone) offer(inv *Invite) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	select {
	case p.incoming <- inv:
		return true
	default:
		return false
	}
}

// settle sees the decision through: the answer is repeated until it is
// acknowledged (RFC 3261, 13.3.1.4), a refusal until it is acknowledged or the
// transaction ends.
func (inv *Invite) settle() {
	if inv.call == nil {
		select {
		case <-inv.tx.Acks():
		case <-inv.tx.Done():
		case <-inv.phone.ctx.Done():
		case <-time.After(sip.T1):
		}
		return
	}
	c := inv.call
	for wait, total := sip.T1, time.Duration(0); total < 64*sip.T1; wait = min(2*wait, sip.T2) {
		select {
		case <-c.confirmed:
			return
		case <-c.done:
			return
		case <-time.After(wait):
		}
		total += wait
		if err := inv.tx.Respond(inv.ok(c.sdp)); err != nil {
			inv.phone.log.Warn("repeat the answer", "error", err)
		}
	}
	inv.phone.log.Warn("the answer was never acknowledged; hanging up")
	_ = c.Hangup()
}

// From is who calls: the user part of From, "anonymous" if withheld.
func (inv *Invite) From() string { return userOf(inv.req.From().Address) }

// To is who is called: the user part of the request's address.
func (inv *Invite) To() string { return userOf(inv.req.Recipient) }

// CallID is the SIP Call-ID.
func (inv *Invite) CallID() string { return inv.req.CallID().Value() }

// Done is closed when the call is not ringing any more: answered, refused, or
// given up by the caller.
func (inv *Invite) Done() <-chan struct{} { return inv.over }

// Ring tells the caller that it rings here (180).
func (inv *Invite) Ring() error {
	if inv.state.Load() != ringing {
		return ErrGone
	}
	res := sip.NewResponseFromRequest(inv.req, sip.StatusRinging, Reason(sip.StatusRinging), nil)
	res.AppendHeader(inv.phone.contact())
	if err := inv.tx.Respond(res); err != nil {
		return fmt.Errorf("say that it rings: %w", err)
	}
	return nil
}

// Asserted is who calls as the network vouches for it: the user part of
// P-Asserted-Identity (RFC 3325), "" if there is none.
func (inv *Invite) Asserted() string {
	h := inv.req.GetHeader("P-Asserted-Identity")
	if h == nil {
		return ""
	}
	var uri sip.Uri
	address := h.Value()
	if _, in, ok := strings.Cut(address, "<"); ok {
		address, _, _ = strings.Cut(in, ">")
	}
	if sip.ParseUri(address, &uri) != nil {
		return address
	}
	return userOf(uri)
}

// Refuse declines the call: 486 busy, 480 not available, 404 unknown, 503, 603
// and so on.
func (inv *Invite) Refuse(status int) error { return inv.RefuseFor(status, 0) }

// RefuseFor is Refuse with the cause of Q.850 that is behind it, as a carrier tells it
// (RFC 3326); 0 tells none.
func (inv *Invite) RefuseFor(status, cause int) error {
	if status < 300 || status > 699 {
		return fmt.Errorf("a call is refused with a status from 300 to 699, not %d", status)
	}
	if !inv.state.CompareAndSwap(ringing, decided) {
		return ErrGone
	}
	defer close(inv.over)
	res := sip.NewResponseFromRequest(inv.req, status, Reason(status), nil)
	if cause != 0 {
		res.AppendHeader(sip.NewHeader("Reason", fmt.Sprintf("Q.850;cause=%d", cause)))
	}
	if err := inv.tx.Respond(res); err != nil {
		return fmt.Errorf("refuse the call: %w", err)
	}
	return nil
}

// ok is the answer.
func (inv *Invite) ok(sdp []byte) *sip.Response {
	res := sip.NewSDPResponseFromRequest(inv.req, sdp)
	res.AppendHeader(inv.phone.contact())
	return res
}

// Answer takes the call. It fails with [ErrGone] if the caller has given up.
func (inv *Invite) Answer() (*Call, error) {
	p := inv.phone
	done, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer done()
	if !inv.state.CompareAndSwap(ringing, decided) {
		return nil, ErrGone
	}
	defer close(inv.over)
	offer, err := parseSDP(inv.req.Body())
	if err != nil {
		p.reply(inv.req, inv.tx, sip.StatusNotAcceptableHere)
		return nil, fmt.Errorf("answer the call: %w", err)
	}
	m, err := newMedia(p)
	if err != nil {
		p.reply(inv.req, inv.tx, sip.StatusInternalServerError)
		return nil, err
	}
	c := newCall(p, inv.dialog(), m, writeSDP(m.announced(p), offer.events))
	if err := p.add(c); err != nil {
		m.close()
		p.reply(inv.req, inv.tx, sip.StatusTemporarilyUnavailable)
		return nil, err
	}
	err = inv.tx.Respond(inv.ok(c.sdp))
	// A CANCEL that came before the answer was sent has ended the transaction;
	// sipgo may then swallow the answer without an error.
	if inv.cancelled.Load() {
		err = ErrGone
	}
	if err != nil {
		p.remove(c)
		m.close()
		return nil, fmt.Errorf("answer the call: %w", err)
	}
	inv.call = c
	c.begin(offer)
	return c, nil
}

// dialog is the dialogue that an answer to the Invite makes.
func (inv *Invite) dialog() *dialog {
	from, to := inv.req.From(), inv.req.To()
	d := &dialog{
		callID: inv.CallID(),
		local:  party{name: to.DisplayName, uri: to.Address},
		remote: party{name: from.DisplayName, uri: from.Address},
		target: inv.req.Contact().Address,
		route:  routeOf(inv.req, false),
	}
	d.local.tag, _ = to.Params.Get("tag")
	d.remote.tag, _ = from.Params.Get("tag")
	return d
}
