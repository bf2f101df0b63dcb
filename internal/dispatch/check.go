package dispatch

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// checkKnown is how long after it began a call that tries the trunk is known by its
// keys: until the call and its other leg are both over, also when a process dies in
// between.
const checkKnown = 5 * time.Minute

// Back is what CameBack finds.
type Back struct {
	Ours    bool // the keys are those of the call that tries the trunk
	Ended   bool // and its attempt has ended with this
	Waiting bool // a call that tries the trunk is on its way
}

// Checking tells whether a call that tries the trunk may be on its way, so that a
// call that comes in may be that very one. It answers from memory, at once; while
// the store has never been read it may be.
func (s *Tickets) Checking(tenant string) bool {
	o, ok := s.offices[tenant]
	if !ok || o.cfg.CheckNumber.Withheld() {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.board == nil || onItsWay(o.checksOf(o.board))
}

// CameBack takes down that a call that tries the trunk is over, if these are its
// keys: it has come in again, or has not. Said twice it is as once.
func (s *Tickets) CameBack(ctx context.Context, tenant, keys string, outcome queue.Outcome, at time.Time) (Back, error) {
	o, err := s.office(tenant)
	if err != nil {
		return Back{}, err
	}
	var checks []queue.Ticket
	if err := o.look(ctx, func(b *board) { checks = o.checksOf(b) }); err != nil {
		return Back{}, err
	}
	back := Back{Waiting: onItsWay(checks)}
	if keys == "" {
		return back, nil
	}
	closed, err := o.checksClosed(ctx, at)
	if err != nil {
		return back, err
	}
	for _, t := range append(checks, closed...) {
		n := len(t.Attempts)
		if n == 0 || at.Sub(t.Attempts[n-1].At) > checkKnown || queue.CheckKeys(t.Attempts[n-1]) != keys {
			continue
		}
		back.Ours, back.Ended = true, t.Attempts[n-1].Ended.IsZero()
		return back, s.AttemptEnded(ctx, tenant, t.ID, n, queue.Result{Outcome: outcome}, at)
	}
	return back, nil
}

// checksOf are the open tickets that try the trunk.
func (o *office) checksOf(b *board) (checks []queue.Ticket) {
	for _, t := range b.ByPhone(o.cfg.CheckNumber) {
		if t.Purpose == queue.TrunkCheck {
			checks = append(checks, t)
		}
	}
	return checks
}

// checksClosed are the tickets of the day that have tried the trunk.
func (o *office) checksClosed(ctx context.Context, now time.Time) (checks []queue.Ticket, err error) {
	day := queue.DayOf(now.In(o.cfg.Clock()))
	for n := 1; ; n++ {
		t, err := o.find(ctx, plan.CheckID(o.tenant, day, n))
		switch {
		case errors.Is(err, ErrNotFound):
			return checks, nil
		case err != nil:
			return nil, err
		case !t.State.Open():
			checks = append(checks, t)
		}
	}
}

// onItsWay tells whether the telephone of a check is being called.
func onItsWay(checks []queue.Ticket) bool {
	for _, t := range checks {
		if t.State == queue.Dialling {
			return true
		}
	}
	return false
}
