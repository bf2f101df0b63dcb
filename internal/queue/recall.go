package queue

import (
	"slices"
	"time"

	"richiamo/internal/phone"
)

// What becomes of a promised call while it waits: the citizen calls again, wants
// it otherwise, asks for something more; or we must put it off.

// Rejoin is a citizen who calls again, on the line call of the exchange node: the
// ticket waits there, with its place, its three figures and its promise, and no
// second one is made. A call of ours that is under way ends as Superseded and
// costs nothing; whoever does this ends it at the exchange. The agent who was
// reserved for it stays. Whose call from us nobody took, and who calls back, gets the
// head start of Returned: not whoever was busy, or has said "not now".
//
// A ticket that waits on another line is moved to this one, and begins to wait anew:
// that is for a citizen who was identified, or whose other line is dead.
func (t Ticket) Rejoin(now time.Time, call, node string) (Ticket, error) {
	switch {
	case t.State == Waiting && t.Call == call && call != "":
		return t, nil
	case !t.NeedsAgent || call == "":
		return t, t.impossible("rejoin")
	case t.State == Waiting:
		t.Since = now
	case t.State == Pending || t.State == Due || t.State == Dialling:
		t.Resume = LaterOf(t.NotBefore, t.Arrived)
		t.NotBefore = time.Time{}
	default:
		return t, t.impossible("rejoin")
	}
	if n, ok := t.openAttempt(); ok {
		t = t.endAttempt(n, Result{Outcome: Superseded}, now)
	}
	if n, ok := t.lastCall(); ok && t.Attempts[n-1].Outcome.missed() {
		t.Class = t.Class.or(Returned)
	}
	if t.State == Dialling {
		t.Token++ // whoever still holds the claim dials no more
	}
	t.Call, t.Node = call, node
	return t.asked(now).to(Waiting, ReasonRejoined, now), nil
}

// lastCall is the last attempt that was for the ticket itself and has ended other
// than by the citizen calling us.
func (t Ticket) lastCall() (n int, ok bool) {
	for n = len(t.Attempts); n > 0; n-- {
		if a := t.Attempts[n-1]; a.Kind == "" && !a.Ended.IsZero() && a.Outcome != Superseded {
			return n, true
		}
	}
	return 0, false
}

// Leave is a caller who hangs up before anybody answered. Who was promised a call
// before calling again will still be called.
func (t Ticket) Leave(now time.Time) (Ticket, error) {
	switch {
	case t.State != Waiting:
		return t, t.impossible("leave with")
	case t.Resume.IsZero():
		return t.Withdraw(now, ReasonLeft)
	}
	if n, ok := t.openAttempt(); ok {
		t = t.endAttempt(n, Result{Outcome: HungUp}, now)
	}
	t.NotBefore, t.Resume = LaterOf(t.Resume, now.Add(BrokenRest)), time.Time{}
	return t.offLine().to(Pending, ReasonLeft, now), nil
}

// mostJoined bounds what a ticket keeps of further requests; whoever asks more
// often has said it all.
const mostJoined = 16

// Join makes another request of the same citizen or number part of an open
// ticket. One that is part of it already changes nothing.
func (t Ticket) Join(now time.Time, r Request) (Ticket, error) {
	if !t.State.Open() {
		return t, t.impossible("join")
	}
	if t.Citizen == "" {
		t.Citizen = r.Citizen
	}
	if r.Citizen == t.Citizen {
		r.Citizen = ""
	}
	same := func(o Request) bool {
		o.At = r.At
		return o == r
	}
	if len(t.Also) < mostJoined && !slices.ContainsFunc(t.Also, same) {
		t.Also = append(slices.Clip(t.Also), r)
	}
	t.Updated = now
	return t.asked(r.At), nil
}

// Change is what a citizen wants otherwise.
type Change struct {
	// NotBefore, From, To and Slot are the new time, as in Terms; with NotBefore
	// zero all four stay as they are.
	NotBefore time.Time
	From, To  time.Time
	Slot      HalfDay
	Phone     phone.Number // withheld: the number stays
}

// Change gives a promised call another time or number. The place and the three
// figures stay. While our call is being spoken it changes what comes after it.
// What was tried at the old number says nothing of the new one.
func (t Ticket) Change(now time.Time, c Change) (Ticket, error) {
	if t.State != Pending && t.State != Due && t.State != Dialling {
		return t, t.impossible("change")
	}
	if !c.NotBefore.IsZero() {
		t.NotBefore, t.From, t.To, t.Slot = c.NotBefore, c.From, c.To, c.Slot
		t.Replans, t.Slipped = 0, 0
	}
	t = t.asked(now)
	if !c.Phone.Withheld() && c.Phone != t.Phone {
		t.Phone = c.Phone
		t.Attempts = slices.Clone(t.Attempts)
		for i := range t.Attempts {
			t.Attempts[i].Counts = t.Attempts[i].Counts && t.Attempts[i].Ended.IsZero()
		}
	}
	if t.State == Dialling {
		return t.to(Dialling, ReasonChanged, now), nil
	}
	return t.to(Pending, ReasonChanged, now), nil
}

