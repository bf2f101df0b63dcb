package dispatch

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"richiamo/internal/queue"
)

// chores is what a watch does beside planning, and when it did it last.
type chores struct {
	tidied time.Time // when was last looked after what is not planned
	looked time.Time // when was last looked whether nothing goes on any more
	joined time.Time // when was last looked for two promises to one citizen
	swept  time.Time // when was last asked for sweeps
}

// tidy is what a process looks after from time to time, whether it plans or not:
// attempts to be given back, second legs of a citizen, numbers that do not call us
// any more.
func (w *watch) tidy(ctx context.Context, now time.Time) {
	w.refund(ctx, now)
	if now.Sub(w.tidied) < sweepAt {
		return
	}
	w.tidied = now
	w.endSecondLegs(ctx)
	w.forgetCalls(now)
}

// refund gives attempts back that failed as most did when the breaker tripped: in
// the ticket, and so in its ledgers.
func (w *watch) refund(ctx context.Context, now time.Time) {
	w.mu.Lock()
	back := w.mind.refunds
	w.mind.refunds = nil
	w.mu.Unlock()
	for i, e := range back {
		_, err := w.changeTicket(ctx, "", e.Ticket, func(_ *board, t queue.Ticket) (Change, error) {
			refunded, err := t.Refund(now, e.Attempt)
			return Change{Tickets: []queue.Ticket{refunded}}, err
		})
		if err == nil || errors.Is(err, queue.ErrNoAttempt) || errors.Is(err, ErrNotFound) {
			continue
		}
		w.mu.Lock()
		w.mind.refunds = append(w.mind.refunds, back[i:]...)
		w.mu.Unlock()
		return // the store is away: later
	}
}

// endSecondLegs ends calls of ours whose citizen is on the line in another call: a
// process that died between the two has not ended it.
func (w *watch) endSecondLegs(ctx context.Context) {
	var legs []string
	if err := w.look(ctx, func(b *board) { legs = b.Superseded() }); err != nil {
		return
	}
	for _, call := range legs {
		if w.calls.Live(call) {
			w.calls.Cancel(ctx, call)
		}
	}
}

// forgetCalls forgets calls that are over.
func (w *watch) forgetCalls(now time.Time) {
	w.mu.Lock()
	calls := maps.Clone(w.mind.calling)
	w.mu.Unlock()
	over := map[string]bool{}
	for _, row := range calls {
		for _, a := range row {
			over[a.call] = !w.alive(a, now)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for n, row := range w.mind.calling {
		row = slices.DeleteFunc(slices.Clone(row), func(a arrival) bool { return over[a.call] })
		if w.mind.calling[n] = row; len(row) == 0 {
			delete(w.mind.calling, n)
		}
	}
}

// joinDoubled makes one of two promised calls of a citizen or a number. Two
// processes may have promised them at the same moment, or two callers with one
// number were cut off. The one that is on the line stays, or else that with the
// earlier place.
func (w *watch) joinDoubled(ctx context.Context, now time.Time) {
	if now.Sub(w.joined) < sweepAt {
		return
	}
	w.joined = now
	var pairs [][2]string
	err := w.look(ctx, func(b *board) { pairs = b.Doubled() })
	if err != nil {
		return
	}
	for _, p := range pairs {
		_, err := w.changeTicket(ctx, "", p[1], func(b *board, t queue.Ticket) (Change, error) {
			into, ok := b.Ticket(p[0])
			if !ok || !stillPromised(into) || !stillPromised(t) || t.State.OnLine() {
				return Change{}, nil
			}
			return merge(b, into, t, now)
		})
		if err != nil && !errors.Is(err, queue.ErrImpossible) && !errors.Is(err, ErrNotFound) {
			w.log.Warn("two promised calls of one citizen are still two", "tenant", w.tenant, "ticket", p[1], "error", err)
		}
	}
}

// stuckAfter is how long nobody may be served while citizens are due and agents
// free.
const stuckAfter = 3 * time.Minute

// lookForStuck raises the alarm when the planner does nothing although it could:
// whatever the reason is, a person should look at it.
func (w *watch) lookForStuck(ctx context.Context, now time.Time) {
	if now.Sub(w.looked) < sweepAt {
		return
	}
	w.looked = now
	stuck := false
	err := w.look(ctx, func(b *board) {
		if w.mind.served.IsZero() || !b.Idle(now) {
			w.mind.served = now
		}
		stuck = now.Sub(w.mind.served) >= stuckAfter
	})
	if err == nil {
		w.alarm(AlarmStuck, stuck)
	}
}
