package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"

	"richiamo/internal/queue"
)

// Every dialled call stands in the ledgers of its number and of its citizen. Who
// writes it there is commit itself: whatever begins, ends or gives back an attempt
// of a ticket does so in the ledgers within the same change, whoever decided it.
// So there is no attempt without a record.

// booked adds to a change the ledgers of the attempts that it begins, ends or
// gives back. Ledgers that the change holds already were read by whoever decided
// it, and must still be the kept ones; the others are read now.
func (o *office) booked(ctx context.Context, c Change) (Change, error) {
	entries := o.entries(c)
	if len(entries) == 0 {
		return c, nil
	}
	held := map[queue.Subject]bool{}
	for _, l := range c.Ledgers {
		held[l.Subject] = true
	}
	var missing []queue.Subject
	for _, e := range entries {
		if !held[e.of] {
			held[e.of] = true
			missing = append(missing, e.of)
		}
	}
	c.Ledgers = slices.Clone(c.Ledgers)
	if len(missing) > 0 {
		read, err := o.store.Ledgers(ctx, o.tenant, missing)
		if err != nil {
			return c, o.failed(err)
		}
		c.Ledgers = append(c.Ledgers, read...)
	}
	for _, e := range entries {
		for i, l := range c.Ledgers {
			if l.Subject == e.of && (e.begins || has(l, e.Entry)) {
				c.Ledgers[i] = l.Begin(e.Entry)
			}
		}
	}
	return c, nil
}

func has(l queue.Ledger, e queue.Entry) bool {
	return slices.ContainsFunc(l.Entries, func(o queue.Entry) bool { return o.Ticket == e.Ticket && o.Attempt == e.Attempt })
}

// line is an entry of a ledger. One that does not begin completes the one that
// there is: a number that was given while another one was being dialled has none.
type line struct {
	of     queue.Subject
	begins bool
	queue.Entry
}

// entries are the lines that a change writes.
func (o *office) entries(c Change) (lines []line) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range c.Tickets {
		old, _ := o.board.Ticket(t.ID)
		for i, a := range t.Attempts {
			begins := i >= len(old.Attempts)
			if !begins && (old.Attempts[i] == a || (old.Attempts[i].Ended == a.Ended && old.Phone != t.Phone)) {
				continue // as it was; or it does not count for the new number, but the call was made
			}
			e, _ := queue.EntryOf(t, i+1)
			for _, s := range queue.Subjects(t) {
				lines = append(lines, line{s, begins, e})
			}
		}
	}
	return lines
}

// errBook means that the ledgers were read for another state of things.
var errBook = errors.New("dispatch: the ledgers are to be read anew")

// changeBooked is changeTicket for a decision that looks at the ticket's
// ledgers: they are part of the change, so that one who writes them meanwhile has
// the decision taken anew.
func (o *office) changeBooked(ctx context.Context, id string, decide func(*board, queue.Ticket, []queue.Ledger) (Change, error)) (Change, error) {
	for range maxTries {
		t, err := o.find(ctx, id)
		if err != nil {
			return Change{}, err
		}
		subjects := queue.Subjects(t)
		ledgers, err := o.ledgers(ctx, subjects)
		if err != nil {
			return Change{}, err
		}
		fresh := true
		kept, err := o.changeTicket(ctx, "", id, func(b *board, t queue.Ticket) (Change, error) {
			if !fresh || !slices.Equal(queue.Subjects(t), subjects) {
				return Change{}, errBook
			}
			fresh = false
			c, err := decide(b, t, ledgers)
			c.Ledgers = ledgers
			return c, err
		})
		if !errors.Is(err, errBook) {
			return kept, err
		}
	}
	return Change{}, errBook
}

func (o *office) ledgers(ctx context.Context, of []queue.Subject) ([]queue.Ledger, error) {
	if len(of) == 0 {
		return nil, nil
	}
	ledgers, err := o.store.Ledgers(ctx, o.tenant, of)
	return ledgers, o.failed(err)
}

// wait is until when a citizen is not called, and why. Nobody waits whose time is not
// after now.
type wait struct {
	until time.Time
	why   queue.Reason
}

// mayCall reads the ledgers of the citizen whom a decision would have called. The
// decision is then committed together with them: whoever makes another call to the
// citizen meanwhile has it taken anew. The citizen waits when a call to the number for
// another ticket has just reached nobody, or when the number or the citizen has had
// all calls that a day allows.
func (o *office) mayCall(ctx context.Context, now time.Time, t queue.Ticket) (ledgers []queue.Ledger, put wait, err error) {
	ledgers, err = o.ledgers(ctx, queue.Subjects(t))
	if err != nil || t.Purpose == queue.TrunkCheck {
		return ledgers, wait{}, err
	}
	put = wait{o.cfg.Judge(t, ledgers).Rests(t), queue.ReasonTried}
	for _, l := range ledgers {
		if free := l.FreeAt(now, o.cfg.PerNumber); free.After(now) && free.After(put.until) {
			put = wait{free, queue.ReasonCapped}
		}
	}
	return ledgers, put, nil
}
