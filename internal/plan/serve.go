package plan

import (
	"fmt"
	"time"

	"richiamo/internal/queue"
)

// A row is what is next in a group: who waits on the line, and who is to be
// called.
type row struct {
	*group
	line, calls  *seat // nil: nobody who may be served
	noOne, quiet bool  // nobody free has the skills; nobody more may be called
}

// serve gives free agents to whoever has their turn, and calls who is to be
// called: always the first in the order of all groups for whom somebody is
// there.
func (l *look) serve() {
	rows := make([]*row, 0, len(l.groups))
	for _, g := range l.groups {
		r := &row{group: g, noOne: g.agent && g.next() == nil}
		l.head(r)
		rows = append(rows, r)
	}
	for !l.full() {
		var first *seat
		var of *row
		for _, r := range rows {
			for _, s := range []*seat{r.line, r.calls} {
				if s != nil && (first == nil || s.before(first)) {
					first, of = s, r
				}
			}
		}
		if first == nil {
			return
		}
		if first.waits() {
			l.turn(of, first)
		} else {
			l.call(of, first)
		}
		l.head(of)
	}
}

// head finds the first of a row.
func (l *look) head(r *row) {
	now := instant(l.now)
	r.line, r.calls = nil, nil
	if r.noOne {
		return
	}
	if r.agent {
		r.line = r.group.line.next(now)
	}
	if !r.quiet && l.mayDial(r.agent) {
		r.calls = r.group.calls.next(now)
	}
}

// mayDial tells whether there is a line for one more call, and calls are made at
// all.
func (l *look) mayDial(agent bool) bool {
	up := max(l.Board.lines, l.facts.Up+len(l.placed))
	return l.open && !l.held && up < l.cfg.Lines && (agent || l.auto < l.cfg.AutoLines)
}

// turn reserves an agent for a caller on the line.
func (l *look) turn(r *row, s *seat) {
	p := r.next()
	if p == nil {
		r.noOne = true
		return
	}
	a, err := p.agent.Reserve(l.now, s.ticket.ID)
	if err == nil {
		t, err := s.ticket.Reserve(l.now, a.ID)
		if l.changed(Turn, WhyFirst, s, t, err, a) {
			return
		}
	}
	l.take(s) // the board is older than what happened: the others go on
}

// call claims a ticket that is due, with the agent whom it needs. Whether the
// number may be dialled is looked at once more, now that it would be.
func (l *look) call(r *row, s *seat) {
	if !l.mayDial(r.agent) || s.ready > instant(l.now) { // the line, or the number, was taken by another row
		return
	}
	due, err := s.ticket.Ripen(l.now)
	switch {
	case err != nil:
		l.take(s)
	case r.agent && l.cfg.CitizenFirst && !s.ticket.NoKeys:
		l.callFirst(r, s, due)
	case r.agent:
		l.callWith(r, s, due)
	case !l.refused(s, due):
		t, err := due.Claim(l.now, l.cfg.Node, "")
		l.claimed(WhyAutomatic, s, t, err)
	}
}

// callWith reserves the agent before the citizen is called.
func (l *look) callWith(r *row, s *seat, due queue.Ticket) {
	p := r.next()
	switch {
	case p == nil:
		r.noOne = true
		return
	case l.refused(s, due):
		return
	}
	a, err := p.agent.Reserve(l.now, due.ID)
	if err != nil {
		l.take(s)
		return
	}
	t, err := due.Claim(l.now, l.cfg.Node, a.ID)
	if l.claimed(WhyFirst, s, t, err) {
		l.decisions[len(l.decisions)-1].Agents = append(l.decisions[len(l.decisions)-1].Agents, a)
		l.reserve(a)
	}
}

// callFirst calls the citizen before an agent is reserved: one who is free, and
// not meant for another call, is enough.
func (l *look) callFirst(r *row, s *seat, due queue.Ticket) {
	c := r.spare()
	switch {
	case c == nil:
		r.quiet = true
		return
	case l.refused(s, due):
		return
	}
	t, err := due.ClaimFirst(l.now, l.cfg.Node)
	if l.claimed(WhyFirst, s, t, err) {
		c.spare--
		l.launched = append(l.launched, c)
	}
}

// claimed decides for a call.
func (l *look) claimed(why string, s *seat, t queue.Ticket, err error) bool {
	if !l.changed(Dial, why, s, t, err) {
		l.take(s)
		return false
	}
	l.place(s, s.auto())
	l.held = l.facts.Hold // one call was enough to probe
	return true
}

// refused leaves a ticket to a person whose number must not be dialled.
func (l *look) refused(s *seat, due queue.Ticket) bool {
	if due.Phone.Dialable() == nil {
		return false
	}
	gone, err := due.GiveUp(l.now, queue.ReasonNoNumber)
	if !l.changed(GiveUp, string(queue.ReasonNoNumber), s, gone, err) {
		l.take(s)
	}
	return true
}

// closeLine tells those who wait on the line, and for whom nobody is free, that
// they will be called back: the offices have closed, or a supervisor wants it.
// It is told again until it is taken up.
func (l *look) closeLine() {
	closed := !l.hours.Contains(l.now)
	if !closed && len(l.facts.Swept) == 0 {
		return
	}
	for _, s := range sorted(l.heaps[waiting].until(instant(l.now), mostDecisions+len(l.seats))) {
		why := WhyClosed
		if !closed {
			why = WhySwept
		}
		if !s.taken && !l.isSilent(s) && !l.full() && (closed || s.ticket.Since.Before(l.facts.Swept[s.ticket.Queue])) {
			l.decide(Decision{Verb: Close, Reason: why, Ticket: s.ticket}, s)
		}
	}
}

// checkTrunk holds all calls until one has shown today that the trunk carries
// them, and has that one made. Its ticket has a name that follows from the day,
// so that every process makes the same.
func (l *look) checkTrunk() {
	if l.cfg.CheckNumber.Withheld() || !l.open {
		return
	}
	day := queue.DayOf(l.now.In(l.cfg.Clock()))
	if l.checked != 0 && queue.DayOf(time.Unix(0, l.checked).In(l.cfg.Clock())) == day {
		return
	}
	wasHeld := l.held
	l.held = true
	for n := 1; ; n++ {
		id := CheckID(l.tenant, day, n)
		if s := l.Board.seats[id]; s != nil {
			if l.held = wasHeld; s.toCall() && s.ready <= instant(l.now) && l.mayDial(false) {
				l.call(&row{group: s.group}, s)
			}
			l.held = true
			return
		}
		switch last, over := l.closed[id]; {
		case over && last.State == queue.Exhausted:
			return // a person has to see to it first
		case !over:
			t, err := queue.Ticket{
				ID: id, Tenant: l.tenant, Queue: l.cfg.Queue, Purpose: queue.TrunkCheck, Channel: checkChannel, Arrived: l.now,
			}.Promise(l.now, queue.Terms{Phone: l.cfg.CheckNumber, NotBefore: l.now})
			l.changed(Check, WhyFirstCall, nil, t, err)
			return
		}
	}
}

// checkChannel is the channel of the calls that try the trunk.
const checkChannel = "trunk"

// CheckID names the ticket of the n-th call, from 1, that tries the trunk on a
// day. There is a second only if a person has closed the first, which has shown
// nothing.
func CheckID(tenant string, day queue.Day, n int) string {
	return fmt.Sprintf("check-%s-%s-%d", tenant, day, n)
}
