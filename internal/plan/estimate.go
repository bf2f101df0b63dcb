package plan

import (
	"math"
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

// Wait estimates how long it is until t has its turn with one of those who can
// serve it. ok is false when nothing honest can be said.
func (b *Board) Wait(t queue.Ticket, now time.Time) (wait time.Duration, ok bool) {
	language := b.needed(t.Language)
	return queue.Estimate(b.before(t, language, now), b.Staff(now, t.Queue, language))
}

// before is how many of those ahead of t are served by those who can serve t: whoever
// needs less than t finds other agents too, and takes of these but their share.
func (b *Board) before(t queue.Ticket, language string, now time.Time) int {
	if language == "" {
		return b.Ahead(t, now) // everybody speaks it
	}
	b.goOn(now)
	s, n := &seat{ticket: queue.Ticket{ID: t.ID}, place: instant(t.Place())}, 0.0
	for _, g := range b.groups {
		if !g.agent || g.queue != t.Queue {
			continue
		}
		if all := b.Staff(now, g.queue, g.language).Active; all > 0 {
			n += float64(g.line.ahead(s)+g.calls.ahead(s)) * b.Staff(now, g.queue, g.language, language).Active / all
		}
	}
	const dust = 1e-9 // of the division
	return int(math.Ceil(n - dust))
}

// Staff is who serves a queue now, or of those who has the other skills too, and how
// fast. An agent who serves several queues counts for each by the share of the time
// that is left for it.
func (b *Board) Staff(now time.Time, name string, skills ...string) queue.Staff {
	b.goOn(now)
	s := queue.Staff{Setup: b.cfg.Setup}
	var handle float64
	for _, c := range b.roster {
		if c.duty == 0 || !c.serves(name) || !c.serves(skills...) {
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
	if s := b.Staff(now, name); s.Handle > 0 {
		return s.Handle
	}
	return b.cfg.Handle
}

// Free tells whether an agent who can serve it is there for a waiting caller now, or
// in a moment: one who is reserved, or one who is free and for whom nobody comes
// first. free is how many are free for the caller.
func (b *Board) Free(t queue.Ticket, now time.Time) (there bool, free int) {
	language := b.needed(t.Language)
	free = b.Staff(now, t.Queue, language).Free
	others := b.Staff(now, t.Queue).Free - free
	return t.Agent != "" || free > b.competing(t, language, now, free, others), free
}

// competing counts those before t who want one of the agents now that are free for
// t, up to most: of each language no more than there are agents free for it. Those
// who do not need t's find so many others.
func (b *Board) competing(t queue.Ticket, language string, now time.Time, most, others int) int {
	s, open := &seat{ticket: queue.Ticket{ID: t.ID}, place: instant(t.Place())}, b.cfg.Window.Contains(now)
	own, rest := 0, 0
	for _, g := range b.groups {
		if !g.agent || g.queue != t.Queue {
			continue
		}
		n := &own
		if g.language != language {
			n = &rest
		}
		bound := min(b.Staff(now, g.queue, g.language).Free, most+others-*n)
		want := g.line.competing(s, instant(now), bound)
		if open {
			want += g.calls.competing(s, instant(now), bound-want)
		}
		*n += want
	}
	return own + max(0, rest-others)
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
