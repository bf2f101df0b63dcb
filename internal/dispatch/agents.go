package dispatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// The steps of a citizen's way to an agent. What is reported happened, so a
// step that does not fit what is planned is no error: as much of it is kept as
// makes sense, and the planner mends the rest.

// Ringing is the agent's telephone about to ring for a ticket. An agent who
// was taken away from the ticket and is still free is given back to it, also when
// another one has been reserved since.
func (s *Tickets) Ringing(ctx context.Context, tenant, ticket, agentID string, at time.Time) error {
	return s.step(ctx, tenant, ticket, func(b *board, t queue.Ticket) (Change, error) {
		a, ok := b.Agent(agentID)
		if !ok || (t.State != queue.Waiting && t.State != queue.Dialling) {
			return Change{}, nil
		}
		var spared []agent.Agent
		// An agent who is free since later has let it ring to its end: this is told late.
		if t.State == queue.Waiting && t.Agent != agentID && a.State == agent.Ready && !at.Before(a.Since) {
			spared = b.Without(t, at) // who was reserved meanwhile is free again
			t.Agent = ""
			a, _ = a.Reserve(at, t.ID)
			t, _ = t.Reserve(at, a.ID)
		}
		ringing, err := a.Ring(at, t.ID)
		if err != nil || t.Agent != a.ID {
			return Change{}, nil
		}
		return Change{Tickets: []queue.Ticket{t}, Agents: append(spared, ringing)}, nil
	})
}

// Connected is citizen and agent speaking.
func (s *Tickets) Connected(ctx context.Context, tenant, ticket, agentID string, at time.Time) error {
	return s.step(ctx, tenant, ticket, func(b *board, t queue.Ticket) (Change, error) {
		a, ok := b.Agent(agentID)
		if a.State == agent.WrapUp && a.After == t.ID {
			return Change{}, nil // told late: this agent has handed the citizen over since
		}
		speaking, err := t.Connected(at, agentID)
		if !ok || err != nil {
			return Change{}, nil
		}
		c := Change{Tickets: []queue.Ticket{speaking}, Agents: []agent.Agent{a.Take(at, t.ID)}}
		if t.Agent != agentID {
			c.Agents = append(c.Agents, b.Without(t, at)...)
		}
		return c, nil
	})
}

// Missed is an agent who did not answer, or whose line broke: the citizen is
// on the line still, and the first again. cause is what the agent's telephone
// said of it (Q.850, 0 if nothing).
func (s *Tickets) Missed(ctx context.Context, tenant, ticket, agentID string, cause int, at time.Time) error {
	return s.step(ctx, tenant, ticket, func(b *board, t queue.Ticket) (Change, error) {
		var c Change
		if a, ok := b.Agent(agentID); ok {
			if a, err := a.Miss(at, t.ID, cause); err == nil {
				c.Agents = []agent.Agent{a}
			}
		}
		if t.Agent == agentID || t.State == queue.Dialling {
			if first, err := t.Missed(at); err == nil {
				c.Tickets = []queue.Ticket{first}
			}
		}
		return c, nil
	})
}

// Talked is the end of a talk. It stands for the whole talk if its beginning
// was never heard of.
func (s *Tickets) Talked(ctx context.Context, tenant, ticket, agentID string, at time.Time) error {
	return s.step(ctx, tenant, ticket, func(b *board, t queue.Ticket) (Change, error) {
		return b.talked(t, agentID, at), nil
	})
}

func (b *board) talked(t queue.Ticket, agentID string, at time.Time) Change {
	a, ok := b.Agent(agentID)
	if t.State == queue.Connected && t.Agent != agentID && ok && a.Ticket != t.ID {
		return Change{} // the citizen has been taken over by another agent since
	}
	if t.State.OnLine() && t.State != queue.Connected && t.Reason != queue.ReasonTransferred {
		t, _ = t.Connected(at, agentID)
		if ok && a.Ticket == t.ID {
			a = a.Take(at, t.ID)
		}
	}
	before := t
	done, err := t.Talked(at)
	if err != nil {
		return Change{}
	}
	c := Change{Tickets: []queue.Ticket{done}}
	if before.Agent != agentID { // told by a helper who had taken over
		c.Agents = append(c.Agents, b.Without(before, at)...)
	}
	if ok {
		if a, ok = plan.Part(a, t.ID, at); ok {
			c.Agents = append(c.Agents, a)
		}
	}
	return c
}

