package dispatch

import (
	"context"
	"slices"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// Outlook is what a waiting caller can expect.
type Outlook struct {
	Ticket string
	Wait   time.Duration // the estimate, if Known
	Known  bool          // false: nobody is on duty, and nothing honest can be said
	Ahead  int           // callers and callbacks before this one
	Free   bool          // an agent is there for this caller now, or in a moment
	Offer  bool          // the callback is worth offering before the music

	Closed  bool          // the offices are closed: nobody answers now
	Closing bool          // they close before it would be this caller's turn
	Full    bool          // no more calls can be promised for today
	Next    queue.HalfDay // the next half-day with room, where one of these is so
}

// Outlook tells how long a waiting caller has to wait.
func (s *Tickets) Outlook(ctx context.Context, tenant, id string, now time.Time) (Outlook, error) {
	o, err := s.office(tenant)
	if err != nil {
		return Outlook{}, err
	}
	t, err := o.find(ctx, id)
	if err != nil {
		return Outlook{}, err
	}
	var out Outlook
	err = o.look(ctx, func(b *board) {
		if current, ok := b.Ticket(id); ok {
			t = current
		}
		out = o.outlook(b, t, now)
	})
	return out, err
}

// outlook is what t, which may not be on the board yet, can expect.
func (o *office) outlook(b *board, t queue.Ticket, now time.Time) Outlook {
	out := Outlook{Ticket: t.ID, Ahead: b.Ahead(t, now)}
	out.Wait, out.Known = b.Wait(t, now)
	there, free := b.Free(t, now)
	out.Free = there
	out.Offer = !out.Free && (!out.Known || out.Wait >= o.cfg.OfferFrom || (o.cfg.OfferAtOnce && free == 0))
	o.hoursOf(b, &out, t, now) // see closing.go
	return out
}

// Status is a queue as a supervisor sees it.
type Status struct {
	Queue     string
	Waiting   int // on the line
	Callbacks int // promised, due or being dialled
	Longest   time.Duration
	Wait      time.Duration // the estimate for whoever comes now, if Known
	Known     bool
	Agents    map[agent.State]int

	Closed, Closing, Full bool // as in Outlook, for whoever comes now
}

// Status tells how a queue stands. ErrNotFound if there is none of that name.
func (s *Tickets) Status(ctx context.Context, tenant, name string) (Status, error) {
	o, err := s.office(tenant)
	if err != nil {
		return Status{}, err
	}
	if !o.cfg.Has(name) {
		return Status{}, ErrNotFound
	}
	now := s.opts.Now()
	var q plan.Queue
	var next Outlook
	err = o.look(ctx, func(b *board) {
		q, next = b.Queue(name, now), o.outlook(b, queue.Ticket{Queue: name, Arrived: now}, now)
	})
	return Status{
		Queue: name, Waiting: q.Waiting, Callbacks: q.Callbacks, Longest: q.Longest, Agents: q.Agents,
		Wait: next.Wait, Known: next.Known, Closed: next.Closed, Closing: next.Closing, Full: next.Full,
	}, err
}

// Agents lists the agents of a tenant by id.
func (s *Tickets) Agents(ctx context.Context, tenant string) ([]agent.Agent, error) {
	o, err := s.office(tenant)
	if err != nil {
		return nil, err
	}
	var team []agent.Agent
	err = o.look(ctx, func(b *board) { team = o.employed(b) })
	return team, err
}

// Page lists tickets by arrival, newest first, closed ones too.
func (s *Tickets) Page(ctx context.Context, tenant string, states []queue.State, cursor string, limit int) ([]queue.Ticket, string, error) {
	if _, err := s.office(tenant); err != nil {
		return nil, "", err
	}
	return s.store.Tickets(ctx, tenant, slices.Clone(states), cursor, limit)
}
