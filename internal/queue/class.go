package queue

import "time"

// Class is how pressing a request is. It moves the place forward by a head
// start instead of standing above all others, so that nobody starves: whoever
// has waited longer than the head start goes first, whatever the class. And
// since a head start does not grow with time, the order of two tickets stays as
// it is, and a queue can be kept sorted. A ticket becomes more pressing only by
// what happens to it (Rejoin after a miss, Transfer, Wait without an agent), never
// less.
type Class string

// The classes, the most pressing first.
const (
	RedFlag  Class = "red-flag" // a symptom that can't wait
	Front    Class = "front"    // was with us already: transferred, or called and waiting for the agent
	Frail    Class = "frail"
	Returned Class = "returned" // calls us back after a call of ours that was missed
	Normal   Class = ""
)

// HeadStart is by how much a class is served before its arrival.
func (c Class) HeadStart() time.Duration {
	switch c {
	case RedFlag:
		return 12 * time.Hour
	case Front:
		return 6 * time.Hour
	case Frail:
		return 30 * time.Minute
	case Returned:
		return 15 * time.Minute
	}
	return 0
}

// or gives the more pressing of two classes.
func (c Class) or(other Class) Class {
	if other.HeadStart() > c.HeadStart() {
		return other
	}
	return c
}

// Press gives the ticket at least this class: a request that joins a ticket may be
// more pressing than the one that was there, and never makes it less so.
func (t Ticket) Press(c Class) Ticket {
	t.Class = t.Class.or(c)
	return t
}

// Place is the instant that decides the order: the original arrival, less the
// head start of the class.
func (t Ticket) Place() time.Time { return t.Arrived.Add(-t.Class.HeadStart()) }
