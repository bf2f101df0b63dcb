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
// may see our calls and call back.

// memory is what of that was found.
type memory struct {
	ended     []queue.Ended  // in the time that the breaker looks back on
	unreached []queue.Ticket // in the time in which a call back is recognised
}

// see looks at tickets.
func (m *memory) see(tickets []queue.Ticket, now time.Time) {
	for _, t := range tickets {
		if t.State == queue.Exhausted && now.Sub(t.Updated) < missedFor {
			m.unreached = append(m.unreached, t)
		}
		if n := len(t.Attempts); n == 0 || t.Purpose == queue.TrunkCheck || now.Sub(t.Attempts[n-1].Ended) >= queue.BreakerSpan {
			continue // the last attempt is the latest
		}
		for _, a := range t.Attempts {
			if now.Sub(a.Ended) < queue.BreakerSpan {
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
		o.hear(e)
	}
	for _, t := range m.unreached {
		o.mind.reach(t)
	}
	_, tripped = o.mind.breaker.Tripped()
	return tripped
}
