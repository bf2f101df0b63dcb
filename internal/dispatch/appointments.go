package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Errors of promises that can't be kept, and so are not made.
var (
	// ErrSlotFull: as many calls as the agents of a half-day can make in it are
	// promised already, or it is over.
	ErrSlotFull = errors.New("dispatch: no more calls can be promised for this half-day")
	// ErrFull: as many calls are promised as the agents can make today.
	ErrFull = errors.New("dispatch: no more calls can be promised for today")
)

// HalfDays lists the half-days in which a call can still be promised, the
// earliest first: so many of them, after those that are skipped.
func (s *Tickets) HalfDays(ctx context.Context, tenant string, now time.Time, skip, n int) ([]queue.HalfDay, error) {
	o, err := s.office(tenant)
	if err != nil {
		return nil, err
	}
	var all []queue.HalfDay
	err = o.look(ctx, func(b *board) { all = o.room(b, now, skip+n) })
	return all[min(skip, len(all)):], err
}

// room lists at most so many half-days with room.
func (o *office) room(b *board, now time.Time, most int) (all []queue.HalfDay) {
	staff, handle := o.staffing(b), b.Handle(o.cfg.Queue, now)
	for _, h := range staff.HalfDays(o.cfg.Window, now, o.cfg.SlotDays) {
		if len(all) < most && b.Slot(h, queue.Ticket{}) < staff.Capacity(h, o.cfg.Window, handle, o.cfg.SlotShare) {
			all = append(all, h)
		}
	}
	return all
}

// slot gives the hours of a half-day in which a ticket is called, if there is
// room for it.
func (o *office) slot(b *board, t queue.Ticket, h queue.HalfDay, now time.Time) (from, to time.Time, err error) {
	staff := o.staffing(b)
	from, to, ok := staff.Span(h, o.cfg.Window)
	if !ok || !to.After(now) {
		return from, to, ErrSlotFull
	}
	if t.NeedsAgent && b.Slot(h, t) >= staff.Capacity(h, o.cfg.Window, b.Handle(o.cfg.Queue, now), o.cfg.SlotShare) {
		return from, to, ErrSlotFull
	}
	return from, to, nil
}

// full tells whether as many calls are promised as the agents can make today. The
// ticket itself is not counted.
func (o *office) full(b *board, t queue.Ticket, now time.Time) bool {
	most := o.staffing(b).PromiseCap(o.cfg.Window, now, b.Handle(o.cfg.Queue, now), o.cfg.PromiseShare)
	return b.Promised(queue.HalfDayOf(queue.DayOf(now.In(o.cfg.Clock())), true), t) >= most
}

// staffing is who is there when: as configured, or else all agents whenever
// citizens may be called. Where no agent is known yet, one is counted on.
func (o *office) staffing(b *board) queue.Staffing {
	if !o.cfg.Office.IsZero() {
		return o.cfg.Office
	}
	return o.cfg.Window.Staffed(max(1, b.Agents()))
}

// Change gives a promised call another half-day, another number, or both; what is
// empty stays. The place and the three figures stay. Where the number has a
// promised call already, the two become one: the one with the earlier place.
func (s *Tickets) Change(ctx context.Context, tenant, key, ticket string, slot queue.HalfDay, n phone.Number, at time.Time) (queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	if !n.Withheld() {
		if err := s.mayCall(ctx, o, n); err != nil {
			return queue.Ticket{}, err
		}
	}
	id := ticket
	kept, err := o.changeTicket(ctx, key, ticket, func(b *board, t queue.Ticket) (Change, error) {
		c, err := o.changed(b, t, slot, n, at)
		if len(c.Tickets) > 0 {
			id = c.Tickets[0].ID
		}
		return c, err
	})
	if err != nil {
		return queue.Ticket{}, err
	}
	return o.now(ctx, kept, id)
}

// mayCall refuses a number that may not be dialled, or is never to be called.
func (s *Tickets) mayCall(ctx context.Context, o *office, n phone.Number) error {
	if err := dialable(n); err != nil {
		return err
	}
	blocked, err := s.blocks.Blocked(ctx, o.tenant, n)
	if err == nil && blocked {
		return fmt.Errorf("%w: whoever answers there wants no call of ours", ErrNotDialable)
	}
	return o.failed(err)
}

func (o *office) changed(b *board, t queue.Ticket, slot queue.HalfDay, n phone.Number, at time.Time) (Change, error) {
	if !toBeCalled(t) {
		return Change{}, fmt.Errorf("%w: change, a ticket that is %q", queue.ErrImpossible, t.State)
	}
	want := queue.Change{Phone: n}
	if slot != "" && slot != t.Slot {
		from, to, err := o.slot(b, t, slot, at)
		if err != nil {
			return Change{}, err
		}
		want.NotBefore, want.From, want.To, want.Slot = later(at.Add(o.cfg.MinDelay), from), from, to, slot
	}
	other, taken := b.promisedCall(n, "", t.ID)
	if !taken || !t.NeedsAgent {
		t, err := t.Change(at, want)
		return Change{Tickets: []queue.Ticket{t}}, err
	}
	if queue.Before(other, t) || other.State == queue.Dialling {
		return merge(b, other, t, at)
	}
	t, err := t.Change(at, want)
	if err != nil {
		return Change{}, err
	}
	return merge(b, t, other, at)
}

// merge makes the request of one promised call part of another.
func merge(b *board, into, t queue.Ticket, at time.Time) (Change, error) {
	gone, err := t.Withdraw(at, queue.ReasonJoined)
	if err != nil {
		return Change{}, err
	}
	requests := append(slices.Clone(t.Also), queue.Request{
		Purpose: t.Purpose, Channel: t.Channel, At: t.Arrived, Citizen: t.Citizen, Note: t.Note,
	})
	for _, r := range requests {
		if into, err = into.Join(at, r); err != nil {
			return Change{}, err
		}
	}
	return Change{Tickets: []queue.Ticket{into, gone}, Agents: b.Without(t, at)}, nil
}

// Cancel ends a promised call that the citizen does not want any more.
func (s *Tickets) Cancel(ctx context.Context, tenant, ticket string, at time.Time) (queue.Ticket, error) {
	return s.withdraw(ctx, tenant, ticket, queue.ReasonCancelled, at)
}
