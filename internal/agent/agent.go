// Package agent knows the people of a call center: what each of them does, whom
// they can serve, and whose turn it is to take the next citizen.
//
//	         Set            Reserve, Help         Ring             Talk
//	away ◀────────▶ ready ──────────────▶ reserved ──▶ ringing ──────────▶ talking
//	  ▲               ▲ ▲                    │            │                   │
//	  │ Set           │ └───── Release ──────┴────────────┤            HangUp,│
//	  ▼               │                                   │ Miss     HandOver ▼
//	paused ◀──────────┼────── the third in a row ─────────┘                wrap-up
//	  ▲               └────────────────── Set, Wrote ─────────────────────────┤
//	  └────────────────────────────────────── Set ────────────────────────────┘
//
// A wrap-up ends with an outcome (Wrote), not by itself; where the tenant wants
// one of every talk (MustWrite), Set does not get round it. Overdue tells when one
// lasts too long. An agent who is asked for help by another goes the same way
// with the other's ticket (Help), and is ready again after it.
//
// Each arrow is a method of Agent that takes the time and returns the agent as
// it becomes; the one that it is called on stays as it was. A method that meets
// an agent who serves another citizen, or none, returns ErrImpossible; one that is
// repeated returns the agent unchanged.
//
// Next chooses: the one who has been idle for longest and can serve what is
// needed, at a telephone that answers (Reach). The package is pure: the time comes in as an argument, saving is
// somebody else's work.
package agent

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// State is what an agent does.
type State string

// The states of an agent.
const (
	Away     State = "away" // not logged in
	Ready    State = "ready"
	Reserved State = "reserved" // chosen for a ticket whose citizen is being called
	Ringing  State = "ringing"
	Talking  State = "talking"
	WrapUp   State = "wrap-up"
	Paused   State = "paused" // with a reason
)

// Serving tells whether the agent is with a citizen, or about to be.
func (s State) Serving() bool { return s == Reserved || s == Ringing || s == Talking }

// OnDuty tells whether the agent is there to serve citizens, now or in a moment.
func (s State) OnDuty() bool { return s == Ready || s == WrapUp || s.Serving() }

// Agent is a person of the call center with a telephone.
type Agent struct {
	ID      string    `json:"id"` // also the desk phone's name at the exchange
	Tenant  string    `json:"tenant"`
	State   State     `json:"state"`
	Reason  string    `json:"reason,omitempty"`  // of a pause
	Since   time.Time `json:"since"`             // in this state
	Idle    time.Time `json:"idle"`              // since when without a talk: the longest idle is next
	Ticket  string    `json:"ticket,omitempty"`  // reserved for, or speaking with
	Misses  int       `json:"misses,omitempty"`  // calls not answered in a row
	Skills  []string  `json:"skills,omitempty"`  // queues and languages; empty: all
	Helping bool      `json:"helping,omitempty"` // asked for help by the agent of the ticket
	// MustWrite: the tenant wants an outcome written of every talk.
	MustWrite bool `json:"mustWrite,omitempty"`
	// After is the ticket whose talk is to be written up, Outcome what was
	// written of it, or of the talk that goes on.
	After   string `json:"after,omitempty"`
	Outcome string `json:"outcome,omitempty"`
	// Unreached is since when the telephone does not answer the probe, whatever
	// its registration says; zero: it answers.
	Unreached time.Time `json:"unreached,omitzero"`
	// Page names the page in a browser that is the agent's telephone; empty: the
	// desk phone is.
	Page    string `json:"page,omitempty"`
	Version int    `json:"version"`

	// Rest is until when a ready agent is not chosen, after a call that was
	// not answered: the next agent is tried first.
	Rest time.Time `json:"rest,omitzero"`
	// Wish is the state asked for in the middle of a talk, taken up at its end.
	Wish       State  `json:"wish,omitempty"`
	WishReason string `json:"wishReason,omitempty"`
	// Began is when the talk began that goes on, or is being written up.
	Began time.Time `json:"began,omitzero"`
	// Handle is the mean time that this agent needs for a citizen, wrap-up
	// included; zero before the first.
	Handle time.Duration `json:"handle,omitempty"`
}

