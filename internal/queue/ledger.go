package queue

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"richiamo/internal/phone"
)

// Subject is whose calls a ledger keeps: a number or a citizen. It prints
// without its value.
type Subject struct {
	Kind  SubjectKind
	Value string // the number in E.164 form, or the codice fiscale; sealed and digested where it is kept
}

// SubjectKind tells what a Subject is.
type SubjectKind string

// The kinds of subjects.
const (
	OfPhone   SubjectKind = "phone"
	OfCitizen SubjectKind = "citizen"
)

// PhoneSubject is a number as a subject, and false for a withheld one.
func PhoneSubject(n phone.Number) (Subject, bool) {
	if n.Withheld() {
		return Subject{}, false
	}
	value := n.Reveal()
	if !strings.HasPrefix(value, "+") {
		value = "+39" + value
	}
	return Subject{Kind: OfPhone, Value: value}, true
}

// Subjects are those in whose ledgers a ticket's calls are entered: its number
// and, if known, its citizen. A daughter's number is then one thing and her
// father another, and each of the two is left in peace.
func Subjects(t Ticket) []Subject {
	var all []Subject
	if s, ok := PhoneSubject(t.Phone); ok {
		all = append(all, s)
	}
	if t.Citizen != "" {
		all = append(all, Subject{Kind: OfCitizen, Value: t.Citizen})
	}
	return all
}

// Ledger is the one list of the calls that were made to a number, or to a
// citizen, for whatever purpose: what caps, intervals and the verdict that a
// number is dead are taken from. Its methods give the ledger as it becomes and
// leave the one that they are called on as it was. It prints without whose it
// is.
type Ledger struct {
	Subject Subject `json:"-"`
	Entries []Entry `json:"entries"` // in the order of At
	// Asked is when calls were asked for in the last CapSpan, whatever became of
	// them: see Ask.
	Asked   []time.Time `json:"asked,omitempty"`
	Version int         `json:"version"` // counts the saves; 0: there is none yet
}

// Entry is one dialled call.
type Entry struct {
	Ticket  string    `json:"ticket"`
	Attempt int       `json:"attempt"`
	Purpose Purpose   `json:"purpose"`
	At      time.Time `json:"at"`
	Ended   time.Time `json:"ended,omitzero"`
	Outcome Outcome   `json:"outcome,omitempty"` // empty while it lasts
	Cause   int       `json:"cause,omitempty"`   // Q.850
	SIP     int       `json:"sip,omitempty"`
	Counts  bool      `json:"counts"` // false when the fault was ours
}

// How much a ledger remembers. A month is longer than any cap or interval looks
// back, and no honest service calls anybody 64 times in it.
const (
	LedgerKeeps = 30 * 24 * time.Hour
	LedgerMost  = 64
)

// EntryOf is a ticket's n-th attempt as its ledgers hold it, and false if the
// ticket has none of that number.
func EntryOf(t Ticket, n int) (Entry, bool) {
	if n < 1 || n > len(t.Attempts) {
		return Entry{}, false
	}
	a := t.Attempts[n-1]
	return Entry{
		Ticket: t.ID, Attempt: n, Purpose: t.Purpose, At: a.At, Ended: a.Ended,
		Outcome: a.Outcome, Cause: a.Cause, SIP: a.SIP, Counts: a.Counts,
	}, true
}

// Begin enters a call, or the same call as it is known now, and forgets what is
// too old to matter.
func (l Ledger) Begin(e Entry) Ledger {
	kept := make([]Entry, 0, len(l.Entries)+1)
	for _, o := range l.Entries {
		if !o.of(e.Ticket, e.Attempt) && e.At.Sub(o.At) < LedgerKeeps {
			kept = append(kept, o)
		}
	}
	kept = append(kept, e)
	slices.SortStableFunc(kept, func(a, b Entry) int { return a.At.Compare(b.At) })
	l.Entries = kept[max(0, len(kept)-LedgerMost):]
	return l
}

// End completes the entry of a ticket's attempt. One that is complete, or not
// there, changes nothing.
func (l Ledger) End(ticket string, attempt int, r Result, at time.Time) Ledger {
	return l.edit(ticket, attempt, func(e *Entry) {
		if e.Ended.IsZero() {
			e.Ended, e.Outcome, e.Cause, e.SIP = at, r.Outcome, r.Cause, r.SIP
			e.Counts = e.Counts && !r.Outcome.Ours()
		}
	})
}

// Refund gives an attempt back: the fault was ours after all.
func (l Ledger) Refund(ticket string, attempt int) Ledger {
	return l.edit(ticket, attempt, func(e *Entry) { e.Counts = false })
}

func (l Ledger) edit(ticket string, attempt int, change func(*Entry)) Ledger {
	l.Entries = slices.Clone(l.Entries)
	for i := range l.Entries {
		if l.Entries[i].of(ticket, attempt) {
			change(&l.Entries[i])
		}
	}
	return l
}

