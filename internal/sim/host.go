package sim

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"richiamo/internal/call"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/sim/town"
	"richiamo/internal/speech"
)

// The authority that a world is about, the other one that may share its
// installation, and their exchange.
const (
	tenant    = Tenant
	neighbour = "neighbour"
	node      = Node
)

// Tenant is the authority that every world is about, and Node its exchange.
const (
	Tenant = "example"
	Node   = "exchange"
)

// The numbers at which the authorities are called.
const (
	service          = "800000000"
	neighbourService = "800000001"
)

// offices is how each authority of the world serves.
func (w *World) offices() map[string]dispatch.Config {
	all := map[string]dispatch.Config{tenant: w.serve}
	if w.Plan.Neighbour != nil {
		all[neighbour] = *w.Plan.Neighbour
	}
	return all
}

// tenants names the authorities of the world, the one that it is about first.
func (w *World) tenants() []string {
	if w.Plan.Neighbour != nil {
		return []string{tenant, neighbour}
	}
	return []string{tenant}
}

// setupOf is how an authority speaks.
func (w *World) setupOf(of string) flow.Setup {
	s := w.setup
	if of == neighbour {
		s.ServicePhone = neighbourService
	}
	return s
}

var errNotOurs = errors.New("sim: nobody is called there")

// Receive implements call.Host: an inbound call gets the inbound conversation.
func (p *process) Receive(c call.Channel) (call.Reception, error) {
	if len(c.Args) != 3 || c.Args[0] != "in" {
		return call.Reception{}, errNotOurs
	}
	of := tenant
	if c.Args[2] == neighbourService {
		of = neighbour
	}
	begin := flow.Begin{Setup: p.w.setupOf(of)}
	if n, err := phone.Parse(c.Args[1]); err == nil && n.Dialable() == nil {
		begin.Caller, begin.Open = n.Reveal(), p.open(of, n)
		p.tickets.Arrives(of, n, c.ID)
	}
	return reception(of, flow.ScriptInbound, begin)
}

// open is the call that the number that calls is promised, if there is one.
func (p *process) open(of string, n phone.Number) *flow.Open {
	k, ok := p.tickets.Known(of, n, p.w.clock.Now())
	if !ok || k.Purpose == queue.NotEligible || k.Purpose == queue.TrunkCheck {
		return nil
	}
	open := flow.Open(k)
	return &open
}

func reception(of, script string, begin flow.Begin) (call.Reception, error) {
	raw, err := json.Marshal(begin)
	return call.Reception{Tenant: of, Language: "it", Script: script, Begin: raw}, err
}

// Voice implements call.Host.
func (p *process) Voice(string) call.Voice {
	if p.w.clock.Now().Before(p.w.muteTill) {
		return mute{p.w.voice}
	}
	return p.w.voice
}

// Telephone implements call.Host: in this town agents have desk phones.
func (p *process) Telephone(_, agent string) string { return agent }

// mute is a voice that has lost its recordings.
type mute struct{ *town.Voice }

var errMute = errors.New("sim: the recordings are not there")

// Render implements call.Voice.
func (mute) Render(speech.Utterance) (speech.Rendered, error) { return speech.Rendered{}, errMute }

// outbound is the call of a claimed ticket.
func (p *process) outbound(t queue.Ticket) (call.Outbound, error) {
	attempt := t.Attempts[len(t.Attempts)-1]
	begin := flow.Begin{
		Setup: p.w.setupOf(t.Tenant), Ticket: t.ID, Attempt: attempt.N, Number: t.Phone.Reveal(),
		Word: t.Word, Agent: t.Agent, NoKeys: t.NoKeys, Dropped: t.Purpose == queue.Interrupted,
		From: t.From, To: t.To, Slot: t.Slot,
	}
	r, err := reception(t.Tenant, script(t, attempt), begin)
	return call.Outbound{Reception: r, ID: attempt.Call, Ticket: t.ID, Token: t.Token, Number: begin.Number, Shown: begin.Setup.ServicePhone}, err
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

// recordings is desk.Recordings: what is spoken is kept by being named, if nothing
// goes wrong with it.
type recordings struct{ w *World }

// DoKeep is the verb of the recordings, beside those of the stores.
const DoKeep memstore.Verb = "keep"

var errNotKept = errors.New("sim: it is not known whether the recording is kept")

// Keep implements desk.Recordings.
func (r recordings) Keep(context.Context, string, string) error {
	fault := r.w.next(DoKeep)
	if fault == memstore.Refused {
		return errNotKept
	}
	r.w.dies()
	if fault == memstore.Lost {
		return errNotKept
	}
	return nil
}

// DemoSetup is how the authority of the demonstration speaks.
func DemoSetup() flow.Setup {
	return flow.Setup{
		Authority: "tenant.authority.demo", Service: "tenant.service.demo", Campaign: "tenant.campaign.demo",
		Eligible: "tenant.eligible.demo", Hours: "tenant.hours.demo", ServicePhone: service, CardDigits: 5,
		Ring: 45 * time.Second, RingMobile: 30 * time.Second, RingAgent: 15 * time.Second,
	}
}
