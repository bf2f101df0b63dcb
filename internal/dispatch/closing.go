package dispatch

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/queue"
)

// hoursOf adds to an outlook what the offices' hours mean for a caller.
func (o *office) hoursOf(b *board, out *Outlook, t queue.Ticket, now time.Time) {
	open := o.mind.hours.Contains(now)
	out.Closed = !open && !out.Free
	if closes, ends := o.mind.hours.Closes(now); open && ends && !out.Free {
		turn := now
		if out.Known {
			turn = now.Add(out.Wait)
		}
		out.Closing = turn.After(closes.Add(-o.cfg.ClosingMargin))
	}
	out.Full = t.Resume.IsZero() && o.limits(b, now).full(t)
	if out.Closed || out.Closing || out.Full {
		if room := o.room(b, now, 1); len(room) > 0 {
			out.Next = room[0]
		}
	}
}

// InHours tells whether a tenant's agents should be there now, and citizens may be
// called.
func (s *Tickets) InHours(tenant string, now time.Time) bool {
	o, ok := s.offices[tenant]
	return ok && o.mind.hours.Contains(now)
}

// Sweep has all callers who wait on the line of a queue called back, at once: a
// supervisor sends them home. It is kept before anybody is told, so that it goes on
// when the process dies, and reaches the one that plans. It returns to how many that was said; whoever is about
// to be put through is put through. Those to whom it could not be said are in the error; they
// are told again by the planner.
func (s *Tickets) Sweep(ctx context.Context, tenant, queueName string) (told int, err error) {
	o, err := s.office(tenant)
	if err != nil {
		return 0, err
	}
	if !o.cfg.Has(queueName) {
		return 0, ErrNotFound
	}
	now := s.opts.Now()
	if err := s.sweeps.Sweep(ctx, tenant, queueName, now); err != nil {
		return 0, o.failed(err)
	}
	var calls []string
	err = o.look(ctx, func(b *board) {
		o.mind.sweep(queueName, now)
		for _, t := range b.Line(queueName) {
			calls = append(calls, t.Call)
		}
	})
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, call := range calls {
		switch err := s.calls.Close(ctx, call); {
		case err == nil:
			told++
		case !errors.Is(err, ErrNotFound): // who has hung up needs no word
			failed = append(failed, err)
		}
	}
	o.nudge()
	return told, errors.Join(failed...)
}

// hearSweeps learns of sweeps that another process was asked for, or this one
// before it died. One that can't be read is read again.
func (w *watch) hearSweeps(ctx context.Context, now time.Time) {
	if now.Sub(w.swept) < tick {
		return
	}
	kept, err := w.tickets.sweeps.Swept(ctx, w.tenant)
	if err != nil {
		if !errors.Is(err, ErrUnavailable) { // of which everybody hears
			w.log.Warn("it is not known whether a supervisor wants a line empty", "tenant", w.tenant, "error", err)
		}
		return
	}
	w.swept = now
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, at := range kept {
		w.mind.sweep(name, at)
	}
}

// sweep takes note of a sweep. What was read may be older than what is known: the
// later one counts.
func (m *mind) sweep(name string, at time.Time) {
	if at.After(m.swept[name]) {
		m.swept[name] = at
	}
}
