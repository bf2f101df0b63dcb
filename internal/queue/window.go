package queue

import "time"

// Minute is a minute of the day as the clock on the wall shows it, 0 to 1440.
type Minute int

// Clock gives the minute of an hour and a minute.
func Clock(hour, minute int) Minute { return Minute(hour*60 + minute) }

// Span is a part of a day: From is its first minute, To the first one after.
type Span struct{ From, To Minute }

// Window is when citizens may be called: hours of the days of the week, on the
// clock of a place, but not on holidays. The zero Window never opens.
//
// Only the clock on the wall counts. In the night in which summer time begins
// the hours from 2 to 3 do not exist and nothing happens in them; in the night
// in which it ends they come twice, and are open twice if they are open.
type Window struct {
	Always   bool                    // at all hours: for demonstrations and tests
	Zone     *time.Location          // needed unless Always
	Hours    map[time.Weekday][]Span // in order within a day, without overlap
	Holidays Calendar                // closed, whatever the weekday
}

// horizon is how far Next looks: longer than any row of holidays.
const horizon = 400 * 24 * time.Hour

// Contains tells whether calls are allowed at an instant.
func (w Window) Contains(at time.Time) bool {
	if w.Always {
		return true
	}
	if w.Zone == nil {
		return false
	}
	local := at.In(w.Zone)
	m := Clock(local.Hour(), local.Minute())
	for _, s := range w.day(local) {
		if s.From <= m && m < s.To {
			return true
		}
	}
	return false
}

// Next gives the first instant at which calls are allowed, at or after the one
// given; ok is false if there is none for more than a year.
func (w Window) Next(at time.Time) (next time.Time, ok bool) {
	if w.Contains(at) {
		return at, true
	}
	if w.Zone == nil {
		return time.Time{}, false
	}
	for end := at.Add(horizon); at.Before(end); {
		local := at.In(w.Zone)
		if opens, ok := w.opensToday(local); ok {
			return opens, true
		}
		at = nextDay(local)
	}
	return time.Time{}, false
}

// Closes gives the instant at which the hours around an instant end, and false
// when it is outside them or they have no end. Hours that go on at midnight are
// taken as one.
func (w Window) Closes(at time.Time) (time.Time, bool) {
	if w.Always || !w.Contains(at) {
		return time.Time{}, false
	}
	for end := at.Add(horizon); at.Before(end); {
		local := at.In(w.Zone)
		at = w.leaves(local)
		if !w.Contains(at) {
			return at, true
		}
	}
	return time.Time{}, false
}

// After gives the instant by which the window has been open for so long since
// an instant: work that takes d and begins now is done by then. ok is false when
// the window does not open for so long.
func (w Window) After(at time.Time, d time.Duration) (time.Time, bool) {
	for {
		opens, ok := w.Next(at)
		if !ok {
			return time.Time{}, false
		}
		closes, ends := w.Closes(opens)
		if !ends || opens.Add(d).Before(closes) {
			return opens.Add(d), true
		}
		d -= closes.Sub(opens)
		at = closes
	}
}

// day gives the spans of a local day.
func (w Window) day(local time.Time) []Span {
	y, m, d := local.Date()
	if w.Holidays.Has(Day{y, m, d}) {
		return nil
	}
	return w.Hours[local.Weekday()]
}

// opensToday finds the first opening after a local instant on its day. While
// the offset of the zone stays, the clock on the wall runs as time does; at each
// change of the offset it is looked at anew, which makes the two odd nights of
// the year right without a special case.
func (w Window) opensToday(local time.Time) (time.Time, bool) {
	midnight := nextDay(local)
	for local.Before(midnight) {
		if w.Contains(local) { // the clock has jumped into open hours
			return local, true
		}
		until := midnight
		if _, change := local.ZoneBounds(); !change.IsZero() && change.Before(until) {
			until = change
		}
		now := sinceMidnight(local)
		for _, s := range w.day(local) {
			from := time.Duration(s.From) * time.Minute
			if opens := local.Add(from - now); from > now && opens.Before(until) {
				return opens, true
			}
		}
		local = until.In(w.Zone)
	}
	return time.Time{}, false
}

// leaves gives the next instant at which the hours around a local instant may
// end: their last minute, a change of the clock, midnight.
func (w Window) leaves(local time.Time) time.Time {
	until := nextDay(local)
	if _, change := local.ZoneBounds(); !change.IsZero() && change.Before(until) {
		until = change
	}
	now := sinceMidnight(local)
	for _, s := range w.day(local) {
		from, to := time.Duration(s.From)*time.Minute, time.Duration(s.To)*time.Minute
		if from <= now && now < to {
			if closes := local.Add(to - now); closes.Before(until) {
				return closes
			}
		}
	}
	return until
}

// sinceMidnight is what the clock on the wall shows, as a duration.
func sinceMidnight(local time.Time) time.Duration {
	h, m, s := local.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second +
		time.Duration(local.Nanosecond())
}

// nextDay is the first instant of the next local day.
func nextDay(local time.Time) time.Time {
	y, m, d := local.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, local.Location())
}

// Between is how long the window is open between two instants.
func (w Window) Between(from, to time.Time) (sum time.Duration) {
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
