package plan

import (
	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// Reset takes a ticket as it was read, even if the board's is newer: what is kept
// is true, whatever this process has believed.
func (b *Board) Reset(t queue.Ticket) {
	if old, known := b.Ticket(t.ID); known {
		if old.Version == t.Version {
			return
		}
		t.Arrived = old.Arrived
	}
	b.replace(t)
}

// ResetAgent is Reset for an agent.
func (b *Board) ResetAgent(a agent.Agent) {
	if p, known := b.people[a.ID]; !known || p.agent.Version != a.Version {
		b.reagent(a)
	}
}

// Absent lists the open tickets, and agents, that are not among those read: they
// are closed, or are not kept any more.
func (b *Board) Absent(read map[string]bool) []string {
	var absent []string
	for id := range b.seats {
		if !read[id] {
			absent = append(absent, id)
		}
	}
	return absent
}
