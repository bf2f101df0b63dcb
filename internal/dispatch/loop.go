package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"richiamo/internal/queue"
)

// How the loop keeps time.
const (
	tick      = time.Second      // it looks at least so often
	leaseFor  = 6 * time.Second  // how long a planner that died is waited for
	renewAt   = 2 * time.Second  // so that two renewals may fail
	sweepAt   = 10 * time.Second // everything is read anew, for what other processes wrote
	roundFor  = 5 * time.Second  // how long one look, and one effect, may take
	holdFor   = 5 * time.Second  // an exchange that took no call is left alone, except for the calls that it owes
	maxPasses = 100              // of Plan in one look: each carries out what the one before made possible
)

// Loop carries out what Plan decides, for every tenant, as long as it holds the
// tenant's lease.
type Loop struct {
	tickets *Tickets
	leases  Leases
	calls   Calls
	holder  string
	log     *slog.Logger
	decided func(tenant string, d Decision)

	once sync.Once
	stop context.CancelFunc
	done sync.WaitGroup
}

// NewLoop makes a loop that is still to be started. holder names the process
// among all that plan: a successor of the same name takes its leases over at once.
// decided hears of every decision that was carried out; it must not wait, and may
// be nil.
func NewLoop(t *Tickets, leases Leases, calls Calls, holder string, decided func(tenant string, d Decision)) *Loop {
	if decided == nil {
		decided = func(string, Decision) {}
	}
	return &Loop{tickets: t, leases: leases, calls: calls, holder: holder, log: t.opts.Log, decided: decided}
}

// Start begins to plan. Calls must know by then which of them are alive.
func (l *Loop) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	for _, o := range l.tickets.offices {
		w := &watch{Loop: l, office: o, silent: map[string]time.Time{}, told: map[string]time.Time{}, fresh: true}
		l.done.Go(func() { w.run(ctx) })
	}
}

// Stop ends planning, gives the leases back and returns when all is quiet.
func (l *Loop) Stop() {
	l.once.Do(func() {
		if l.stop != nil {
			l.stop()
		}
	})
	l.done.Wait()
}

// watch is the loop over one tenant.
type watch struct {
	*Loop
	*office

	term    int64
	held    bool
	fresh   bool // the lease was never held by this process
	renewed time.Time

	silent map[string]time.Time // calls that should be alive and are not
	told   map[string]time.Time // when an effect was last asked for, by ticket
	hold   time.Time            // until when nobody is claimed for a new call
}

func (w *watch) run(ctx context.Context) {
	defer w.resign(ctx)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		w.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-w.wake:
		}
	}
}

// resign gives the lease back, so that another planner need not wait for its
// end.
func (w *watch) resign(ctx context.Context) {
	if !w.held {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), roundFor)
	defer cancel()
	if err := w.leases.Resign(ctx, w.lease(), w.holder, w.term); err != nil {
		w.log.Warn("the planner's lease was not given back: its successor waits for its end", "tenant", w.tenant, "error", err)
	}
}

func (w *watch) lease() string { return "planner:" + w.tenant }

// round looks once at everything and does what there is to do.
func (w *watch) round(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, roundFor)
	defer cancel()
	planner := w.plans(ctx)
	if w.refresh(ctx, sweepAt) != nil || !planner {
		return
	}
	w.reconcile(ctx)
	for range maxPasses {
		if !w.pass(ctx) {
			return
		}
	}
}

// plans tells whether this process is the tenant's planner. A lease that could
// not be renewed is trusted no longer than it lasts; one trusted for too long does
// no harm, since versions guard every commit.
func (w *watch) plans(ctx context.Context) bool {
	now := w.opts.Now()
	if w.held && now.Sub(w.renewed) < renewAt {
		return true
	}
	term, ok, err := w.leases.Acquire(ctx, w.lease(), w.holder, w.fresh, leaseFor)
	if err != nil {
		w.held = w.held && now.Sub(w.renewed) < leaseFor
		return w.held
	}
	if ok && (!w.held || term != w.term) {
		w.log.Info("this process plans", "tenant", w.tenant, "term", term)
	}
	w.held, w.term, w.renewed = ok, term, now
	if ok {
		w.fresh = false
	}
	return ok
}

// pass plans once. It returns true if something was committed, so that another
// pass may find more to do.
func (w *watch) pass(ctx context.Context) bool {
	now := w.opts.Now()
	s, err := w.snapshot(ctx, now)
	if err != nil {
		return false
	}
	progress := false
	for _, d := range Plan(s, now, w.cfg) {
		if ctx.Err() != nil {
			return false
		}
		switch committed, err := w.carryOut(ctx, now, d); {
		case errors.Is(err, ErrStale):
			return true // the snapshot is old
		case err != nil:
			return false
		case committed:
			progress = true
		}
	}
	return progress
}

