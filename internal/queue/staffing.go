package queue

import (
	"slices"
	"time"
)

// Shift is a part of a day and how many agents are there in it.
type Shift struct {
	Span
	Agents int
}

// Staffing is when agents are there, and how many: what can be promised follows
// from it. The zero Staffing has nobody, ever. Shifts of a day may overlap; then
// the agents of both are there.
type Staffing struct {
	Zone     *time.Location // needed unless Always
	Shifts   map[time.Weekday][]Shift
	Holidays Calendar
	Always   bool // at all hours, Agents of them: for demonstrations and tests
	Agents   int  // with Always
}

// Staffed is the staffing of offices that have so many agents whenever citizens
// may be called.
func (w Window) Staffed(agents int) Staffing {
	s := Staffing{Zone: w.Zone, Holidays: w.Holidays, Always: w.Always, Agents: agents, Shifts: map[time.Weekday][]Shift{}}
	for day, spans := range w.Hours {
		for _, span := range spans {
			s.Shifts[day] = append(s.Shifts[day], Shift{span, agents})
		}
	}
	return s
}

// IsZero tells whether nothing is set.
func (s Staffing) IsZero() bool { return !s.Always && len(s.Shifts) == 0 }

// Hours is the window in which at least one agent is there.
func (s Staffing) Hours() Window {
	w := Window{Always: s.Always && s.Agents > 0, Zone: s.Zone, Holidays: s.Holidays, Hours: map[time.Weekday][]Span{}}
	for day, shifts := range s.Shifts {
		for _, shift := range shifts {
			if shift.Agents > 0 {
				w.Hours[day] = append(w.Hours[day], shift.Span)
			}
		}
		slices.SortFunc(w.Hours[day], func(a, b Span) int { return int(a.From - b.From) })
	}
	return w
}

// OpenAt tells whether an agent is there.
func (s Staffing) OpenAt(at time.Time) bool { return s.AgentsAt(at) > 0 }

// OpensAt gives the first instant at or after the one given at which an agent is
// there; false if there is none for more than a year.
func (s Staffing) OpensAt(at time.Time) (time.Time, bool) { return s.Hours().Next(at) }

// ClosesAt gives the instant at which the last agent of the hours around an
// instant goes; false outside them, and where they have no end.
func (s Staffing) ClosesAt(at time.Time) (time.Time, bool) { return s.Hours().Closes(at) }

// AgentsAt is how many agents are there.
func (s Staffing) AgentsAt(at time.Time) int {
	if s.Always {
		return s.Agents
	}
	if s.Zone == nil {
		return 0
	}
	local := at.In(s.Zone)
	m, n := Clock(local.Hour(), local.Minute()), 0
	for _, shift := range s.today(local) {
		if shift.From <= m && m < shift.To {
			n += shift.Agents
		}
	}
	return n
}

func (s Staffing) today(local time.Time) []Shift {
	if s.Holidays.Has(DayOf(local)) {
		return nil
	}
	return s.Shifts[local.Weekday()]
}

// AgentTime is the time that agents have between two instants, added up: four of
// them for a quarter of an hour are an hour.
func (s Staffing) AgentTime(from, to time.Time) time.Duration {
	if s.Always {
		return time.Duration(s.Agents) * max(0, to.Sub(from))
	}
	if s.Zone == nil {
		return 0
	}
	sum := time.Duration(0)
	for from.Before(to) {
		until := s.until(from.In(s.Zone))
		if to.Before(until) {
			until = to
		}
		sum += time.Duration(s.AgentsAt(from)) * until.Sub(from)
		from = until
	}
	return sum
}

// until is the next instant at which the number of agents may change: a shift
// begins or ends, the clock is put forward or back, midnight. While the offset of
// the zone stays, the clock on the wall runs as time does.
func (s Staffing) until(local time.Time) time.Time {
	until := nextDay(local)
	if _, change := local.ZoneBounds(); !change.IsZero() && change.Before(until) {
		until = change
	}
	now := sinceMidnight(local)
	for _, shift := range s.today(local) {
		for _, edge := range []Minute{shift.From, shift.To} {
			d := time.Duration(edge)*time.Minute - now
			if at := local.Add(d); d > 0 && at.Before(until) {
				until = at
			}
		}
	}
	return until
}

// zone is the clock of the offices.
func (s Staffing) zone(w Window) *time.Location {
	switch {
	case s.Zone != nil:
		return s.Zone
	case w.Zone != nil:
		return w.Zone
	}
	return time.UTC
}

// Shares of the agents' time that are promised. Half of what a half-day can
// carry is for appointments, the rest for those who call on that day; of what is
// left of today a fifth is kept for talks that last longer than the mean.
const (
	SlotShare = 0.5
	CapShare  = 0.8
)

// PromiseCap is how many calls can still be promised up to the end of a day, and
// which day that is: the agents' time that is left today within the window, by the
// time that a citizen takes, and of that a share. When today is over it is that of
// the next day that is open; offices that never close are taken for a day and night.
// Whatever is promised for a half-day up to that day is among them.
func (s Staffing) PromiseCap(w Window, now time.Time, handle time.Duration, share float64) (most int, last Day) {
	hours, zone := s.Hours(), s.zone(w)
	if until := now.Add(24 * time.Hour); hours.Always && w.Always {
		return citizens(s.AgentTime(now, until), handle, share), DayOf(until.In(zone))
	}
	opens, ok := bothOpen(hours, w, now, now.Add(horizon))
	if !ok {
		return 0, DayOf(now.In(zone))
	}
	opens = opens.In(zone)
	return citizens(s.within(w, opens, nextDay(opens)), handle, share), DayOf(opens)
}

// within is the agents' time between two instants in which citizens may be
// called.
func (s Staffing) within(w Window, from, to time.Time) time.Duration {
	sum := time.Duration(0)
	for _, part := range bothSpans(s.Hours(), w, from, to) {
		sum += s.AgentTime(part.from, part.to)
	}
	return sum
}

func citizens(agentTime, handle time.Duration, share float64) int {
	if handle <= 0 {
		return 0
	}
	return int(float64(agentTime) / float64(handle) * share)
}

// part is a stretch of time.
type part struct{ from, to time.Time }

// bothSpans are the stretches of [from, to) in which two windows are open.
func bothSpans(a, b Window, from, to time.Time) []part {
	var all []part
	for {
		opens, ok := bothOpen(a, b, from, to)
		if !ok {
			return all
		}
		closes := to
		for _, w := range []Window{a, b} {
			if c, ends := w.Closes(opens); ends && c.Before(closes) {
				closes = c
			}
		}
		all = append(all, part{opens, closes})
		from = closes
	}
}

// bothOpen is the first instant of [from, to) at which two windows are open.
func bothOpen(a, b Window, from, to time.Time) (time.Time, bool) {
	for from.Before(to) {
		first, ok := a.Next(from)
		if !ok {
			break
		}
		second, ok := b.Next(first)
		if !ok {
			break
		}
		if second.Equal(first) {
			return first, first.Before(to)
		}
		from = second
	}
	return time.Time{}, false
}
