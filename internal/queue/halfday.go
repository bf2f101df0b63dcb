package queue

import (
	"errors"
	"fmt"
	"time"
)

// HalfDay is the morning or the afternoon of a day, as "2027-03-04/am" or
// "2027-03-04/pm", on the clock of the offices. Empty: none.
type HalfDay string

// noonHour is where the morning ends: Italian offices go to lunch at one.
const noonHour = 13

// What a half-day is where offices and window never close: nobody wants to be
// called at five in the morning.
const (
	earliestHour = 8
	latestHour   = 19
)

// ErrHalfDay: a text is no half-day.
var ErrHalfDay = errors.New("queue: a half-day is written as 2027-03-04/am or 2027-03-04/pm")

const halfDayLayout = "2006-01-02"

// ParseHalfDay reads a half-day as it is written. Empty is one: none.
func ParseHalfDay(s string) (HalfDay, error) {
	h := HalfDay(s)
	if _, _, ok := h.split(); !ok && s != "" {
		return "", ErrHalfDay
	}
	return h, nil
}

// HalfDayOf is a half of a day.
func HalfDayOf(d Day, afternoon bool) HalfDay {
	half := "am"
	if afternoon {
		half = "pm"
	}
	return HalfDay(fmt.Sprintf("%s/%s", d, half))
}

// Day is the day that it is of; the zero Day if it is none.
func (h HalfDay) Day() Day {
	d, _, _ := h.split()
	return d
}

// Afternoon tells whether it is the second half of the day.
func (h HalfDay) Afternoon() bool {
	_, afternoon, _ := h.split()
	return afternoon
}

func (h HalfDay) split() (d Day, afternoon, ok bool) {
	const n = len(halfDayLayout)
	if len(h) != n+3 || (h[n:] != "/am" && h[n:] != "/pm") {
		return Day{}, false, false
	}
	at, err := time.Parse(halfDayLayout, string(h[:n]))
	if err != nil {
		return Day{}, false, false
	}
	return DayOf(at), h[n:] == "/pm", true
}

// bounds are the instants between which a half-day lies.
func (s Staffing) bounds(h HalfDay, w Window) (from, to time.Time, ok bool) {
	d, afternoon, ok := h.split()
	if !ok {
		return from, to, false
	}
	at := func(hour int) time.Time { return time.Date(d.Year, d.Month, d.Day, hour, 0, 0, 0, s.zone(w)) }
	first, last := 0, 24
	if s.Always && w.Always {
		first, last = earliestHour, latestHour
	}
	if afternoon {
		return at(noonHour), at(last), true
	}
	return at(first), at(noonHour), true
}

// Span is from when to when a citizen is called who has chosen a half-day: from
// the first to the last minute of it in which an agent is there and citizens may
// be called. ok is false when there is none.
func (s Staffing) Span(h HalfDay, w Window) (from, to time.Time, ok bool) {
	from, to, ok = s.bounds(h, w)
	if !ok {
		return time.Time{}, time.Time{}, false
	}
	parts := bothSpans(s.Hours(), w, from, to)
	if len(parts) == 0 {
		return time.Time{}, time.Time{}, false
	}
	zone := s.zone(w)
	return parts[0].from.In(zone), parts[len(parts)-1].to.In(zone), true
}

// Capacity is how many citizens can be called in a half-day from now on: the agents'
// time that is left of it, by the time that a citizen takes, and of that a share.
func (s Staffing) Capacity(h HalfDay, w Window, now time.Time, handle time.Duration, share float64) int {
	from, to, ok := s.bounds(h, w)
	if !ok {
		return 0
	}
	return citizens(s.within(w, LaterOf(from, now), to), handle, share)
}

// halfDaysLook is how far HalfDays looks for days that are open: longer than any
// row of holidays.
const halfDaysLook = 60

// HalfDays lists the half-days that begin after an instant: those of its own day
// and of the next days that are open, so many of them.
func (s Staffing) HalfDays(w Window, after time.Time, days int) []HalfDay {
	var all []HalfDay
	local := after.In(s.zone(w))
	y, m, d := local.Date()
	for i := 0; i < halfDaysLook && (i == 0 || days > 0); i++ {
		day, open := DayOf(time.Date(y, m, d+i, 12, 0, 0, 0, time.UTC)), false
		for _, afternoon := range []bool{false, true} {
			h := HalfDayOf(day, afternoon)
			if from, _, ok := s.Span(h, w); ok && from.After(after) {
				all, open = append(all, h), true
			}
		}
		if open && i > 0 {
			days--
		}
	}
	return all
}
