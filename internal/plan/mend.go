package plan

import (
	"maps"
	"slices"
	"strings"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// in lists the seats of a set in order.
func in[V any](set map[*seat]V) []*seat { return sorted(slices.Collect(maps.Keys(set))) }

// recover goes on with tickets whose call is gone, and places again a call that
// was claimed and never began, or has ended unheard.
func (l *look) recover() {
	if instant(l.now) < l.silentAt {
		return
	}
	for _, s := range in(l.silent) {
		switch t := s.ticket; {
		case l.full():
			return
		case instant(l.now)-l.silent[s] >= int64(l.cfg.Grace):
			lost, err := t.Lost(l.now, l.cfg.Judge(t, nil))
			l.changed(Recover, string(queue.ReasonLost), s, lost, err, l.Without(t, l.now)...)
		case t.State == queue.Dialling && l.open:
			l.repeat(Dial, s)
		}
	}
	l.silentAt = never
	for s := range l.silent {
		l.silentAt = min(l.silentAt, l.lostAt(s))
	}
}

// lostAt is when a ticket whose call is not alive is looked at again.
func (b *Board) lostAt(s *seat) int64 {
	at := b.silent[s] + int64(b.cfg.Grace)
	if s.ticket.State == queue.Dialling {
		at = min(at, s.look)
	}
	return at
}

// mendDoubled leaves one place to a call that has several.
func (l *look) mendDoubled() {
	for _, call := range slices.Sorted(maps.Keys(l.doubled)) {
		var first *seat
		for _, s := range sorted(slices.Clone(l.calls[call])) {
			switch {
			case s.taken || s.ticket.State != queue.Waiting:
			case first == nil:
				first = s
			case !l.full():
				gone, err := s.ticket.Withdraw(l.now, queue.ReasonDoubled)
				l.changed(Mend, string(queue.ReasonDoubled), s, gone, err, l.Without(s.ticket, l.now)...)
			}
		}
	}
}

// mendTurns looks after waiting callers who have an agent: the turn is told
// again, is taken back from who does not take it, and goes to another agent if
// the first is not there any more.
func (l *look) mendTurns() {
	for _, s := range in(l.misfits) {
		if s.taken || l.isSilent(s) || l.full() {
			continue
		}
		passed, err := s.ticket.PassOver(l.now, l.now, queue.ReasonAgentGone)
		l.changed(Mend, string(queue.ReasonAgentGone), s, passed, err)
	}
	for _, s := range sorted(l.heaps[turns].until(instant(l.now), mostDecisions)) {
		if !s.taken && !l.full() {
			l.mendTurn(s, l.Board.people[s.ticket.Agent].agent)
		}
	}
}

func (l *look) mendTurn(s *seat, a agent.Agent) {
	t, age := s.ticket, l.now.Sub(a.Since)
	switch {
	case a.State == agent.Reserved && age >= l.cfg.TurnLimit:
		passed, err := t.PassOver(l.now, l.now.Add(l.cfg.TurnRest), queue.ReasonNotTaken)
		l.changed(Mend, string(queue.ReasonNotTaken), s, passed, err, l.Without(t, l.now)...)
	case a.State == agent.Reserved && !l.isSilent(s):
		l.repeat(Turn, s)
	case a.State == agent.Ringing && age >= l.cfg.RingLimit:
		if missed, err := a.Miss(l.now, t.ID, 0); err == nil {
			first, err := t.Missed(l.now)
			l.changed(Mend, WhyRingsTooLong, s, first, err, missed)
		}
	}
}

// Without is the agent of a ticket, parted from it, as a change lists agents;
// nobody when the ticket has none, or the agent serves another.
func (b *Board) Without(t queue.Ticket, now time.Time) []agent.Agent {
	a, ok := b.Agent(t.Agent)
	if !ok {
		return nil
	}
	if a, ok = Part(a, t.ID, now); !ok {
		return nil
	}
	return []agent.Agent{a}
}

// Part takes a ticket from the agent who serves it: a talk is over, a
// reservation is off. ok is false when the agent does not serve it.
func Part(a agent.Agent, ticket string, now time.Time) (parted agent.Agent, ok bool) {
	var err error
	if a.State == agent.Talking {
		a, err = a.HangUp(now, ticket)
	} else {
		a, err = a.Release(now, ticket)
	}
	return a, err == nil
}

// mendAgents lets agents go whose ticket is closed, or is not theirs.
func (l *look) mendAgents() {
	lost := slices.SortedFunc(maps.Keys(l.strays), func(a, b *person) int { return strings.Compare(a.agent.ID, b.agent.ID) })
	for _, p := range lost {
		if s := l.Board.seats[p.agent.Ticket]; p.taken || l.full() || s != nil && s.taken {
			continue
		}
		if free, ok := Part(p.agent, p.agent.Ticket, l.now); ok {
			l.decide(Decision{Verb: Mend, Reason: WhyNoTicket, Agents: []agent.Agent{free}}, nil)
			l.reserve(free)
		}
	}
}
