package plan

import (
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// Ahead counts the tickets of a queue that have their turn before t and need an
// agent: callers on the line and promised callbacks alike, unless their next call
// is not due until after the Horizon. t may be on the board or not.
func (b *Board) Ahead(t queue.Ticket, now time.Time) int {
	b.goOn(now)
	s, n := &seat{ticket: queue.Ticket{ID: t.ID}, place: instant(t.Place())}, 0
	for _, g := range b.groups {
		if g.agent && g.queue == t.Queue {
			n += g.line.ahead(s) + g.calls.ahead(s)
		}
	}
	return n
}

// Wait estimates how long it is until t has its turn. ok is false when nothing
// honest can be said.
func (b *Board) Wait(t queue.Ticket, now time.Time) (wait time.Duration, ok bool) {
	return queue.Estimate(b.Ahead(t, now), b.Staff(t.Queue, now))
}

// Staff is who serves a queue now, and how fast. An agent who serves several
// queues counts for each by the share of the time that is left for it.
func (b *Board) Staff(name string, now time.Time) queue.Staff {
	b.goOn(now)
	s := queue.Staff{Setup: b.cfg.Setup}
	var handle float64
	for _, c := range b.roster {
		if c.duty == 0 || !c.serves(name) {
			continue
		}
		s.Active += float64(c.duty) * c.share
		s.Free += len(c.free)
		handle += float64(c.handle) * c.share
	}
	if s.Active > 0 {
		s.Handle = time.Duration(handle / s.Active)
	}
	return s
}

// Handle is how long a citizen of a queue takes: the mean of those on duty, or
// what is taken for true until there is one.
func (b *Board) Handle(name string, now time.Time) time.Duration {
	if s := b.Staff(name, now); s.Handle > 0 {
		return s.Handle
	}
	return b.cfg.Handle
}

// Free tells whether an agent is there for a waiting caller now, or in a moment:
// one who is reserved, or one who is free and for whom nobody comes first. free
// is how many are free for the caller's queue.
func (b *Board) Free(t queue.Ticket, now time.Time) (there bool, free int) {
	free = b.Staff(t.Queue, now).Free
	return t.Agent != "" || free > b.competing(t, now, free), free
}

// competing counts those before t who want one of the free agents now, up to
// most.
func (b *Board) competing(t queue.Ticket, now time.Time, most int) int {
	s, n, open := &seat{ticket: queue.Ticket{ID: t.ID}, place: instant(t.Place())}, 0, b.cfg.Window.Contains(now)
	for _, g := range b.groups {
		if !g.agent || g.queue != t.Queue {
			continue
		}
		n += g.line.competing(s, instant(now), most-n)
		if open {
			n += g.calls.competing(s, instant(now), most-n)
		}
	}
	return n
}

// Slot is how many calls are promised for a half-day, but for one of t.
func (b *Board) Slot(h queue.HalfDay, t queue.Ticket) int {
	n := b.slots[h]
	if s := b.seats[t.ID]; s != nil && s.ticket.Slot == h && promised(&s.ticket) {
		n--
	}
	return n
}

// Promised is how many calls by an agent are promised for the half-day last at
// the latest, but for that of t. Half-days come in the order of their names; who
// waits for a day that is not known is not counted.
func (b *Board) Promised(last queue.HalfDay, t queue.Ticket) int {
	n := -len(b.heaps[undated].seats)
	for _, g := range b.groups {
		if g.agent {
			n += g.toCall
		}
	}
	for h, taken := range b.slots {
		if h > last {
			n -= taken
		}
	}
	if s := b.seats[t.ID]; s != nil && promised(&s.ticket) && s.ticket.Slot <= last && !s.ticket.NotBefore.Equal(queue.NoDate()) {
		n--
	}
	return n
}

// Agents is how many agents there are, whatever they do.
func (b *Board) Agents() int { return len(b.people) }

// Idle tells whether somebody could be served now, and is not: an agent is free,
// and one who has the turn needs what the agent can do.
func (b *Board) Idle(now time.Time) bool {
	b.goOn(now)
	open := b.cfg.Window.Contains(now)
	for _, g := range b.groups {
		if g.agent && g.next() != nil && (g.line.next(instant(now)) != nil || open && g.calls.next(instant(now)) != nil) {
			return true
		}
	}
	return false
}

// Queue is a queue as a supervisor sees it.
type Queue struct {
	Waiting   int // on the line
	Callbacks int // promised, due or being dialled
	Longest   time.Duration
	Agents    map[agent.State]int
}

// Queue tells how a queue stands.
func (b *Board) Queue(name string, now time.Time) Queue {
	q := Queue{Agents: map[agent.State]int{}}
	for _, g := range b.groups {
		if !g.agent || g.queue != name {
			continue
		}
		q.Waiting += g.onLine
		q.Callbacks += g.toCall
		g.line.root.walk(func(*seat) bool { return true }, func(s *seat) bool {
			q.Longest = max(q.Longest, now.Sub(s.ticket.Arrived))
			return true
		})
	}
	for _, c := range b.roster {
		if !c.serves(name) {
			continue
		}
		for state, n := range c.states {
			if n > 0 {
				q.Agents[state] += n
			}
		}
	}
	return q
}
