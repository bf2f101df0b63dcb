package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// How the loop keeps time.
const (
	tick      = time.Second            // it looks at least so often
	leaseFor  = 6 * time.Second        // how long a planner that died is waited for
	renewAt   = 2 * time.Second        // so that two renewals may fail
	roundFor  = 5 * time.Second        // how long one look, and one effect, may take
	holdFor   = 5 * time.Second        // an exchange that took no call is left alone, except for the calls that it owes
	hearAt    = 500 * time.Millisecond // how often is looked which calls are alive
	maxPasses = 100                    // in one round: each carries out what the one before made possible
)

// Loop carries out what is planned, for every tenant, as long as it holds the
// tenant's lease.
type Loop struct {
	tickets *Tickets
	leases  Leases
	calls   Calls
	holder  string
	log     *slog.Logger
	decided func(tenant string, d Decision)

	watches []*watch // one for a tenant, in the order of their names
	driven  bool     // by Round

	ctx   context.Context // of the planning
	stop  context.CancelFunc
	gate  sync.Mutex
	ended bool // no more is to be started
	done  sync.WaitGroup
}

// NewLoop makes a loop that is still to be started. holder names the process
// among all that plan: a successor of the same name takes its leases over at once.
// decided hears of every decision that was carried out; it must not wait, and may
// be nil.
func NewLoop(t *Tickets, leases Leases, calls Calls, holder string, decided func(tenant string, d Decision)) *Loop {
	if decided == nil {
		decided = func(string, Decision) {}
	}
	t.calls = calls // what Tickets must end is ended there
	l := &Loop{tickets: t, leases: leases, calls: calls, holder: holder, log: t.opts.Log, decided: decided}
	l.ctx, l.stop = context.WithCancel(context.Background())
	for _, tenant := range slices.Sorted(maps.Keys(t.offices)) {
		l.watches = append(l.watches, &watch{Loop: l, office: t.offices[tenant], fresh: true})
	}
	return l
}

// Start begins to plan, unless Stop was faster. Calls must know by then which of them
// are alive.
func (l *Loop) Start() {
	l.gate.Lock()
	defer l.gate.Unlock()
	if l.ended {
		return
	}
	for _, w := range l.watches {
		l.done.Go(func() { w.run(l.ctx) })
	}
}

// Round looks once at all tenants and does what there is to do. It is for
// somebody who keeps the time, a simulation say, instead of Start: to be called
// after each thing that happened, and every second.
func (l *Loop) Round(ctx context.Context) {
	l.driven = true // nothing is done beside
	for _, w := range l.watches {
		w.round(ctx)
	}
}

// Stop ends planning, gives the leases back and returns when all is quiet.
func (l *Loop) Stop() {
	l.gate.Lock()
	l.ended = true
	l.gate.Unlock()
	l.stop()
	for _, w := range l.watches {
		w.halt()
	}
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

	heard  time.Time       // when was last looked which calls are alive
	silent map[string]bool // those that should be alive and are not
	chores                 // see tidy.go
	hold   time.Time       // until when nobody is claimed for a new call
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

// round does what there is to do.
func (w *watch) round(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, roundFor)
	defer cancel()
	planner := w.plans(ctx)
	if every := w.every(); (w.driven || !w.beside(every, w.done.Go)) && w.refresh(ctx, every) != nil {
		return
	}
	w.hearSweeps(ctx, w.opts.Now()) // see closing.go
	w.tidy(ctx, w.opts.Now())       // see tidy.go
	if !planner {
		return
	}
	w.reconcile(ctx)
	w.joinDoubled(ctx, w.opts.Now()) // see tidy.go
	passes := 0
	for passes < maxPasses && w.pass(ctx) {
		passes++
	}
	if passes == maxPasses {
		w.nudge() // there may be more
	}
	w.lookForStuck(ctx, w.opts.Now()) // see tidy.go
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
	if ok { // and so it is written
		w.fresh = false
		w.mu.Lock()
		w.writes()
		w.mu.Unlock()
	}
	return ok
}

// pass plans once. It returns true if something was committed, or is left, so
// that another pass may find more to do.
func (w *watch) pass(ctx context.Context) bool {
	now := w.opts.Now()
	if w.hear(ctx, now) != nil {
		return false
	}
	facts := w.facts(now)
	var decisions []Decision
	var progress bool
	err := w.look(ctx, func(b *board) {
		aside := map[string]bool{}
		for a := range w.out {
			aside[a] = true
		}
		b.SetAside(aside)
		decisions, progress = b.Decide(now, facts)
	})
	if err != nil {
		return false
	}
	for _, d := range decisions {
		if ctx.Err() != nil {
			return false
		}
		switch committed, err := w.carryOut(ctx, now, d); {
		case errors.Is(err, ErrStale):
			return true // what was decided upon is old
		case err != nil:
			return false
		case committed:
			progress = true
		}
	}
	return progress
}

