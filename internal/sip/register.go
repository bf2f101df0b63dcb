package sip

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

const (
	registrationAsked = 120 * time.Second // how long a registration is asked to last
	registrationRetry = 2 * time.Second   // after a failed renewal
)

// registration is the phone's standing with its exchange.
type registration struct {
	mu     sync.Mutex // one REGISTER at a time
	callID string
	tag    string
	seq    uint32
	active bool // registered once; renewed until Close
}

// Register makes the phone known to its registrar, with digest authentication if
// asked, and keeps it so until Close. A registrar that declines is a *[Refused].
func (p *Phone) Register(ctx context.Context) error {
	if p.cfg.Registrar == "" {
		return errors.New("the phone has no registrar: set Config.Registrar to host:port of the exchange")
	}
	done, err := p.enter()
	if err != nil {
		return err
	}
	defer done()
	granted, err := p.register(ctx, registrationAsked)
	if err != nil {
		return err
	}
	r := &p.registration
	r.mu.Lock()
	first := !r.active
	r.active = true
	r.mu.Unlock()
	if !first {
		return nil
	}
	stop, err := p.enter()
	if err != nil {
		return err
	}
	go func() {
		defer stop()
		p.renew(granted)
	}()
	return nil
}

// renew registers again at half of the granted time, until the phone closes.
func (p *Phone) renew(granted time.Duration) {
	next := time.NewTimer(granted / 2)
	defer next.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-next.C:
		}
		granted, err := p.register(p.ctx, registrationAsked)
		if err != nil {
			p.log.Warn("renew the registration", "error", err)
			next.Reset(registrationRetry)
			continue
		}
		next.Reset(granted / 2)
	}
}

// unregister tells the registrar at Close that the phone is gone.
func (p *Phone) unregister() {
	p.registration.mu.Lock()
	active := p.registration.active
	p.registration.mu.Unlock()
	if !active {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := p.register(ctx, 0); err != nil {
		p.log.Warn("unregister", "error", err)
	}
}

// register sends one REGISTER and returns for how long it holds.
func (p *Phone) register(ctx context.Context, expires time.Duration) (time.Duration, error) {
	r := &p.registration
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.callID == "" {
		r.callID, r.tag = rand.Text(), rand.Text()
	}
	var registrar sip.Uri
	if err := sip.ParseUri("sip:"+p.cfg.Registrar, &registrar); err != nil {
		return 0, fmt.Errorf("the registrar %q must be host:port: %w", p.cfg.Registrar, err)
	}
	aor := sip.Uri{Scheme: "sip", User: p.cfg.User, Host: registrar.Host, Port: registrar.Port}
	d := &dialog{callID: r.callID, local: party{uri: aor, tag: r.tag}, remote: party{uri: aor}, target: registrar}
	r.seq++
	req := p.request(d, sip.REGISTER, r.seq)
	lasting := sip.ExpiresHeader(expires / time.Second)
	req.AppendHeader(&lasting)
	res, err := p.client.Do(ctx, req, sipgo.ClientRequestAddVia)
	if err != nil {
		return 0, fmt.Errorf("register with the exchange: %w", err)
	}
	if res.StatusCode == sip.StatusUnauthorized && p.cfg.Password != "" {
		r.seq++ // DoDigestAuth sends the request again with the next number
		if res, err = p.client.DoDigestAuth(ctx, req, res, p.credentials()); err != nil {
			return 0, fmt.Errorf("register with the exchange: %w", err)
		}
	}
	if !res.IsSuccess() {
		return 0, fmt.Errorf("register with the exchange (are user and password right?): %w",
			&Refused{Status: res.StatusCode, Reason: res.Reason})
	}
	return holds(res, expires), nil
}

// holds reads for how long a registration holds; at least ten seconds, so that a
// strange answer makes no storm.
func holds(res *sip.Response, asked time.Duration) time.Duration {
	text := ""
	if h := res.GetHeader("Expires"); h != nil {
		text = h.Value()
	}
	if contact := res.Contact(); contact != nil {
		if v, ok := contact.Params.Get("expires"); ok {
			text = v
		}
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		asked = time.Duration(seconds) * time.Second
	}
	return max(asked, 10*time.Second)
}
