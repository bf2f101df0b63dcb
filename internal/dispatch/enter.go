package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Entry is a caller on the line who wants a person.
type Entry struct {
	Tenant string
	Key    string // names the request; asked again under it, the answer is the same
	Call   string // the caller's call
	// Ticket is the promised call whose place the caller takes up again; empty:
	// the one of this number or citizen, if there is one, or else a new place.
	Ticket   string
	Purpose  queue.Purpose
	Class    queue.Class
	Phone    phone.Number // the number that calls; withheld when it is not known or may not be dialled
	Citizen  string
	Keyed    string
	Language string
	NoKeys   bool
	At       time.Time
}

// channelPhone is the channel of whoever calls.
const channelPhone = "phone"

// Enter puts a caller into the queue. A call that is there already keeps its
// ticket; one that we placed for a ticket that needs an agent waits with that
// ticket, and with the agent reserved for it.
//
// A caller to whom a call is promised, as this number or, once identified, as
// this citizen, gets no second place: the one that there is goes on on this line,
// and a call of ours that is under way at that moment is ended once this is on
// disk. So one live leg remains at any instant, and the place is kept. Whom we
// could not reach, and who calls us back within the day, has it too.
func (s *Tickets) Enter(ctx context.Context, e Entry) (queue.Ticket, error) {
	o, err := s.office(e.Tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	o.comesBack(e.Call)
	missed, err := o.missedTicket(ctx, e)
	if err != nil {
		return queue.Ticket{}, err
	}
	id := s.opts.NewID()
	var legs []string
	kept, err := o.change(ctx, e.Key, func(b *board) (Change, error) {
		t, c, err := e.place(o, b, missed, id)
		id, legs = t.ID, b.otherLegs(e, t)
		return c, err
	})
	if err != nil {
		return queue.Ticket{}, err
	}
	s.end(ctx, legs)
	return o.now(ctx, kept, id)
}

// missedTicket looks up the ticket of a number that was called in vain, so that the
// board has it; "" if there is none.
func (o *office) missedTicket(ctx context.Context, e Entry) (id string, err error) {
	o.mu.Lock()
	t, ok := o.mind.missedCall(e.Phone, e.At)
	o.mu.Unlock()
	if !ok {
		return "", nil
	}
	if _, err = o.find(ctx, t.ID); errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return t.ID, err
}

// end has calls of ours ended whose citizen is on the line in another one.
func (s *Tickets) end(ctx context.Context, legs []string) {
	for _, call := range legs {
		s.calls.Cancel(ctx, call)
	}
}

// place is the ticket with which a caller waits, and what changes for it.
func (e Entry) place(o *office, b *board, missed, fresh string) (queue.Ticket, Change, error) {
	if t, ok := b.OnCall(e.Call, queue.Waiting); ok {
		return t, Change{}, nil
	}
	var c Change
	if t, ok := b.OnCall(e.Call, queue.Dialling); ok && t.NeedsAgent {
		t, err := t.Wait(e.At)
		c.Tickets = []queue.Ticket{t}
		return t, c, err
	}
	t, found := e.promised(b, missed)
	var err error
	if found {
		t, err = e.again(o, b, t)
		t, c.Agents = b.freshReserved(t, e.At)
	} else {
		t, err = queue.Ticket{
			ID: fresh, Tenant: e.Tenant, Queue: o.cfg.Queue, Purpose: e.Purpose, Class: e.Class, Phone: e.Phone, Citizen: e.Citizen,
			Keyed: e.Keyed, Language: o.spoken(b, e.Language), NoKeys: e.NoKeys, Channel: channelPhone, Call: e.Call, Node: o.cfg.Node,
		}.Enter(e.At)
	}
	c.Tickets = append([]queue.Ticket{t}, o.givenUpFor(b, e)...)
	return t, c, err
}

// promised finds the open request that a caller takes up again: the one that the
// call names, or that of the citizen, or that of the number, be it that we have
// given up calling there. Two who wait on the line with one number are two people,
// unless they are one citizen.
func (e Entry) promised(b *board, missed string) (queue.Ticket, bool) {
	if t, ok := b.Ticket(e.Ticket); ok && t.NeedsAgent && toBeCalled(t) {
		return t, true
	}
	for _, t := range b.ByCitizen(e.Citizen) {
		if t.NeedsAgent && t.Citizen == e.Citizen && (toBeCalled(t) || t.State == queue.Waiting) {
			return t, true
		}
	}
	for _, t := range b.ByPhone(e.Phone) {
		if t.NeedsAgent && toBeCalled(t) {
			return t, true
		}
	}
	if t, ok := b.Ticket(missed); ok && t.State == queue.Exhausted {
		t, err := t.Refund(e.At, len(t.Attempts)) // a call that is returned was not missed: see queue.CapSpan
		return t, err == nil && toBeCalled(t)
	}
	return queue.Ticket{}, false
}

// toBeCalled tells whether a call to the citizen is still to be made, or is
// being made.
func toBeCalled(t queue.Ticket) bool {
	return t.State == queue.Pending || t.State == queue.Due || t.State == queue.Dialling
}

// again is the open request of a caller who calls again.
func (e Entry) again(o *office, b *board, t queue.Ticket) (queue.Ticket, error) {
	t, err := t.Rejoin(e.At, e.Call, o.cfg.Node)
	if err != nil {
		return t, err
	}
	if e.Purpose != t.Purpose || (e.Citizen != "" && e.Citizen != t.Citizen) {
		if t, err = t.Join(e.At, queue.Request{Purpose: e.Purpose, Channel: channelPhone, At: e.At, Citizen: e.Citizen}); err != nil {
			return t, err
		}
	}
	if t.Language == "" {
		t.Language = o.spoken(b, e.Language)
	}
	if t.Phone.Withheld() {
		t.Phone = e.Phone
	}
	t = t.Press(e.Class)
	t.NoKeys = t.NoKeys || e.NoKeys
	return t, nil
}

// spoken is a language, if anybody of the team speaks it: an agent whom there is
// not at all would be waited for for ever, and another one is better than nobody.
// While those who speak it are not there, the outlook says nothing of the wait and
// a callback is offered.
func (o *office) spoken(b *board, language string) string {
	team := o.employed(b)
	if language == o.cfg.Language || len(team) == 0 || slices.ContainsFunc(team, func(a agent.Agent) bool { return a.Serves(language) }) {
		return language
	}
	return ""
}

// freshReserved keeps the agent of a ticket whose citizen is on another line now:
// a telephone that rings for the old one will ring again for this one.
func (b *board) freshReserved(t queue.Ticket, at time.Time) (queue.Ticket, []agent.Agent) {
	a, ok := b.Agent(t.Agent)
	if !ok || a.Ticket != t.ID || a.State == agent.Reserved {
		return t, nil
	}
	a, err := a.Release(at, t.ID)
	if err != nil {
		return t, nil // the planner mends it
	}
	again, err := a.Reserve(at, t.ID)
	if err != nil {
		t.Agent = "" // wanted a pause, and has it
		return t, []agent.Agent{a}
	}
	return t, []agent.Agent{again}
}

// givenUpFor ends the attempts of calls without an agent that are under way to
// the number that calls: nobody could answer them. They are made again later.
func (o *office) givenUpFor(b *board, e Entry) (ended []queue.Ticket) {
	for _, t := range b.ByPhone(e.Phone) {
		if t.State != queue.Dialling || t.NeedsAgent || t.Call == e.Call {
			continue
		}
		t, err := t.AttemptEnded(e.At, len(t.Attempts), queue.Result{Outcome: queue.Superseded}, o.cfg.Judge(t, nil))
		if err == nil {
			ended = append(ended, t)
		}
	}
	return ended
}

// otherLegs are the calls that are to be ended now that the caller waits with t.
func (b *board) otherLegs(e Entry, t queue.Ticket) (legs []string) {
	rivals := b.ByPhone(e.Phone)
	if old, ok := b.Ticket(t.ID); ok {
		rivals = append(rivals, old)
		if old.State == queue.Waiting && old.Call != e.Call {
			legs = append(legs, old.Call)
		}
	}
	for _, r := range rivals {
		switch n := len(r.Attempts); {
		case n == 0 || r.Attempts[n-1].Call == e.Call:
		case r.State == queue.Dialling && (r.ID == t.ID || !r.NeedsAgent), r.Attempts[n-1].Outcome == queue.Superseded:
			legs = append(legs, r.Attempts[n-1].Call)
		}
	}
	slices.Sort(legs)
	return slices.Compact(legs)
}

// Left is a caller who hung up before anybody answered. Who was promised a call
// before calling again will still be called. call is the line that is gone: a
// caller who waits on another one meanwhile has not left.
func (s *Tickets) Left(ctx context.Context, tenant, id, call string, at time.Time) error {
	return s.step(ctx, tenant, id, func(b *board, t queue.Ticket) (Change, error) {
		if t.State != queue.Waiting || t.Call != call {
			return Change{}, nil
		}
		gone, err := t.Leave(at)
		return Change{Tickets: []queue.Ticket{gone}, Agents: b.Without(t, at)}, err
	})
}
