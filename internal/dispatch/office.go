package dispatch

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// office is what a process knows and does of one tenant.
type office struct {
	tenant string
	cfg    Config
	store  Store
	opts   Options
	wake   chan struct{} // holds one nudge

	reading sync.Mutex // one reading of everything at a time

	mu     sync.Mutex
	board  *board // nil until it was read
	read   time.Time
	stale  bool      // the board must be read again before it is decided upon
	during []Change  // committed while everything is being read
	busy   bool      // everything is being read
	away   bool      // the store did not answer last time
	tried  time.Time // when everything was last asked for

	handed map[string]bool   // agents passed on while the store is away
	out    map[string]string // those who still speak, and on which call
	served map[string]bool   // calls that were passed on
}

func newOffice(tenant string, cfg Config, store Store, opts Options) *office {
	return &office{
		tenant: tenant, cfg: cfg, store: store, opts: opts, wake: make(chan struct{}, 1), stale: true,
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
// faster.
const maxTries = 10

// change decides upon the board and commits, again and again until nobody was
// faster. A decision without tickets and agents is not committed. decide must
// not keep the board; it is called with the board locked.
func (o *office) change(ctx context.Context, key string, decide func(*board) (Change, error)) (Change, error) {
	for range maxTries {
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
			if t, there = b.ticket(id); there { // otherwise forgotten since it was found
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

// newest tells whether a ticket is as it is kept; if not, everything is read
// anew before it is decided upon.
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
	o.stale = true
	o.board.put(kept)
	return false, nil
}

// commit writes a change and keeps the board with it.
func (o *office) commit(ctx context.Context, c Change) (Change, error) {
	c.Tenant = o.tenant
	kept, err := o.store.Commit(ctx, c)
	if errors.Is(err, ErrStale) || errors.Is(err, ErrNotFound) {
		o.mu.Lock()
		o.stale = true
		clear(o.board.closed)
		o.mu.Unlock()
		return Change{}, ErrStale
	}
	if err != nil {
		return Change{}, o.failed(err)
	}
	o.mu.Lock()
	o.answers()
	clear(o.handed) // a store that only reads is still away for who wants to be handed out
	moves := o.board.moves(o.tenant, kept)
	o.board.apply(kept)
	if o.busy {
		o.during = append(o.during, kept)
	}
	o.mu.Unlock()
	for _, m := range moves {
		o.opts.Moved(m)
	}
	o.nudge()
	return kept, nil
}

// differing leaves out of a change what it does not change.
func (b *board) differing(c Change) Change {
	c.Tickets = slices.DeleteFunc(slices.Clone(c.Tickets), func(t queue.Ticket) bool {
		old, ok := b.ticket(t.ID)
		return ok && reflect.DeepEqual(old, t)
	})
	c.Agents = slices.DeleteFunc(slices.Clone(c.Agents), func(a agent.Agent) bool {
		old, ok := b.agents[a.ID]
		return ok && reflect.DeepEqual(old, a)
	})
	return c
}

// moves tells what a change moves from one state to another.
func (b *board) moves(tenant string, c Change) (moves []Move) {
	for _, t := range c.Tickets {
		old, known := b.ticket(t.ID)
		if known && old.Version >= t.Version || old.State == t.State {
			continue
		}
		m := Move{Tenant: tenant, Purpose: t.Purpose, From: string(old.State), To: string(t.State), Reason: string(t.Reason)}
		if t.State == queue.Connected {
			m.Waited = t.Updated.Sub(t.Arrived)
		}
		moves = append(moves, m)
	}
	for _, a := range c.Agents {
		if old := b.agents[a.ID]; old.State != a.State {
			moves = append(moves, Move{Tenant: tenant, From: string(old.State), To: string(a.State), Reason: a.Reason})
		}
	}
	return moves
}

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

// awayRest is how long a store that did not answer is left alone: callers are
// not kept waiting one after the other for it to fail again.
const awayRest = 500 * time.Millisecond

// refresh reads everything, unless it is trusted and not older than max. What
// is committed meanwhile is laid over it.
func (o *office) refresh(ctx context.Context, max time.Duration) error {
	o.reading.Lock()
	defer o.reading.Unlock()
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
	o.busy, o.during = true, nil
	o.stale = false // whoever sees it stale from here on wants it read once more
	o.mu.Unlock()

	tickets, agents, err := o.store.Open(ctx, o.tenant)

	o.mu.Lock()
	o.busy = false
	if err != nil {
		o.stale = true
		o.mu.Unlock()
		return o.failed(err)
	}
	defer o.mu.Unlock()
	o.board = newBoard(tickets, agents)
	for _, c := range o.during {
		o.board.apply(c)
	}
	o.during, o.read = nil, o.opts.Now()
	o.answers()
	return nil
}

// answers notes that the store is there. The lock is held.
func (o *office) answers() {
	if o.away {
		o.away = false
		o.opts.Log.Info("the store answers again", "tenant", o.tenant)
	}
}

// find gives a ticket, looked up in the store when it is not open.
func (o *office) find(ctx context.Context, id string) (queue.Ticket, error) {
	var t queue.Ticket
	var ok bool
	if err := o.look(ctx, func(b *board) { t, ok = b.ticket(id) }); err != nil || ok {
		return t, err
	}
	t, err := o.store.Ticket(ctx, o.tenant, id)
	if err != nil {
		return t, o.failed(err)
	}
	o.mu.Lock()
	o.board.put(t)
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
