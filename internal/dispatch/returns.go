package dispatch

import (
	"context"
	"fmt"
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// ReturnCall is a call to a citizen that another system asks for.
type ReturnCall struct {
	Citizen   string // codice fiscale
	Phone     phone.Number
	Purpose   queue.Purpose // Verification needs no agent, all others do
	NotBefore time.Time     // zero: as soon as it may be
	Language  string        // ISO 639-1; empty: the tenant's
	Note      string
	Channel   string // who asks: portal, pharmacy, gp
}

// CreateReturn takes a return call from another system, once under its key: the
// same key from the same channel gives the same ticket, as it is now. A number
// that may not be dialled is ErrNotDialable; one that is never to be called again
// makes a ticket for a person to look at.
func (s *Tickets) CreateReturn(ctx context.Context, tenant, key string, r ReturnCall) (queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	now := s.opts.Now()
	t := queue.Ticket{
		Purpose: r.Purpose, Citizen: r.Citizen, Language: r.Language, Note: r.Note,
		Channel: r.Channel, NeedsAgent: r.Purpose != queue.Verification, Arrived: now,
	}
	return s.take(ctx, o, "return:"+r.Channel+":"+key, t, now,
		queue.Terms{Phone: r.Phone, NotBefore: later(r.NotBefore, now), Reason: queue.ReasonHandedOver})
}

// Noted makes a callback of a call that the exchange took down at some time
// while the service was away, once under the key of its note.
func (s *Tickets) Noted(ctx context.Context, tenant, key string, number phone.Number, at time.Time) (queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	now := s.opts.Now()
	t := queue.Ticket{Purpose: queue.NotedAway, Channel: channelPhone, NeedsAgent: true, Arrived: at}
	return s.take(ctx, o, "noted:"+key, t, now,
		queue.Terms{Phone: number, NotBefore: later(at.Add(o.cfg.MinDelay), now), Reason: queue.ReasonNoted})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// take makes a new ticket of a call to be made.
func (s *Tickets) take(ctx context.Context, o *office, key string, t queue.Ticket, now time.Time, terms queue.Terms) (queue.Ticket, error) {
	if err := dialable(terms.Phone); err != nil {
		return queue.Ticket{}, err
	}
	blocked, err := s.blocks.Blocked(ctx, o.tenant, terms.Phone)
	if err != nil {
		return queue.Ticket{}, o.failed(err)
	}
	t.ID, t.Tenant, t.Queue = s.opts.NewID(), o.tenant, o.cfg.Queue
	t, err = t.Promise(now, terms)
	if err == nil && blocked {
		t, err = t.GiveUp(now, queue.ReasonNeverCall)
	}
	if err != nil {
		return queue.Ticket{}, err
	}
	kept, err := o.change(ctx, key, func(*board) (Change, error) { return Change{Tickets: []queue.Ticket{t}}, nil })
	if err != nil {
		return queue.Ticket{}, err
	}
	return o.now(ctx, kept, t.ID)
}

// Withdraw ends a callback or return call that is no longer wanted, and gives
// it as it is then. What is done already, or has the citizen on the line, is
// queue.ErrImpossible.
func (s *Tickets) Withdraw(ctx context.Context, tenant, id string) (queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	now := s.opts.Now()
	_, err = o.changeTicket(ctx, "", id, func(b *board, t queue.Ticket) (Change, error) {
		if t.State == queue.Waiting {
			return Change{}, fmt.Errorf("%w: the citizen is on the line", queue.ErrImpossible)
		}
		gone, err := t.Withdraw(now, queue.ReasonWithdrawn)
		return Change{Tickets: []queue.Ticket{gone}, Agents: b.without(t, now)}, err
	})
	if err != nil {
		return queue.Ticket{}, err
	}
	return o.find(ctx, id)
}

// Settled closes the calls that are still to be made to a citizen for the
// purpose of a ticket: what they are for has been done in the call of that ticket.
func (s *Tickets) Settled(ctx context.Context, tenant, ticket, citizen string) error {
	now := s.opts.Now()
	return s.step(ctx, tenant, ticket, func(b *board, t queue.Ticket) (Change, error) {
		var c Change
		for _, other := range b.open {
			if other.Citizen != citizen || other.Purpose != t.Purpose {
				continue
			}
			if done, err := other.Settle(now); err == nil { // what is on the line ends by itself
				c.Tickets = append(c.Tickets, done)
			}
		}
		return c, nil
	})
}

// SamePhone lists the open tickets of a ticket's purpose and number, itself
// first: husband and wife may share a telephone.
func (s *Tickets) SamePhone(ctx context.Context, tenant, ticket string) ([]queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return nil, err
	}
	t, err := o.find(ctx, ticket)
	if err != nil {
		return nil, err
	}
	same := []queue.Ticket{t}
	err = o.look(ctx, func(b *board) {
		for _, other := range b.open {
			if other.ID != t.ID && other.Phone == t.Phone && other.Purpose == t.Purpose {
				same = append(same, other)
			}
		}
	})
	return same, err
}
