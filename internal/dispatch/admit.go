package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// It is planned from the board. What is not on it is looked at once more before a
// citizen's call is committed: the breaker, calls that are up, the ledgers.

// admitted tells whether the citizen of a decision may be called now, with the
// ledgers that were read for it: they are to be part of its change. A ticket that
// may not be called for some time has been put off when it returns.
func (w *watch) admitted(ctx context.Context, now time.Time, t queue.Ticket) (ledgers []queue.Ledger, ok bool, err error) {
	w.mu.Lock()
	may := w.mind.breaker.May(now) || t.Purpose == queue.TrunkCheck
	w.mu.Unlock()
	if !may {
		return nil, false, nil
	}
	ledgers, put, err := w.mayCall(ctx, now, t)
	switch {
	case err != nil:
		return nil, false, err
	case w.inUse(now, t, ledgers):
		return nil, false, w.putOff(ctx, now, t.ID, now.Add(onLineRest), ReasonOnLine)
	case put.until.After(now):
		return nil, false, w.putOff(ctx, now, t.ID, put.until, put.why)
	}
	return ledgers, true, nil
}

// ReasonOnLine: a call with the number is up at this moment, so it is not dialled.
const ReasonOnLine queue.Reason = "line-in-use"

// onLineRest is how long a number is left alone with which a call is up.
const onLineRest = 15 * time.Second

// putOff defers a promised call.
func (w *watch) putOff(ctx context.Context, now time.Time, id string, until time.Time, why queue.Reason) error {
	_, err := w.changeTicket(ctx, "", id, func(_ *board, t queue.Ticket) (Change, error) {
		later, err := t.Defer(now, until, why)
		return Change{Tickets: []queue.Ticket{later}}, err
	})
	if errors.Is(err, queue.ErrImpossible) || errors.Is(err, ErrNotFound) {
		return nil // it has moved on meanwhile
	}
	return err
}

// dialled notes that a call is about to be placed.
func (w *watch) dialled(now time.Time, t queue.Ticket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mind.breaker = w.mind.breaker.Dialled(now, t.ID, len(t.Attempts))
	w.mind.engage(t.Phone, arrival{t.Call, now, true})
}

// goesOn notes that the exchange has taken a decision.
func (w *watch) goesOn(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mind.served = now
}

// arrival is a call with a number.
type arrival struct {
	call string
	at   time.Time
	ours bool
}

// Arrives notes that a number calls us, on a call that lives or is about to: while
// it does, the number is not dialled. Whoever has not said yet what the call is
// about must not hear us knock in it.
func (s *Tickets) Arrives(tenant string, n phone.Number, call string) {
	o, ok := s.offices[tenant]
	if !ok || n.Withheld() {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mind.engage(n, arrival{call, s.opts.Now(), false})
}

func (m *mind) engage(n phone.Number, a arrival) {
	m.calling[n] = append(slices.Clip(m.calling[n]), a)
}

// lingers notes a call of ours whose attempt has ended: it may say goodbye still,
// and another process may have placed it.
func (m *mind) lingers(n phone.Number, call string) {
	if !slices.ContainsFunc(m.calling[n], func(a arrival) bool { return a.call == call }) {
		m.engage(n, arrival{call: call, ours: true})
	}
}

// arriving is how long a call may take to be alive.
const arriving = 2 * time.Second

func (w *watch) alive(a arrival, now time.Time) bool {
	return now.Sub(a.at) < arriving || w.calls.Live(a.call)
}

// inUse tells whether a call with the number of a ticket is up, as far as is
// known: also one of ours whose end was reported, and that says goodbye still. The
// ledgers know of those that were placed before this process began.
func (w *watch) inUse(now time.Time, t queue.Ticket, ledgers []queue.Ledger) bool {
	w.mu.Lock()
	calls := w.mind.calling[t.Phone]
	w.mu.Unlock()
	for _, l := range ledgers {
		for _, e := range l.Entries {
			if now.Sub(e.At) < longestCall {
				calls = append(slices.Clip(calls), arrival{call: queue.CallID(e.Ticket, e.Attempt)})
			}
		}
	}
	// Live is not asked under the lock: calls may be asking something here.
	return slices.ContainsFunc(calls, func(a arrival) bool { return a.call != t.Call && w.alive(a, now) })
}

// longestCall is how long a call can be up: an hour of talk, and more.
const longestCall = 2 * time.Hour

// linesUp is how many calls of ours are up, those included that say goodbye.
func (w *watch) linesUp(now time.Time) (n int) {
	var ours []arrival
	w.mu.Lock()
	for _, row := range w.mind.calling {
		for _, a := range row {
			if a.ours {
				ours = append(ours, a)
			}
		}
	}
	w.mu.Unlock()
	for _, a := range ours {
		if w.alive(a, now) {
			n++
		}
	}
	return n
}
