package dispatch

import (
	"maps"
	"slices"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// board is what is known of a tenant's open tickets and agents: what was read,
// and what was committed since. It may lag behind what others write; versions
// show it at the next commit. It is not safe for concurrent use.
type board struct {
	open   []queue.Ticket          // in order
	places map[string]queue.Ticket // by id, to find the place
	closed map[string]queue.Ticket // looked up one by one: no longer open
	agents map[string]agent.Agent  // by id
}

// maxClosed bounds the closed tickets that are remembered.
const maxClosed = 1000

func newBoard(tickets []queue.Ticket, agents []agent.Agent) *board {
	b := &board{
		open:   slices.Clone(tickets),
		places: make(map[string]queue.Ticket, len(tickets)),
		closed: map[string]queue.Ticket{},
		agents: make(map[string]agent.Agent, len(agents)),
	}
	b.open = slices.DeleteFunc(b.open, func(t queue.Ticket) bool { return !t.State.Open() })
	slices.SortFunc(b.open, queue.Compare)
	for _, t := range b.open {
		b.places[t.ID] = t
	}
	for _, a := range agents {
		b.agents[a.ID] = a
	}
	return b
}

// ticket finds a ticket, open or looked up.
func (b *board) ticket(id string) (queue.Ticket, bool) {
	if t, ok := b.places[id]; ok {
		return t, true
	}
	t, ok := b.closed[id]
	return t, ok
}

// put takes a ticket as it was kept; what is older than the board's is
// dropped.
func (b *board) put(t queue.Ticket) {
	if old, ok := b.ticket(t.ID); ok {
		if old.Version >= t.Version {
			return
		}
		t.Arrived = old.Arrived // the place never changes, whatever a store makes of fractions of a second
	}
	i, found := slices.BinarySearchFunc(b.open, t, queue.Compare)
	switch {
	case t.State.Open() && found:
		b.open[i], b.places[t.ID] = t, t
	case t.State.Open():
		b.open = slices.Insert(b.open, i, t)
		b.places[t.ID] = t
		delete(b.closed, t.ID)
	default:
		if found {
			b.open = slices.Delete(b.open, i, i+1)
		}
		delete(b.places, t.ID)
		if len(b.closed) >= maxClosed {
			clear(b.closed)
		}
		b.closed[t.ID] = t
	}
}

func (b *board) putAgent(a agent.Agent) {
	if old, ok := b.agents[a.ID]; !ok || old.Version < a.Version {
		b.agents[a.ID] = a
	}
}

func (b *board) apply(c Change) {
	for _, t := range c.Tickets {
		b.put(t)
	}
	for _, a := range c.Agents {
		b.putAgent(a)
	}
}

// team lists the agents by id.
func (b *board) team() []agent.Agent {
	team := make([]agent.Agent, 0, len(b.agents))
	for _, id := range slices.Sorted(maps.Keys(b.agents)) {
		team = append(team, b.agents[id])
	}
	return team
}

// onLine finds the open ticket that a live call holds.
func (b *board) onLine(call string, states ...queue.State) (queue.Ticket, bool) {
	for _, t := range b.open {
		if call != "" && t.Call == call && slices.Contains(states, t.State) {
			return t, true
		}
	}
	return queue.Ticket{}, false
}
