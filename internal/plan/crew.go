package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// A person is an agent on the board.
type person struct {
	agent agent.Agent
	crew  *crew
	aside bool // not to be chosen, whatever the state says
	taken bool // decided about in the look that goes on
}

// free tells whether the agent could be given a citizen at some time without
// doing anything more.
func (p *person) free() bool {
	return p.agent.State == agent.Ready && p.agent.Unreached.IsZero() && !p.aside && !p.taken
}

// A crew is the agents who have the same skills. Two thousand agents have some
// dozens of sets of skills, so whoever looks for an agent looks at the first of
// some dozens of rows.
type crew struct {
	skills []string
	share  float64   // of an agent's time, for one queue
	free   []*person // who can be given a citizen now, the longest idle first
	spare  int       // of those, how many no call is under way for; may be negative
	states map[agent.State]int
	duty   int           // how many are on duty
	handle time.Duration // how long a citizen takes them, summed up over those on duty
}

// serves tells whether the crew has the skills that a group needs.
func (c *crew) serves(needs ...string) bool { return agent.Agent{Skills: c.skills}.Serves(needs...) }

// soonest orders by who is next: the longest idle, of two the first by id.
func soonest(a, b *person) int {
	return cmp.Or(a.agent.Idle.Compare(b.agent.Idle), strings.Compare(a.agent.ID, b.agent.ID))
}

// crewOf finds or makes the crew of a set of skills.
func (b *Board) crewOf(skills []string) *crew {
	skills = slices.Compact(slices.Sorted(slices.Values(skills)))
	key := strings.Join(skills, "\x00")
	c, ok := b.crews[key]
	if ok {
		return c
	}
	c = &crew{skills: skills, states: map[agent.State]int{}}
	c.share = agent.Agent{Skills: skills}.Share(b.queues)
	b.crews[key] = c
	b.roster = append(b.roster, c)
	for _, g := range b.groups {
		if g.agent && c.serves(g.queue, g.language) {
			g.crews = append(g.crews, c)
		}
	}
	return c
}

// join adds an agent to the crew's counts, part takes one out.
func (b *Board) join(p *person, by int) {
	c := p.crew
	c.states[p.agent.State] += by
	if p.agent.OnDuty() {
		c.duty += by
		c.handle += time.Duration(by) * b.handle(p.agent)
	}
}

// handle is how long an agent takes for a citizen, as far as is known.
func (b *Board) handle(a agent.Agent) time.Duration {
	if a.Handle > 0 {
		return a.Handle
	}
	return b.cfg.Handle
}

// offer puts an agent who is free among those who can be chosen: now, or when
// the rest is over.
func (b *Board) offer(p *person) {
	switch {
	case !p.free():
	case instant(p.agent.Rest) > b.at:
		b.resting[p] = struct{}{}
	default:
		i, _ := slices.BinarySearchFunc(p.crew.free, p, soonest)
		p.crew.free = slices.Insert(p.crew.free, i, p)
		p.crew.spare++
	}
}

// withhold takes an agent from those who can be chosen.
func (b *Board) withhold(p *person) {
	delete(b.resting, p)
	if i, found := slices.BinarySearchFunc(p.crew.free, p, soonest); found {
		p.crew.free = slices.Delete(p.crew.free, i, i+1)
		p.crew.spare--
	}
}

// rested offers those whose rest is over.
func (b *Board) rested() {
	for p := range b.resting {
		if instant(p.agent.Rest) <= b.at {
			delete(b.resting, p)
			b.offer(p)
		}
	}
}

// next is the agent who takes the next citizen of a group: of those free who
// have the skills, the one who has been idle for longest.
func (g *group) next() *person {
	var next *person
	for _, c := range g.crews {
		if len(c.free) > 0 && (next == nil || soonest(c.free[0], next) < 0) {
			next = c.free[0]
		}
	}
	return next
}

// spare is a crew of the group with an agent for whom no call is under way yet,
// or nil.
func (g *group) spare() *crew {
	var most *crew
	for _, c := range g.crews {
		if c.spare > 0 && (most == nil || c.spare > most.spare) {
			most = c
		}
	}
	return most
}

// fly takes note of a citizen who is being called before an agent is reserved:
// one of the free agents is meant for the answer.
func (b *Board) fly(s *seat) {
	if s.ticket.State != queue.Dialling || s.auto() || s.ticket.Agent != "" || s.group == nil {
		return
	}
	c := s.group.spare()
	if c == nil {
		if len(s.group.crews) == 0 {
			return
		}
		c = s.group.crews[0]
	}
	b.flights[s] = c
	c.spare--
}

func (b *Board) land(s *seat) {
	if c, ok := b.flights[s]; ok {
		c.spare++
		delete(b.flights, s)
	}
}
