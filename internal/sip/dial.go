package sip

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Anonymous as the from of Dial withholds the caller's number.
const Anonymous = "anonymous"

// Dial calls a SIP address (sip:800000000@127.0.0.1:5060) as the given number,
// or with the number withheld (RFC 3323) if that is [Anonymous]; an empty from
// is the phone's own user. It returns when the call is answered. A call that the
// other side declines is a *[Refused]. When ctx ends first the call is cancelled
// and the context's error returned, wrapped.
func (p *Phone) Dial(ctx context.Context, to, from string) (*Call, error) {
	done, err := p.enter()
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(ErrClosed) })()

	var target sip.Uri
	if err := sip.ParseUri(to, &target); err != nil || target.Host == "" {
		return nil, errors.New("the address to call must look like sip:800000000@127.0.0.1:5060")
	}
	m, err := newMedia(p)
	if err != nil {
		return nil, err
	}
	d := &dialog{
		callID: rand.Text(),
		local:  p.caller(from),
		remote: party{uri: sip.Uri{Scheme: "sip", User: target.User, Host: target.Host, Port: target.Port}},
		target: target,
	}
	c := newCall(p, d, m, writeSDP(m.announced(p), payloadEvent))
	if err := p.invite(ctx, c); err != nil {
		m.close()
		return nil, err
	}
	return c, nil
}

// caller is who the phone says it is.
func (p *Phone) caller(from string) party {
	tag := rand.Text()
	if from == Anonymous {
		return party{
			name: "Anonymous", tag: tag,
			uri: sip.Uri{Scheme: "sip", User: Anonymous, Host: "anonymous.invalid"},
		}
	}
	if from == "" {
		from = p.cfg.User
	}
	return party{uri: p.uri(from), tag: tag}
}

// invite sends the INVITE of a new call and follows it to its answer.
func (p *Phone) invite(ctx context.Context, c *Call) error {
	c.dialog.seq.Store(1)
	req := p.request(c.dialog, sip.INVITE, 1)
	contentType := sip.ContentTypeHeader("application/sdp")
	req.AppendHeader(&contentType)
	if c.dialog.local.uri.User == Anonymous {
		req.AppendHeader(sip.NewHeader("Privacy", "id"))
	}
	req.SetBody(c.sdp)
	tx, err := p.client.TransactionRequest(ctx, req, sipgo.ClientRequestAddVia)
	if err != nil {
		return fmt.Errorf("send the call: %w", err)
	}
	asked := false
	for {
		res, err := p.final(ctx, req, tx)
		if err != nil {
			tx.Terminate()
			return err
		}
		challenged := res.StatusCode == sip.StatusUnauthorized || res.StatusCode == sip.StatusProxyAuthRequired
		if challenged && p.cfg.Password != "" && !asked {
			asked = true
			tx.Terminate()
			tx, err = p.client.TransactionDigestAuth(ctx, req, res, p.credentials())
			if err != nil {
				return fmt.Errorf("answer the exchange's challenge: %w", err)
			}
			c.dialog.seq.Store(req.CSeq().SeqNo)
			continue
		}
		if !res.IsSuccess() {
			tx.Terminate()
			return &Refused{Status: res.StatusCode, Reason: res.Reason, Cause: causeOf(res)}
		}
		return p.established(ctx, c, tx, res)
	}
}

func (p *Phone) credentials() sipgo.DigestAuth {
	return sipgo.DigestAuth{Username: p.cfg.User, Password: p.cfg.Password}
}

// final waits for the final answer to an INVITE. If ctx ends before, the INVITE
// is cancelled; an answer that crosses the CANCEL is returned all the same, for
// a call that is up must be hung up.
func (p *Phone) final(ctx context.Context, req *sip.Request, tx sip.ClientTransaction) (*sip.Response, error) {
	provisional := false
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
			provisional = true
		case <-tx.Done():
			return nil, fmt.Errorf("the call came to nothing: %w", errors.Join(tx.Err(), errNoAnswer))
		case <-ctx.Done():
			return p.cancelled(ctx, req, tx, provisional)
		}
	}
}

var errNoAnswer = errors.New("no answer from the other side; is it listening there?")

// cancelled gives up an INVITE. A CANCEL may only follow a provisional answer
// (RFC 3261, 9.1).
func (p *Phone) cancelled(ctx context.Context, req *sip.Request, tx sip.ClientTransaction, provisional bool) (*sip.Response, error) {
	given := fmt.Errorf("the call was given up before an answer: %w", context.Cause(ctx))
	limit, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	for sent := false; ; {
		if provisional && !sent {
			sent = true
			if _, err := p.ask(limit, cancelRequest(p, req)); err != nil {
				p.log.Warn("cancel a call", "error", err)
			}
		}
		select {
		case res := <-tx.Responses():
			if res.IsSuccess() {
				return res, nil
			}
			if !res.IsProvisional() {
				return nil, given
			}
			provisional = true
		case <-tx.Done():
			return nil, given
		case <-limit.Done():
			return nil, given
		}
	}
}

// cancelRequest makes the CANCEL of an INVITE: the same but for the method, in
// the same transaction branch.
func cancelRequest(p *Phone, invite *sip.Request) *sip.Request {
	req := sip.NewRequest(sip.CANCEL, *invite.Recipient.Clone())
	for _, name := range []string{"Via", "From", "To", "Call-ID", "Max-Forwards", "Route"} {
		sip.CopyHeaders(name, invite, req)
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	req.SetTransport("UDP")
	p.fromOurSocket(req)
	req.SetBody(nil)
	return req
}

// established acknowledges the answer and begins the conversation; if the caller
// has given up meanwhile it is ended at once.
func (p *Phone) established(ctx context.Context, c *Call, tx sip.ClientTransaction, res *sip.Response) error {
	d := c.dialog
	d.remote.tag, _ = res.To().Params.Get("tag")
	d.route = routeOf(res, true)
	if contact := res.Contact(); contact != nil {
		d.target = contact.Address
	}
	c.tx = tx
	seq := d.seq.Load()
	ack := func() error {
		// A new request each time: sipgo writes into the one that it sends.
		if err := p.client.WriteRequest(p.request(d, sip.ACK, seq), sipgo.ClientRequestAddVia); err != nil {
			return fmt.Errorf("acknowledge the answer: %w", err)
		}
		return nil
	}
	tx.OnRetransmission(func(*sip.Response) {
		if done, err := p.enter(); err == nil {
			defer done()
			_ = ack()
		}
	})
	c.confirm()
	err := ack()
	var answer description
	if err == nil {
		answer, err = parseSDP(res.Body())
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = p.add(c)
	}
	if err != nil {
		_ = c.bye()
		tx.Terminate()
		return fmt.Errorf("the call was answered and hung up again: %w", err)
	}
	c.begin(answer)
	return nil
}

// userOf returns the user part of a From or To address, "" if there is none.
func userOf(uri sip.Uri) string { return strings.TrimSpace(uri.User) }
