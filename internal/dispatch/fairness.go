package dispatch

import (
	"maps"
	"slices"
	"time"

	"richiamo/internal/queue"
)

// MeasureKind is what a Measure is of.
type MeasureKind string

// What is measured.
const (
	// MeasureWaited: a citizen speaks with an agent for the first time; For is how long
	// that took since the citizen asked, hours in which the offices are closed left out.
	MeasureWaited MeasureKind = "waited"
	// MeasureAnnounced: For is by how much the wait of a caller was longer than
	// the one announced; negative: it was shorter. Whoever takes a callback waits on
	// until an agent speaks or our call reaches nobody; hours in which the offices are
	// closed are left out.
	MeasureAnnounced MeasureKind = "announced"
	// MeasureLeft: how long the wait would have been that was announced will never be
	// known: the caller has hung up, or has chosen a later day. For is by how much it
	// was longer than announced at least, as far as it went; negative: that says
	// nothing.
	MeasureLeft MeasureKind = "left"
	// MeasurePromised: For is by how much the first call began after the end of
	// the time that was promised first; not more than zero: the promise was kept. It is
	// known when that call is answered or has ended: one that failed by a fault of ours
	// has kept nothing. A promise that gives way to another one when it is broken already was so
	// late.
	MeasurePromised MeasureKind = "promised"
)

// Measure is one thing that was measured, for metrics.
type Measure struct {
	Tenant   string
	Kind     MeasureKind
	Callback bool // the citizen had hung up for a promised call, instead of holding the line
	For      time.Duration
}

// Fairness puts those who hold the line and those who wait for a call side by
// side, and what was said to them beside what happened, over the last 24 hours:
// the alarm of a queue that serves one at the cost of the other. It is kept in
// memory and begins anew with the process: the metrics outlive it.
type Fairness struct {
	Holders, Callbacks Waits
	Promises           Kept
	Announced          Errors
}

// Waits are waits for a person. Calls by appointment are not among them.
type Waits struct {
	N        int
	P50, P90 time.Duration
}

// Kept tells of promised times: how many were kept, and how late the others
// were.
type Kept struct {
	Kept, Late int
	P50, P90   time.Duration // of the lateness of the late ones
}

// Errors are how far announced waits were off, whatever the direction.
type Errors struct {
	N        int
	P50, P90 time.Duration
}

