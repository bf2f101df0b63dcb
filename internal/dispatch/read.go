package dispatch

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/plan"
)

// How everything is read. A process knows by itself what it has written; it reads
// everything when it begins, when the store may have done what it did not tell, and
// from time to time for what other processes have written. That takes milliseconds
// for some thousand tickets and seconds for a million: so it is done the less often
// the longer it takes, and beside everything else when it takes long. What is read
// is laid over the board as it comes, some hundred tickets at a time, between
// decisions.
const (
	sweepAt  = 10 * time.Second // everything is read anew, for what other processes wrote
	readOnce = 100              // but it takes no more than the hundredth part of the time,
	readAt   = 10 * time.Minute // as long as it is done so often
	slowRead = 200 * time.Millisecond
	readFor  = 2 * time.Minute // a reading that takes longer has failed
	// awayRest is how long a store that did not answer is left alone: callers
	// are not kept waiting one after the other for it to fail again.
	awayRest = 500 * time.Millisecond
)

// every is after how long everything is read again.
func (o *office) every() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return min(max(sweepAt, readOnce*o.took), readAt)
}

// beside runs do while everything else goes on, if everything is to be read and
// takes so long that nobody should wait for it. It returns false if it takes no time.
func (o *office) beside(every time.Duration, run func(do func())) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.board == nil || o.stale || o.took < slowRead {
		return false
	}
	if due := o.opts.Now().Sub(o.read) >= every; due && len(o.reading) == 0 && !o.begun {
		o.begun = true
		run(func() {
			_ = o.refresh(o.stopping, every) // what fails is read by whoever needs it
			o.mu.Lock()
			o.begun = false
			o.mu.Unlock()
		})
	}
	return true
}

// doubt has everything read soon: another process has written what is not known
// here. Where that takes long nobody waits for it. The lock is held.
func (o *office) doubt() {
	if o.took < slowRead {
		o.stale = true
	} else {
		o.read = time.Time{}
	}
}

// refresh reads everything, unless the board is trusted and not older than max;
// max 0: unless it is trusted. One reading serves all who wait for it.
func (o *office) refresh(ctx context.Context, max time.Duration) error {
	select {
	case o.reading <- struct{}{}:
	case <-ctx.Done():
		return ErrUnavailable
	}
	defer func() { <-o.reading }()
	o.mu.Lock()
	now := o.opts.Now()
	if !o.stale && o.board != nil && (max == 0 || now.Sub(o.read) < max) {
		o.mu.Unlock()
		return nil
	}
	if o.away && now.Sub(o.tried) < awayRest {
		o.mu.Unlock()
		return ErrUnavailable
	}
	o.tried = now
	long := o.board == nil || o.took >= slowRead
	o.during = map[string]bool{}
	before := o.stale
	o.stale = false // whoever sees it stale from here on wants it read once more
	o.mu.Unlock()

	if long && o.stopping.Err() == nil { // what has begun is of use to others than the one who began it
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), readFor)
		defer cancel()
		defer context.AfterFunc(o.stopping, cancel)()
	}
	r, err := o.store.Open(ctx, o.tenant)
	if err == nil {
		err = o.lay(ctx, now, r)
	}
	o.mu.Lock()
	o.during = nil
	if err != nil && ctx.Err() != nil && o.stopping.Err() != nil { // that tells nothing of the store
		o.stale = o.stale || before
		o.mu.Unlock()
		return err
	}
	if err != nil {
		o.stale = true
		o.mu.Unlock()
		return o.failed(err)
	}
	defer o.mu.Unlock()
	o.read = o.opts.Now()
	o.took = o.read.Sub(now)
	o.answers()
	return nil
}

// lay lays what is being read over the board, or makes the board of it.
func (o *office) lay(ctx context.Context, now time.Time, r Reading) error {
	if o.board == nil { // nobody has a board to write to yet
		return o.plant(ctx, now, r)
	}
	read := make(map[string]bool, r.About)
	for tickets, err := range r.Tickets {
		if err != nil {
			return err
		}
		o.mu.Lock()
		for _, t := range tickets {
			read[t.ID] = true
			if !o.during[t.ID] {
				o.board.Reset(t)
			}
		}
		o.mu.Unlock()
	}
	o.mu.Lock()
	for _, a := range r.Agents {
		if !o.during[agentPrefix+a.ID] {
			o.board.ResetAgent(a)
		}
	}
	absent := o.board.Absent(read)
	o.mu.Unlock()
	return o.settle(ctx, absent)
}

// plant makes the board of what is being read, and finds again what was remembered
// beside it.
func (o *office) plant(ctx context.Context, now time.Time, r Reading) error {
	var m memory
	if err := o.exhausted(ctx, now, &m); err != nil {
		return err
	}
	p := plan.Plant(o.tenant, o.cfg, now, r.Agents, r.About)
	for tickets, err := range r.Tickets {
		if err != nil {
			return err
		}
		p.Put(tickets)
		m.see(tickets, now)
	}
	b := &board{p.Board()}
	o.mu.Lock()
	o.board = b
	tripped := o.recollect(m)
	o.mu.Unlock()
	if tripped {
		o.alarm(AlarmBreaker, true)
	}
	return nil
}

// settle looks up tickets that were open and are not among those read.
func (o *office) settle(ctx context.Context, ids []string) error {
	for _, id := range ids {
		t, err := o.store.Ticket(ctx, o.tenant, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		o.mu.Lock()
		switch {
		case o.during[id]:
		case err != nil:
			o.board.Forget(id)
		default:
			o.board.Reset(t)
		}
		o.mu.Unlock()
	}
	return nil
}
