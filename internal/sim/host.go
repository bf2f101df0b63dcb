package sim

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"richiamo/internal/call"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// tenant is the one authority of a world, and node its exchange.
const (
	tenant = "example"
	node   = Node
)

// Node is the name of the exchange of every world.
const Node = "exchange"

var errNotOurs = errors.New("sim: nobody is called there")

// Receive implements call.Host: an inbound call gets the inbound conversation.
func (p *process) Receive(c call.Channel) (call.Reception, error) {
	if len(c.Args) != 3 || c.Args[0] != "in" {
		return call.Reception{}, errNotOurs
	}
	begin := flow.Begin{Setup: p.w.setup}
	if n, err := phone.Parse(c.Args[1]); err == nil && n.Dialable() == nil {
		begin.Caller, begin.Open = n.Reveal(), p.open(n)
		p.tickets.Arrives(tenant, n, c.ID)
	}
	return reception(flow.ScriptInbound, begin)
}

// open is the call that the number that calls is promised, if there is one.
func (p *process) open(n phone.Number) *flow.Open {
	k, ok := p.tickets.Known(tenant, n, p.w.clock.Now())
	if !ok || k.Purpose == queue.NotEligible || k.Purpose == queue.TrunkCheck {
		return nil
	}
	open := flow.Open(k)
	return &open
}

func reception(script string, begin flow.Begin) (call.Reception, error) {
	raw, err := json.Marshal(begin)
	return call.Reception{Tenant: tenant, Language: "it", Script: script, Begin: raw}, err
}

// Voice implements call.Host.
func (p *process) Voice(string) call.Voice { return p.w.voice }

// outbound is the call of a claimed ticket.
func (p *process) outbound(t queue.Ticket) (call.Outbound, error) {
	attempt := t.Attempts[len(t.Attempts)-1]
	begin := flow.Begin{
		Setup: p.w.setup, Ticket: t.ID, Attempt: attempt.N, Number: t.Phone.Reveal(),
		Word: t.Word, Agent: t.Agent, NoKeys: t.NoKeys, Dropped: t.Purpose == queue.Interrupted,
		From: t.From, To: t.To, Slot: t.Slot,
	}
	r, err := reception(script(t, attempt), begin)
	return call.Outbound{Reception: r, ID: attempt.Call, Ticket: t.ID, Token: t.Token, Number: begin.Number, Shown: p.w.setup.ServicePhone}, err
}

// script is the conversation that an attempt begins with.
func script(t queue.Ticket, attempt queue.Attempt) string {
	switch {
	case attempt.Kind == queue.Notice:
		return flow.ScriptLate
	case t.Purpose == queue.TrunkCheck:
		return flow.ScriptCheck
	case t.Purpose == queue.Verification:
		return flow.ScriptVerify
	}
	return flow.ScriptReturn
}

// telephone is dispatch.Calls.
type telephone struct{ *process }

// Turn implements dispatch.Calls.
func (p telephone) Turn(_ context.Context, _, callID, _, agent string) error {
	return over(p.runner.Turn(callID, agent))
}

// Place implements dispatch.Calls.
func (p telephone) Place(ctx context.Context, t queue.Ticket) error {
	if !p.connected {
		return errAway
	}
	o, err := p.outbound(t)
	if err != nil {
		return err
	}
	return p.runner.Place(ctx, o)
}

// Cancel implements dispatch.Calls.
func (p telephone) Cancel(_ context.Context, callID string) { p.runner.Cancel(callID) }

// Close implements dispatch.Calls.
func (p telephone) Close(_ context.Context, callID string) error { return over(p.runner.Close(callID)) }

// Live implements dispatch.Calls.
func (p telephone) Live(callID string) bool { return p.runner.Live(callID) }

func over(err error) error {
	if errors.Is(err, call.ErrNotFound) {
		return dispatch.ErrNotFound
	}
	return err
}

// recordings is desk.Recordings: what is spoken is kept by being named.
type recordings struct{}

// Keep implements desk.Recordings.
func (recordings) Keep(context.Context, string, string) error { return nil }

// DemoSetup is how the authority of the demonstration speaks.
func DemoSetup() flow.Setup {
	return flow.Setup{
		Authority: "tenant.authority.demo", Service: "tenant.service.demo", Campaign: "tenant.campaign.demo",
		Eligible: "tenant.eligible.demo", Hours: "tenant.hours.demo", ServicePhone: "800000000", CardDigits: 5,
		Ring: 45 * time.Second, RingMobile: 30 * time.Second, RingAgent: 15 * time.Second,
	}
}
