package dispatch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// Where a citizen can be taken, as it is written in a transfer.
const (
	toAgent = "agent:"
	toQueue = "queue:" // without a name: the queue that the citizen came from
)

// Transfer takes a citizen from the agent in the talk to another one, "agent:NAME",
// who must be free and is reserved, or into a queue, "queue:NAME", in front of all
// who have not been served yet. Whoever hands over goes to the wrap-up. It returns
// the agent who is reserved, if one is. What is not there is ErrNotFound, who is
// not free queue.ErrImpossible: then nothing has changed, and they go on talking.
// Done twice it is done once.
func (s *Tickets) Transfer(ctx context.Context, tenant, ticket, from, to string, at time.Time) (agentID string, err error) {
	o, err := s.office(tenant)
	if err != nil {
		return "", err
	}
	_, err = o.changeTicket(ctx, "", ticket, func(b *board, t queue.Ticket) (Change, error) {
		var c Change
		agentID, c, err = o.transfer(b, t, from, to, at)
		return c, err
	})
	return agentID, err
}

func (o *office) transfer(b *board, t queue.Ticket, from, to string, at time.Time) (agentID string, c Change, err error) {
	queueName, intoQueue := strings.CutPrefix(to, toQueue)
	name, known := strings.CutPrefix(to, toAgent)
	switch {
	case intoQueue && (queueName == "" || o.cfg.Has(queueName)):
	case known && b.agent(name).ID != "" && name != from:
		agentID = name
	default:
		return "", c, fmt.Errorf("%w: nobody to take the citizen over", ErrNotFound)
	}
	if t.State == queue.Waiting && t.Reason == queue.ReasonTransferred && t.Agent == agentID {
		return agentID, c, nil // done already
	}
	if t.State != queue.Connected || t.Agent != from {
		return "", c, fmt.Errorf("%w: transfer, a ticket that is %q", queue.ErrImpossible, t.State)
	}
	moved, err := t.Transfer(at, queueName, agentID)
	if err != nil {
		return "", c, err
	}
	c.Tickets = []queue.Ticket{moved}
	if agentID != "" {
		taker := b.agent(agentID)
		if !o.free(taker, at) {
			return "", Change{}, fmt.Errorf("%w: the agent is not free", queue.ErrImpossible)
		}
		if taker, err = taker.Reserve(at, t.ID); err != nil {
			return "", Change{}, fmt.Errorf("%w: %w", queue.ErrImpossible, err)
		}
		c.Agents = append(c.Agents, taker)
	}
	if giver, err := b.agent(from).HandOver(at, t.ID); err == nil {
		c.Agents = append(c.Agents, giver)
	}
	return agentID, c, nil
}

// free tells whether an agent can be given a citizen: whoever speaks with one
// without a ticket, since the store was away, can't. The lock is held.
func (o *office) free(a agent.Agent, at time.Time) bool { return a.Free(at) && o.out[a.ID] == "" }

// TakenOver is a helper who goes on with the citizen alone; whoever had asked for
// help goes to the wrap-up. If citizen and helper have hung up meanwhile, there is
// nothing to take over any more.
func (s *Tickets) TakenOver(ctx context.Context, tenant, ticket, from, helper string, at time.Time) error {
	return s.step(ctx, tenant, ticket, func(b *board, t queue.Ticket) (Change, error) {
		a, ok := b.Agent(helper)
		if !ok || t.State != queue.Connected || t.Agent != from {
			return Change{}, nil
		}
		t.Agent, t.Updated = helper, at // both speak with the citizen already: no state changes but whose talk it is
		c := Change{Tickets: []queue.Ticket{t}, Agents: []agent.Agent{a.Take(at, t.ID)}}
		if giver, err := b.agent(from).HandOver(at, t.ID); err == nil {
			c.Agents = append(c.Agents, giver)
		}
		return c, nil
	})
}

// Help reserves another agent to help in a talk: to be asked, or to join it. The
// ticket stays with its agent. Who is not free is queue.ErrImpossible, who is not
// there ErrNotFound.
func (s *Tickets) Help(ctx context.Context, tenant, ticket, from, helper string, at time.Time) error {
	o, err := s.office(tenant)
	if err != nil {
		return err
	}
	_, err = o.changeTicket(ctx, "", ticket, func(b *board, t queue.Ticket) (Change, error) {
		a, ok := b.Agent(helper)
		switch {
		case !ok || helper == from:
			return Change{}, fmt.Errorf("%w: nobody to help", ErrNotFound)
		case t.State != queue.Connected || t.Agent != from:
			return Change{}, fmt.Errorf("%w: help with a ticket that is %q", queue.ErrImpossible, t.State)
		case a.Helping && a.Ticket == t.ID:
			return Change{}, nil // asked before
		case !o.free(a, at):
			return Change{}, fmt.Errorf("%w: the agent is not free", queue.ErrImpossible)
		}
		a, err := a.Help(at, t.ID)
		return Change{Agents: []agent.Agent{a}}, err
	})
	return err
}

// HelperStep is a step of a helper's way into a talk.
type HelperStep string

// The steps of a helper.
const (
	HelperRings  HelperStep = "rings"
	HelperTalks  HelperStep = "talks"
	HelperMissed HelperStep = "missed"
	HelperLeaves HelperStep = "leaves"
)

// Helper reports a step of a helper. The ticket is not touched by it, and a step
// that does not fit what is known of the helper changes nothing. If the helper has
// become the ticket's agent, leaving is the end of the talk.
func (s *Tickets) Helper(ctx context.Context, tenant, ticket, helper string, step HelperStep, cause int, at time.Time) error {
	return s.step(ctx, tenant, ticket, func(b *board, t queue.Ticket) (Change, error) {
		a, ok := b.Agent(helper)
		if !ok || a.Ticket != ticket {
			return Change{}, nil
		}
		if t.Agent == helper && t.State == queue.Connected {
			if step != HelperLeaves && step != HelperMissed {
				return Change{}, nil
			}
			return b.talked(t, helper, at), nil
		}
		var err error
		switch step {
		case HelperRings:
			a, err = a.Ring(at, ticket)
		case HelperTalks:
			a, err = a.Talk(at, ticket)
		case HelperMissed:
			a, err = a.Miss(at, ticket, cause)
		case HelperLeaves:
			a, ok = plan.Part(a, ticket, at)
		}
		if err != nil || !ok {
			return Change{}, nil
		}
		return Change{Agents: []agent.Agent{a}}, nil
	})
}
