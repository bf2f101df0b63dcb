package queue

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"richiamo/internal/phone"
)

// Errors of transitions.
var (
	// ErrImpossible: there is no such way from the state in which the ticket is.
	ErrImpossible = errors.New("queue: no such transition")
	// ErrNoAgent: a ticket that needs an agent is not dialled before one is
	// reserved.
	ErrNoAgent = errors.New("queue: no agent is reserved for this ticket")
	// ErrNoAttempt: the ticket has no attempt of that number.
	ErrNoAttempt = errors.New("queue: no such attempt")
)

// Terms are what a callback is promised under.
type Terms struct {
	Purpose   Purpose // empty: the ticket's
	Phone     phone.Number
	Word      string    // a ticket that has one keeps it: the citizen wrote it down
	NotBefore time.Time // of the first call
	From, To  time.Time // as said; zero when no time was said
	Slot      HalfDay   // as chosen; empty: as soon as possible
	Reason    Reason    // empty: promised
}

func (t Ticket) to(s State, why Reason, now time.Time) Ticket {
	if t.State != s {
		t.Since = now
	}
	t.State, t.Reason, t.Updated = s, why, now
	return t
}

func (t Ticket) impossible(verb string) error {
	return fmt.Errorf("%w: %s, a ticket that is %q", ErrImpossible, verb, t.State)
}

// Enter makes a new ticket that of a caller who waits on the line t.Call.
func (t Ticket) Enter(now time.Time) (Ticket, error) {
	if t.State != "" || t.Call == "" {
		return t, t.impossible("enter")
	}
	if t.Arrived.IsZero() {
		t.Arrived = now
	}
	t.NeedsAgent = true
	return t.to(Waiting, ReasonEntered, now), nil
}

// Promise makes a new ticket, or that of a caller on the line, one of a citizen
// who will be called. The place stays. A ticket that was promised before is
// returned unchanged, whatever has become of it since.
func (t Ticket) Promise(now time.Time, p Terms) (Ticket, error) {
	switch t.State {
	case "", Waiting:
	case Pending, Due, Dialling:
		return t, nil
	default:
		return t, t.impossible("promise")
	}
	if t.Arrived.IsZero() {
		t.Arrived = now
	}
	if n, ok := t.openAttempt(); ok { // pressed 1, no agent came, prefers to be called
		t = t.endAttempt(n, Result{Outcome: NoAgent}, now)
	}
	if p.Purpose != "" {
		t.Purpose = p.Purpose
	}
	if t.Word == "" {
		t.Word = p.Word
	}
	if p.Reason == "" {
		p.Reason = ReasonPromised
	}
	if t.State == Waiting {
		t = t.asked(now)
	}
	t.Replans, t.Slipped = 0, 0
	t.Phone, t.NotBefore, t.From, t.To, t.Slot = p.Phone, p.NotBefore, p.From, p.To, p.Slot
	t.Resume = time.Time{}
	return t.offLine().to(Pending, p.Reason, now), nil
}

// offLine lets go of call, agent and claim.
func (t Ticket) offLine() Ticket {
	if t.State == Dialling {
		t.Token++ // whoever still holds the claim dials no more
	}
	t.Call, t.Agent, t.Node = "", "", ""
	return t
}

// Fix gives a ticket that waits for a day which was not known the day that is
// known now.
func (t Ticket) Fix(now, notBefore time.Time) (Ticket, error) {
	if t.State != Pending || !t.NotBefore.Equal(NoDate()) {
		return t, t.impossible("fix the day of")
	}
	t.NotBefore = notBefore
	return t.to(Pending, ReasonDateKnown, now), nil
}

// Ripen makes a promised call due. When that may be, the calling window says. Only
// the clock on the wall counts, as for whoever reads the ticket from the store:
// what a process remembers of its own clock (time.Time's monotonic reading) is not
// kept.
func (t Ticket) Ripen(now time.Time) (Ticket, error) {
	switch {
	case t.State == Due:
		return t, nil
	case t.State != Pending || now.Round(0).Before(t.NotBefore):
		return t, t.impossible("ripen")
	}
	return t.to(Due, ReasonRipe, now), nil
}

// Wait is a citizen whom we called and who wants to be put through: from now on
// a caller on the line, with the agent that is reserved. Where none is, because
// the citizen was called before an agent was looked for, the next free one is for
// this citizen.
func (t Ticket) Wait(now time.Time) (Ticket, error) {
	switch {
	case t.State == Waiting:
		return t, nil
	case t.State != Dialling || !t.NeedsAgent:
		return t, t.impossible("wait with")
	}
	if t.Agent == "" {
		t.Class = t.Class.or(Front)
	}
	return t.to(Waiting, ReasonEntered, now), nil
}

