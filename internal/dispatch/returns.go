package dispatch

import (
	"context"
	"fmt"
	"slices"
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
	Class     queue.Class
}

// CreateReturn takes a return call from another system, once under its key: the
// same key from the same channel gives the same ticket, as it is now. A number
// that may not be dialled is ErrNotDialable; one that is never to be called again
// makes a ticket for a person to look at, and so does a request for a person that is
// one more than a day allows (requests.go).
//
// A citizen and a number have one open request for a person, whatever is asked for
// and wherever: this one then joins it (Also), and it is what is returned. What
// needs no agent joins what there is of the same citizen; husband and wife who
// share a number are called one after the other.
func (s *Tickets) CreateReturn(ctx context.Context, tenant, key string, r ReturnCall) (queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	now := s.opts.Now()
	t := queue.Ticket{
		Purpose: r.Purpose, Citizen: r.Citizen, Language: r.Language, Note: r.Note,
		Channel: r.Channel, NeedsAgent: r.Purpose != queue.Verification, Arrived: now, Class: r.Class,
	}
	return s.take(ctx, o, "return:"+r.Channel+":"+key, t, now,
		queue.Terms{Phone: r.Phone, NotBefore: queue.LaterOf(r.NotBefore, now), Reason: queue.ReasonHandedOver})
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
		queue.Terms{Phone: number, NotBefore: queue.LaterOf(at.Add(o.cfg.MinDelay), now), Reason: queue.ReasonNoted})
}

// take makes a new ticket of a call to be made, or has it join the one that there
// is.
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
	id := t.ID
	var who []queue.Subject
	if t.Purpose == queue.WantsPerson {
		who = asker(t.Citizen, terms.Phone)
	}
	kept, err := o.changeCounted(ctx, key, "", who, func(b *board, _ queue.Ticket, asked []queue.Ledger) (c Change, err error) {
		t := t
		t.Language = o.spoken(b, t.Language)
		if other, ok := b.sameRequest(t); ok && !blocked {
			joined, err := other.Join(now, queue.Request{Purpose: t.Purpose, Channel: t.Channel, At: now, Citizen: t.Citizen, Note: t.Note})
			if err != nil {
				return Change{}, err
			}
			t = joined.Press(t.Class)
		} else if o.many(asked, now) {
			if t, err = t.GiveUp(now, queue.ReasonMany); err != nil {
				return Change{}, err
			}
		} else {
			c.Ledgers = counting(asked, now)
		}
		id = t.ID
		c.Tickets = []queue.Ticket{t}
		return c, nil
	})
	if err != nil {
		return queue.Ticket{}, err
	}
	return o.now(ctx, kept, id)
}

// sameRequest finds the promised call that a new one becomes part of.
func (b *board) sameRequest(t queue.Ticket) (queue.Ticket, bool) {
	if t.NeedsAgent {
		return b.promisedCall(t.Phone, t.Citizen, t.ID)
	}
	for _, other := range b.ByCitizen(t.Citizen) {
		if stillPromised(other) && (other.Citizen == t.Citizen || other.NeedsAgent) {
			return other, true
		}
	}
	return queue.Ticket{}, false
}

// Withdraw ends a callback or return call that is no longer wanted by the system
// that handed it over, and gives it as it is then. One that has joined a
// citizen's own wish leaves it, and the citizen is called all the same. What is
// done already, or has the citizen on the line, is queue.ErrImpossible.
func (s *Tickets) Withdraw(ctx context.Context, tenant, id string) (queue.Ticket, error) {
	return s.withdraw(ctx, tenant, id, queue.ReasonWithdrawn, s.opts.Now())
}

func (s *Tickets) withdraw(ctx context.Context, tenant, id string, why queue.Reason, at time.Time) (queue.Ticket, error) {
	o, err := s.office(tenant)
	if err != nil {
		return queue.Ticket{}, err
	}
	_, err = o.changeTicket(ctx, "", id, func(b *board, t queue.Ticket) (Change, error) {
		switch {
		case t.State == queue.Waiting:
			return Change{}, fmt.Errorf("%w: the citizen is on the line", queue.ErrImpossible)
		case t.Purpose == queue.TrunkCheck && t.State.Open():
			return Change{}, fmt.Errorf("%w: citizens wait for the trunk to be tried", queue.ErrImpossible)
		}
		if foreign := len(t.Also) - len(own(t.Also)); why == queue.ReasonWithdrawn && t.Channel == channelPhone && foreign > 0 && t.State.Open() {
			t.Also, t.Updated = own(t.Also), at
			return Change{Tickets: []queue.Ticket{t}}, nil
		}
		gone, err := t.Withdraw(at, why)
		return Change{Tickets: []queue.Ticket{gone}, Agents: b.Without(t, at)}, err
	})
	if err != nil {
		return queue.Ticket{}, err
	}
	return o.find(ctx, id)
}

// own are the requests that citizens made themselves.
func own(requests []queue.Request) []queue.Request {
	return slices.DeleteFunc(slices.Clone(requests), func(r queue.Request) bool { return r.Channel != channelPhone })
}

// Settled closes the calls that are still to be made to a citizen for the
// purpose of a ticket: what they are for has been done in the call of that ticket.
func (s *Tickets) Settled(ctx context.Context, tenant, ticket, citizen string) error {
	now := s.opts.Now()
	return s.step(ctx, tenant, ticket, func(b *board, t queue.Ticket) (Change, error) {
		var c Change
		for _, other := range b.ByCitizen(citizen) {
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
		for _, other := range b.ByPhone(t.Phone) {
			if other.ID != t.ID && other.Purpose == t.Purpose {
				same = append(same, other)
			}
		}
	})
	return same, err
}
