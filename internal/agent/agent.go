// Package agent knows the people of a call center: what each of them does, whom
// they can serve, and whose turn it is to take the next citizen.
//
//	         Set                Reserve           Ring             Talk
//	away ◀────────▶ ready ──────────────▶ reserved ──▶ ringing ──────────▶ talking
//	  ▲               ▲ ▲                    │            │                   │
//	  │ Set           │ └───── Release ──────┴────────────┤                   │ HangUp
//	  ▼               │                                   │ Miss              ▼
//	paused ◀──────────┼────── the third in a row ─────────┘                wrap-up
//	  ▲               └────────────────────── Set ────────────────────────────┤
//	  └────────────────────────────────────── Set ────────────────────────────┘
//
// Each arrow is a method of Agent that takes the time and returns the agent as
// it becomes; the one that it is called on stays as it was. A method that meets
// an agent who serves another citizen, or none, returns ErrImpossible; one that is
// repeated returns the agent unchanged.
//
// Next chooses: the one who has been idle for longest and can serve what is
// needed. The package is pure: the time comes in as an argument, saving is
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
	ID      string    `json:"id"` // also the telephone's name at the exchange
	Tenant  string    `json:"tenant"`
	State   State     `json:"state"`
	Reason  string    `json:"reason,omitempty"` // of a pause
	Since   time.Time `json:"since"`            // in this state
	Idle    time.Time `json:"idle"`             // since when without a talk: the longest idle is next
	Ticket  string    `json:"ticket,omitempty"` // reserved for, or speaking with
	Misses  int       `json:"misses,omitempty"` // calls not answered in a row
	Skills  []string  `json:"skills,omitempty"` // queues and languages; empty: all
	Version int       `json:"version"`

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
// also ends a wrap-up.
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
		a.Ticket = ""
	case WrapUp:
		a = a.wroteUp(now)
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
	return a.Take(now, ticket), nil
}

// Take is the agent speaking with a citizen for whom somebody else was chosen,
// or nobody: what happened on the telephone is true, whatever was planned.
func (a Agent) Take(now time.Time, ticket string) Agent {
	if a.State != Talking || a.Ticket != ticket {
		a.Began, a.Ticket = now, ticket
	}
	a.Misses, a.Reason = 0, ""
	return a.to(Talking, now)
}

// Miss is a call that the agent did not answer; cause is what the telephone
// said of it (Q.850, 0 if nothing). The third in a row pauses the agent: a
// telephone that rings nobody must not swallow the queue. An agent whose line
// broke in a talk goes to the wrap-up.
func (a Agent) Miss(now time.Time, ticket string, cause int) (Agent, error) {
	switch {
	case a.Ticket != ticket || !a.State.Serving():
		return a, a.impossible("miss")
	case a.State == Talking:
		return a.HangUp(now, ticket)
	}
	a.Ticket = ""
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
	a.Ticket = ""
	return a.granted(a.to(Ready, now), now), nil
}

// HangUp is the end of a talk; what is left is to write down its outcome.
func (a Agent) HangUp(now time.Time, ticket string) (Agent, error) {
	if a.State != Talking || a.Ticket != ticket {
		return a, a.impossible("end the talk of")
	}
	a.Ticket = ""
	return a.granted(a.to(WrapUp, now), now), nil
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

// Free tells whether the agent could be given a citizen now.
func (a Agent) Free(now time.Time) bool { return a.State == Ready && !now.Before(a.Rest) }

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
