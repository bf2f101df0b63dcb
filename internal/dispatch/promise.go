package dispatch

import (
	"context"
	"fmt"
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Asked is a callback asked for on the telephone.
type Asked struct {
	Tenant    string
	Key       string // names the request
	Ticket    string // of the waiting caller; empty: a place is taken now
	Purpose   queue.Purpose
	Class     queue.Class
	Phone     phone.Number // withheld: nobody can be called, and a person looks at the recording
	Citizen   string
	Keyed     string
	Recording string
	Language  string
	NoKeys    bool
	At        time.Time
	// Slot is the half-day chosen; empty: as soon as possible.
	Slot queue.HalfDay
	// WhenTheirTurn: not before the campaign is open to the citizen; no hour is
	// said.
	WhenTheirTurn bool
	// Whenever: no hour is said, and nothing is full: for those who would be left
	// without a promise otherwise. Of whoever has asked too often a person takes care.
	Whenever bool
}

// Promise turns the place of a waiting caller into a promised call, or takes a
// new place for one. The ticket returned holds the three figures and the time
// that may be said. A number that is never to be called is called again if the
// caller is calling from it; otherwise a person looks at the ticket.
//
// A citizen and a number have one promised call: where there is one, this becomes
// part of it, and it is what is returned, with its place and its three figures.
// What can't be kept is not promised: ErrSlotFull, ErrFull. Nor is one more than a
// day allows: ErrMany, see requests.go.
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
	if a.Purpose == queue.Interrupted {
		word = "" // the line is lost: nobody could be told
	}
	lift := false
	kept, err := o.changeCounted(ctx, a.Key, a.Ticket, asker(a.Citizen, a.Phone), func(b *board, t queue.Ticket, asked []queue.Ledger) (Change, error) {
		lift = blocked && a.Ticket != "" && t.Phone == a.Phone // the number that calls
		c, err := a.decide(o, b, t, asked, fresh, word, blocked && !lift)
		if len(c.Tickets) > 0 {
			id = c.Tickets[0].ID
		}
		return c, err
	})
	if err == nil && lift {
		err = o.failed(s.blocks.Unblock(ctx, a.Tenant, a.Phone))
	}
	if err != nil { // a refusal says nothing against the board
		return queue.Ticket{}, err
	}
	return o.now(ctx, kept, id)
}

// decide is what the request makes of the ticket of a waiting caller, or of none.
func (a Asked) decide(o *office, b *board, t queue.Ticket, asked []queue.Ledger, fresh, word string, never bool) (Change, error) {
	if t.State.Open() && t.State != queue.Waiting {
		t, err := a.otherwise(o, b, t) // promised before
		return Change{Tickets: []queue.Ticket{t}}, err
	}
	if other, ok := b.promisedCall(a.Phone, a.Citizen, t.ID); ok && !never {
		return a.join(o, b, t, other)
	}
	if arrived := t.Arrived; !t.State.Open() { // none yet, or closed behind the caller's back
		if a.Ticket == "" {
			arrived = a.At
		}
		t = queue.Ticket{
			ID: fresh, Tenant: a.Tenant, Queue: o.cfg.Queue, Channel: channelPhone, NeedsAgent: true,
			Arrived: arrived, Class: a.Class, Phone: t.Phone,
		}
	}
	many := a.anew(o, t) && o.many(asked, a.At)
	if many && !a.Whenever {
		return Change{}, ErrMany
	}
	c := Change{Agents: b.Without(t, a.At)}
	if a.anew(o, t) && !many {
		c.Ledgers = counting(asked, a.At)
	}
	promised, err := a.promise(o, b, t, word)
	switch {
	case err != nil:
	case a.Phone.Withheld() || never:
		promised, err = promised.GiveUp(a.At, hopeless(a.Phone))
	case many:
		promised, err = promised.GiveUp(a.At, queue.ReasonMany)
	}
	c.Tickets = []queue.Ticket{promised}
	return c, err
}

// fill adds to a ticket what the citizen gave.
func (a Asked) fill(o *office, b *board, t queue.Ticket) queue.Ticket {
	for _, set := range []struct {
		to   *string
		from string
	}{{&t.Citizen, a.Citizen}, {&t.Keyed, a.Keyed}, {&t.Recording, a.Recording}, {&t.Language, o.spoken(b, a.Language)}} {
		if set.from != "" {
			*set.to = set.from
		}
	}
	t.NoKeys = t.NoKeys || a.NoKeys || a.Purpose == queue.NoKeys
	return t
}

