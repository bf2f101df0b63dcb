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
	// ErrFull: as many calls are promised as the agents can make today, or, when
	// today is over, on the next day that is open.
	ErrFull = errors.New("dispatch: no more calls can be promised for today")
	// ErrMany: the citizen, or the number, has asked for as many calls as a day
	// allows.
	ErrMany = errors.New("dispatch: as many calls were asked for as a day allows")
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
	l := o.limits(b, now)
	for _, h := range l.staff.HalfDays(o.cfg.Window, now, o.cfg.SlotDays) {
		if len(all) < most && l.carry(h, queue.Ticket{}) {
			all = append(all, h)
		}
	}
	return all
}

// limits are what can be promised at an instant.
type limits struct {
	cfg    Config
	board  *board
	now    time.Time
	staff  queue.Staffing
	handle time.Duration
	most   int           // calls up to the end of a day
	last   queue.HalfDay // the afternoon of that day
}

func (o *office) limits(b *board, now time.Time) limits {
	l := limits{cfg: o.cfg, board: b, now: now, staff: o.staffing(b), handle: b.Handle(o.cfg.Queue, now)}
	most, day := l.staff.PromiseCap(o.cfg.Window, now, l.handle, o.cfg.PromiseShare)
	l.most, l.last = most, queue.HalfDayOf(day, true)
	return l
}

// full tells whether as many calls are promised as the agents can make up to the end
// of the day. The ticket itself is not counted.
func (l limits) full(t queue.Ticket) bool { return l.board.Promised(l.last, t) >= l.most }

// carry tells whether the agents can make one more call in a half-day: in what is left
// of it, and of the day. What they carry in a day is promised once, whether for a
// half-day or for as soon as possible. The ticket itself is not counted.
func (l limits) carry(h queue.HalfDay, t queue.Ticket) bool {
	return l.board.Slot(h, t) < l.staff.Capacity(h, l.cfg.Window, l.now, l.handle, l.cfg.SlotShare) && (h > l.last || !l.full(t))
}

// slot gives the hours of a half-day in which a ticket is called, if there is
// room for it and the first call can be made before it is over.
func (o *office) slot(b *board, t queue.Ticket, h queue.HalfDay, now time.Time) (from, to time.Time, err error) {
	l := o.limits(b, now)
	from, to, ok := l.staff.Span(h, o.cfg.Window)
	if !ok || !to.After(now.Add(o.cfg.MinDelay)) || (t.NeedsAgent && !l.carry(h, t)) {
		return from, to, ErrSlotFull
	}
	return from, to, nil
}

// staffing is who is there when: as configured, or else all agents whenever
// citizens may be called. Where no agent is known yet, one is counted on.
func (o *office) staffing(b *board) queue.Staffing {
	if !o.cfg.Office.IsZero() {
		return o.cfg.Office
	}
	n := b.Agents()
	if o.team != nil {
		n = len(o.team)
	}
	return o.cfg.Window.Staffed(max(1, n))
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
		want.NotBefore, want.From, want.To, want.Slot = queue.LaterOf(at.Add(o.cfg.MinDelay), from), from, to, slot
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
