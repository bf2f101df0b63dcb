package dispatch

import (
	"reflect"
	"slices"

	"richiamo/internal/agent"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// board is what is known of a tenant's open tickets and agents: what was read,
// and what was committed since. It may lag behind what others write; versions
// show it at the next commit. The office's lock guards it.
type board struct{ *plan.Board }

// agent gives an agent, or nobody.
func (b *board) agent(id string) agent.Agent {
	a, _ := b.Agent(id)
	return a
}

func (b *board) apply(c Change) {
	for _, t := range c.Tickets {
		b.Put(t)
	}
	for _, a := range c.Agents {
		b.PutAgent(a)
	}
}

// differing leaves out of a change what it does not change.
func (b *board) differing(c Change) Change {
	c.Tickets = slices.DeleteFunc(slices.Clone(c.Tickets), func(t queue.Ticket) bool {
		old, ok := b.Ticket(t.ID)
		return ok && reflect.DeepEqual(old, t)
	})
	c.Agents = slices.DeleteFunc(slices.Clone(c.Agents), func(a agent.Agent) bool {
		old, ok := b.Agent(a.ID)
		return ok && reflect.DeepEqual(old, a)
	})
	return c
}

// moves tells what a change moves from one state to another.
func (b *board) moves(tenant string, c Change) (moves []Move) {
	for _, t := range c.Tickets {
		old, known := b.Ticket(t.ID)
		if known && old.Version >= t.Version || old.State == t.State {
			continue
		}
		m := Move{Tenant: tenant, Purpose: t.Purpose, From: string(old.State), To: string(t.State), Reason: string(t.Reason)}
		if t.State == queue.Connected {
			m.Waited = t.Updated.Sub(t.Arrived)
		}
		moves = append(moves, m)
	}
	for _, a := range c.Agents {
		if old := b.agent(a.ID); old.State != a.State {
			moves = append(moves, Move{Tenant: tenant, From: string(old.State), To: string(a.State), Reason: a.Reason})
		}
	}
	return moves
}
