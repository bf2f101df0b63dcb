package dispatch

import (
	"slices"
	"time"

	"richiamo/internal/queue"
)

// MeasureKind is what a Measure is of.
type MeasureKind string

// What is measured.
const (
	// MeasureWaited: a citizen speaks with an agent; For is how long that took
	// since the citizen asked, hours in which the offices are closed left out.
	MeasureWaited MeasureKind = "waited"
	// MeasureAnnounced: For is by how much the wait of a caller was longer than
	// the one announced; negative: it was shorter.
	MeasureAnnounced MeasureKind = "announced"
	// MeasurePromised: For is by how much the first call began after the end of
	// the time that was promised; not more than zero: the promise was kept.
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
// memory and begins anew with the process.
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
// was off shows when an agent answers.
func (s *Tickets) Announced(tenant, ticket string, minutes int, at time.Time) {
	o, ok := s.offices[tenant]
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	said := o.mind.said[ticket]
	if len(said) >= maxSaid || len(o.mind.said) >= maxDay {
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
		if !t.State.Open() || t.State == queue.Pending {
			delete(o.mind.said, t.ID) // nobody holds the line any more
		}
		if !t.State.Open() {
			delete(o.mind.slipped, t.ID)
		}
	}
	for i := range seen {
		seen[i].Tenant = o.tenant
		o.mind.keep(seen[i], o.opts.Now())
	}
	return seen
}

// measure compares a ticket with what it was.
func (o *office) measure(old, t queue.Ticket) (seen []Measure) {
	if _, slipped := o.mind.slipped[t.ID]; t.Replans > old.Replans && !slipped {
		o.mind.slipped[t.ID] = old.To
	}
	begins := counted(t.Attempts) == 1 && counted(old.Attempts) == 0
	answered := t.State == queue.Connected && old.State != queue.Connected
	if (begins || (answered && counted(t.Attempts) == 0)) && !t.To.IsZero() {
		seen = append(seen, Measure{Kind: MeasurePromised, Callback: true, For: o.late(t)})
	}
	if !answered {
		return seen
	}
	for _, a := range o.mind.said[t.ID] {
		seen = append(seen, Measure{Kind: MeasureAnnounced, For: t.Updated.Sub(a.at) - a.wait})
	}
	if t.Channel != channelPhone || t.Slot != "" || t.Purpose == queue.NotEligible {
		return seen // asked for a later time, which says nothing of the queue
	}
	return append(seen, Measure{
		Kind: MeasureWaited, Callback: t.Word != "" || len(t.Attempts) > 0,
		For: opened(o.mind.hours, t.Arrived, t.Updated),
	})
}

// late tells by how much the first call comes after the time that was promised
// first.
func (o *office) late(t queue.Ticket) time.Duration {
	to := t.To
	if first, ok := o.mind.slipped[t.ID]; ok && !first.IsZero() {
		to = first
	}
	return t.Updated.Sub(to)
}

// opened is how long a window was open between two instants.
func opened(w queue.Window, from, to time.Time) (sum time.Duration) {
	for from.Before(to) {
		opens, ok := w.Next(from)
		if !ok || !opens.Before(to) {
			return sum
		}
		closes, ends := w.Closes(opens)
		if !ends || closes.After(to) {
			closes = to
		}
		sum += closes.Sub(opens)
		from = closes
	}
	return sum
}

// keep adds a measure to those of the day.
func (m *mind) keep(seen Measure, now time.Time) {
	switch {
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
