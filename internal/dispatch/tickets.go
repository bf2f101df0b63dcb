package dispatch

import (
	"context"
	cryptorand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"time"

	"richiamo/internal/queue"
)

// ErrNotDialable: a call was asked for to a number that may not be dialled; the
// *phone.Refusal in it says why.
var ErrNotDialable = errors.New("dispatch: a citizen can't be called there")

// ErrTenant: the tenant is not in the configuration.
var ErrTenant = errors.New("dispatch: no such tenant")

// Move is a ticket that went from one state to another, or an agent.
type Move struct {
	Tenant  string
	Purpose queue.Purpose // empty: an agent moved
	From    string        // a state; empty for a new ticket or agent
	To      string
	Reason  string
	Waited  time.Duration // of a ticket that got its agent: since it arrived
}

// Options are what a process may want different.
type Options struct {
	Log *slog.Logger // nil: nothing is logged
	// Moved hears of every transition that was committed here. It must not wait.
	Moved func(Move)
	// Measured hears of what was measured, likewise.
	Measured func(Measure)
	// Alarm hears when something begins that a person should look at (on), and
	// when it is over: AlarmBreaker, AlarmTrunk, AlarmShown, AlarmStuck. It must not wait.
	Alarm func(tenant, kind string, on bool)
	Now   func() time.Time // nil: time.Now
	NewID func() string    // nil: 16 hexadecimal digits
	Dice  func(n int) int  // nil: crypto/rand
}

// Tickets keeps the tickets and agents of all tenants. It is safe for
// concurrent use. Its errors are those of package queue and package agent for
// what can't be, ErrNotFound, ErrNotDialable, ErrTenant, and what the store
// returns; ErrUnavailable then means that it is not known whether it was done.
type Tickets struct {
	store   Store
	blocks  Blocks
	sweeps  Sweeps
	opts    Options
	offices map[string]*office
	calls   Calls // of the Loop; until there is one, there are none to be ended
}

// New makes the tickets of tenants, each with its configuration.
func New(store Store, blocks Blocks, sweeps Sweeps, tenants map[string]Config, opts Options) *Tickets {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Moved == nil {
		opts.Moved = func(Move) {}
	}
	if opts.Measured == nil {
		opts.Measured = func(Measure) {}
	}
	if opts.Alarm == nil {
		opts.Alarm = func(string, string, bool) {}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.NewID == nil {
		opts.NewID = newID
	}
	if opts.Dice == nil {
		opts.Dice = roll
	}
	s := &Tickets{store: store, blocks: blocks, sweeps: sweeps, opts: opts, offices: map[string]*office{}, calls: noCalls{}}
	for tenant, cfg := range tenants {
		s.offices[tenant] = newOffice(tenant, cfg, store, opts)
	}
	return s
}

// newID draws a name that nobody has drawn before.
func newID() string {
	var b [8]byte
	_, _ = io.ReadFull(cryptorand.Reader, b[:]) // never fails, says its documentation
	return hex.EncodeToString(b[:])
}

func roll(n int) int {
	v, err := cryptorand.Int(cryptorand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0
	}
	return int(v.Int64())
}

func (s *Tickets) office(tenant string) (*office, error) {
	o, ok := s.offices[tenant]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrTenant, tenant)
	}
	return o, nil
}

// Wake has the planner of a tenant look at once. Commits do so by themselves.
func (s *Tickets) Wake(tenant string) {
	if o, ok := s.offices[tenant]; ok {
		o.nudge()
	}
}

// AttemptEnded is the end of a dialled call. A number that is never to be
// called again is kept as such first, and no ticket is called there any more.
func (s *Tickets) AttemptEnded(ctx context.Context, tenant, id string, attempt int, r queue.Result, at time.Time) error {
	o, err := s.office(tenant)
	if err != nil {
		return err
	}
	if r.Outcome == queue.Blocked {
		t, err := o.find(ctx, id)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return err
		default:
			if err := s.blocks.Block(ctx, tenant, t.Phone); err != nil {
				return o.failed(err)
			}
		}
	}
	_, err = o.changeBooked(ctx, id, func(b *board, t queue.Ticket, ledgers []queue.Ledger) (Change, error) {
		ended, err := t.AttemptEnded(at, attempt, r, o.cfg.Judge(t, ledgers))
		if errors.Is(err, queue.ErrNoAttempt) {
			return Change{}, nil
		}
		c := Change{Tickets: []queue.Ticket{ended}}
		if t.State.OnLine() && !ended.State.OnLine() {
			c.Agents = b.Without(t, at)
		}
		if r.Outcome == queue.Blocked {
			c.Tickets = append(c.Tickets, b.giveUpOthers(ended, at)...)
		}
		return c, err
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// giveUpOthers leaves all other calls to the number of t to a person.
func (b *board) giveUpOthers(t queue.Ticket, at time.Time) (others []queue.Ticket) {
	for _, other := range b.ByPhone(t.Phone) {
		if other.ID == t.ID {
			continue
		}
		if gone, err := other.GiveUp(at, queue.ReasonNeverCall); err == nil {
			others = append(others, gone)
		}
	}
	return others
}

// step changes what there is of a ticket. A ticket that is not kept any more
// needs no change.
func (s *Tickets) step(ctx context.Context, tenant, id string, decide func(*board, queue.Ticket) (Change, error)) error {
	o, err := s.office(tenant)
	if err != nil {
		return err
	}
	_, err = o.changeTicket(ctx, "", id, decide)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Ticket gives a ticket as it is kept.
func (s *Tickets) Ticket(ctx context.Context, tenant, id string) (queue.Ticket, error) {
	if _, err := s.office(tenant); err != nil {
		return queue.Ticket{}, err
	}
	return s.store.Ticket(ctx, tenant, id)
}

// InTurn lists the open tickets of a queue, or of all where name is empty, in the
// order in which they have their turn: up to most behind a mark.
func (s *Tickets) InTurn(ctx context.Context, tenant, name string, behind Mark, most int) ([]Placed, error) {
	o, err := s.office(tenant)
	if err != nil {
		return nil, err
	}
	var page []Placed
	err = o.look(ctx, func(b *board) { page = b.Page(name, behind, most) })
	return page, err
}
