package dispatch

import (
	"slices"
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Known is the open request of a number that calls, or of a citizen who was
// identified: a call of ours that is still to be made.
type Known struct {
	Ticket   string
	Purpose  queue.Purpose
	From, To time.Time // as promised; zero when no time was said
	Slot     queue.HalfDay
	Ringing  bool // our call is being placed at this moment
	Missed   bool // our last call, of the last day, did not reach anybody
	Late     bool // the promised time is past
	Dropped  bool // the citizen was on the line when it broke, within the hour
	Owned    bool // belongs to an identified citizen: to change it needs the second datum
}

// How long what happened is worth a word to whoever calls.
const (
	missedFor  = 24 * time.Hour
	droppedFor = time.Hour
)

// Known tells what there is open of a number. It answers from memory, at once,
// and knows nothing while the store has never been read. Of a number that was
// called in vain for the last time within the day it still knows: whoever calls
// the number that we showed is one of ours.
func (s *Tickets) Known(tenant string, n phone.Number, now time.Time) (Known, bool) {
	if k, ok := s.known(tenant, now, func(b *board) []queue.Ticket { return b.ByPhone(n) }); ok {
		return k, true
	}
	o, ok := s.offices[tenant]
	if !ok {
		return Known{}, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if t, ok := o.mind.missedCall(n, now); ok {
		return knownOf(t, now), true
	}
	return Known{}, false
}

// KnownCitizen is Known for a citizen.
func (s *Tickets) KnownCitizen(tenant, citizen string, now time.Time) (Known, bool) {
	return s.known(tenant, now, func(b *board) []queue.Ticket { return b.ByCitizen(citizen) })
}

// known prefers a call by a person; where there is none, a call that needs no
// agent is better to know of than nothing.
func (s *Tickets) known(tenant string, now time.Time, of func(*board) []queue.Ticket) (Known, bool) {
	o, ok := s.offices[tenant]
	if !ok {
		return Known{}, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.board == nil {
		return Known{}, false
	}
	all := slices.DeleteFunc(of(o.board), func(t queue.Ticket) bool { return !toBeCalled(t) || t.Purpose == queue.TrunkCheck })
	for _, t := range all {
		if t.NeedsAgent {
			return knownOf(t, now), true
		}
	}
	if len(all) == 0 {
		return Known{}, false
	}
	return knownOf(all[0], now), true
}

func knownOf(t queue.Ticket, now time.Time) Known {
	k := Known{
		Ticket: t.ID, Purpose: t.Purpose, From: t.From, To: t.To, Slot: t.Slot,
		Ringing: t.State == queue.Dialling, Late: t.Lateness(now) > 0, Owned: t.Citizen != "",
		Dropped: (t.Purpose == queue.Interrupted || t.Reason == queue.ReasonLost) && now.Sub(t.Since) < droppedFor,
	}
	if n := len(t.Attempts); n > 0 && !k.Ringing {
		last := t.Attempts[n-1]
		k.Missed = last.Kind == "" && !last.Outcome.Ours() && last.Outcome != queue.Later && now.Sub(last.Ended) < missedFor
	}
	return k
}

// stillPromised tells whether a ticket is a promise that is still to be kept, be it
// that its citizen has called again and waits on the line.
func stillPromised(t queue.Ticket) bool {
	return toBeCalled(t) || (t.State == queue.Waiting && !t.Resume.IsZero())
}

// promisedCall finds the one call by a person that is promised to a citizen, or to
// a number; not the ticket that is left out.
func (b *board) promisedCall(n phone.Number, citizen, not string) (queue.Ticket, bool) {
	for _, row := range [][]queue.Ticket{b.ByCitizen(citizen), b.ByPhone(n)} {
		for _, t := range row {
			if t.ID != not && t.NeedsAgent && stillPromised(t) {
				return t, true
			}
		}
	}
	return queue.Ticket{}, false
}
