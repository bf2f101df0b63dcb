package dispatch

import (
	"context"
	"slices"
	"time"

	"richiamo/internal/agent"
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
	out := Outlook{Ticket: id}
	err = o.look(ctx, func(b *board) {
		if current, ok := b.ticket(id); ok {
			t = current
		}
		out.Ahead = queue.Ahead(b.open, t, now.Add(horizon))
		out.Wait, out.Known = b.wait(o.cfg, t, now)
		free := b.freeFor(t, now)
		out.Free = t.Agent != "" || free > b.competing(o.cfg, t, now)
		out.Offer = !out.Free && (!out.Known || out.Wait >= o.cfg.OfferFrom || (o.cfg.OfferAtOnce && free == 0))
	})
	return out, err
}

// horizon is how far ahead a callback must be due to stand before a caller who
// asks now.
const horizon = 30 * time.Minute

// wait estimates the wait of t, which may not be on the board yet.
func (b *board) wait(cfg Config, t queue.Ticket, now time.Time) (time.Duration, bool) {
	return queue.Estimate(queue.Ahead(b.open, t, now.Add(horizon)), b.staff(cfg, t.Queue, now))
}

// staff is who serves a queue now.
func (b *board) staff(cfg Config, name string, now time.Time) queue.Staff {
	s := queue.Staff{Setup: cfg.Setup}
	var sum time.Duration
	for _, a := range b.agents {
		if !a.State.OnDuty() || !a.Serves(name) {
			continue
		}
		s.Active++
		if a.Free(now) {
			s.Free++
		}
		if a.Handle > 0 {
			sum += a.Handle
		} else {
			sum += cfg.Handle
		}
	}
	if s.Active > 0 {
		s.Handle = sum / time.Duration(s.Active)
	}
	return s
}

func (b *board) freeFor(t queue.Ticket, now time.Time) int {
	n := 0
	for _, a := range b.agents {
		if a.Free(now) && a.Serves(t.Queue) {
			n++
		}
	}
	return n
}

// competing counts those before t who want one of the free agents now.
func (b *board) competing(cfg Config, t queue.Ticket, now time.Time) int {
	open := cfg.Window.Contains(now)
	n := 0
	for _, o := range b.open {
		wants := o.State == queue.Waiting || (open && (o.State == queue.Pending || o.State == queue.Due))
		if wants && o.NeedsAgent && o.Agent == "" && o.Queue == t.Queue && !now.Before(o.NotBefore) && queue.Before(o, t) {
			n++
		}
	}
	return n
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
}

// Status tells how a queue stands. ErrNotFound if there is none of that name.
func (s *Tickets) Status(ctx context.Context, tenant, name string) (Status, error) {
	o, err := s.office(tenant)
	if err != nil {
		return Status{}, err
	}
	if name != o.cfg.Queue {
		return Status{}, ErrNotFound
	}
	now := s.opts.Now()
	st := Status{Queue: name, Agents: map[agent.State]int{}}
	err = o.look(ctx, func(b *board) {
		for _, t := range b.open {
			switch {
			case t.Queue != name || !t.NeedsAgent:
			case t.State == queue.Waiting:
				st.Waiting++
				st.Longest = max(st.Longest, now.Sub(t.Arrived))
			case t.State != queue.Connected:
				st.Callbacks++
			}
		}
		for _, a := range b.agents {
			if a.Serves(name) {
				st.Agents[a.State]++
			}
		}
		st.Wait, st.Known = b.wait(o.cfg, queue.Ticket{Queue: name, Arrived: now}, now)
	})
	return st, err
}

// Agents lists the agents of a tenant by id.
func (s *Tickets) Agents(ctx context.Context, tenant string) ([]agent.Agent, error) {
	o, err := s.office(tenant)
	if err != nil {
		return nil, err
	}
	var team []agent.Agent
	err = o.look(ctx, func(b *board) { team = b.team() })
	return team, err
}

// Page lists tickets by arrival, newest first, closed ones too.
func (s *Tickets) Page(ctx context.Context, tenant string, states []queue.State, cursor string, limit int) ([]queue.Ticket, string, error) {
	if _, err := s.office(tenant); err != nil {
		return nil, "", err
	}
	return s.store.Tickets(ctx, tenant, slices.Clone(states), cursor, limit)
}
