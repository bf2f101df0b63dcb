package queue

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"richiamo/internal/phone"
)

// State is where a ticket stands; the package comment draws the ways between.
type State string

// The states of a ticket. Waiting is a caller on the line; the others are those
// of a callback or return call, under the names that the API shows.
const (
	Waiting   State = "waiting"
	Pending   State = "pending"   // promised, its time has not come
	Due       State = "due"       // may be dialled now
	Dialling  State = "dialling"  // claimed: a call is being placed or rings, or the citizen is being spoken to by the voice
	Connected State = "connected" // citizen and agent speak
	Done      State = "done"
	Exhausted State = "exhausted" // no attempt left; a person looks at it
	Withdrawn State = "withdrawn"
)

// Open tells whether something is still to be done.
func (s State) Open() bool {
	return s == Waiting || s == Pending || s == Due || s == Dialling || s == Connected
}

// OnLine tells whether a live call belongs to the state.
func (s State) OnLine() bool { return s == Waiting || s == Dialling || s == Connected }

// Ticket is one citizen's request for a person or a call: the same record
// whether the citizen waits on the line or has hung up, so that the place never
// changes. All that identifies the citizen is sealed where it is kept. It prints
// without anything personal.
type Ticket struct {
	ID      string    `json:"id"`
	Tenant  string    `json:"tenant"`
	Queue   string    `json:"queue"`
	Purpose Purpose   `json:"purpose"`
	State   State     `json:"state"`
	Reason  Reason    `json:"reason,omitempty"` // why it stands in this state
	Arrived time.Time `json:"arrived"`          // decides the place, for ever
	Class   Class     `json:"class,omitempty"`  // moves the place forward, see Place

	// NotBefore is the earliest time of the next call, or of the next turn of a
	// caller who did not take the last one.
	NotBefore time.Time `json:"notBefore,omitzero"`
	// From and To is what the citizen was promised; zero when no time was said.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Slot is the half-day that the citizen chose; empty: as soon as possible.
	Slot HalfDay `json:"slot,omitempty"`
	// Replans counts how often the promised time had to be moved, and Slipped is by
	// how many minutes in all: see FirstTo. A new promise begins anew.
	Replans int32 `json:"replans,omitempty"`
	Slipped int32 `json:"slipped,omitempty"`
	// Resume is the NotBefore of a promised call whose citizen has called
	// again and waits on the line: the promise goes on from there if the citizen
	// hangs up.
	Resume time.Time `json:"resume,omitzero"`

	Phone      phone.Number `json:"phone,omitzero"`
	Citizen    string       `json:"citizen,omitempty"` // codice fiscale
	Keyed      string       `json:"keyed,omitempty"`   // what was keyed and led nowhere
	Recording  string       `json:"recording,omitempty"`
	Word       string       `json:"word,omitempty"`     // the three figures that our call says first
	Language   string       `json:"language,omitempty"` // ISO 639-1
	Note       string       `json:"note,omitempty"`     // from the channel that handed it over
	Channel    string       `json:"channel"`            // phone, portal, pharmacy, gp
	NoKeys     bool         `json:"noKeys,omitempty"`
	NeedsAgent bool         `json:"needsAgent"` // an agent is reserved before the citizen is dialled
	// Asked is how many seconds after Arrived it was last asked for: see AskedAt.
	Asked int32 `json:"asked,omitempty"`

	Call  string `json:"call,omitempty"`  // the live call: of the waiting caller, or the one that dials
	Agent string `json:"agent,omitempty"` // reserved for, or speaking with, this citizen

	// Also are the requests that joined this one while it was open: a citizen
	// and a number have one open request, whatever is asked for and wherever.
	Also []Request `json:"also,omitempty"`

	Attempts []Attempt `json:"attempts,omitempty"`

	// Outcome and OutcomeNote are what the person wrote who dealt with it, an
	// agent or somebody of the worklist.
	Outcome     string `json:"outcome,omitempty"`
	OutcomeNote string `json:"outcomeNote,omitempty"`

	// Token grows with each claim and with each end of one; only the newest
	// claim may dial.
	Token   int       `json:"token"`
	Node    string    `json:"node,omitempty"`   // the exchange that dials
	Claimed time.Time `json:"claimed,omitzero"` // when it was claimed
	Since   time.Time `json:"since,omitzero"`   // in this state
	Updated time.Time `json:"updated"`
	Version int       `json:"version"` // counts the saves
}