func (e Entry) of(ticket string, attempt int) bool { return e.Ticket == ticket && e.Attempt == attempt }

// Counted is how many attempts of the last d count, those under way included.
func (l Ledger) Counted(now time.Time, d time.Duration) int {
	n := 0
	for _, e := range l.Entries {
		if e.Counts && now.Sub(e.At) < d {
			n++
		}
	}
	return n
}

// CapSpan is the span in which a number may have so many attempts, and a citizen
// may ask for so many calls: a rolling day, so that a late evening and the morning
// after it are not two.
//
// The cap on attempts protects people from calls that they do not want. Whoever
// calls us back after a call that was missed has shown that this one is wanted: the
// call was seen, so it is given back like one of our own faults (Ticket.Refund), and
// the telephone may ring once more than the cap says. Otherwise those who try hardest
// to be reached would be the first not to be called.
const CapSpan = 24 * time.Hour

// RequestsAtMost is how many calls a citizen may ask for in CapSpan, unless
// configured otherwise (the throttle of Genesys Mobile Services: 6 immediate
// callbacks a customer in 24 hours). More are no citizen's need, but somebody who
// plays with a stranger's number, or a trouble that calls do not cure: a person looks
// at it.
const RequestsAtMost = 6

// Ask notes that a call was asked for, and forgets what is too old to matter. A
// request counts whatever becomes of it, also when it is cancelled: otherwise asking
// and cancelling in turn would have no end. One that only finds the open request is
// none.
func (l Ledger) Ask(at time.Time) Ledger {
	l.Asked = append(slices.DeleteFunc(slices.Clone(l.Asked), func(o time.Time) bool { return at.Sub(o) >= CapSpan }), at)
	return l
}

// Requests is how many calls were asked for in CapSpan.
func (l Ledger) Requests(now time.Time) (n int) {
	for _, at := range l.Asked {
		if now.Sub(at) < CapSpan {
			n++
		}
	}
	return n
}

// FreeAt is when one more call may be made under a cap of so many in CapSpan:
// now, or when enough of the counted attempts leave it. most <= 0 is no cap.
func (l Ledger) FreeAt(now time.Time, most int) time.Time {
	var counted []time.Time
	for _, e := range l.Entries {
		if e.Counts && now.Sub(e.At) < CapSpan {
			counted = append(counted, e.At)
		}
	}
	if most <= 0 || len(counted) < most {
		return now
	}
	return counted[len(counted)-most].Add(CapSpan)
}

// last is the last call that has ended and counts; zero if there is none.
func (l Ledger) last() (last Entry) {
	for _, e := range l.Entries {
		if e.Counts && !e.Ended.IsZero() {
			last = e
		}
	}
	return last
}

// Misses are the times of the calls that nobody took: times of the day at which
// it is no use to try.
func (l Ledger) Misses() []time.Time {
	var at []time.Time
	for _, e := range l.Entries {
		if e.Counts && e.Outcome.missed() {
			at = append(at, e.At)
		}
	}
	return at
}

// Dead tells whether the number is gone: the network has given the same
// permanent cause on two days of a zone's calendar, and nothing has been heard of
// the telephone since. One day is not enough: there are carriers that answer
// "unallocated" for a telephone that merely rang out
// (github.com/instedd/surveda issue 1073).
func (l Ledger) Dead(zone *time.Location) bool {
	first := map[int]time.Time{} // by cause
	dead := false
	for _, e := range l.Entries {
		cause, permanent := Result{Outcome: e.Outcome, Cause: e.Cause, SIP: e.SIP}.permanent()
		switch {
		case e.Outcome == "" || e.Outcome.Ours() || e.Outcome == Unreachable && !permanent:
		case !permanent: // it rang, was busy, or was answered
			clear(first)
			dead = false
		case !e.Counts: // given back: the network was ill, not the number
		case first[cause].IsZero():
			first[cause] = e.At.In(zone)
		case !sameDay(first[cause], e.At.In(zone)):
			dead = true
		}
	}
	return dead
}

// String tells only which kind of subject it is.
func (s Subject) String() string { return "a " + string(s.Kind) + "'s ledger" }

// Format prints String for every verb.
func (s Subject) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// GoString is String.
func (s Subject) GoString() string { return s.String() }

// LogValue is String.
func (s Subject) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String tells how many calls a ledger holds, and nothing of whose.
func (l Ledger) String() string {
	return fmt.Sprintf("%s (%d calls, version %d)", l.Subject, len(l.Entries), l.Version)
}

// Format prints String for every verb.
func (l Ledger) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, l.String()) }

// GoString is String.
func (l Ledger) GoString() string { return l.String() }

// LogValue is String.
func (l Ledger) LogValue() slog.Value { return slog.StringValue(l.String()) }