// Reserve gives a waiting caller an agent: the turn has come.
func (t Ticket) Reserve(now time.Time, agent string) (Ticket, error) {
	if t.State != Waiting || agent == "" || (t.Agent != "" && t.Agent != agent) {
		return t, t.impossible("reserve an agent for")
	}
	t.Agent = agent
	return t.to(Waiting, ReasonReserved, now), nil
}

// PassOver takes the agent from a waiting caller again, because the turn was
// not taken up or the agent has gone. The place stays; until notBefore others
// have their turn.
func (t Ticket) PassOver(now, notBefore time.Time, why Reason) (Ticket, error) {
	if t.State != Waiting {
		return t, t.impossible("pass over")
	}
	t.Agent, t.NotBefore = "", notBefore
	return t.to(Waiting, why, now), nil
}

// Claim begins the next attempt of a due ticket, on the exchange node, with the
// agent reserved for it ("" if it needs none). The attempt's number and the
// ticket name the call (CallID); the token grows, and only who holds the newest
// may dial.
func (t Ticket) Claim(now time.Time, node, agent string) (Ticket, error) {
	switch {
	case t.State != Due:
		return t, t.impossible("claim")
	case t.NeedsAgent != (agent != ""):
		return t, ErrNoAgent
	}
	return t.claim(now, node, agent, ""), nil
}

// ClaimFirst is Claim where the citizen is called first and an agent looked for
// when the citizen has pressed 1 (see Wait).
func (t Ticket) ClaimFirst(now time.Time, node string) (Ticket, error) {
	if t.State != Due {
		return t, t.impossible("claim")
	}
	return t.claim(now, node, "", ""), nil
}

// ClaimNotice begins the short call that says that the promised one will be
// late. It needs no agent, costs nothing, and leaves the ticket where it was.
func (t Ticket) ClaimNotice(now time.Time, node string) (Ticket, error) {
	if t.State != Pending && t.State != Due {
		return t, t.impossible("give notice of")
	}
	return t.claim(now, node, "", Notice), nil
}

func (t Ticket) claim(now time.Time, node, agent string, kind Kind) Ticket {
	n := len(t.Attempts) + 1
	t.Call, t.Agent, t.Node = CallID(t.ID, n), agent, node
	t.Attempts = append(slices.Clip(t.Attempts), Attempt{N: n, Kind: kind, Call: t.Call, At: now, Counts: kind == ""})
	t.Token++
	t.Claimed = now
	return t.to(Dialling, ReasonClaimed, now)
}

// Connected is citizen and agent speaking.
func (t Ticket) Connected(now time.Time, agent string) (Ticket, error) {
	switch {
	case t.State == Connected && t.Agent == agent:
		return t, nil
	case (t.State != Waiting && t.State != Dialling) || agent == "":
		return t, t.impossible("connect")
	}
	t.Agent = agent
	return t.to(Connected, ReasonConnected, now), nil
}

// Missed is an agent who did not answer, or whose line broke. The citizen is
// still on the line, and waits there: first of all who came later.
func (t Ticket) Missed(now time.Time) (Ticket, error) {
	if t.State != Waiting && t.State != Dialling && t.State != Connected {
		return t, t.impossible("miss")
	}
	t.Agent, t.NotBefore = "", time.Time{}
	return t.to(Waiting, ReasonAgentMissed, now), nil
}

// Talked is the end of a talk with an agent, which is what a ticket is for.
func (t Ticket) Talked(now time.Time) (Ticket, error) {
	switch t.State {
	case Done:
		return t, nil
	case Connected:
	default:
		return t, t.impossible("end the talk of")
	}
	if n, ok := t.openAttempt(); ok {
		t = t.endAttempt(n, Result{Outcome: Delivered}, now)
	}
	return t.to(Done, ReasonTalked, now), nil
}

// Withdraw ends a ticket that is no longer wanted. A call that is being placed
// for it is not dialled any more; one that rings already is not torn down.
func (t Ticket) Withdraw(now time.Time, why Reason) (Ticket, error) {
	switch t.State {
	case Withdrawn:
		return t, nil
	case Waiting, Pending, Due, Dialling:
		return t.offLine().to(Withdrawn, why, now), nil
	}
	return t, t.impossible("withdraw")
}

// Settle is a call that need not be made any more, because what it was for has
// been done in another one.
func (t Ticket) Settle(now time.Time) (Ticket, error) {
	switch t.State {
	case Done:
		return t, nil
	case Pending, Due:
		return t.to(Done, ReasonElsewhere, now), nil
	}
	return t, t.impossible("settle")
}

// GiveUp leaves a ticket that must not be dialled to a person.
func (t Ticket) GiveUp(now time.Time, why Reason) (Ticket, error) {
	switch t.State {
	case Exhausted:
		return t, nil
	case Pending, Due:
		return t.to(Exhausted, why, now), nil
	}
	return t, t.impossible("give up")
}

