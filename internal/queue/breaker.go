package queue

import (
	"slices"
	"time"
)

// When a Breaker stops dialling.
const (
	BreakerSpan  = time.Minute // what it looks back on
	BreakerLeast = 10          // fewer ended calls say nothing
	BreakerShare = 0.5         // more than this share of one failure is none of the citizens'
	// BreakerSilence is the share for calls that nobody answers: half of all
	// landlines do not, on any good day.
	BreakerSilence = 0.9
	// BreakerRow failures of our own side in a row, all alike and within BreakerRowSpan,
	// are as telling as a busy minute: two lines do not end ten calls in one. A trunk
	// that fails one call in five makes such a row once in three thousand calls. They
	// are of more than one ticket, since a number can be ill by itself.
	BreakerRow     = 5
	BreakerRowSpan = 30 * time.Minute
	BreakerRest    = time.Minute // nothing is dialled; then one call to try
	// BreakerPatience is how long the call that tries is waited for, should
	// nobody report its end.
	BreakerPatience = 2 * time.Minute
)

// Fault is one way in which calls fail: what the network said.
type Fault struct {
	Outcome Outcome
	Cause   int // Q.850
	SIP     int
}

// Ended is an attempt that has ended.
type Ended struct {
	Ticket  string
	Attempt int
	At      time.Time // zero: now
	Result
}

// fault is the way in which a call failed. All refusals are one: behind a number that
// is blocked each network on the way says it in its own words (403, 603, 607, 608).
func (e Ended) fault() Fault {
	if e.Outcome == Rejected {
		return Fault{Outcome: Rejected}
	}
	return Fault{e.Outcome, e.Cause, e.SIP}
}

// Breaker stops dialling when one failure dominates, or nothing but it was met for a
// while: a trunk that is down, a carrier that refuses the number we show. The calls that failed so say nothing
// about the citizens, and are given back. After a rest one call is made to try;
// if it meets the same failure there is another rest. The zero Breaker lets all
// calls pass. Its methods give it as it becomes.
type Breaker struct {
	recent  []Ended // of the last BreakerSpan
	row     []Ended // failures of our own side, alike, nothing else between: of the last BreakerRowSpan
	tripped bool
	fault   Fault     // for which it has tripped
	until   time.Time // the end of the rest
	probe   string    // the call that tries, if one does
	probed  time.Time // when it began
}

// Tripped tells whether it has stopped dialling, and for which failure.
func (b Breaker) Tripped() (Fault, bool) { return b.fault, b.tripped }

// May tells whether a call may be placed now.
func (b Breaker) May(now time.Time) bool {
	if !b.tripped {
		return true
	}
	return !now.Before(b.until) && (b.probe == "" || now.Sub(b.probed) >= BreakerPatience)
}

// Dialled is a call that is placed. After a rest it is the one that tries.
func (b Breaker) Dialled(now time.Time, ticket string, attempt int) Breaker {
	if b.tripped && b.May(now) {
		b.probe, b.probed = CallID(ticket, attempt), now
	}
	return b
}

// Ended hears of the end of an attempt, and returns the attempts to be given
// back: when it trips, those that failed alike in the last minute, or in the row;
// while it rests, each that fails so.
func (b Breaker) Ended(now time.Time, e Ended) (Breaker, []Ended) {
	if e.At.IsZero() {
		e.At = now
	}
	if !b.tripped {
		if b.row = b.inRow(now, e); rowTrips(b.row) {
			return b.trip(now, e.fault()), b.row
		}
	}
	return b.Remembered(now, e)
}

// Remembered is Ended for an attempt of the last minute that is found again after a
// crash. Those that reached somebody are not found, so that it makes no row.
func (b Breaker) Remembered(now time.Time, e Ended) (Breaker, []Ended) {
	b.recent = append(slices.Clip(fresh(b.recent, now, BreakerSpan)), e)
	if b.tripped {
		return b.resting(now, e)
	}
	fault := b.majority()
	same := b.alike(fault)
	if !trips(fault, len(same), len(b.recent)) {
		return b, nil
	}
	return b.trip(now, fault), same
}

// trip stops dialling.
func (b Breaker) trip(now time.Time, f Fault) Breaker {
	return Breaker{recent: b.recent, tripped: true, fault: f, until: now.Add(BreakerRest)}
}

// inRow is the row of failures after one more end. A call that vanished, or that was
// given up because the citizen called us, tells nothing of the trunk; any other end
// tells that it carries calls, or is ill in another way.
func (b Breaker) inRow(now time.Time, e Ended) []Ended {
	unsaid := e.Outcome == OurFault && e.Cause == 0 && e.SIP == 0
	row := fresh(b.row, now, BreakerRowSpan)
	switch {
	case unsaid || e.Outcome == Superseded:
		return row
	case e.Outcome != OurFault:
		return nil
	case len(row) > 0 && row[0].fault() != e.fault():
		return []Ended{e}
	}
	return append(row, e)
}

// rowTrips tells whether a row of failures is the trunk's.
func rowTrips(row []Ended) bool {
	several := slices.ContainsFunc(row, func(e Ended) bool { return e.Ticket != row[0].Ticket })
	return several && len(row) >= BreakerRow
}

// majority is the one way in which more than half of the recent calls ended, if
// there is one (the vote of Boyer and Moore).
func (b Breaker) majority() Fault {
	var most Fault
	lead := 0
	for _, e := range b.recent {
		switch {
		case lead == 0:
			most, lead = e.fault(), 1
		case e.fault() == most:
			lead++
		default:
			lead--
		}
	}
	return most
}

// resting is the end of a call while it has tripped.
func (b Breaker) resting(now time.Time, e Ended) (Breaker, []Ended) {
	tried := b.probe != "" && b.probe == CallID(e.Ticket, e.Attempt)
	switch {
	case e.fault() == b.fault:
		if tried {
			b.until, b.probe = now.Add(BreakerRest), ""
		}
		return b, []Ended{e}
	case tried:
		return Breaker{}, nil
	}
	return b, nil
}

// fresh is what is not older than so long, on a copy.
func fresh(all []Ended, now time.Time, span time.Duration) []Ended {
	return slices.DeleteFunc(slices.Clone(all), func(e Ended) bool { return now.Sub(e.At) >= span })
}

func (b Breaker) alike(f Fault) []Ended {
	var same []Ended
	for _, e := range b.recent {
		if e.fault() == f {
			same = append(same, e)
		}
	}
	return same
}

// trips tells whether so many alike of so many calls are too many.
func trips(f Fault, same, all int) bool {
	share := float64(same) / float64(all)
	switch f.Outcome {
	case Busy, Rejected, Unreachable, OurFault:
		return all >= BreakerLeast && share > BreakerShare
	case NoAnswer:
		return all >= BreakerLeast && share > BreakerSilence
	}
	return false // it was answered
}
