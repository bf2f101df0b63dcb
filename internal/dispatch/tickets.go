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
	"slices"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
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
	opts    Options
	offices map[string]*office
}

// New makes the tickets of tenants, each with its configuration.
func New(store Store, blocks Blocks, tenants map[string]Config, opts Options) *Tickets {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Moved == nil {
		opts.Moved = func(Move) {}
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
	s := &Tickets{store: store, blocks: blocks, opts: opts, offices: map[string]*office{}}
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

// Entry is a caller on the line who wants a person.
type Entry struct {
	Tenant   string
	Key      string // names the request; asked again under it, the answer is the same
	Call     string // the caller's call
	Purpose  queue.Purpose
	Phone    phone.Number // the number that calls; withheld when it is not known or may not be dialled
	Citizen  string
	Keyed    string
	Language string
	NoKeys   bool
	At       time.Time
}

// Enter puts a caller into the queue. A call that is there already keeps its
// ticket; one that we placed for a ticket that needs an agent waits with that
// ticket, and with the agent reserved for it.
func (s *Tickets) Enter(ctx context.Context, e Entry) (queue.Ticket, error) {
	o, err := s.office(e.Tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	o.comesBack(e.Call)
	id := s.opts.NewID()
	kept, err := o.change(ctx, e.Key, func(b *board) (Change, error) {
		if t, ok := b.onLine(e.Call, queue.Waiting); ok {
			id = t.ID
			return Change{}, nil
		}
		if t, ok := b.onLine(e.Call, queue.Dialling); ok && t.NeedsAgent {
			id = t.ID
			t, err := t.Wait(e.At)
			return Change{Tickets: []queue.Ticket{t}}, err
		}
		t, err := queue.Ticket{
			ID: id, Tenant: e.Tenant, Queue: o.cfg.Queue, Purpose: e.Purpose, Phone: e.Phone, Citizen: e.Citizen,
			Keyed: e.Keyed, Language: e.Language, NoKeys: e.NoKeys, Channel: channelPhone, Call: e.Call, Node: o.cfg.Node,
		}.Enter(e.At)
		return Change{Tickets: []queue.Ticket{t}}, err
	})
	if err != nil {
		return queue.Ticket{}, err
	}
	return o.now(ctx, kept, id)
}

// channelPhone is the channel of whoever calls.
const channelPhone = "phone"

// Asked is a callback asked for on the telephone.
type Asked struct {
	Tenant    string
	Key       string // names the request
	Ticket    string // of the waiting caller; empty: a place is taken now
	Purpose   queue.Purpose
	Phone     phone.Number // withheld: nobody can be called, and a person looks at the recording
	Citizen   string
	Keyed     string
	Recording string
	Language  string
	NoKeys    bool
	At        time.Time
	// WhenTheirTurn: not before the campaign is open to the citizen; no hour is
	// said.
	WhenTheirTurn bool
}

// Promise turns the place of a waiting caller into a promised call, or takes a
// new place for one. The ticket returned holds the three figures and the time
// that may be said. A number that is never to be called is called again if the
// caller is calling from it; otherwise a person looks at the ticket.
func (s *Tickets) Promise(ctx context.Context, a Asked) (queue.Ticket, error) {
	o, err := s.office(a.Tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	if err := dialable(a.Phone); err != nil && !(a.Phone.Withheld() && a.Recording != "") {
		return queue.Ticket{}, err
	}
	blocked, err := s.blocks.Blocked(ctx, a.Tenant, a.Phone)
	if err != nil {
		return queue.Ticket{}, o.failed(err)
	}
	id, fresh, word := "", s.opts.NewID(), queue.Word(s.opts.Dice)
	lift := false
	kept, err := o.changeTicket(ctx, a.Key, a.Ticket, func(b *board, t queue.Ticket) (Change, error) {
		if arrived := t.Arrived; !t.State.Open() { // none yet, or closed behind the caller's back
			if a.Ticket == "" {
				arrived = a.At
			}
			t = queue.Ticket{ID: fresh, Tenant: a.Tenant, Queue: o.cfg.Queue, Channel: channelPhone, NeedsAgent: true, Arrived: arrived, Phone: t.Phone}
		}
		id = t.ID
		lift = blocked && a.Ticket != "" && t.Phone == a.Phone // the number that calls
		promised, err := a.promise(o, b, t, word)
		if err == nil && (a.Phone.Withheld() || (blocked && !lift)) {
			promised, err = promised.GiveUp(a.At, hopeless(a.Phone))
		}
		return Change{Tickets: []queue.Ticket{promised}, Agents: b.without(t, a.At)}, err
	})
	if err == nil && lift {
		err = s.blocks.Unblock(ctx, a.Tenant, a.Phone)
	}
	if err != nil {
		return queue.Ticket{}, o.failed(err)
	}
	return o.now(ctx, kept, id)
}

// promise fills in what the citizen gave, and the time that can be said.
func (a Asked) promise(o *office, b *board, t queue.Ticket, word string) (queue.Ticket, error) {
	if t.State.Open() && t.State != queue.Waiting {
		return t, nil // promised before
	}
	for _, set := range []struct {
		to   *string
		from string
	}{{&t.Citizen, a.Citizen}, {&t.Keyed, a.Keyed}, {&t.Recording, a.Recording}, {&t.Language, a.Language}} {
		if set.from != "" {
			*set.to = set.from
		}
	}
	t.NoKeys = t.NoKeys || a.NoKeys || a.Purpose == queue.NoKeys
	wait, known := b.wait(o.cfg, t, a.At)
	from, to := queue.Promised(a.At, wait, known, o.cfg.Window)
	notBefore := a.At.Add(o.cfg.MinDelay)
	if from.After(notBefore) {
		notBefore = from
	}
	if a.WhenTheirTurn {
		from, to, notBefore = time.Time{}, time.Time{}, queue.NoDate()
		if !o.cfg.Starts.IsZero() {
			notBefore = o.cfg.Starts
		}
	}
	return t.Promise(a.At, queue.Terms{
		Purpose: a.Purpose, Phone: a.Phone, Word: word, NotBefore: notBefore, From: from, To: to,
	})
}

func hopeless(n phone.Number) queue.Reason {
	if n.Withheld() {
		return queue.ReasonNoNumber
	}
	return queue.ReasonNeverCall
}

func dialable(n phone.Number) error {
	if err := n.Dialable(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotDialable, err)
	}
	return nil
}

// Left is a caller who hung up before anybody answered.
func (s *Tickets) Left(ctx context.Context, tenant, id string, at time.Time) error {
	return s.step(ctx, tenant, id, func(b *board, t queue.Ticket) (Change, error) {
		if t.State != queue.Waiting {
			return Change{}, nil
		}
		gone, err := t.Withdraw(at, queue.ReasonLeft)
		return Change{Tickets: []queue.Ticket{gone}, Agents: b.without(t, at)}, err
	})
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
	return s.step(ctx, tenant, id, func(b *board, t queue.Ticket) (Change, error) {
		ended, err := t.AttemptEnded(at, attempt, r, o.cfg.Policy)
		if errors.Is(err, queue.ErrNoAttempt) {
			return Change{}, nil
		}
		c := Change{Tickets: []queue.Ticket{ended}}
		if t.State.OnLine() && !ended.State.OnLine() {
			c.Agents = b.without(t, at)
		}
		if r.Outcome == queue.Blocked {
			c.Tickets = append(c.Tickets, b.giveUpOthers(ended, at)...)
		}
		return c, err
	})
}

// giveUpOthers leaves all other calls to the number of t to a person.
func (b *board) giveUpOthers(t queue.Ticket, at time.Time) (others []queue.Ticket) {
	for _, other := range b.open {
		if other.ID == t.ID || other.Phone != t.Phone {
			continue
		}
		if gone, err := other.GiveUp(at, queue.ReasonNeverCall); err == nil {
			others = append(others, gone)
		}
	}
	return others
}

// without is the agent of a ticket, parted from it.
func (b *board) without(t queue.Ticket, at time.Time) []agent.Agent {
	a, ok := b.agents[t.Agent]
	if !ok {
		return nil
	}
	if a, ok = part(a, t.ID, at); !ok {
		return nil
	}
	return []agent.Agent{a}
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

// Open lists the open tickets, in the order in which they have their turn.
func (s *Tickets) Open(ctx context.Context, tenant string) ([]queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return nil, err
	}
	var open []queue.Ticket
	err = o.look(ctx, func(b *board) { open = slices.Clone(b.open) })
	return open, err
}
