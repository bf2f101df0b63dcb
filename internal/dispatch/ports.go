package dispatch

import (
	"context"
	"errors"
	"iter"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Errors of the Store.
var (
	ErrNotFound = errors.New("dispatch: no such ticket or agent")
	// ErrStale means that a version or the lease's term is not the kept one:
	// look again, and decide anew.
	ErrStale = errors.New("dispatch: changed by somebody else meanwhile")
	// ErrUnavailable means that it is not known whether the write was done.
	ErrUnavailable = errors.New("dispatch: the store does not answer")
)

// Change is a set of tickets and agents that change together or not at all.
type Change struct {
	Tenant  string
	Tickets []queue.Ticket // Version is the kept one; 0 makes a new ticket
	Agents  []agent.Agent  // likewise
	Ledgers []queue.Ledger // likewise
	// Key, if not empty, names the change: done once under a key, it is not
	// done again, and Commit returns the tickets as they were kept then.
	Key string
}

// Store keeps tickets and agents. It compares versions and writes; it never
// decides.
type Store interface {
	// Commit writes a change, on disk before it returns, if every version in
	// it is the kept one, and returns the change with its new versions (or, if
	// the key was used before, what that change left).
	Commit(ctx context.Context, c Change) (Change, error)
	// Open reads all agents, and begins to read the tickets that are not done with.
	// ctx is good for the whole Reading.
	Open(ctx context.Context, tenant string) (Reading, error)
	Ticket(ctx context.Context, tenant, id string) (queue.Ticket, error)
	// Ledgers reads the ledgers of subjects, in their order; Version 0 where
	// there is none.
	Ledgers(ctx context.Context, tenant string, of []queue.Subject) ([]queue.Ledger, error)
	// Tickets pages through tickets by arrival, newest first; states empty:
	// all. cursor is what the page before returned, empty for the first.
	Tickets(ctx context.Context, tenant string, states []queue.State, cursor string, limit int) (page []queue.Ticket, next string, err error)
}

// Reading is all that there is of a tenant. The tickets are on their way still: a
// million of them take seconds, and whoever puts them onto a board does so while
// the next ones come.
type Reading struct {
	Agents []agent.Agent
	// About is how many tickets will come: all but those that close meanwhile.
	About int
	// Tickets are those not done with, by arrival, some hundreds at a time, or the
	// error that ended it. They can be gone through once; the slice is used again
	// for the next ones.
	Tickets iter.Seq2[[]queue.Ticket, error]
}

// All waits for all tickets.
func (r Reading) All() ([]queue.Ticket, error) {
	var all []queue.Ticket
	for tickets, err := range r.Tickets {
		if err != nil {
			return nil, err
		}
		all = append(all, tickets...)
	}
	return all, nil
}

// Leases hand out the right to plan, by the store's own clock.
type Leases interface {
	// Acquire takes or renews a lease for ttl. ok is false when somebody else
	// holds it; the term grows whenever it changes hands, and a holder of the
	// same name that starts anew takes it over at once.
	Acquire(ctx context.Context, name, holder string, fresh bool, ttl time.Duration) (term int64, ok bool, err error)
	Resign(ctx context.Context, name, holder string, term int64) error
}

// Calls is what dispatch has done on the telephone.
type Calls interface {
	// Turn tells a waiting call that an agent is reserved for it. It is
	// harmless to say so twice. ErrNotFound when the call is over.
	Turn(ctx context.Context, tenant, callID, ticket, agent string) error
	// Place begins the call of a claimed ticket. It is harmless to ask twice
	// for the same ticket and attempt.
	Place(ctx context.Context, t queue.Ticket) error
	// Cancel ends a call of ours whose citizen is on the line in another one.
	// It is harmless to ask twice, and for a call that is over.
	Cancel(ctx context.Context, callID string)
	// Close tells a waiting call that the offices close: it becomes a promised
	// call, the place kept. It is harmless to say so twice. ErrNotFound when the
	// call is over.
	Close(ctx context.Context, callID string) error
	// Live tells whether a call still lives.
	Live(callID string) bool
}

// Blocks keeps the numbers that are never called again, because whoever answers
// there has asked for it. It holds for every purpose. The numbers are kept so
// that they can be compared, not read.
type Blocks interface {
	// Block adds a number, on disk before it returns; twice is as once.
	Block(ctx context.Context, tenant string, n phone.Number) error
	// Unblock takes a number off: somebody called us from it and asked for a
	// call. It is no error if it is not there.
	Unblock(ctx context.Context, tenant string, n phone.Number) error
	Blocked(ctx context.Context, tenant string, n phone.Number) (bool, error)
}

// Sweeps keeps when a supervisor has sent home whoever waited on the line of a
// queue: callers who wait since before are to be called back, whichever process
// plans.
type Sweeps interface {
	// Sweep keeps the last one of a queue, on disk before it returns.
	Sweep(ctx context.Context, tenant, queue string, at time.Time) error
	// Swept tells the last one of each queue that ever had one.
	Swept(ctx context.Context, tenant string) (map[string]time.Time, error)
}
