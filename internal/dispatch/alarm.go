package dispatch

import (
	"context"

	"richiamo/internal/queue"
)

// The kinds of alarms: what a person should look at.
const (
	// AlarmBreaker: most calls fail for one cause, and nobody is dialled.
	AlarmBreaker = "breaker"
	// AlarmTrunk: the call that tries the trunk was not answered, or has not come
	// back in, and nobody is dialled.
	AlarmTrunk = "trunk"
	// AlarmShown: the call that tries the trunk has come back in with another
	// number than the one that citizens shall see, or with none, and nobody is
	// dialled.
	AlarmShown = "shown"
	// AlarmStuck: citizens are due and agents free, and still nobody was called
	// for minutes.
	AlarmStuck = "stuck"
)

// seen is what a change brought about, to be told when the lock is given back.
type seen struct {
	measures []Measure
	alarms   map[string]bool
}

// observe looks at a change before the board takes it. The lock is held.
func (o *office) observe(c Change) seen {
	s := seen{measures: o.measured(c), alarms: map[string]bool{}}
	for _, t := range c.Tickets {
		old, known := o.board.Ticket(t.ID)
		if known && old.Version >= t.Version {
			continue
		}
		o.mind.reach(t)
		if t.Purpose == queue.TrunkCheck && t.State == queue.Exhausted {
			s.alarms[AlarmTrunk] = true // nothing was shown, and no other will be made
		}
		for i, a := range t.Attempts {
			if a.Ended.IsZero() || (i < len(old.Attempts) && !old.Attempts[i].Ended.IsZero()) {
				continue
			}
			o.mind.lingers(t.Phone, a.Call)
			if t.Purpose == queue.TrunkCheck {
				s.alarms[AlarmShown] = a.Outcome.Misshown()
				s.alarms[AlarmTrunk] = a.Outcome != queue.Delivered && !a.Outcome.Misshown()
			} else {
				o.hear(endOf(t, a))
			}
		}
	}
	_, tripped := o.mind.breaker.Tripped()
	s.alarms[AlarmBreaker] = tripped
	return s
}

// endOf is how an attempt ended.
func endOf(t queue.Ticket, a queue.Attempt) queue.Ended {
	return queue.Ended{Ticket: t.ID, Attempt: a.N, At: a.Ended, Result: queue.Result{Outcome: a.Outcome, Cause: a.Cause, SIP: a.SIP}}
}

// hear tells the breaker how a call ended.
func (o *office) hear(e queue.Ended) {
	var back []queue.Ended
	o.mind.breaker, back = o.mind.breaker.Ended(e.At, e)
	o.mind.refunds = append(o.mind.refunds, back...)
}

// report tells what was seen.
func (o *office) report(s seen) {
	for _, m := range s.measures {
		o.opts.Measured(m)
	}
	for _, kind := range []string{AlarmBreaker, AlarmTrunk, AlarmShown, AlarmStuck} {
		if on, known := s.alarms[kind]; known {
			o.alarm(kind, on)
		}
	}
}

// alarm tells that something begins, or is over, once.
func (o *office) alarm(kind string, on bool) {
	o.mu.Lock()
	was := o.mind.alarms[kind]
	o.mind.alarms[kind] = on
	o.mu.Unlock()
	if was != on {
		o.opts.Alarm(o.tenant, kind, on)
	}
}

// noCalls are the calls of a process without a planner.
type noCalls struct{}

func (noCalls) Turn(context.Context, string, string, string, string) error { return ErrNotFound }
func (noCalls) Place(context.Context, queue.Ticket) error                  { return ErrNotFound }
func (noCalls) Cancel(context.Context, string)                             {}
func (noCalls) Close(context.Context, string) error                        { return ErrNotFound }
func (noCalls) Live(string) bool                                           { return false }