// Staff makes sure that exactly these agents are known, with their skills. Who is
// new is away until somebody logs in; who is not among them any more is away for
// ever, once a talk that goes on is over.
func (s *Tickets) Staff(ctx context.Context, tenant string, team []agent.Agent) error {
	o, err := s.office(tenant)
	if err != nil {
		return err
	}
	now := s.opts.Now()
	_, err = o.change(ctx, "", func(b *board) (Change, error) {
		o.team = map[string]bool{}
		for _, a := range team {
			o.team[a.ID] = true
		}
		var c Change
		for _, a := range b.Team() {
			if gone, err := a.Set(now, agent.Away, ""); !o.team[a.ID] && a.State != agent.Away && err == nil {
				c.Agents = append(c.Agents, gone)
			}
		}
		for _, a := range team {
			known, ok := b.Agent(a.ID)
			if !ok {
				known = agent.Agent{ID: a.ID, Tenant: tenant, State: agent.Away, Since: now, Idle: now}
			}
			if ok && slices.Equal(known.Skills, a.Skills) && known.MustWrite == o.cfg.MustWrite {
				continue
			}
			known.Skills, known.MustWrite = slices.Clone(a.Skills), o.cfg.MustWrite
			c.Agents = append(c.Agents, known)
		}
		return c, nil
	})
	return err
}

// employs tells whether an agent is one of the team. The lock is held.
func (o *office) employs(a agent.Agent) bool { return o.team == nil || o.team[a.ID] }

// employed are the agents of the team, those included who have a last talk to end.
func (o *office) employed(b *board) []agent.Agent {
	return slices.DeleteFunc(b.Team(), func(a agent.Agent) bool { return a.State == agent.Away && !o.employs(a) })
}

// Phones tells which agents' telephones answered when they were probed. Who does
// not answer is not given citizens, whatever the registration says; an agent who
// is not in the list is left as is.
func (s *Tickets) Phones(ctx context.Context, tenant string, reachable map[string]bool) error {
	o, err := s.office(tenant)
	if err != nil {
		return err
	}
	now := s.opts.Now()
	_, err = o.change(ctx, "", func(b *board) (Change, error) {
		var c Change
		for _, id := range slices.Sorted(maps.Keys(reachable)) {
			if a, ok := b.Agent(id); ok && reachable[id] != a.Unreached.IsZero() {
				c.Agents = append(c.Agents, a.Reach(now, reachable[id]))
			}
		}
		return c, nil
	})
	return err
}

// WroteUp is the outcome of a talk, with a note, as its agent writes it: it is
// kept with the ticket, and ends the wrap-up. agent.ErrOutcome: nothing is written.
func (s *Tickets) WroteUp(ctx context.Context, tenant, id, outcome, note string) (agent.Agent, error) {
	o, err := s.office(tenant)
	if err != nil {
		return agent.Agent{}, err
	}
	now := s.opts.Now()
	talk, err := o.talkOf(ctx, id)
	if err != nil {
		return agent.Agent{}, err
	}
	var wrote agent.Agent
	kept, err := o.change(ctx, "", func(b *board) (Change, error) {
		a, ok := b.Agent(id)
		if !ok {
			return Change{}, fmt.Errorf("%w: agent %q", ErrNotFound, id)
		}
		var err error
		wrote, err = a.Wrote(now, outcome)
		c := Change{Agents: []agent.Agent{wrote}}
		if t, ok := b.Ticket(talk); ok && err == nil && talkOf(a) == talk {
			if written, err := t.Write(now, outcome, note); err == nil {
				c.Tickets = []queue.Ticket{written}
			}
		}
		return c, err
	})
	if err == nil && len(kept.Agents) == 1 {
		wrote = kept.Agents[0]
	}
	return wrote, err
}

// talkOf is the ticket of the talk that an agent has, or is to write up.
func talkOf(a agent.Agent) string {
	if a.State == agent.Talking {
		return a.Ticket
	}
	return a.After
}

// talkOf looks the ticket of an agent's talk up, so that the board has it.
func (o *office) talkOf(ctx context.Context, id string) (ticket string, err error) {
	if err := o.look(ctx, func(b *board) { ticket = talkOf(b.agent(id)) }); err != nil || ticket == "" {
		return "", err
	}
	if _, err := o.find(ctx, ticket); err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	return ticket, nil
}

// SetAgentState is an agent, or a supervisor, asking for a state: Ready, Paused
// with a reason, Away. In the middle of a talk it is kept as a wish; the agent
// returned says so.
func (s *Tickets) SetAgentState(ctx context.Context, tenant, id string, state agent.State, reason string) (agent.Agent, error) {
	now := s.opts.Now()
	return s.setAgent(ctx, tenant, id, func(a agent.Agent) (agent.Agent, error) { return a.Set(now, state, reason) })
}

// setAgent changes one agent of the team, who is returned as kept.
func (s *Tickets) setAgent(ctx context.Context, tenant, id string, change func(agent.Agent) (agent.Agent, error)) (agent.Agent, error) {
	o, err := s.office(tenant)
	if err != nil {
		return agent.Agent{}, err
	}
	var set agent.Agent
	kept, err := o.change(ctx, "", func(b *board) (Change, error) {
		a, ok := b.Agent(id)
		if !ok || !o.employs(a) {
			return Change{}, fmt.Errorf("%w: agent %q", ErrNotFound, id)
		}
		var err error
		set, err = change(a)
		return Change{Agents: []agent.Agent{set}}, err
	})
	if err == nil && len(kept.Agents) == 1 {
		set = kept.Agents[0]
	}
	return set, err
}
