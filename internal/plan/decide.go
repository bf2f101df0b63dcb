package plan

import (
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// Facts is what the board can't know.
type Facts struct {
	// Hold is true while no citizen is to be called: the exchange takes no
	// calls, or most of them fail for one cause.
	Hold bool
	// Probe allows one call although Hold is true, to see whether it is over.
	Probe bool
	// Up is how many calls of ours are known to be up, also those that say
	// goodbye still although their ticket has gone on: they take a line.
	Up int
	// Swept: callers who have waited on the line of a queue since before are to be
	// called back, because a supervisor wants the line empty. Whoever has called
	// again after it has not.
	Swept map[string]time.Time
}

// Verb is what a decision does.
type Verb string

// The decisions.
const (
	Ripen   Verb = "ripen"   // a promised call becomes due
	Turn    Verb = "turn"    // an agent for a caller on the line
	Dial    Verb = "dial"    // a citizen's call is placed
	GiveUp  Verb = "give-up" // a ticket that must not be dialled goes to a person
	Recover Verb = "recover" // a ticket whose call is gone goes on
	Mend    Verb = "mend"    // ticket and agent that do not fit each other are parted
	Close   Verb = "close"   // a caller on the line is told that the offices close
	Replan  Verb = "replan"  // a promise that can't be kept gets another time
	Notice  Verb = "notice"  // a call that says so is placed
	Check   Verb = "check"   // a call that tries the trunk is to be made
)

// Why it is decided; the other reasons are those of package queue.
const (
	// WhyFirst: the first in the order for whom somebody is there.
	WhyFirst = "first-in-order"
	// WhyAutomatic: a call that needs no agent.
	WhyAutomatic = "no-agent-needed"
	// WhyRepeat: decided before, and not taken up yet.
	WhyRepeat = "not-taken-up-yet"
	// WhyNoTicket: the ticket of an agent is closed, or is another agent's.
	WhyNoTicket = "agent-without-ticket"
	// WhyRingsTooLong: nobody reported how the ringing ended.
	WhyRingsTooLong = "rings-too-long"
	// WhyClosed: the offices are closed.
	WhyClosed = "offices-closed"
	// WhySwept: a supervisor wants the line empty.
	WhySwept = "swept"
	// WhyLate: the promised time will not be kept.
	WhyLate = "promise-slips"
	// WhyFirstCall: nobody has been called today.
	WhyFirstCall = "first-call-of-the-day"
)

// Decision is one step: tickets and agents as they become, to be committed
// together, and then the effect that its verb has on the telephone. Without
// tickets to write it is an effect alone: one that is repeated, or Close.
type Decision struct {
	Verb    Verb
	Reason  string
	Ticket  queue.Ticket   // the one that it is about; no ID where only an agent is mended
	Tickets []queue.Ticket // to write
	Agents  []agent.Agent  // to write
}

// How much one look does at most, so that it takes no longer than a moment
// however much there is to do: the next one goes on.
const (
	mostDecisions = 64 // of all kinds
	mostRipened   = 16 // that a call has become due is only noted: it is placed all the same
	mostMoved     = 64 // seats that go by themselves from far to near
	mostPromises  = 16 // that are looked after
)

// Decide says what is to be done now, and whether there is more to do than one
// look does. The board is as before: what was decided is put on it once it is
// committed. No ticket and no agent is in two decisions of a look, so they can be
// carried out in any order.
//
// It costs as much as it finds to do, and not as much as there are tickets: what
// waits for a time lies in order of the time, what waits for an agent in order
// of the turn, by what it needs; and what can't be done now is not looked at.
//
// What always holds: callers on the line and callbacks are served in one order,
// skipped only where nobody free can serve them; a citizen is dialled only in the
// window, only with an agent reserved where one is needed (or, where citizens
// are called first, with one free who is not meant for another call), never on a
// line that is in use, never beyond the lines that there are.
func (b *Board) Decide(now time.Time, f Facts) (decisions []Decision, more bool) {
	behind := b.goOn(now)
	l := &look{Board: b, facts: f, now: now, open: b.cfg.Window.Contains(now), held: f.Hold && !f.Probe}
	lines, auto := b.lines, b.auto
	l.recover()
	l.mendDoubled()
	l.mendTurns()
	l.mendAgents()
	l.checkTrunk()
	l.keepPromises()
	l.serve()
	l.closeLine()
	l.ripen()
	l.undo()
	b.lines, b.auto = lines, auto
	return l.decisions, behind || len(l.decisions) >= mostDecisions || l.more
}

// goOn lets time go by: what was far is near, who has rested is ready. It returns
// true if there is more to be moved.
func (b *Board) goOn(now time.Time) (more bool) {
	b.at = max(b.at, instant(now))
	b.rested()
	soon := b.at + int64(Horizon)
	for range mostMoved {
		s := b.heaps[far].top()
		if s == nil || b.heaps[far].by(s) > soon {
			return false
		}
		b.lift(&s.ripens)
		s.counts = true
		b.heaps[asleep].push(s)
		s.tree().update(s)
	}
	return true
}

// A look is one call of Decide. What it decides it marks on the board, so that
// everything else is decided as if it was done, and takes the marks off at its
// end.
type look struct {
	*Board
	facts     Facts
	now       time.Time
	open      bool // the window
	held      bool // nobody is called
	more      bool
	decisions []Decision

	seats    []*seat // decided about
	people   []*person
	placed   []*seat // calls that will be up
	launched []*crew // of which an agent is meant for a call
}

func (l *look) full() bool { return len(l.decisions) >= mostDecisions }

func (l *look) decide(d Decision, s *seat) {
	l.decisions = append(l.decisions, d)
	if s != nil {
		l.take(s)
	}
}

// take marks a ticket as decided about.
func (l *look) take(s *seat) {
	s.taken = true
	l.seats = append(l.seats, s)
	l.refresh(s)
}

// reserve marks an agent as decided about.
func (l *look) reserve(a agent.Agent) {
	p := l.Board.people[a.ID]
	if p == nil || p.taken {
		return
	}
	l.withhold(p)
	p.taken = true
	l.people = append(l.people, p)
}

// changed decides for a ticket that becomes t, with the agents that change with
// it. A transition that is not possible is no decision: the board is older than
// what happened.
func (l *look) changed(v Verb, why string, s *seat, t queue.Ticket, err error, agents ...agent.Agent) bool {
	if err != nil {
		return false
	}
	l.decide(Decision{Verb: v, Reason: why, Ticket: t, Tickets: []queue.Ticket{t}, Agents: agents}, s)
	for _, a := range agents {
		l.reserve(a)
	}
	return true
}

// repeat asks for an effect once more, if it was not asked for a moment ago.
func (l *look) repeat(v Verb, s *seat) {
	if s.look <= instant(l.now) {
		l.decide(Decision{Verb: v, Reason: WhyRepeat, Ticket: s.ticket}, s)
	}
}

// place marks a call as up.
func (l *look) place(s *seat, needsNobody bool) {
	l.placed = append(l.placed, s)
	l.lines++
	if needsNobody {
		l.auto++
	}
	l.engage(s.ticket.Phone, 1)
}

// undo takes the marks off.
func (l *look) undo() {
	for _, c := range l.launched {
		c.spare++
	}
	for _, p := range l.people {
		p.taken = false
		l.offer(p)
	}
	for _, s := range l.seats {
		s.taken = false
	}
	for _, s := range l.placed {
		l.engage(s.ticket.Phone, -1)
	}
	for _, s := range l.seats {
		l.refresh(s)
	}
}

// ripen notes of promised calls that they are due now.
func (l *look) ripen() {
	if !l.cfg.Starts.IsZero() {
		for _, s := range l.heaps[undated].until(never, mostRipened) {
			fixed, err := s.ticket.Fix(l.now, l.cfg.Starts)
			l.changed(Ripen, string(fixed.Reason), s, fixed, err)
		}
	}
	if !l.open {
		return
	}
	most := mostRipened + len(l.seats)
	ripe := l.heaps[asleep].until(instant(l.now), most)
	l.more = l.more || len(ripe) == most
	for _, s := range sorted(ripe) {
		if s.taken || l.full() {
			continue
		}
		due, err := s.ticket.Ripen(l.now)
		l.changed(Ripen, string(due.Reason), s, due, err)
	}
}