// Attempt is one dialled call of a ticket.
type Attempt struct {
	N       int       `json:"n"`              // from 1
	Kind    Kind      `json:"kind,omitempty"` // empty: the call that the ticket is for
	Call    string    `json:"call"`
	At      time.Time `json:"at"`
	Ended   time.Time `json:"ended,omitzero"`
	Outcome Outcome   `json:"outcome,omitempty"` // empty while it lasts
	Cause   int       `json:"cause,omitempty"`   // Q.850
	SIP     int       `json:"sip,omitempty"`
	Counts  bool      `json:"counts"` // false when the fault was ours
}

// Kind tells what an attempt was for.
type Kind string

// Notice is the kind of a short call without an agent, which only says that the
// promised one will be late. It costs nothing.
const Notice Kind = "late"

// Request is one that joined an open ticket instead of becoming a second one.
// It prints without anything personal.
type Request struct {
	Purpose Purpose   `json:"purpose"`
	Channel string    `json:"channel"`
	At      time.Time `json:"at"`
	Citizen string    `json:"citizen,omitempty"` // codice fiscale, where it is not the ticket's
	Note    string    `json:"note,omitempty"`
}

// Before tells whether a has its turn before b: who has the earlier place,
// whether on the line or called back. Two with the same place keep the order of
// their ids, so that every process sees the same queue.
func Before(a, b Ticket) bool { return Compare(a, b) < 0 }

// Compare orders tickets as Before does, for sorting.
func Compare(a, b Ticket) int {
	if c := a.Place().Compare(b.Place()); c != 0 {
		return c
	}
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

// NoDate is the NotBefore of a call that waits for a day which is not known yet.
func NoDate() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// CallID names the call of a ticket's attempt, for ever: whoever dials the same
// attempt again, after a crash or by mistake, asks for the same call.
func CallID(ticket string, attempt int) string { return fmt.Sprintf("%s-%d", ticket, attempt) }

// Word draws the three figures that prove to a citizen that a call is ours. All
// differ, so that none is swallowed when they are said. dice(n) gives a number
// from 0 to n-1.
func Word(dice func(n int) int) string {
	figures := []byte("0123456789")
	for i := range 3 {
		j := i + dice(len(figures)-i)
		figures[i], figures[j] = figures[j], figures[i]
	}
	return string(figures[:3])
}

// FirstTo is the end of the time that was promised first, before it had to be
// moved: what a promise is measured by. Zero when no time was said.
func (t Ticket) FirstTo() time.Time {
	if t.To.IsZero() {
		return t.To
	}
	return t.To.Add(-time.Duration(t.Slipped) * time.Minute)
}

// AskedAt is when the call was last asked for, to the second and not before it was:
// the citizen was promised it, has called again, or wanted it otherwise, or another
// request has joined it.
func (t Ticket) AskedAt() time.Time { return t.Arrived.Add(time.Duration(t.Asked) * time.Second) }

// asked notes that the call was asked for once more.
func (t Ticket) asked(at time.Time) Ticket {
	after := (at.Sub(t.Arrived) + time.Second - 1) / time.Second
	t.Asked = max(t.Asked, int32(min(after, math.MaxInt32)))
	return t
}

// openAttempt gives the number of the attempt that is under way, if one is.
func (t Ticket) openAttempt() (n int, ok bool) {
	if n = len(t.Attempts); n > 0 && t.Attempts[n-1].Ended.IsZero() {
		return n, true
	}
	return 0, false
}

// String tells which ticket it is and where it stands, and nothing of whose.
func (t Ticket) String() string {
	return fmt.Sprintf("ticket %s (%s, %s, version %d)", t.ID, t.State, t.Purpose, t.Version)
}

// Format prints String for every verb: no verb may show what identifies a
// citizen.
func (t Ticket) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// GoString is String.
func (t Ticket) GoString() string { return t.String() }

// String tells what was asked for, and nothing of by whom.
func (r Request) String() string { return fmt.Sprintf("request (%s, %s)", r.Purpose, r.Channel) }

// Format prints String for every verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// GoString is String.
func (r Request) GoString() string { return r.String() }

// LogValue is String.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// LogValue tells what a log may know.
func (t Ticket) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", t.ID), slog.String("state", string(t.State)), slog.String("purpose", string(t.Purpose)),
		slog.String("reason", string(t.Reason)), slog.Int("attempts", len(t.Attempts)), slog.Int("version", t.Version))
}
