package dispatch

import (
	"context"

	"richiamo/internal/queue"
)

// The kinds of alarms: what a person should look at.
const (
	// AlarmBreaker: most calls fail for one cause, and nobody is dialled.
	AlarmBreaker = "breaker"
	// AlarmTrunk: the call that tries the trunk was not answered, and nobody is
	// dialled.
	AlarmTrunk = "trunk"
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
		for i, a := range t.Attempts {
			if a.Ended.IsZero() || (i < len(old.Attempts) && !old.Attempts[i].Ended.IsZero()) {
				continue
			}
			o.mind.lingers(t.Phone, a.Call)
			if t.Purpose == queue.TrunkCheck {
				s.alarms[AlarmTrunk] = a.Outcome != queue.Delivered
			} else {
				o.hear(t, a)
			}
		}
	}
	_, tripped := o.mind.breaker.Tripped()
	s.alarms[AlarmBreaker] = tripped
	return s
}

// hear tells the breaker how a call ended.
func (o *office) hear(t queue.Ticket, a queue.Attempt) {
	var back []queue.Ended
	o.mind.breaker, back = o.mind.breaker.Ended(a.Ended, queue.Ended{
		Ticket: t.ID, Attempt: a.N, At: a.Ended, Result: queue.Result{Outcome: a.Outcome, Cause: a.Cause, SIP: a.SIP},
	})
	o.mind.refunds = append(o.mind.refunds, back...)
}

// report tells what was seen.
func (o *office) report(s seen) {
	for _, m := range s.measures {
		o.opts.Measured(m)
	}
	for _, kind := range []string{AlarmBreaker, AlarmTrunk, AlarmStuck} {
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
	if was == on {
		return
	}
	if on {
		o.opts.Log.Error("a person should look at this", "tenant", o.tenant, "kind", kind)
	} else {
		o.opts.Log.Info("this is over", "tenant", o.tenant, "kind", kind)
	}
	o.opts.Alarm(o.tenant, kind, on)
}

// noCalls are the calls of a process without a planner.
type noCalls struct{}

func (noCalls) Turn(context.Context, string, string, string, string) error { return ErrNotFound }
func (noCalls) Place(context.Context, queue.Ticket) error                  { return ErrNotFound }
func (noCalls) Cancel(context.Context, string)                             {}
func (noCalls) Close(context.Context, string) error                        { return ErrNotFound }
func (noCalls) Live(string) bool                                           { return false }