// snapshot is the board with what this process knows of the calls.
func (w *watch) snapshot(ctx context.Context, now time.Time) (Snapshot, error) {
	s := Snapshot{Hold: now.Before(w.hold), Silent: map[string]time.Time{}, Told: map[string]time.Time{}, Out: map[string]bool{}}
	err := w.look(ctx, func(b *board) {
		s.Tickets, s.Agents = append(s.Tickets, b.open...), b.team()
		for a := range w.out {
			s.Out[a] = true
		}
	})
	for _, t := range s.Tickets {
		if at, ok := w.told[t.ID]; ok {
			s.Told[t.ID] = at
		}
		if !t.State.OnLine() || t.Node != w.cfg.Node || w.calls.Live(t.Call) {
			continue
		}
		s.Silent[t.Call] = now
		if since, ok := w.silent[t.Call]; ok {
			s.Silent[t.Call] = since
		}
	}
	w.silent, w.told = s.Silent, s.Told // what is not needed any more is forgotten
	return s, err
}

// carryOut commits a decision and has its effect. An effect that fails is
// repeated by Plan.
func (w *watch) carryOut(ctx context.Context, now time.Time, d Decision) (committed bool, err error) {
	if d.Verb == Dial && len(d.Tickets) > 0 {
		if now.Before(w.hold) { // the exchange has stopped taking calls since this was planned
			return false, nil
		}
		blocked, err := w.tickets.blocks.Blocked(ctx, w.tenant, d.Ticket.Phone)
		if err != nil {
			return false, w.failed(err)
		}
		if blocked {
			return w.refuse(ctx, now, d.Ticket.ID)
		}
	}
	if len(d.Tickets)+len(d.Agents) > 0 {
		kept, err := w.commit(ctx, Change{Tickets: d.Tickets, Agents: d.Agents})
		if err != nil {
			return false, err
		}
		if len(kept.Tickets) > 0 {
			d.Ticket = kept.Tickets[0]
		}
		committed = true
	}
	w.log.Debug("decided", "tenant", w.tenant, "verb", d.Verb, "reason", d.Reason, "ticket", d.Ticket.ID)
	w.decided(w.tenant, d)
	w.affect(ctx, now, d)
	return committed, nil
}

// affect asks for a decision's effect on the telephone.
func (w *watch) affect(ctx context.Context, now time.Time, d Decision) {
	var err error
	switch d.Verb {
	case Turn:
		err = w.calls.Turn(ctx, w.tenant, d.Ticket.Call, d.Ticket.ID, d.Ticket.Agent)
	case Dial:
		w.hold = time.Time{}
		if err = w.calls.Place(ctx, d.Ticket); err != nil {
			w.hold = now.Add(holdFor)
		}
	default:
		return
	}
	w.told[d.Ticket.ID] = now
	if err != nil {
		w.log.Warn("the exchange did not take a decision: it is asked again", "tenant", w.tenant,
			"verb", d.Verb, "ticket", d.Ticket.ID, "error", err)
	}
}

// refuse leaves a ticket to a person whose number is never to be called.
func (w *watch) refuse(ctx context.Context, now time.Time, id string) (bool, error) {
	_, err := w.changeTicket(ctx, "", id, func(_ *board, t queue.Ticket) (Change, error) {
		gone, err := t.GiveUp(now, queue.ReasonNeverCall)
		return Change{Tickets: []queue.Ticket{gone}}, err
	})
	if errors.Is(err, queue.ErrImpossible) {
		return true, nil // it has moved on meanwhile
	}
	return err == nil, err
}

// reconcile puts in order what happened without the store: agents who were
// passed on without a ticket are free again when their call is over, and whoever
// was served so does not wait any more.
func (w *watch) reconcile(ctx context.Context) {
	alive := map[string]bool{}
	for _, call := range w.passedOn() {
		alive[call] = w.calls.Live(call) // not under the lock: calls may be asking something here
	}
	var served []queue.Ticket
	err := w.look(ctx, func(b *board) {
		for agentID, call := range w.out {
			if live, known := alive[call]; known && !live {
				delete(w.out, agentID)
			}
		}
		for call := range w.served {
			if t, ok := b.onLine(call, queue.Waiting); ok {
				served = append(served, t)
			} else if live, known := alive[call]; known && !live {
				delete(w.served, call)
			}
		}
	})
	if err != nil {
		return
	}
	now := w.opts.Now()
	for _, t := range served {
		_, err := w.changeTicket(ctx, "", t.ID, func(b *board, t queue.Ticket) (Change, error) {
			if !w.served[t.Call] || t.State != queue.Waiting { // has entered once more
				return Change{}, nil
			}
			gone, err := t.Withdraw(now, queue.ReasonServedAway)
			return Change{Tickets: []queue.Ticket{gone}, Agents: b.without(t, now)}, err
		})
		if err != nil {
			w.log.Warn("a caller served while the store was away is still in the queue", "tenant", w.tenant, "ticket", t.ID, "error", err)
		}
	}
}
