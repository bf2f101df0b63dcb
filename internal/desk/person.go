package desk

import (
	"context"
	"errors"

	"richiamo/internal/citizen"
	"richiamo/internal/dispatch"
	"richiamo/internal/fiscalcode"
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
	who := v.whois(r.Citizen)
	t, err := v.cfg.Tickets.Enter(ctx, dispatch.Entry{
		Tenant: v.tenant, Key: v.Key, Call: v.Call, Ticket: r.Ticket, Purpose: r.Purpose, Phone: caller,
		Citizen: r.Citizen, Keyed: r.Keyed, NoKeys: r.Purpose == queue.NoKeys, At: v.Now,
		Language: who.Language, Class: v.Class(who),
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

// whois looks an identified citizen up, for the language and the age. Not to know
// them is no reason to let anybody wait.
func (v visit) whois(code string) citizen.Citizen {
	c, err := fiscalcode.ParseTrustingPlace(code)
	if err != nil {
		return citizen.Citizen{}
	}
	who, _, err := v.Registry.ByCode(c)
	if err != nil {
		return citizen.Citizen{}
	}
	return who
}

// outlook tells what a waiting caller has to expect.
func (v visit) outlook(ctx context.Context, r flow.OfTicket) (flow.Outlook, error) {
	look, err := v.cfg.Tickets.Outlook(ctx, v.tenant, r.Ticket, v.Now)
	if err != nil {
		return flow.Outlook{}, err
	}
	answer := flow.Outlook{
		Ticket: r.Ticket, Free: look.Free, Known: look.Known, Ahead: look.Ahead, Offer: look.Offer,
		Closed: look.Closed, Closing: look.Closing, Full: look.Full, Next: look.Next,
	}
	if look.Known {
		answer.Minutes = queue.Minutes(look.Wait)
	}
	return answer, nil
}

// The steps to an agent. Without a ticket they are those of a caller who was
// passed on while the store was away.

func (v visit) ringing(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
	switch {
	case r.Ticket == "":
		return flow.Empty{}, nil
	case r.Helper:
		return v.helper(ctx, r, dispatch.HelperRings)
	}
	return flow.Empty{}, v.cfg.Tickets.Ringing(ctx, v.tenant, r.Ticket, r.Agent, v.Now)
}

func (v visit) connected(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
	switch {
	case r.Ticket == "":
		return flow.Empty{}, nil
	case r.Helper:
		return v.helper(ctx, r, dispatch.HelperTalks)
	}
	return flow.Empty{}, v.cfg.Tickets.Connected(ctx, v.tenant, r.Ticket, r.Agent, v.Now)
}

func (v visit) missed(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
	switch {
	case r.Ticket == "":
		v.cfg.Tickets.Returned(v.tenant, r.Agent)
		return flow.Empty{}, nil
	case r.Helper:
		return v.helper(ctx, r, dispatch.HelperMissed)
	}
	return flow.Empty{}, v.cfg.Tickets.Missed(ctx, v.tenant, r.Ticket, r.Agent, r.Cause, v.Now)
}

func (v visit) talked(ctx context.Context, r flow.AgentStep) (flow.Empty, error) {
	switch {
	case r.Ticket == "":
		v.cfg.Tickets.Returned(v.tenant, r.Agent)
		return flow.Empty{}, nil
	case r.Helper:
		return v.helper(ctx, r, dispatch.HelperLeaves)
	}
	return flow.Empty{}, v.cfg.Tickets.Talked(ctx, v.tenant, r.Ticket, r.Agent, v.Now)
}

func (v visit) left(ctx context.Context, r flow.OfTicket) (flow.Empty, error) {
	return flow.Empty{}, v.cfg.Tickets.Left(ctx, v.tenant, r.Ticket, v.Call, v.Now)
}