// hear finds out, from time to time, which calls are alive that should be.
func (w *watch) hear(ctx context.Context, now time.Time) error {
	if now.Sub(w.heard) < hearAt {
		return nil
	}
	w.heard = now
	var calls []string
	if err := w.look(ctx, func(b *board) { calls = b.OnLine(w.cfg.Node) }); err != nil {
		return err
	}
	// Live is not asked under the lock: calls may be asking something here.
	w.silent = map[string]bool{}
	for _, call := range calls {
		if !w.calls.Live(call) {
			w.silent[call] = true
		}
	}
	return w.look(ctx, func(b *board) { b.Heard(now, w.silent) })
}

// facts is what the board does not know.
func (w *watch) facts(now time.Time) plan.Facts {
	up := w.linesUp(now)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, tripped := w.mind.breaker.Tripped()
	held := now.Before(w.hold)
	return plan.Facts{
		Hold: held || tripped, Probe: !held && w.mind.breaker.May(now),
		Up: up, Swept: maps.Clone(w.mind.swept),
	}
}

// carryOut commits a decision and has its effect. An effect that fails is
// decided once more.
func (w *watch) carryOut(ctx context.Context, now time.Time, d Decision) (committed bool, err error) {
	var ledgers []queue.Ledger
	switch {
	case d.Verb == plan.Turn && d.Ticket.Node == w.cfg.Node && !w.calls.Live(d.Ticket.Call):
		w.silent[d.Ticket.Call] = true // hung up since it was last heard
		return true, w.look(ctx, func(b *board) { b.Heard(now, w.silent) })
	case calls(d) && len(d.Tickets) > 0:
		var ok bool
		if ledgers, ok, err = w.mayPlace(ctx, now, d.Ticket); err != nil || !ok {
			return !ok && err == nil, err
		}
	}
	if len(d.Tickets)+len(d.Agents) > 0 {
		kept, err := w.commit(ctx, Change{Tickets: d.Tickets, Agents: d.Agents, Ledgers: ledgers})
		if err != nil {
			return false, err
		}
		if len(kept.Tickets) > 0 {
			d.Ticket = kept.Tickets[0]
		}
		committed = true
		if calls(d) {
			w.dialled(now, d.Ticket) // see admit.go
		}
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
	case plan.Turn:
		err = w.calls.Turn(ctx, w.tenant, d.Ticket.Call, d.Ticket.ID, d.Ticket.Agent)
	case plan.Dial, plan.Notice:
		w.hold = time.Time{}
		if err = w.calls.Place(ctx, d.Ticket); err != nil {
			w.hold = now.Add(holdFor)
		}
	case plan.Close:
		if err = w.calls.Close(ctx, d.Ticket.Call); errors.Is(err, ErrNotFound) {
			err = nil // has hung up
		}
	default:
		return
	}
	_ = w.look(ctx, func(b *board) { b.Told(d.Ticket.ID, now) }) // otherwise it is asked for once more
	if err == nil {
		w.goesOn(now) // see admit.go
		return
	}
	w.log.Warn("the exchange did not take a decision: it is asked again", "tenant", w.tenant,
		"verb", d.Verb, "ticket", d.Ticket.ID, "error", err)
}

// calls tells whether a decision places a call.
func calls(d Decision) bool { return d.Verb == plan.Dial || d.Verb == plan.Notice }

// mayPlace looks at what the board does not know before a call is committed: the
// exchange, the numbers that are never called, and what admit.go says. The ledgers
// that were read for it are part of the change. ok is false when the ticket was put
// off, or given up.
func (w *watch) mayPlace(ctx context.Context, now time.Time, t queue.Ticket) (ledgers []queue.Ledger, ok bool, err error) {
	if now.Before(w.hold) { // the exchange has stopped taking calls since this was planned
		return nil, false, nil
	}
	blocked, err := w.tickets.blocks.Blocked(ctx, w.tenant, t.Phone)
	if err != nil {
		return nil, false, w.failed(err)
	}
	if blocked {
		_, err := w.refuse(ctx, now, t.ID)
		return nil, false, err
	}
	return w.admitted(ctx, now, t)
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
			if t, ok := b.OnCall(call, queue.Waiting); ok {
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
			return Change{Tickets: []queue.Ticket{gone}, Agents: b.Without(t, now)}, err
		})
		if err != nil {
			w.log.Warn("a caller served while the store was away is still in the queue", "tenant", w.tenant, "ticket", t.ID, "error", err)
		}
	}
}