// Defer puts a promised call off, because of a cap or because the exchange does
// not dial: what was said to the citizen stays.
func (t Ticket) Defer(now, notBefore time.Time, why Reason) (Ticket, error) {
	if t.State != Pending && t.State != Due {
		return t, t.impossible("defer")
	}
	t.NotBefore = LaterOf(t.NotBefore, notBefore)
	return t.to(Pending, why, now), nil
}

// slack is how long before the end of the promised time it is decided that it
// will not be kept: there must be time to say so.
const slack = 5 * time.Minute

// Slipping tells whether the promised time of a ticket will not be kept, if the
// citizen's turn comes at start: it ends in a moment, or has ended, and the turn
// comes after it. A promise is kept by calling, whether or not anybody answered.
func (t Ticket) Slipping(now, start time.Time) bool {
	if (t.State != Pending && t.State != Due) || t.To.IsZero() || t.NotBefore.Equal(NoDate()) {
		return false
	}
	if _, tried := firstCounted(t.Attempts); tried > 0 {
		return false
	}
	return now.After(t.To.Add(-slack)) && start.After(t.To)
}

// Lateness is by how much a promised time is missed by a call at an instant; 0:
// it is kept, or there is none.
func (t Ticket) Lateness(at time.Time) time.Duration {
	if t.To.IsZero() {
		return 0
	}
	return max(0, at.Sub(t.To))
}

// Replan moves the time that was promised. The call is made as soon as it can
// be all the same: a late one should not be later than it must.
func (t Ticket) Replan(now, from, to time.Time) (Ticket, error) {
	if (t.State != Pending && t.State != Due) || !from.Before(to) {
		return t, t.impossible("replan")
	}
	if !t.To.IsZero() {
		t.Slipped += int32(to.Sub(t.To) / time.Minute)
	}
	t.From, t.To = from, to
	t.Replans++
	return t.to(t.State, ReasonReplanned, now), nil
}

// Noticed tells whether the citizen was called once to hear that the promised
// call will be late. More than one such call is a nuisance.
func (t Ticket) Noticed() bool {
	return slices.ContainsFunc(t.Attempts, func(a Attempt) bool { return a.Kind == Notice })
}

// Refund gives the n-th attempt back, which has failed: the fault was the
// network's, as is seen by many others failing alike. If the ticket waits, or was
// left to a person, only because of it, the citizen is called again soon.
func (t Ticket) Refund(now time.Time, n int) (Ticket, error) {
	if n < 1 || n > len(t.Attempts) || t.Attempts[n-1].Ended.IsZero() {
		return t, ErrNoAttempt
	}
	if !t.Attempts[n-1].Counts {
		return t, nil
	}
	t.Attempts = slices.Clone(t.Attempts)
	t.Attempts[n-1].Counts = false
	t.Updated = now
	last := n == len(t.Attempts)
	stuck := t.State == Exhausted && (t.Reason == ReasonUsedUp || t.Reason == ReasonDead)
	if last && (stuck || t.State == Pending && t.Reason == ReasonMissed) {
		t.NotBefore = now.Add(BrokenRest)
		return t.to(Pending, ReasonRefunded, now), nil
	}
	return t, nil
}

// Transfer takes a citizen who speaks with an agent to another one, or to
// another queue ("": the same): on the line all the while, and in front of all
// who have not been served yet. With no agent the first who is free takes over.
func (t Ticket) Transfer(now time.Time, queue, agent string) (Ticket, error) {
	if queue == "" {
		queue = t.Queue
	}
	switch {
	case t.State == Waiting && t.Reason == ReasonTransferred && t.Queue == queue && t.Agent == agent:
		return t, nil
	case t.State != Connected:
		return t, t.impossible("transfer")
	}
	t.Queue, t.Agent, t.NotBefore = queue, agent, time.Time{}
	t.Class = t.Class.or(Front)
	return t.to(Waiting, ReasonTransferred, now), nil
}

// Write keeps what an agent writes of a talk that goes on or is over.
func (t Ticket) Write(now time.Time, outcome, note string) (Ticket, error) {
	if t.State != Connected && t.State != Done {
		return t, t.impossible("write the outcome of")
	}
	t.Outcome, t.OutcomeNote, t.Updated = outcome, note, now
	return t, nil
}

// Close is somebody of the worklist who has dealt with a ticket that could not be
// done by calling.
func (t Ticket) Close(now time.Time, outcome, note string) (Ticket, error) {
	switch {
	case t.State == Done && t.Reason == ReasonByPerson:
		return t, nil
	case t.State != Exhausted:
		return t, t.impossible("close")
	}
	t.Outcome, t.OutcomeNote = outcome, note
	return t.to(Done, ReasonByPerson, now), nil
}