// AttemptEnded is the end of the n-th dialled call: done, tried again when j
// says, or left to a person. An end that was reported before changes nothing;
// the end of an attempt of a ticket that is closed is only noted. The next call
// is not made before a time that the citizen chose in this one (Change).
func (t Ticket) AttemptEnded(now time.Time, n int, r Result, j Judge) (Ticket, error) {
	if n < 1 || n > len(t.Attempts) {
		return t, fmt.Errorf("%w: %d of %d", ErrNoAttempt, n, len(t.Attempts))
	}
	if !t.Attempts[n-1].Ended.IsZero() {
		return t, nil
	}
	if t.State == Connected && r.Outcome.again() {
		r.Outcome = Delivered // whatever ended the call, citizen and agent have spoken
	}
	t = t.endAttempt(n, r, now)
	if n < len(t.Attempts) || !t.State.OnLine() {
		t.Updated = now
		return t, nil
	}
	was := t.State
	t = t.offLine()
	switch r.Outcome {
	case Blocked:
		return t.to(Exhausted, ReasonNeverCall, now), nil
	case WrongNumber:
		return t.to(Exhausted, ReasonWrong, now), nil
	}
	switch {
	case t.Attempts[n-1].Kind == Notice && was != Connected:
		return t.noticed(now, was, r.Outcome), nil
	case r.Outcome == ToPerson:
		return t.to(Done, ReasonToPerson, now), nil
	case !r.Outcome.again():
		return t.to(Done, ReasonDelivered, now), nil
	}
	return t.retry(now, r, j), nil
}

// noticed is a ticket after the short call that it will be late: as it was
// before. A citizen who asked in it to be put through is given time to put the
// receiver down.
func (t Ticket) noticed(now time.Time, was State, o Outcome) Ticket {
	if was == Waiting {
		t.NotBefore = LaterOf(t.NotBefore, now.Add(BrokenRest))
	}
	switch {
	case o == Told:
		return t.to(Pending, ReasonTold, now)
	case o.Ours():
		return t.to(Pending, ReasonFault, now)
	}
	return t.to(Pending, ReasonMissed, now)
}

// retry is a ticket whose citizen was not reached.
func (t Ticket) retry(now time.Time, r Result, j Judge) Ticket {
	if _, permanent := r.permanent(); permanent && j.dead(t) {
		return t.to(Exhausted, ReasonDead, now)
	}
	next, again := j.Policy.Next(now, t.Attempts, j.Ledgers, j.Window)
	if !again {
		return t.to(Exhausted, ReasonUsedUp, now)
	}
	t.NotBefore = LaterOf(next, t.NotBefore)
	if r.Outcome.Ours() {
		return t.to(Pending, ReasonFault, now)
	}
	return t.to(Pending, ReasonMissed, now)
}

// LaterOf is the later of two instants.
func LaterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// endAttempt closes the n-th attempt, on a copy.
func (t Ticket) endAttempt(n int, r Result, now time.Time) Ticket {
	t.Attempts = slices.Clone(t.Attempts)
	a := &t.Attempts[n-1]
	a.Ended, a.Outcome, a.Cause, a.SIP = now, r.Outcome, r.Cause, r.SIP
	a.Counts = !r.Outcome.Ours() && a.Kind != Notice
	return t
}

// Lost is a ticket whose call is gone without a word of how it ended: a process
// or an exchange died. A talk has been had. A dialled call was our fault, and
// is tried again after LostRest at the earliest, since the telephone may have rung
// and been answered into silence. A caller on the line is called back, where
// the number is known.
func (t Ticket) Lost(now time.Time, j Judge) (Ticket, error) {
	if !t.State.OnLine() {
		return t, t.impossible("lose the call of")
	}
	if t.State == Connected {
		t, err := t.Talked(now)
		t.Reason = ReasonLost
		return t, err
	}
	if n, ok := t.openAttempt(); ok {
		t, err := t.AttemptEnded(now, n, Result{Outcome: OurFault}, j)
		t.Reason = ReasonLost
		if rest := now.Add(LostRest); t.NotBefore.Before(rest) {
			t.NotBefore = rest
		}
		return t, err
	}
	if t.Phone.Dialable() != nil {
		return t.Withdraw(now, ReasonLost)
	}
	return t.Promise(now, Terms{
		Purpose: Interrupted, Phone: t.Phone, NotBefore: now.Add(BrokenRest), Reason: ReasonLost,
	})
}

// After a call broke the line is given time to become free: an old exchange
// releases it slowly. After one whose end nobody saw it is left alone for
// longer.
const (
	BrokenRest = time.Minute
	LostRest   = 3 * time.Minute
)
