package dispatch

import (
	"maps"
	"slices"

	"richiamo/internal/agent"
)

// Emergency gives a caller an agent without a ticket while the store is away:
// one who was ready when it was last heard of, each at most once until it is
// back. ok is false when the store is there, or nobody is left.
func (s *Tickets) Emergency(tenant, call string) (agentID string, ok bool) {
	o, known := s.offices[tenant]
	if !known {
		return "", false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.away || o.board == nil {
		return "", false
	}
	var team []agent.Agent
	for _, a := range o.board.Team() {
		if !o.handed[a.ID] && o.out[a.ID] == "" {
			team = append(team, a)
		}
	}
	i := agent.Next(team, s.opts.Now(), o.cfg.Queue)
	if i < 0 {
		return "", false
	}
	a := team[i].ID
	o.handed[a], o.out[a], o.served[call] = true, call, true
	return a, true
}

// Returned is an agent whose talk without a ticket is over, or never began.
func (s *Tickets) Returned(tenant, agentID string) {
	o, ok := s.offices[tenant]
	if !ok {
		return
	}
	o.mu.Lock()
	delete(o.out, agentID)
	o.mu.Unlock()
	o.nudge()
}

// Away tells whether the store of a tenant did not answer when it was last
// asked.
func (s *Tickets) Away(tenant string) bool {
	o, ok := s.offices[tenant]
	if !ok {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.away
}

// passedOn lists the calls that were given an agent while the store was away.
func (o *office) passedOn() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Concat(slices.Collect(maps.Values(o.out)), slices.Collect(maps.Keys(o.served)))
}

// comesBack notes that a call wants a person once more, whatever it was given.
func (o *office) comesBack(call string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.served, call)
}
