package queue

import (
	"time"

	"richiamo/internal/phone"
)

// Policy is how a citizen who was not reached is called again.
type Policy struct {
	// Attempts is how many may fail before a person looks at the ticket. What
	// was our own fault is not among them.
	Attempts int
	// Intervals is how long to wait after an outcome: after its first time on
	// the ticket the first, after its second the second; the last one stands
	// for all later ones.
	Intervals map[Outcome][]time.Duration
	// Otherwise is for the outcomes that are not in Intervals.
	Otherwise time.Duration
	// Avoid is how far from the time of day of every call that nobody took the
	// next one is made, whatever the interval. 0: the intervals decide alone.
	Avoid time.Duration

	Landline time.Duration // how long it rings: an eighty-year-old needs the way to the telephone
	Mobile   time.Duration // how long it rings; afterwards a mailbox answers
}

// DefaultPolicy calls three times. Busy means that somebody is at home: soon.
// No answer, or an answer without a key: a quarter of an hour later at least, then
// an hour, and not within two hours of the time of day of any miss (the rule of
// LeadDesk's dialler); on another day in another part of it (ASL Lecce: on different
// days, at different hours). Who prefers to call us is left alone for a day. Our own faults cost
// nothing and are tried again with growing patience, so that a trunk that is
// down is not dialled for ever.
func DefaultPolicy() Policy {
	missed := []time.Duration{15 * time.Minute, time.Hour}
	return Policy{
		Attempts: 3,
		Intervals: map[Outcome][]time.Duration{
			Busy:     {5 * time.Minute},
			NoAnswer: missed,
			NoKey:    missed,
			HungUp:   missed,
			WillCall: {24 * time.Hour},
			OurFault: {time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute},
			NoAgent:  {time.Minute},
		},
		Otherwise: time.Hour,
		Avoid:     2 * time.Hour,
		Landline:  45 * time.Second,
		Mobile:    30 * time.Second,
	}
}

// Every is the policy with one interval for all that is tried again: what a
// demonstration wants.
func (p Policy) Every(d time.Duration) Policy {
	p.Intervals, p.Otherwise, p.Avoid = nil, d, 0
	return p
}

// Again is the interval after the attempts made so far, the last of which has
// ended; ok is false when none is left. When the next call is made then, Next
// says.
func (p Policy) Again(attempts []Attempt) (after time.Duration, ok bool) {
	if len(attempts) == 0 {
		return 0, true
	}
	last := attempts[len(attempts)-1]
	counted, times := 0, 0
	for _, a := range attempts {
		if a.Counts {
			counted++
		}
		if a.Outcome == last.Outcome {
			times++
		}
	}
	if last.Counts && counted >= p.Attempts {
		return 0, false
	}
	steps := p.Intervals[last.Outcome]
	if len(steps) == 0 {
		return p.Otherwise, true
	}
	return steps[min(times, len(steps))-1], true
}

// Ring is how long a number is let ring.
func (p Policy) Ring(n phone.Number) time.Duration {
	if n.Class() == phone.Mobile {
		return p.Mobile
	}
	return p.Landline
}
