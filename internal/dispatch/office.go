package dispatch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"richiamo/internal/queue"
)

// office is what a process knows and does of one tenant.
type office struct {
	tenant string
	cfg    Config
	store  Store
	opts   Options
	wake   chan struct{} // holds one nudge

	reading chan struct{} // held by the one who reads everything
	// stopping is over when the loop is to stop: it does not wait for a long reading.
	stopping context.Context
	halt     context.CancelFunc

	mu      sync.Mutex
	board   *board // nil until it was read
	read    time.Time
	took    time.Duration   // how long that took
	stale   bool            // the board must be read again before it is decided upon
	during  map[string]bool // tickets and agents committed while everything is being read; nil: it is not
	away    bool            // the store did not answer last time, or refuses to write
	refuses bool            // it has not written since a commit could not be made
	tried   time.Time       // when everything was last asked for
	begun   bool            // a reading beside everything else

	mind mind // what is remembered beside the board

	news map[string]chan struct{} // by agent: closed, and forgotten, when something of theirs is committed

	team map[string]bool // the agents that there are; nil: all who are known

	handed map[string]bool   // agents passed on while the store is away
	out    map[string]string // those who still speak, and on which call
	served map[string]bool   // calls that were passed on
}

func newOffice(tenant string, cfg Config, store Store, opts Options) *office {
	stopping, halt := context.WithCancel(context.Background())
	return &office{
		stopping: stopping, halt: halt,
		tenant: tenant, cfg: cfg, store: store, opts: opts, wake: make(chan struct{}, 1), news: map[string]chan struct{}{}, reading: make(chan struct{}, 1), stale: true,
		mind:   newMind(cfg),
		handed: map[string]bool{}, out: map[string]string{}, served: map[string]bool{},
	}
}

func (o *office) nudge() {
	select {
	case o.wake <- struct{}{}:
	default: // one nudge is as good as two
	}
}

// maxTries bounds how often a change is decided anew because somebody else was
// faster. After patientTries everything is read before it is, however long that
// takes: otherwise what is decided upon would be as old each time.
const (
	maxTries     = 10
	patientTries = 3
)

// change decides upon the board and commits, again and again until nobody was
// faster. A decision without tickets and agents is not committed. decide must
// not keep the board; it is called with the board locked.
func (o *office) change(ctx context.Context, key string, decide func(*board) (Change, error)) (Change, error) {
	for try := range maxTries {
		if try == patientTries {
			o.mu.Lock()
			o.stale = true
			o.mu.Unlock()
		}
		var c Change
		var decided error
		err := o.look(ctx, func(b *board) {
			if c, decided = decide(b); decided == nil {
				c = b.differing(c)
			}
		})
		if err != nil {
			return Change{}, err
		}
		if decided != nil {
			return Change{}, decided
		}
		if len(c.Tickets)+len(c.Agents) == 0 {
			return c, nil
		}
		c.Key = key
		kept, err := o.commit(ctx, c)
		if !errors.Is(err, ErrStale) {
			return kept, err
		}
	}
	return Change{}, fmt.Errorf("%w, %d times in a row", ErrStale, maxTries)
}

// changeTicket is change for what there is of a ticket; id may be empty for a
// ticket that is being made. That there is nothing to do, or that it can't be
// done, is only believed of a ticket that is known as it is kept: another process
// may have moved it since it was read.
func (o *office) changeTicket(ctx context.Context, key, id string, decide func(*board, queue.Ticket) (Change, error)) (Change, error) {
	if id == "" {
		return o.change(ctx, key, func(b *board) (Change, error) { return decide(b, queue.Ticket{}) })
	}
	for range maxTries {
		if _, err := o.find(ctx, id); err != nil {
			return Change{}, err
		}
		var t queue.Ticket
		var there bool
		var decided error
		kept, err := o.change(ctx, key, func(b *board) (c Change, _ error) {
			if t, there = b.Ticket(id); there { // otherwise forgotten since it was found
				c, decided = decide(b, t)
			}
			return c, decided
		})
		if len(kept.Tickets)+len(kept.Agents) > 0 || (err != nil && decided == nil) {
			return kept, err
		}
		if !there {
			continue
		}
		newest, looked := o.newest(ctx, t)
		if looked != nil {
			return Change{}, looked
		}
		if newest {
			return kept, err
		}
	}
	return Change{}, fmt.Errorf("%w, %d times in a row", ErrStale, maxTries)
}

