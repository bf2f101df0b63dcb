package sip

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// A dialog is what both sides of a call agreed to call it (RFC 3261, 12).
type dialog struct {
	callID        string
	local, remote party
	target        sip.Uri   // where requests go: the other side's Contact
	route         []sip.Uri // by way of these
	seq           atomic.Uint32
}

// A party is one side: its address and its tag.
type party struct {
	name string // display name, mostly empty
	uri  sip.Uri
	tag  string
}

// key names the dialogue as sip.DialogIDFromRequestUAS does for a request that
// the other side sends: To is ours, From is theirs.
func (d *dialog) key() string { return sip.DialogIDMake(d.callID, d.local.tag, d.remote.tag) }

// request makes a request of this dialogue with the next number. ACK takes the
// number of the INVITE that it belongs to.
func (p *Phone) request(d *dialog, method sip.RequestMethod, seq uint32) *sip.Request {
	req := sip.NewRequest(method, *d.target.Clone())
	from := sip.FromHeader{DisplayName: d.local.name, Address: *d.local.uri.Clone()}
	from.Params.Add("tag", d.local.tag)
	to := sip.ToHeader{DisplayName: d.remote.name, Address: *d.remote.uri.Clone()}
	if d.remote.tag != "" {
		to.Params.Add("tag", d.remote.tag)
	}
	callID := sip.CallIDHeader(d.callID)
	hops := sip.MaxForwardsHeader(70)
	req.AppendHeader(&from)
	req.AppendHeader(&to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	req.AppendHeader(&hops)
	req.AppendHeader(p.contact())
	for _, uri := range d.route {
		req.AppendHeader(&sip.RouteHeader{Address: *uri.Clone()})
	}
	req.SetTransport("UDP")
	p.fromOurSocket(req)
	req.SetBody(nil)
	return req
}

// fromOurSocket makes sipgo send a request from the phone's own address.
func (p *Phone) fromOurSocket(req *sip.Request) {
	req.Laddr = sip.Addr{IP: p.addr.Addr().AsSlice(), Port: int(p.addr.Port())}
}

func (p *Phone) contact() *sip.ContactHeader {
	return &sip.ContactHeader{Address: p.uri(p.cfg.User)}
}

func (p *Phone) uri(user string) sip.Uri {
	return sip.Uri{Scheme: "sip", User: user, Host: p.addr.Addr().String(), Port: int(p.addr.Port())}
}

// routeOf reads the way that requests of a dialogue take from the Record-Route
// headers of the message that made it.
func routeOf(msg sip.Message, reversed bool) []sip.Uri {
	var route []sip.Uri
	for _, h := range msg.GetHeaders("Record-Route") {
		var uri sip.Uri
		text := strings.TrimSpace(h.Value())
		text = strings.TrimPrefix(text, "<")
		text, _, _ = strings.Cut(text, ">")
		if err := sip.ParseUri(text, &uri); err != nil {
			continue
		}
		if reversed {
			route = append([]sip.Uri{uri}, route...)
		} else {
			route = append(route, uri)
		}
	}
	return route
}

// ask sends a request and waits for its final answer.
func (p *Phone) ask(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	res, err := p.client.Do(ctx, req, func(c *sipgo.Client, req *sip.Request) error {
		if req.Via() != nil {
			return nil // a CANCEL goes the way of its INVITE
		}
		return sipgo.ClientRequestAddVia(c, req)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.Method, err)
	}
	return res, nil
}

// reply answers a request with a status alone.
func (p *Phone) reply(req *sip.Request, tx sip.ServerTransaction, status int) {
	if err := tx.Respond(sip.NewResponseFromRequest(req, status, Reason(status), nil)); err != nil {
		p.log.Warn("answer a request", "method", req.Method, "status", status, "error", err)
	}
}

// onOptions answers the question "are you there?", by which an exchange watches
// its phones.
func (p *Phone) onOptions(req *sip.Request, tx sip.ServerTransaction) {
	res := sip.NewResponseFromRequest(req, sip.StatusOK, Reason(sip.StatusOK), nil)
	res.AppendHeader(sip.NewHeader("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"))
	res.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	if err := tx.Respond(res); err != nil {
		p.log.Warn("answer OPTIONS", "error", err)
	}
}

// onBye ends the call that the other side hung up.
func (p *Phone) onBye(req *sip.Request, tx sip.ServerTransaction) {
	// A phone that closes because its call has ended stays until the other side
	// has its answer.
	if leave, err := p.enter(); err == nil {
		defer leave()
	}
	c := p.find(req)
	if c == nil {
		p.reply(req, tx, sip.StatusCallTransactionDoesNotExists)
		return
	}
	cause := "hung up"
	if h := req.GetHeader("Reason"); h != nil {
		cause = h.Value()
	}
	// Ended before the answer is sent, lest we hang up a call that the other side
	// knows to be over.
	if c.finish(false, cause) {
		p.remove(c)
	}
	p.reply(req, tx, sip.StatusOK)
}

// onAck tells the call that its answer arrived.
func (p *Phone) onAck(req *sip.Request, _ sip.ServerTransaction) {
	if c := p.find(req); c != nil {
		c.confirm()
	}
}

// onReinvite answers an INVITE within a call with the media that it has, sent to
// where the other side wants it now.
func (p *Phone) onReinvite(req *sip.Request, tx sip.ServerTransaction) {
	c := p.find(req)
	if c == nil {
		p.reply(req, tx, sip.StatusCallTransactionDoesNotExists)
		return
	}
	if body := req.Body(); len(body) > 0 {
		offer, err := parseSDP(body)
		if err != nil {
			p.reply(req, tx, sip.StatusNotAcceptableHere)
			return
		}
		c.media.send.redirect(offer)
	}
	res := sip.NewSDPResponseFromRequest(req, c.sdp)
	res.AppendHeader(p.contact())
	if err := tx.Respond(res); err != nil {
		p.log.Warn("answer a re-INVITE", "error", err)
	}
}
