package queue

import (
	"math"
	"time"
)

// Judge decides how a ticket goes on after a call that reached nobody: by the
// policy, within the window, knowing all calls that were made to the number and
// to the citizen.
type Judge struct {
	Policy Policy
	// Window is when citizens may be called. With one that never opens the
	// intervals of the policy decide alone.
	Window Window
	// Ledgers are those of the ticket's Subjects, as far as they are known. It
	// does not matter whether the attempt that has just ended is complete there.
	Ledgers []Ledger
}

// dead tells whether the number of a ticket is gone.
func (j Judge) dead(t Ticket) bool {
	number := Ledger{}
	for _, l := range j.Ledgers {
		if l.Subject.Kind == OfPhone {
			number = l
		}
	}
	for n := range t.Attempts {
		if e, ok := EntryOf(t, n+1); ok && t.Attempts[n].Counts {
			number = number.Begin(e)
		}
	}
	zone := j.Window.Zone
	if zone == nil {
		zone = time.UTC
	}
	return number.Dead(zone)
}

// Congested tells whether a cause of Q.850 is of the class "resource unavailable" (34
// no circuit, 38 network out of order, 41 temporary failure, 42 switching equipment
// congestion, 44 channel not available, 47 unspecified): the network is full or ill,
// and nothing is said of the telephone.
func Congested(cause int) bool {
	switch cause {
	case 34, 38, 41, 42, 44, 47:
		return true
	}
	return false
}

// permanent tells whether the network says that there is no such telephone, and
// with which cause of Q.850: 1 unallocated, 22 changed, 28 not a number. A SIP
// status stands for the cause that RFC 3398, section 8.2.6.1, gives it.
func (r Result) permanent() (cause int, ok bool) {
	if r.Outcome != Unreachable || Congested(r.Cause) {
		return 0, false
	}
	switch r.Cause {
	case 1, 22, 28:
		return r.Cause, true
	}
	switch r.SIP {
	case 404, 604:
		return 1, true
	case 410:
		return 22, true
	case 484:
		return 28, true
	}
	return 0, false
}

// Rests tells until when the number of a ticket is left alone because of what a call
// there for another ticket met: husband and wife share a telephone, and whoever did
// not take his call will not take hers a moment later. The rule is that of the next
// call of the ticket whose call it was: the interval of the outcome, and an hour of
// the day at which nobody has missed a call. The number does not rest, and the time is
// zero, when the ticket's own call was the last one there, when somebody has taken a
// call since, or when the ticket was asked for after it: whoever has just called us is
// at home.
//
// It puts off and ends by itself: the other ticket has its attempts and no more.
func (j Judge) Rests(t Ticket) time.Time {
	var last Entry
	for _, l := range j.Ledgers {
		if l.Subject.Kind == OfPhone {
			last = l.last()
		}
	}
	if last.Ticket == t.ID || !last.Outcome.rests() || t.AskedAt().After(last.Ended) {
		return time.Time{}
	}
	p := j.Policy
	p.Attempts = math.MaxInt // it is none of this ticket's
	at, _ := p.Next(last.Ended, []Attempt{{At: last.At, Ended: last.Ended, Outcome: last.Outcome, Counts: true}}, j.Ledgers, j.Window)
	return at
}

// avoidLooks is how far Next looks for a time of the day at which nobody has
// missed a call yet: a week has all days on which the window opens.
const avoidLooks = 8 * 24 * time.Hour

// Next tells when the next call follows the attempts of a ticket, the last of
// which has just ended; ok is false when none is left. Notices that a call will be
// late are no attempts.
//
// After the interval of the outcome comes the first time within the window. Where
// nobody took the call, or where the next one is on another day, whatever became of
// this one, it is not within Avoid of the time of day of any call that was missed, on
// this ticket or another: who is not at home at ten on Monday is likely not to be at
// ten on Tuesday. On another day it is made in a part of the day in which nobody has
// missed a call yet, if that day has one. And the last attempt is made on another day than the first. Where
// the window is too narrow for that, the call is made on the next day, as far from
// the misses as the window allows. Who asked for another hour is called at that hour.
func (p Policy) Next(now time.Time, attempts []Attempt, ledgers []Ledger, w Window) (at time.Time, ok bool) {
	attempts = withoutNotices(attempts)
	after, again := p.Again(attempts)
	if !again {
		return time.Time{}, false
	}
	at = now.Add(after)
	opens, open := w.Next(at)
	if p.Avoid <= 0 || !open || len(attempts) == 0 {
		return at, true
	}
	last, zone := attempts[len(attempts)-1], w.zone(now)
	if first, n := firstCounted(attempts); n+1 >= p.Attempts && last.Counts && last.Outcome.otherDay() {
		if day := nextDay(first.At.In(zone)); opens.Before(day) {
			if opens, open = w.Next(day); !open {
				return at, true
			}
		}
	}
	soon := !last.Outcome.missed() && sameDay(opens.In(zone), now.In(zone)) // busy, or a fault of ours: tried again at once
	if soon || last.Outcome == Later {
		return opens, true
	}
	all := misses(attempts, ledgers)
	return w.untried(now, w.avoid(now, opens, all, p.Avoid), all, p.Avoid), true
}

