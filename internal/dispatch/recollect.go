package dispatch

import (
	"context"
	"slices"
	"time"

	"richiamo/internal/queue"
)

// What a process remembers beside the board ends with it. Citizens would feel the
// loss of two things, so that these are found again in the tickets when everything
// is read for the first time: how the calls of the last minute ended, by which the
// breaker stops dialling and gives attempts back; and whom we could not reach, who
// may see our calls and call back. And who waits once more, transferred, is found, so
// that nobody's wait is measured twice.

// memory is what of that was found.
type memory struct {
	ended     []queue.Ended  // in the time that the breaker looks back on
	unreached []queue.Ticket // in the time in which a call back is recognised
	spoken    []string       // who was transferred, and waits
}

// see looks at tickets.
func (m *memory) see(tickets []queue.Ticket, now time.Time) {
	for _, t := range tickets {
		if t.State == queue.Waiting && t.Reason == queue.ReasonTransferred {
			m.spoken = append(m.spoken, t.ID)
		}
		if t.State == queue.Exhausted && now.Sub(t.Updated) < missedFor {
			m.unreached = append(m.unreached, t)
		}
		if t.Purpose == queue.TrunkCheck {
			continue
		}
		for _, a := range t.Attempts {
			if !a.Ended.IsZero() && now.Sub(a.Ended) < queue.BreakerSpan { // also where the next is under way already
				m.ended = append(m.ended, endOf(t, a))
			}
		}
	}
}

// exhausted reads the newest tickets that wait for a person, as many as are
// remembered.
func (o *office) exhausted(ctx context.Context, now time.Time, m *memory) error {
	const atOnce = 500
	cursor := ""
	for range maxUnreached / atOnce {
		page, next, err := o.store.Tickets(ctx, o.tenant, []queue.State{queue.Exhausted}, cursor, atOnce)
		if err != nil {
			return err
		}
		m.see(page, now)
		if cursor = next; cursor == "" {
			break
		}
	}
	return nil
}

// recollect takes up what was found. It tells whether the breaker has tripped. The
// lock is held.
func (o *office) recollect(m memory) (tripped bool) {
	slices.SortFunc(m.ended, func(a, b queue.Ended) int { return a.At.Compare(b.At) })
	for _, e := range m.ended {
		var back []queue.Ended
		o.mind.breaker, back = o.mind.breaker.Remembered(e.At, e)
		o.mind.refunds = append(o.mind.refunds, back...)
	}
	for _, t := range m.unreached {
		o.mind.reach(t)
	}
	for _, id := range m.spoken {
		o.mind.spoken[id] = true
	}
	_, tripped = o.mind.breaker.Tripped()
	return tripped
}