// Errors of transitions.
var (
	// ErrImpossible: there is no such way from what the agent does.
	ErrImpossible = errors.New("agent: no such transition")
	// ErrOutcome: the talk before has no outcome yet.
	ErrOutcome = errors.New("agent: the outcome of the last talk is to be written first")
	// ErrState: not a state that can be asked for.
	ErrState = errors.New("agent: only ready, paused and away can be asked for")
)

// ReasonMisses is the reason of the pause after MaxMisses calls not answered.
const (
	ReasonMisses = "calls not answered"
	MaxMisses    = 3
)

// How long an agent who did not answer is left alone, by what the telephone
// did: it rang, it refused the call, it was busy with another.
const (
	RestMissed   = 10 * time.Second
	RestRejected = 10 * time.Second
	RestBusy     = 60 * time.Second
)

// Q.850 causes of an agent's telephone.
const causeBusy, causeRejected = 17, 21

// maxWrapUp bounds what a wrap-up adds to the mean: beyond it the agent has
// forgotten to end it.
const maxWrapUp = 3 * time.Minute

func (a Agent) to(s State, now time.Time) Agent {
	if a.State != s {
		a.Since = now
	}
	a.State = s
	return a
}

func (a Agent) impossible(verb string) error {
	return fmt.Errorf("%w: %s, an agent who is %q", ErrImpossible, verb, a.State)
}

// Set is what agents themselves, or their supervisors, ask for: Ready, Paused
// with a reason, Away. In the middle of a talk it is kept as a wish, which ends
// the talk instead of a wrap-up. An agent reserved for a citizen who leaves is
// gone at once; somebody else is then reserved. Asking for Ready or for a pause
// also ends a wrap-up; but where outcomes are to be written, who has not written
// one is not ready again, not even by way of a pause (ErrOutcome). Going away
// leaves it unwritten.
func (a Agent) Set(now time.Time, s State, reason string) (Agent, error) {
	if s != Ready && s != Paused && s != Away {
		return a, ErrState
	}
	if s != Paused {
		reason = ""
	}
	switch a.State {
	case Ringing, Talking:
		a.Wish, a.WishReason = s, reason
		return a, nil
	case Reserved:
		if s == Ready {
			return a, nil
		}
		a.Ticket, a.Helping = "", false
	case WrapUp:
		if s == Ready && a.owes() {
			return a, ErrOutcome
		}
		a = a.wroteUp(now)
		a.Wish, a.WishReason = "", ""
	case Paused:
		if s == Ready && a.owes() {
			return a, ErrOutcome
		}
	}
	if s == Away || !a.owes() {
		a.After, a.Outcome = "", ""
	}
	if a.State != s {
		a.Misses, a.Rest = 0, time.Time{}
		if s == Ready {
			a.Idle = now
		}
	}
	a.Reason = reason
	return a.to(s, now), nil
}

// wroteUp counts the talk and its wrap-up into the mean.
func (a Agent) wroteUp(now time.Time) Agent {
	if !a.Began.IsZero() && !a.Since.Before(a.Began) {
		a.Handle = mean(a.Handle, a.Since.Sub(a.Began)+min(now.Sub(a.Since), maxWrapUp))
	}
	a.Began = time.Time{}
	return a
}

// mean moves by an eighth with each talk; the first one begins it.
func mean(old, sample time.Duration) time.Duration {
	if old <= 0 {
		return sample
	}
	return old + (sample-old)/8
}

// owes tells whether the outcome of a talk is still to be written.
func (a Agent) owes() bool { return a.MustWrite && a.After != "" && a.Outcome == "" }

// Wrote is the outcome of a talk, as the agent writes it. It ends the wrap-up,
// with what the agent wished for meanwhile; written while the talk goes on, it
// waits for its end. The ticket that it belongs to is After, or Ticket, of the
// agent as it was before.
func (a Agent) Wrote(now time.Time, outcome string) (Agent, error) {
	switch {
	case outcome == "":
		return a, ErrOutcome
	case a.State == Talking && !a.Helping:
		a.Outcome = outcome
		return a, nil
	case a.State == WrapUp:
		a.Outcome = outcome
		if a.Wish == "" {
			a.Wish = Ready
		}
		return a.granted(a, now), nil
	case a.State == Paused && a.owes():
		a.After, a.Outcome = "", ""
		return a, nil
	}
	return a, a.impossible("take the outcome of")
}