// Fairness tells how fairly a tenant's citizens were served in the last 24
// hours. An unknown tenant has served nobody.
func (s *Tickets) Fairness(tenant string) Fairness {
	o, ok := s.offices[tenant]
	if !ok {
		return Fairness{}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := s.opts.Now()
	f := Fairness{Holders: o.mind.held.waits(now), Callbacks: o.mind.called.waits(now)}
	late := slices.DeleteFunc(o.mind.promised.since(now), func(d time.Duration) bool {
		if d <= 0 {
			f.Promises.Kept++
		}
		return d <= 0
	})
	f.Promises.Late, f.Promises.P50, f.Promises.P90 = len(late), quantile(late, 50), quantile(late, 90)
	off := o.mind.off.waits(now)
	f.Announced = Errors(off)
	return f
}

// Announced notes that a waiting caller was told a wait, in minutes. How far it
// was off shows when an agent answers, on the line or in a call of ours.
func (s *Tickets) Announced(tenant, ticket string, minutes int, at time.Time) {
	o, ok := s.offices[tenant]
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	said := o.mind.said[ticket]
	if said == nil && len(o.mind.said) >= maxDay {
		o.mind.forget(at)
	}
	if len(said) >= maxSaid || said == nil && len(o.mind.said) >= maxDay {
		return
	}
	for _, a := range said {
		if a.at.Equal(at) {
			return // told once more, after a crash
		}
	}
	o.mind.said[ticket] = append(said, announcement{at: at, wait: time.Duration(minutes) * time.Minute})
}

// maxSaid bounds how many announcements to one caller are remembered: every 90
// seconds one, for a good half hour.
const maxSaid = 30

// forget drops what was said more than a day ago: another process has seen how it
// ended.
func (m *mind) forget(now time.Time) {
	maps.DeleteFunc(m.said, func(_ string, said []announcement) bool { return now.Sub(said[len(said)-1].at) > 24*time.Hour })
}

// announcement is a wait that was said to a caller.
type announcement struct {
	at   time.Time
	wait time.Duration
}

// measured is what a change brings about. The lock is held.
func (o *office) measured(c Change) (seen []Measure) {
	for _, t := range c.Tickets {
		old, known := o.board.Ticket(t.ID)
		if known && old.Version >= t.Version {
			continue
		}
		seen = append(seen, o.measure(old, t)...)
	}
	for i := range seen {
		seen[i].Tenant = o.tenant
		o.mind.keep(seen[i], o.opts.Now())
	}
	return seen
}

// measure compares a ticket with what it was.
func (o *office) measure(old, t queue.Ticket) (seen []Measure) {
	answered := t.State == queue.Connected && old.State != queue.Connected
	again := old.State == queue.Connected || o.mind.spoken[t.ID] // what is due was measured when they spoke first
	if late, due := kept(old, t, answered); due && !again {
		seen = append(seen, Measure{Kind: MeasurePromised, Callback: true, For: late})
	}
	seen = append(seen, o.heardOut(old, t, answered)...)
	switch {
	case !t.State.Open():
		delete(o.mind.spoken, t.ID)
	case old.State == queue.Connected && t.State == queue.Waiting:
		o.mind.spoken[t.ID] = true
	}
	if !answered || again {
		return seen
	}
	if t.Channel != channelPhone || t.Slot != "" || t.Purpose == queue.NotEligible {
		return seen // asked for a later time, which says nothing of the queue
	}
	return append(seen, Measure{
		Kind: MeasureWaited, Callback: calledBack(t),
		For: o.mind.hours.Between(t.Arrived, t.Updated),
	})
}

// calledBack tells whether the citizen has hung up for a promised call.
func calledBack(t queue.Ticket) bool { return t.Word != "" || len(t.Attempts) > 0 }

// kept tells by how much a promise comes late, if that is known now: the first call
// is over or has led to an agent, or the citizen has called instead and is answered, or
// another time takes the place of one that has passed or in which the citizen is being
// called.
func kept(old, t queue.Ticket, answered bool) (late time.Duration, due bool) {
	if _, ok := firstCall(old); ok {
		return 0, false
	}
	call, over := firstCall(t)
	calling, up := openCall(old)
	switch {
	case over: // of a promise that was made in the call it says nothing
		return call.At.Sub(old.FirstTo()), !old.To.IsZero() && !old.AskedAt().After(call.At)
	case answered && up:
		return calling.At.Sub(old.FirstTo()), !old.To.IsZero()
	case answered:
		return t.Updated.Sub(t.FirstTo()), !t.To.IsZero()
	case old.To.IsZero() || t.To.Equal(old.To) || t.Replans > old.Replans:
		return 0, false
	case up:
		return calling.At.Sub(old.FirstTo()), true
	}
	late = t.Updated.Sub(old.FirstTo())
	return late, late > 0
}

// firstCall is the first call of a ticket that was for what it is for and is over,
// our own faults left out.
func firstCall(t queue.Ticket) (queue.Attempt, bool) {
	for _, a := range t.Attempts {
		if a.Kind != queue.Notice && !a.Ended.IsZero() && a.Outcome != queue.OurFault {
			return a, true
		}
	}
	return queue.Attempt{}, false
}

// openCall is the call of a ticket that is being made for what it is for.
func openCall(t queue.Ticket) (queue.Attempt, bool) {
	n := len(t.Attempts)
	if n == 0 || t.Attempts[n-1].Kind == queue.Notice || !t.Attempts[n-1].Ended.IsZero() {
		return queue.Attempt{}, false
	}
	return t.Attempts[n-1], true
}

// heardOut compares the waits that were announced to a caller with the real one, as
// soon as it is known, or will never be: then with how long it was at least.
func (o *office) heardOut(old, t queue.Ticket, answered bool) (seen []Measure) {
	kind, until, n := MeasureAnnounced, t.Updated, len(t.Attempts)
	switch {
	case answered:
	case old.State == queue.Dialling && !t.State.OnLine() && n > 0 && t.Attempts[n-1].Counts && !t.Attempts[n-1].Ended.IsZero():
		until = t.Attempts[n-1].At // the turn has come, and nobody was there
	case !t.State.Open(), toBeCalled(t) && (t.Slot != "" || t.NotBefore.Equal(queue.NoDate())):
		kind = MeasureLeft
	default:
		return nil
	}
	for _, a := range o.mind.said[t.ID] {
		lasted := until.Sub(a.at)
		if calledBack(t) {
			lasted = o.mind.hours.Between(a.at, until)
		}
		seen = append(seen, Measure{Kind: kind, For: lasted - a.wait})
	}
	delete(o.mind.said, t.ID)
	return seen
}

// keep adds a measure to those of the day.
func (m *mind) keep(seen Measure, now time.Time) {
	switch {
	case seen.Kind == MeasureLeft: // of which there is no error
	case seen.Kind == MeasurePromised:
		m.promised.add(now, seen.For)
	case seen.Kind == MeasureAnnounced:
		m.off.add(now, seen.For.Abs())
	case seen.Callback:
		m.called.add(now, seen.For)
	default:
		m.held.add(now, seen.For)
	}
}

// maxDay bounds the samples of a day: more than a large call center serves in
// one.
const maxDay = 50_000

// day holds samples in the order in which they came.
type day struct{ rows []sample }

type sample struct {
	at time.Time
	d  time.Duration
}

func (d *day) add(at time.Time, v time.Duration) {
	d.rows = append(d.rows, sample{at, v})
	if len(d.rows) >= 2*maxDay { // so that the oldest are moved away once for many
		d.rows = slices.Clone(d.rows[len(d.rows)-maxDay:])
	}
}

// since gives the samples of the last 24 hours, in ascending order.
func (d *day) since(now time.Time) []time.Duration {
	from, _ := slices.BinarySearchFunc(d.rows, now.Add(-24*time.Hour), func(s sample, at time.Time) int { return s.at.Compare(at) })
	rows := d.rows[max(from, len(d.rows)-maxDay):]
	values := make([]time.Duration, len(rows))
	for i, s := range rows {
		values[i] = s.d
	}
	slices.Sort(values)
	return values
}

func (d *day) waits(now time.Time) Waits {
	v := d.since(now)
	return Waits{N: len(v), P50: quantile(v, 50), P90: quantile(v, 90)}
}

// quantile gives the value below which so many percent of sorted ones are, by
// the nearest rank; zero of none.
func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*percent + 99) / 100
	return sorted[max(rank, 1)-1]
}
