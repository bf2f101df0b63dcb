package queue

import "time"

// halfHour is the grain of promised times. All zones in use are whole quarters
// of an hour off, and those of Europe whole hours: a half hour of absolute time
// is one on the wall.
const halfHour = 30 * time.Minute

// Promised gives the time that can be said of a callback that is expected after
// wait, and before which it is then not made. The time is a range on the half or
// full hour, wide enough for half the wait more, at least ten minutes and at most
// an hour, and all on one day. Where the window closes meanwhile, the wait goes
// on when it opens again.
//
// A range does not begin with a half hour that is running: a call that may come
// from now on begins now, to the minute, and at 14:49 is promised "by half past
// three", not "from half past two". So from is either a full or half hour that is
// still to come, or not after now, and is then not said.
//
// from and to are zero when no honest time can be given: the wait is not known
// (ok is false), the window does not open, or the range would have midnight in
// it while calls are allowed all night.
func Promised(now time.Time, wait time.Duration, known bool, w Window) (from, to time.Time) {
	if !known {
		return from, to
	}
	margin := min(max(wait/2, 10*time.Minute), time.Hour)
	early, ok := w.After(now, max(0, wait-margin))
	if !ok {
		return time.Time{}, time.Time{}
	}
	late, ok := w.After(now, wait+margin)
	if !ok {
		return time.Time{}, time.Time{}
	}
	zone := w.Zone
	if zone == nil {
		zone = now.Location()
	}
	late = late.In(zone)
	from, to = early.Truncate(halfHour).In(zone), ceil(late)
	if !sameDay(from, late) { // the last day on which it may be is the one that is sure
		y, m, d := late.Date()
		opens, ok := w.Next(time.Date(y, m, d, 0, 0, 0, 0, zone))
		if w.Always || !ok {
			return time.Time{}, time.Time{}
		}
		from = opens.Truncate(halfHour).In(zone)
	}
	if !from.After(now) { // only the end is said
		from = now.Truncate(time.Minute).In(zone)
	} else if half(from) && half(to) && to.Sub(from) > halfHour {
		to = to.Add(halfHour) // one half hour in a range is enough for the ear
	}
	if !sameDay(from, to) {
		return time.Time{}, time.Time{}
	}
	return from, to
}

// ceil rounds up to the half hour.
func ceil(t time.Time) time.Time {
	if down := t.Truncate(halfHour); down.Before(t) {
		return down.Add(halfHour)
	}
	return t
}

func half(t time.Time) bool { return t.Minute() != 0 }

func sameDay(a, b time.Time) bool {
	ya, ma, da := a.Date()
	yb, mb, db := b.Date()
	return ya == yb && ma == mb && da == db
}