// Overdue tells whether a wrap-up lasts longer than it should. It does not end
// by that; a supervisor is told. limit 0 is no limit.
func (a Agent) Overdue(now time.Time, limit time.Duration) bool {
	return a.State == WrapUp && limit > 0 && now.Sub(a.Since) >= limit
}

// Reach is what a probe of the agent's telephone has shown.
func (a Agent) Reach(now time.Time, answers bool) Agent {
	switch {
	case answers:
		a.Unreached = time.Time{}
	case a.Unreached.IsZero():
		a.Unreached = now
	}
	return a
}

// At is the agent at another telephone from the next call on: at that of a page
// in a browser, or at the desk phone where there is none. Nobody has probed it yet.
func (a Agent) At(page string) Agent {
	if a.Page != page {
		a.Page, a.Unreached = page, time.Time{}
	}
	return a
}

// Telephone names the agent's telephone at the exchange.
func (a Agent) Telephone() string {
	if a.Page != "" {
		return Browser(a.ID)
	}
	return a.ID
}

// Browser names the telephone that an agent has in a browser, whichever page it is. No
// agent has such an id: there is no dot in one.
func Browser(id string) string { return id + ".browser" }

// Help reserves a ready agent to help another one with a ticket: to be asked, to
// join the talk, or to take it over (Take). Ring, Talk, Miss, Release and HangUp
// are as for a ticket of one's own, but a helper writes no outcome.
func (a Agent) Help(now time.Time, ticket string) (Agent, error) {
	if a.Helping && a.Ticket == ticket && a.State.Serving() {
		return a, nil
	}
	if a.State.Serving() {
		return a, a.impossible("ask for help")
	}
	a, err := a.Reserve(now, ticket)
	a.Helping = err == nil
	return a, err
}

// Reserve keeps a ready agent for a ticket.
func (a Agent) Reserve(now time.Time, ticket string) (Agent, error) {
	if a.State.Serving() && a.Ticket == ticket {
		return a, nil
	}
	if a.State != Ready || ticket == "" {
		return a, a.impossible("reserve")
	}
	a.Ticket = ticket
	return a.to(Reserved, now), nil
}

// Ring is the agent's telephone about to ring for the ticket.
func (a Agent) Ring(now time.Time, ticket string) (Agent, error) {
	if a.Ticket != ticket || (a.State != Reserved && a.State != Ringing) {
		return a, a.impossible("ring")
	}
	return a.to(Ringing, now), nil
}

// Talk is agent and citizen speaking.
func (a Agent) Talk(now time.Time, ticket string) (Agent, error) {
	if a.Ticket != ticket || !a.State.Serving() {
		return a, a.impossible("connect")
	}
	helping := a.Helping
	a = a.Take(now, ticket)
	a.Helping = helping
	return a, nil
}

// Take is the agent speaking with a citizen for whom somebody else was chosen,
// or nobody: what happened on the telephone is true, whatever was planned. A
// helper who takes is the ticket's agent from then on.
func (a Agent) Take(now time.Time, ticket string) Agent {
	if a.State != Talking || a.Ticket != ticket {
		a.Began, a.Ticket = now, ticket
	}
	a.Misses, a.Reason, a.Helping, a.After, a.Outcome = 0, "", false, "", ""
	return a.to(Talking, now)
}

// Miss is a call that the agent did not answer; cause is what the telephone
// said of it (Q.850, 0 if nothing). The third in a row pauses the agent: a
// telephone that rings nobody must not swallow the queue. An agent whose line
// broke in a talk goes to the wrap-up, and owes no outcome: the citizen is served
// by another.
func (a Agent) Miss(now time.Time, ticket string, cause int) (Agent, error) {
	switch {
	case a.Ticket != ticket || !a.State.Serving():
		return a, a.impossible("miss")
	case a.State == Talking:
		return a.HandOver(now, ticket)
	}
	a.Ticket, a.Helping = "", false
	a.Misses++
	switch cause {
	case causeBusy:
		a.Rest = now.Add(RestBusy)
	case causeRejected:
		a.Rest = now.Add(RestRejected)
	default:
		a.Rest = now.Add(RestMissed)
	}
	if a.Misses >= MaxMisses {
		a.Reason, a.Wish, a.WishReason = ReasonMisses, "", ""
		return a.to(Paused, now), nil
	}
	return a.granted(a.to(Ready, now), now), nil
}