// newest tells whether a ticket is as it is kept; if not, the board has it now.
func (o *office) newest(ctx context.Context, t queue.Ticket) (bool, error) {
	kept, err := o.store.Ticket(ctx, o.tenant, t.ID)
	if err != nil {
		return false, o.failed(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if kept.Version <= t.Version {
		return true, nil
	}
	o.board.Put(kept)
	o.doubt()
	return false, nil
}

// commit writes a change and keeps the board with it.
func (o *office) commit(ctx context.Context, c Change) (Change, error) {
	c.Tenant = o.tenant
	c, err := o.booked(ctx, c) // no attempt without a record: see ledger.go
	if err != nil {
		return Change{}, err
	}
	kept, err := o.store.Commit(ctx, c)
	if errors.Is(err, ErrStale) || errors.Is(err, ErrNotFound) {
		return Change{}, o.superseded(ctx, c)
	}
	if err != nil {
		return Change{}, o.unwritten(err)
	}
	if c.Key != "" && !follows(kept, c) {
		return kept, o.replayed(ctx, kept)
	}
	o.mu.Lock()
	o.writes()
	clear(o.handed)
	seen, moves := o.observe(kept), o.board.moves(o.tenant, kept)
	o.board.apply(kept)
	o.tell(kept)
	if o.during != nil {
		o.note(kept)
	}
	o.mu.Unlock()
	o.report(seen)
	for _, m := range moves {
		o.opts.Moved(m)
	}
	o.nudge()
	return kept, nil
}

// follows tells whether a change as it was kept is the one that was asked for,
// and not one that was done before under the same key.
func follows(kept, asked Change) bool {
	if len(kept.Tickets) != len(asked.Tickets) {
		return false
	}
	for i, t := range kept.Tickets {
		if t.ID != asked.Tickets[i].ID || t.Version != asked.Tickets[i].Version+1 {
			return false
		}
	}
	return true
}

// replayed takes the tickets of a change that was done before as they are now: it
// tells what became of them then.
func (o *office) replayed(ctx context.Context, c Change) error {
	_, err := o.reread(ctx, c.Tickets)
	return err
}

// superseded finds out who was faster: the tickets of a change are read anew. If
// they are as they were believed to be, it must be an agent, and all is read.
func (o *office) superseded(ctx context.Context, c Change) error {
	changed, err := o.reread(ctx, c.Tickets)
	if err != nil {
		return err
	}
	if !changed && len(c.Agents) > 0 {
		o.mu.Lock()
		o.doubt()
		o.mu.Unlock()
	}
	return ErrStale
}

// reread takes tickets as they are kept, and tells whether any is another than it
// was given.
func (o *office) reread(ctx context.Context, tickets []queue.Ticket) (changed bool, err error) {
	for _, t := range tickets {
		kept, err := o.store.Ticket(ctx, o.tenant, t.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, o.failed(err)
		}
		changed = changed || kept.Version != t.Version
		o.mu.Lock()
		if err != nil {
			o.board.Forget(t.ID)
		} else {
			o.board.Reset(kept)
		}
		o.mu.Unlock()
	}
	return changed, nil
}

// note remembers what was committed while everything is being read. The lock is
// held.
func (o *office) note(c Change) {
	for _, t := range c.Tickets {
		o.during[t.ID] = true
	}
	for _, a := range c.Agents {
		o.during[agentPrefix+a.ID] = true
	}
}

// agentPrefix tells agents from tickets where both are named; no ticket begins so.
const agentPrefix = "agent:"

// failed notes what an error tells about the store, and returns it.
func (o *office) failed(err error) error {
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrStale) {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if errors.Is(err, ErrUnavailable) && !o.away {
		o.away = true
		o.opts.Log.Warn("the store does not answer: no promise is made until it does", "tenant", o.tenant)
	}
	o.stale = true // whether the write was done is not known
	return err
}

// unwritten is failed for a commit. A store that answers and refuses to write is
// away until it writes: no promise can be made with it.
func (o *office) unwritten(err error) error {
	if errors.Is(err, ErrUnavailable) {
		o.mu.Lock()
		o.refuses = true
		o.mu.Unlock()
	}
	return o.failed(err)
}

// writes notes that the store has written. The lock is held.
func (o *office) writes() {
	o.refuses = false
	o.answers()
}

// answers notes that the store is there. The lock is held.
func (o *office) answers() {
	if o.away && !o.refuses {
		o.away = false
		o.opts.Log.Info("the store answers again", "tenant", o.tenant)
	}
}

// look shows the board, read anew if it is not to be trusted.
func (o *office) look(ctx context.Context, see func(*board)) error {
	for {
		o.mu.Lock()
		if !o.stale && o.board != nil {
			defer o.mu.Unlock()
			see(o.board)
			return nil
		}
		o.mu.Unlock()
		if err := o.refresh(ctx, 0); err != nil {
			return err
		}
	}
}

// find gives a ticket, looked up in the store when it is not open.
func (o *office) find(ctx context.Context, id string) (queue.Ticket, error) {
	var t queue.Ticket
	var ok bool
	if err := o.look(ctx, func(b *board) { t, ok = b.Ticket(id) }); err != nil || ok {
		return t, err
	}
	t, err := o.store.Ticket(ctx, o.tenant, id)
	if err != nil {
		return t, o.failed(err)
	}
	o.mu.Lock()
	o.board.Put(t)
	o.mu.Unlock()
	return t, nil
}

// now gives a ticket as it is after a change: of a change that was done before
// under its key, what has become of it since.
func (o *office) now(ctx context.Context, kept Change, id string) (queue.Ticket, error) {
	if len(kept.Tickets) > 0 {
		id = kept.Tickets[0].ID
	}
	return o.find(ctx, id)
}
