package dispatch

import (
	"context"
	"errors"
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// How many calls may be asked for. A citizen who has asked for as many as a day
// allows (Config.Requests) is promised no other: the request is a person's. Who is on
// the line stays there, in place; otherwise it goes to the worklist with its reason.
// Nobody is turned away. A citizen is counted as such; only where nobody was
// identified is it the number, so that one of a household does not use up the calls
// of the others.
//
// What is counted stands in the ledger and is written in the same change as the
// promise, so that a crash neither forgets a request nor counts it twice.

// asker is in whose ledger a request is counted: nobody's, where neither citizen nor
// number is known.
func asker(citizen string, n phone.Number) []queue.Subject {
	if all := queue.Subjects(queue.Ticket{Citizen: citizen, Phone: n}); len(all) > 0 {
		return all[len(all)-1:] // the citizen, where there is one
	}
	return nil
}

// anew tells whether a caller asks for a call that is not promised yet, of their own
// will. A line that we lost, offices that close on those who wait, and a call of ours
// for which there was no agent are our doing.
func (a Asked) anew(o *office, t queue.Ticket) bool {
	waiting := t.State == queue.Waiting
	promised := waiting && (!t.Resume.IsZero() || len(t.Attempts) > 0)
	swept := waiting && (t.Since.Before(o.mind.swept[t.Queue]) || o.mind.hours.Contains(t.Arrived) && !o.mind.hours.Contains(a.At))
	return a.Purpose != queue.Interrupted && !promised && !swept
}

// many tells whether one more request is one too many.
func (o *office) many(asked []queue.Ledger, now time.Time) bool {
	return len(asked) > 0 && o.cfg.Requests > 0 && asked[0].Requests(now) >= o.cfg.Requests
}

// counting are the ledgers with one request more.
func counting(asked []queue.Ledger, now time.Time) []queue.Ledger {
	var all []queue.Ledger
	for _, l := range asked {
		all = append(all, l.Ask(now))
	}
	return all
}

// changeCounted is changeTicket for a request that is counted: decide gets the
// ledger of who asks, and may make it part of the change.
func (o *office) changeCounted(
	ctx context.Context, key, id string, who []queue.Subject, decide func(*board, queue.Ticket, []queue.Ledger) (Change, error),
) (Change, error) {
	for range maxTries {
		asked, err := o.ledgers(ctx, who)
		if err != nil {
			return Change{}, err
		}
		fresh := true
		kept, err := o.changeTicket(ctx, key, id, func(b *board, t queue.Ticket) (Change, error) {
			if !fresh && len(asked) > 0 {
				return Change{}, errBook
			}
			fresh = false
			return decide(b, t, asked)
		})
		if !errors.Is(err, errBook) {
			return kept, err
		}
	}
	return Change{}, errBook
}
