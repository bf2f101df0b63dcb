package desk

import (
	"context"
	"errors"

	"richiamo/internal/call"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// enter takes a place in the queue and tells what to expect. While the store is
// away nobody can be kept in order; who can be is passed to an agent at once.
func (v visit) enter(ctx context.Context, r flow.Enter) (flow.Outlook, error) {
	caller, err := phone.Parse(r.Caller)
	if err != nil || caller.Dialable() != nil {
		caller = phone.Number{} // a place can be had without a number
	}
	t, err := v.cfg.Tickets.Enter(ctx, dispatch.Entry{
		Tenant: v.tenant, Key: v.Key, Call: v.Call, Purpose: r.Purpose, Phone: caller,
		Citizen: r.Citizen, Keyed: r.Keyed, NoKeys: r.Purpose == queue.NoKeys, At: v.Now,
	})
	if errors.Is(err, dispatch.ErrUnavailable) {
		if agentID, ok := v.cfg.Tickets.Emergency(v.tenant, v.Call); ok {
			return flow.Outlook{Agent: agentID}, nil
		}
	}
	if err != nil {
		return flow.Outlook{}, err
	}
	look, err := v.outlook(ctx, flow.OfTicket{Ticket: t.ID})
	if err != nil {
		return flow.Outlook{Ticket: t.ID}, nil // the place is kept; that nothing can be said of it is no reason to lose it
	}
	return look, nil
}

// outlook tells what a waiting caller has to expect.
func (v visit) outlook(ctx context.Context, r flow.OfTicket) (flow.Outlook, error) {
	look, err := v.cfg.Tickets.Outlook(ctx, v.tenant, r.Ticket, v.Now)
	if err != nil {
		return flow.Outlook{}, err
	}
	answer := flow.Outlook{Ticket: r.Ticket, Free: look.Free, Known: look.Known, Ahead: look.Ahead, Offer: look.Offer}
	if look.Known {
		answer.Minutes = queue.Minutes(look.Wait)
	}
	return answer, nil
}

// callback promises a call. Somebody who withheld the number and never pressed
// a key has left a recording: a person makes something of it.
func (v visit) callback(ctx context.Context, r flow.Callback) (flow.Promise, error) {
	asked := dispatch.Asked{
		Tenant: v.tenant, Key: v.Key, Ticket: r.Ticket, Purpose: r.Purpose,
		Citizen: r.Citizen, Keyed: r.Keyed, NoKeys: r.Purpose == queue.NoKeys, At: v.Now,
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
	if err != nil {
		return flow.Promise{}, err
	}
	return flow.Promise{Ticket: t.ID, Word: t.Word, From: t.From, To: t.To}, nil
}

// The steps to an agent. Without a ticket they are those of a caller who was
// passed on while the store was away.

func (v visit) ringing(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
	if r.Ticket == "" {
		return flow.Empty{}, nil
	}
	return flow.Empty{}, v.cfg.Tickets.Ringing(ctx, v.tenant, r.Ticket, r.Agent, v.Now)
}

func (v visit) connected(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
	if r.Ticket == "" {
		return flow.Empty{}, nil
	}
	return flow.Empty{}, v.cfg.Tickets.Connected(ctx, v.tenant, r.Ticket, r.Agent, v.Now)
}

func (v visit) missed(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
	if r.Ticket == "" {
		v.cfg.Tickets.Returned(v.tenant, r.Agent)
		return flow.Empty{}, nil
	}
	return flow.Empty{}, v.cfg.Tickets.Missed(ctx, v.tenant, r.Ticket, r.Agent, r.Cause, v.Now)
}

func (v visit) talked(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
	if r.Ticket == "" {
		v.cfg.Tickets.Returned(v.tenant, r.Agent)
		return flow.Empty{}, nil
	}
	return flow.Empty{}, v.cfg.Tickets.Talked(ctx, v.tenant, r.Ticket, r.Agent, v.Now)
}

func (v visit) left(ctx context.Context, r flow.OfTicket) (flow.Empty, error) {
	return flow.Empty{}, v.cfg.Tickets.Left(ctx, v.tenant, r.Ticket, v.Now)
}
