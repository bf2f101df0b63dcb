package plan

import (
	"maps"
	"slices"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Ticket finds a ticket, open or looked up.
func (b *Board) Ticket(id string) (queue.Ticket, bool) {
	if s, ok := b.seats[id]; ok {
		return s.ticket, true
	}
	t, ok := b.closed[id]
	return t, ok
}

// knows tells whether Ticket finds one.
func (b *Board) knows(id string) bool {
	if b.seats[id] != nil {
		return true
	}
	_, ok := b.closed[id]
	return ok
}

// Agent finds an agent.
func (b *Board) Agent(id string) (agent.Agent, bool) {
	p, ok := b.people[id]
	if !ok {
		return agent.Agent{}, false
	}
	return p.agent, true
}

// Team lists the agents by id.
func (b *Board) Team() []agent.Agent {
	team := make([]agent.Agent, 0, len(b.people))
	for _, id := range slices.Sorted(maps.Keys(b.people)) {
		team = append(team, b.people[id].agent)
	}
	return team
}

// Len is how many tickets are open.
func (b *Board) Len() int { return len(b.seats) }

// Line lists the callers who wait on the line of a queue, and for whom nobody is
// reserved, in order.
func (b *Board) Line(name string) []queue.Ticket {
	var row []*seat
	for _, s := range b.heaps[waiting].seats {
		if s.ticket.Queue == name {
			row = append(row, s)
		}
	}
	return inOrder(row)
}

// Counts tells of the open tickets how many are in each state, of each class, and
// put off because they were called as often as a day allows.
func (b *Board) Counts() (states map[queue.State]int, classes map[queue.Class]int, capped int) {
	return maps.Clone(b.states), maps.Clone(b.classes), b.capped
}

// OnCall finds the open ticket that a live call holds, the first in the order if
// there are two.
func (b *Board) OnCall(call string, states ...queue.State) (queue.Ticket, bool) {
	var first *seat
	for _, s := range b.calls[call] {
		if slices.Contains(states, s.ticket.State) && (first == nil || s.before(first)) {
			first = s
		}
	}
	if first == nil {
		return queue.Ticket{}, false
	}
	return first.ticket, true
}

// ByPhone lists the open tickets of a number, in order.
func (b *Board) ByPhone(n phone.Number) []queue.Ticket {
	var row []*seat
	for s := b.phones[n]; s != nil; s = s.samePhone {
		row = append(row, s)
	}
	return inOrder(row)
}

// ByCitizen lists the open tickets of a citizen, in order, also those that hold
// somebody else's request which the citizen's has joined.
func (b *Board) ByCitizen(citizen string) []queue.Ticket {
	row := slices.Clone(b.also[citizen])
	for s := b.citizens[citizen]; s != nil; s = s.sameCitizen {
		row = append(row, s)
	}
	return inOrder(row)
}

func inOrder(row []*seat) []queue.Ticket {
	if len(row) == 0 {
		return nil
	}
	sorted(row)
	tickets := make([]queue.Ticket, 0, len(row))
	for _, s := range row {
		tickets = append(tickets, s.ticket)
	}
	return tickets
}

// sorted puts seats into the order of their turn.
func sorted(row []*seat) []*seat {
	slices.SortFunc(row, func(a, b *seat) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return row
}

// Doubled lists promised calls by an agent that are one citizen's, or one
// number's: each, by id, with the one before it of which it is to become a part.
// The one that is on the line stays, or else that with the earlier place.
func (b *Board) Doubled() (pairs [][2]string) {
	first := map[any]*seat{}
	taken := map[*seat]bool{}
	for _, s := range b.sharing() {
		t := &s.ticket
		for _, key := range []any{t.Phone, t.Citizen} {
			other := first[key]
			switch {
			case key == "" || key == (phone.Number{}) || taken[s]:
			case other == nil:
				first[key] = s
			case other == s || taken[other] || (other.ticket.State.OnLine() && t.State.OnLine()):
			case t.State.OnLine():
				pairs, taken[other], first[key] = append(pairs, [2]string{t.ID, other.ticket.ID}), true, s
			default:
				pairs, taken[s] = append(pairs, [2]string{other.ticket.ID, t.ID}), true
			}
		}
	}
	return pairs
}

// sharing lists, in order, the tickets with a promise to a number or a citizen
// that has several.
func (b *Board) sharing() []*seat {
	found := map[*seat]struct{}{}
	note := func(s *seat) {
		if t := &s.ticket; promised(t) || t.NeedsAgent && t.State == queue.Waiting && !t.Resume.IsZero() {
			found[s] = struct{}{}
		}
	}
	for n := range b.sharedPhones {
		for s := b.phones[n]; s != nil; s = s.samePhone {
			note(s)
		}
	}
	for c := range b.sharedCitizens {
		for s := b.citizens[c]; s != nil; s = s.sameCitizen {
			note(s)
		}
	}
	return in(found)
}
