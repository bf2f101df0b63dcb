package dispatch

import (
	"context"
	"fmt"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// Station is where an agent works: what the agent does, and for whom.
type Station struct {
	Agent  agent.Agent
	Ticket queue.Ticket // reserved for, spoken with, or to be written up; none: no ID
}

// Station tells what an agent does at this moment. ErrNotFound: no agent of the team.
func (s *Tickets) Station(ctx context.Context, tenant, id string) (Station, error) {
	o, err := s.office(tenant)
	if err != nil {
		return Station{}, err
	}
	var st Station
	var ok bool
	if err := o.look(ctx, func(b *board) { st.Agent, ok = b.Agent(id); ok = ok && o.employs(st.Agent) }); err != nil {
		return Station{}, err
	}
	if !ok {
		return Station{}, fmt.Errorf("%w: agent %q", ErrNotFound, id)
	}
	of := st.Agent.Ticket
	if of == "" {
		of = st.Agent.After
	}
	if of != "" {
		if st.Ticket, err = o.find(ctx, of); err != nil {
			return Station{}, err
		}
	}
	return st, nil
}

// News is closed when something is committed here, after it was asked for, that an agent
// does, or that is done with the agent's citizen. What other processes commit is no news:
// whoever waits looks again from time to time. nil, which never closes, for nobody.
func (s *Tickets) News(tenant, id string) <-chan struct{} {
	o, ok := s.offices[tenant]
	if !ok {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.board == nil || o.board.agent(id).ID == "" {
		return nil
	}
	if o.news[id] == nil {
		o.news[id] = make(chan struct{})
	}
	return o.news[id]
}

// tell tells the agents of a change. The lock is held.
func (o *office) tell(c Change) {
	of := func(id string) {
		if news, ok := o.news[id]; ok {
			close(news)
			delete(o.news, id)
		}
	}
	for _, a := range c.Agents {
		of(a.ID)
	}
	for _, t := range c.Tickets {
		of(t.Agent)
	}
}

// SetAgentPhone has an agent rung at a page in a browser from the next call on, or at the
// desk phone where there is none.
func (s *Tickets) SetAgentPhone(ctx context.Context, tenant, id, page string) (agent.Agent, error) {
	return s.setAgent(ctx, tenant, id, func(a agent.Agent) (agent.Agent, error) { return a.At(page), nil })
}

// Telephone names the telephone at which an agent is to be rung, from memory: where
// nothing is known, the desk phone.
func (s *Tickets) Telephone(tenant, id string) string {
	o, ok := s.offices[tenant]
	if !ok {
		return id
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.board == nil {
		return id
	}
	if a, ok := o.board.Agent(id); ok {
		return a.Telephone()
	}
	return id
}