// promise is the ticket with what the citizen gave, and the time that can be
// said.
func (a Asked) promise(o *office, b *board, t queue.Ticket, word string) (queue.Ticket, error) {
	kept := !t.Resume.IsZero() // a promise that the caller has already costs no other
	t = a.fill(o, b, t)
	terms := queue.Terms{
		Purpose: a.Purpose, Phone: a.Phone, Word: word, NotBefore: a.At.Add(o.cfg.MinDelay), Slot: a.Slot, Reason: o.whyCalled(a.At, t),
	}
	switch {
	case a.WhenTheirTurn:
		terms.NotBefore = queue.NoDate()
		if !o.cfg.Starts.IsZero() {
			terms.NotBefore = o.cfg.Starts
		}
	case a.Slot != "":
		from, to, err := o.slot(b, t, a.Slot, a.At)
		if err != nil {
			return t, err
		}
		terms.NotBefore, terms.From, terms.To = queue.LaterOf(terms.NotBefore, from), from, to
	case !a.Whenever:
		if !kept && o.limits(b, a.At).full(t) {
			return t, ErrFull
		}
		wait, known := b.Wait(t, a.At)
		terms.From, terms.To = queue.Promised(a.At, wait, known, o.mind.hours)
		terms.NotBefore = queue.LaterOf(terms.NotBefore, terms.From)
	}
	return t.Promise(a.At, terms)
}

// whyCalled tells whether it is the closing time that turns a caller on the line
// into one who is called.
func (o *office) whyCalled(now time.Time, t queue.Ticket) queue.Reason {
	switch {
	case t.State != queue.Waiting:
		return queue.ReasonPromised
	case t.Since.Before(o.mind.swept[t.Queue]):
		return queue.ReasonSwept
	case !o.mind.hours.Contains(now):
		return queue.ReasonClosing
	}
	return queue.ReasonPromised
}

// otherwise is a promised call that is asked for once more: only what is wanted
// otherwise changes.
func (a Asked) otherwise(o *office, b *board, t queue.Ticket) (queue.Ticket, error) {
	var want queue.Change
	if a.Slot != "" && a.Slot != t.Slot {
		from, to, err := o.slot(b, t, a.Slot, a.At)
		if err != nil {
			return t, err
		}
		want = queue.Change{NotBefore: queue.LaterOf(a.At.Add(o.cfg.MinDelay), from), From: from, To: to, Slot: a.Slot}
	}
	if _, taken := b.promisedCall(a.Phone, "", t.ID); a.Phone != t.Phone && !taken {
		want.Phone = a.Phone
	}
	if want == (queue.Change{}) || !toBeCalled(t) {
		return t, nil
	}
	return t.Change(a.At, want)
}

// join makes the request part of the promised call that there is. A caller on the
// line gives up the place there: one call serves both.
func (a Asked) join(o *office, b *board, t, other queue.Ticket) (Change, error) {
	joined, err := other.Join(a.At, queue.Request{Purpose: a.Purpose, Channel: channelPhone, At: a.At, Citizen: a.Citizen})
	if err != nil {
		return Change{}, err
	}
	if samePerson(a.Citizen, other.Citizen) {
		if joined, err = a.otherwise(o, b, joined); err != nil {
			return Change{}, err
		}
	}
	for _, set := range []struct {
		to   *string
		from string
	}{{&joined.Keyed, a.Keyed}, {&joined.Recording, a.Recording}, {&joined.Language, o.spoken(b, a.Language)}} {
		if *set.to == "" {
			*set.to = set.from
		}
	}
	joined.NoKeys = joined.NoKeys || a.NoKeys || a.Purpose == queue.NoKeys
	c := Change{Tickets: []queue.Ticket{joined}}
	if t.State == queue.Waiting {
		gone, err := t.Withdraw(a.At, queue.ReasonJoined)
		if err != nil {
			return Change{}, err
		}
		c.Tickets, c.Agents = append(c.Tickets, gone), b.Without(t, a.At)
	}
	return c, nil
}

// samePerson tells whether two requests may be one citizen's: whoever has not
// been identified may be anybody.
func samePerson(a, b string) bool { return a == "" || b == "" || a == b }

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