// Release lets an agent go whose citizen was not reached, or has gone: first
// in turn again, since Idle stays.
func (a Agent) Release(now time.Time, ticket string) (Agent, error) {
	if a.Ticket != ticket || (a.State != Reserved && a.State != Ringing) {
		return a, a.impossible("release")
	}
	a.Ticket, a.Helping = "", false
	return a.granted(a.to(Ready, now), now), nil
}

// HangUp is the end of a talk; what is left is to write down its outcome. If it
// is to be written and was not, what the agent wished for meanwhile waits for it.
// A helper has nothing to write, and is ready again.
func (a Agent) HangUp(now time.Time, ticket string) (Agent, error) {
	switch {
	case a.State != Talking || a.Ticket != ticket:
		return a, a.impossible("end the talk of")
	case a.Helping:
		a.Ticket, a.Helping, a.Began, a.Idle = "", false, time.Time{}, now
		return a.granted(a.to(Ready, now), now), nil
	}
	a.Ticket, a.After = "", ticket
	a = a.to(WrapUp, now)
	if a.owes() && a.Wish != Away {
		return a, nil
	}
	return a.granted(a, now), nil
}

// HandOver is the end of a talk whose citizen goes on to another agent or queue:
// a wrap-up, but there is no outcome yet to be written.
func (a Agent) HandOver(now time.Time, ticket string) (Agent, error) {
	must := a.MustWrite
	a.MustWrite = false
	a, err := a.HangUp(now, ticket)
	a.MustWrite, a.After, a.Outcome = must, "", ""
	return a, err
}

// granted takes up what the agent wished for meanwhile.
func (Agent) granted(a Agent, now time.Time) Agent {
	wish, reason := a.Wish, a.WishReason
	a.Wish, a.WishReason = "", ""
	if wish == "" {
		return a
	}
	granted, err := a.Set(now, wish, reason)
	if err != nil {
		return a
	}
	return granted
}

// Serves tells whether the agent has all the skills needed. An agent without a
// list has them all.
func (a Agent) Serves(needs ...string) bool {
	if len(a.Skills) == 0 {
		return true
	}
	for _, n := range needs {
		if n != "" && !slices.Contains(a.Skills, n) {
			return false
		}
	}
	return true
}

// Share is how much of the agent each queue may count on, of the queues named, that
// the agent serves: of one who serves n of them a n-th; 0 of one who serves none.
func (a Agent) Share(queues []string) float64 {
	n := 0
	for _, q := range queues {
		if a.Serves(q) {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return 1 / float64(n)
}

// OnDuty tells whether the agent is there to serve citizens, now or in a moment,
// at a telephone that rings.
func (a Agent) OnDuty() bool { return a.State.OnDuty() && (a.Unreached.IsZero() || a.State == Talking) }

// Free tells whether the agent could be given a citizen now.
func (a Agent) Free(now time.Time) bool {
	return a.State == Ready && !now.Before(a.Rest) && a.Unreached.IsZero()
}

// Next gives the index of the agent who takes the next citizen: of those free
// now who can serve what is needed, the one who has been idle for longest; of
// two idle for the same time, the first by id. -1 if there is none.
func Next(agents []Agent, now time.Time, needs ...string) int {
	next := -1
	for i, a := range agents {
		if a.Free(now) && a.Serves(needs...) && (next < 0 || sooner(a, agents[next])) {
			next = i
		}
	}
	return next
}

func sooner(a, b Agent) bool {
	if !a.Idle.Equal(b.Idle) {
		return a.Idle.Before(b.Idle)
	}
	return a.ID < b.ID
}
