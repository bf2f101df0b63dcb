package desk

import (
	"context"
	"errors"

	"richiamo/internal/call"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/queue"
)

// callback promises a call. Somebody who withheld the number and never pressed
// a key has left a recording: a person makes something of it. What can't be kept
// is not promised, and the answer says so.
func (v visit) callback(ctx context.Context, r flow.Callback) (flow.Promise, error) {
	who := v.whois(r.Citizen)
	asked := dispatch.Asked{
		Tenant: v.tenant, Key: v.Key, Ticket: r.Ticket, Purpose: r.Purpose,
		Citizen: r.Citizen, Keyed: r.Keyed, NoKeys: r.Purpose == queue.NoKeys, At: v.Now,
		Language: who.Language, Class: v.Class(who), Slot: r.Slot, Whenever: r.Whenever,
		WhenTheirTurn: r.Purpose == queue.NotEligible,
	}
	if r.Recording != 0 {
		asked.Recording = call.RecordingName(v.Call, r.Recording)
		if err := v.cfg.Recordings.Keep(ctx, v.tenant, asked.Recording); err != nil {
			return flow.Promise{}, err // what was said must not be promised and lost
		}
	}
	if r.Phone != "" || asked.Recording == "" {
		n, err := dialable(r.Phone)
		if err != nil {
			return flow.Promise{}, err
		}
		asked.Phone = n
	}
	t, err := v.cfg.Tickets.Promise(ctx, asked)
	return v.promise(ctx, t, err)
}

// promise is what a conversation is told of a promised call.
func (v visit) promise(ctx context.Context, t queue.Ticket, err error) (flow.Promise, error) {
	if errors.Is(err, dispatch.ErrMany) {
		return flow.Promise{Many: true}, nil
	}
	refused := flow.Promise{Taken: errors.Is(err, dispatch.ErrSlotFull), Full: errors.Is(err, dispatch.ErrFull)}
	if refused.Taken || refused.Full {
		next, err := v.cfg.Tickets.HalfDays(ctx, v.tenant, v.Now, 0, 1)
		if err == nil && len(next) > 0 {
			refused.Slot = next[0]
		}
		return refused, err
	}
	if err != nil {
		return flow.Promise{}, err
	}
	return flow.Promise{Ticket: t.ID, Word: t.Word, From: t.From, To: t.To, Slot: t.Slot}, nil
}

// halfDaysAtOnce is how many half-days are told in one breath.
const halfDaysAtOnce = 3

// halfDays tells in which half-days a call can still be promised.
func (v visit) halfDays(ctx context.Context, r flow.HalfDays) (flow.HalfDayList, error) {
	list, err := v.cfg.Tickets.HalfDays(ctx, v.tenant, v.Now, max(r.Skip, 0), halfDaysAtOnce)
	return flow.HalfDayList{HalfDays: list}, err
}

// change gives a promised call another half-day or number. Conversations ask for
// it only after the second datum, where the call belongs to an identified citizen.
func (v visit) change(ctx context.Context, r flow.Change) (flow.Promise, error) {
	n, err := dialableIfAny(r.Phone)
	if err != nil {
		return flow.Promise{}, err
	}
	t, err := v.cfg.Tickets.Change(ctx, v.tenant, v.Key, r.Ticket, r.Slot, n, v.Now)
	return v.promise(ctx, t, err)
}

// cancel ends a promised call that the citizen does not want any more. One that is
// over already needs no ending.
func (v visit) cancel(ctx context.Context, r flow.OfTicket) (flow.Empty, error) {
	_, err := v.cfg.Tickets.Cancel(ctx, v.tenant, r.Ticket, v.Now)
	if errors.Is(err, queue.ErrImpossible) || errors.Is(err, dispatch.ErrNotFound) {
		err = nil
	}
	return flow.Empty{}, err
}

// announced notes a wait that a caller was told.
func (v visit) announced(_ context.Context, r flow.Announced) (flow.Empty, error) {
	v.cfg.Tickets.Announced(v.tenant, r.Ticket, r.Minutes, v.Now)
	return flow.Empty{}, nil
}

// open is the promised call of a citizen who was identified, unless it is this
// one.
func (v visit) open(citizen string) *flow.Open {
	k, ok := v.cfg.Tickets.KnownCitizen(v.tenant, citizen, v.Now)
	if this, here := v.cfg.Tickets.OnLine(v.tenant, v.Call); !ok || (here && this.ID == k.Ticket) {
		return nil
	}
	return &flow.Open{
		Ticket: k.Ticket, Purpose: k.Purpose, From: k.From, To: k.To, Slot: k.Slot,
		Ringing: k.Ringing, Missed: k.Missed, Late: k.Late, Dropped: k.Dropped, Owned: k.Owned,
	}
}