func withoutNotices(attempts []Attempt) []Attempt {
	var calls []Attempt
	for _, a := range attempts {
		if a.Kind != Notice {
			calls = append(calls, a)
		}
	}
	return calls
}

func firstCounted(attempts []Attempt) (first Attempt, n int) {
	for _, a := range attempts {
		if a.Counts {
			if n == 0 {
				first = a
			}
			n++
		}
	}
	return first, n
}

// misses are the times of all calls that nobody took, on a ticket and in
// ledgers.
func misses(attempts []Attempt, ledgers []Ledger) []time.Time {
	var all []time.Time
	for _, a := range attempts {
		if a.Counts && a.Outcome.missed() {
			all = append(all, a.At)
		}
	}
	for _, l := range ledgers {
		all = append(all, l.Misses()...)
	}
	return all
}

// The parts of a day: before noon, until four, and later. Whoever is out in the mornings
// is not found in three of them, but at one of three hours of different parts.
const (
	partNoon = 12
	partLate = 16
)

// dayPart tells in which part of its day an instant is, from 0.
func dayPart(local time.Time) int {
	switch {
	case local.Hour() < partNoon:
		return 0
	case local.Hour() < partLate:
		return 1
	}
	return 2
}

// untried moves a time at which somebody may be called on another day to a later part of
// that day, where there is one in which no call was missed yet.
func (w Window) untried(now, at time.Time, misses []time.Time, by time.Duration) time.Time {
	zone := w.zone(now)
	local := at.In(zone)
	tried := map[int]bool{}
	for _, m := range misses {
		tried[dayPart(m.In(zone))] = true
	}
	if sameDay(local, now.In(zone)) || !tried[dayPart(local)] {
		return at
	}
	for _, hour := range []int{partNoon, partLate} {
		begins := time.Date(local.Year(), local.Month(), local.Day(), hour, 0, 0, 0, zone)
		if begins.Before(at) {
			continue
		}
		if later := w.avoid(now, begins, misses, by); sameDay(later.In(zone), local) && !tried[dayPart(later.In(zone))] {
			return later
		}
	}
	return at
}

// avoid gives the first time within the window, from an instant at which it is
// open, that is as far from the times of day of all misses as it should be.
func (w Window) avoid(now, from time.Time, misses []time.Time, by time.Duration) time.Time {
	by = min(by, 12*time.Hour) // no time of day is farther from another
	zone := w.zone(now)
	for at := from; at.Sub(from) < avoidLooks; {
		opens, ok := w.Next(at)
		if !ok {
			break
		}
		wait, clear := time.Duration(0), true
		for _, m := range misses {
			if apart(opens.In(zone), m.In(zone)) < by {
				wait, clear = clockwise(opens.In(zone), m.In(zone), by), false
				break
			}
		}
		if clear {
			return opens
		}
		at = opens.Add(max(wait, time.Minute))
	}
	return w.farthest(now, from, misses)
}

// farthest gives the time of the day after today that is farthest from the
// times of day of all misses, by quarters of an hour.
func (w Window) farthest(now, from time.Time, misses []time.Time) time.Time {
	zone := w.zone(now)
	if day := nextDay(now.In(zone)); from.Before(day) {
		from = day
	}
	opens, ok := w.Next(from)
	if !ok {
		return from
	}
	best, most := opens, time.Duration(-1)
	for at, end := opens, nextDay(opens.In(zone)); at.Before(end); at = at.Add(15 * time.Minute) {
		if !w.Contains(at) {
			continue
		}
		nearest := 24 * time.Hour
		for _, m := range misses {
			nearest = min(nearest, apart(at.In(zone), m.In(zone)))
		}
		if nearest > most {
			best, most = at, nearest
		}
	}
	return best
}

// apart is the distance of two times of day on the face of the clock.
func apart(a, b time.Time) time.Duration {
	d := (sinceMidnight(a) - sinceMidnight(b)).Abs()
	return min(d, 24*time.Hour-d)
}

// clockwise is from a time of day on to the one that comes so long after another.
func clockwise(from, miss time.Time, by time.Duration) time.Duration {
	const day = 24 * time.Hour
	return ((sinceMidnight(miss)+by-sinceMidnight(from))%day + day) % day
}

// zone is the clock that a window goes by.
func (w Window) zone(now time.Time) *time.Location {
	if w.Zone == nil {
		return now.Location()
	}
	return w.Zone
}
