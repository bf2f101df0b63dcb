package queue

// Purpose tells why a person is wanted; it goes with the ticket to the agent.
type Purpose string

// Why a citizen waits for a person or a call.
const (
	WantsPerson  Purpose = "person"       // asked for one
	Unidentified Purpose = "unidentified" // could not be found by what was keyed
	NoKeys       Purpose = "no-keys"      // never pressed a key: rotary dial, or hands that can't
	NotEligible  Purpose = "not-eligible" // wants to be called when the turn comes
	Interrupted  Purpose = "interrupted"  // the call broke, by our fault or the line's
	RegistryDown Purpose = "registry-down"
	Verification Purpose = "verify" // registered on the portal with a landline number
	NotedAway    Purpose = "noted"  // called while the service was away
	// TrunkCheck is no citizen's: a call to a number of the authority itself,
	// which shows before the first one of a day that calls go out and that their
	// number is accepted.
	TrunkCheck Purpose = "trunk-check"
)

// Outcome is how a dialled call ended: what the network says of it, or what the
// citizen did.
type Outcome string

// Outcomes of an attempt. The first five are the network's, the last ones are our
// own doing, the rest are what the citizen did.
const (
	Busy        Outcome = "busy"
	NoAnswer    Outcome = "no-answer"
	Rejected    Outcome = "rejected"    // the telephone refused the call
	Unreachable Outcome = "unreachable" // no such number, or switched off
	OurFault    Outcome = "our-fault"   // trunk, exchange or software: does not count as an attempt
	NoKey       Outcome = "no-key"      // answered, nobody pressed: person or machine
	Later       Outcome = "later"       // "not now"
	WrongNumber Outcome = "wrong-number"
	Blocked     Outcome = "blocked"   // "never again"
	WillCall    Outcome = "will-call" // prefers to call us
	HungUp      Outcome = "hung-up"   // answered and hung up before the end
	NoAgent     Outcome = "no-agent"  // pressed 1 and no agent came: does not count either
	Delivered   Outcome = "delivered" // spoke to a person, or confirmed
	ToPerson    Outcome = "to-person" // answered, and is promised a person instead
	Told        Outcome = "told"      // heard that the promised call will be late
	// Superseded: the citizen has called us meanwhile, and is on that line. It
	// does not count either.
	Superseded Outcome = "superseded"
	// The last three are those of a TrunkCheck that is to come back in to us: it
	// was answered and did not, or came with another number than the one that we
	// show, or with none.
	NotBack    Outcome = "not-back"
	ShownOther Outcome = "other-number-shown"
	ShownNone  Outcome = "no-number-shown"
)

// Ours tells whether the citizen had no part in it: such an attempt costs
// nothing.
func (o Outcome) Ours() bool {
	return o == OurFault || o == NoAgent || o == Superseded || o == NotBack || o.Misshown()
}

// Misshown tells whether the number that we show did not arrive.
func (o Outcome) Misshown() bool { return o == ShownOther || o == ShownNone }

// missed tells whether nobody was there to take the call: then another time of
// the day is tried. Who is busy is at home.
func (o Outcome) missed() bool {
	return o == NoAnswer || o == NoKey || o == HungUp || o == Unreachable
}

// otherDay tells whether the last attempt after it is made on another day than
// the first. Who asked for another hour is called at that hour.
func (o Outcome) otherDay() bool { return o.missed() || o == Busy || o == Rejected }

// rests tells whether the telephone is left alone after it, whoever is to be called
// there: nobody took the call, or whoever did would rather not have it now.
func (o Outcome) rests() bool { return o.otherDay() || o == Later }

// again tells whether the citizen is called again after it, as long as the
// policy lasts.
func (o Outcome) again() bool {
	return o != Delivered && o != ToPerson && o != Blocked && o != WrongNumber && o != Told
}

// Valid tells whether it is one of the outcomes.
func (o Outcome) Valid() bool {
	switch o {
	case Busy, NoAnswer, Rejected, Unreachable, OurFault, NoKey, Later, WrongNumber,
		Blocked, WillCall, HungUp, NoAgent, Delivered, ToPerson, Told, Superseded, NotBack, ShownOther, ShownNone:
		return true
	}
	return false
}

// Result is what is reported of an attempt's end.
type Result struct {
	Outcome Outcome
	Cause   int // Q.850, 0 when unknown
	SIP     int // final status, 0 when unknown
}

// Reason names why a ticket stands in its state: for the worklist, for metrics,
// for whoever reads a ticket's history.
type Reason string

// The reasons.
const (
	ReasonEntered     Reason = "entered"           // a caller on the line wants a person
	ReasonPromised    Reason = "promised"          // a call was promised to a caller
	ReasonHandedOver  Reason = "handed-over"       // by another system, through the API
	ReasonNoted       Reason = "noted"             // by the exchange, while the service was away
	ReasonRipe        Reason = "time-has-come"     // NotBefore is past and calls are allowed
	ReasonDateKnown   Reason = "date-known"        // the day that it waits for is known now
	ReasonReserved    Reason = "agent-reserved"    // the caller's turn has come
	ReasonNotTaken    Reason = "turn-not-taken"    // the caller was busy with something else: the next one meanwhile
	ReasonAgentGone   Reason = "agent-gone"        // the reserved agent is not there any more
	ReasonClaimed     Reason = "claimed"           // the citizen is being dialled
	ReasonConnected   Reason = "connected"         // citizen and agent speak
	ReasonAgentMissed Reason = "agent-missed"      // the agent did not answer, or the agent's line broke
	ReasonTalked      Reason = "talked"            // the talk is over
	ReasonLeft        Reason = "caller-left"       // hung up before anybody answered
	ReasonWithdrawn   Reason = "withdrawn"         // by the citizen, or by the system that handed it over
	ReasonDoubled     Reason = "doubled"           // the same call holds an older ticket
	ReasonServedAway  Reason = "served-away"       // passed to an agent while the store was away
	ReasonElsewhere   Reason = "confirmed-already" // what it was for has been done in another call
	ReasonDelivered   Reason = "delivered"
	ReasonToPerson    Reason = "to-person"        // a person calls instead, under another ticket
	ReasonMissed      Reason = "not-reached"      // the citizen: tried again
	ReasonFault       Reason = "our-fault"        // tried again, and costs nothing
	ReasonLost        Reason = "call-lost"        // the call vanished without a word
	ReasonUsedUp      Reason = "attempts-used-up" // exhausted
	ReasonWrong       Reason = "wrong-number"     // exhausted: a person finds the right one
	ReasonNeverCall   Reason = "never-call"       // exhausted: whoever answers there wants no call of ours
	ReasonNoNumber    Reason = "not-dialable"     // exhausted: the number may not be dialled
	ReasonMany        Reason = "asked-too-often"  // exhausted: as many calls were asked for as a day allows
	ReasonDead        Reason = "number-dead"      // exhausted: on two days the network said that there is no such number

	ReasonCapped      Reason = "capped"           // number or citizen has had all calls that a day allows
	ReasonTried       Reason = "number-tried"     // a call to the number for another ticket has reached nobody a while ago
	ReasonReplanned   Reason = "replanned"        // the promised time could not be kept, and was moved
	ReasonTold        Reason = "told-late"        // the citizen knows that the call will be late
	ReasonRejoined    Reason = "rejoined"         // the citizen has called again, and has the place back
	ReasonJoined      Reason = "joined"           // another request of the same citizen or number is part of it now
	ReasonChanged     Reason = "changed"          // the citizen wants another time, or to be called at another number
	ReasonCancelled   Reason = "cancelled"        // withdrawn: the citizen wants no call any more
	ReasonClosing     Reason = "closing-time"     // a caller on the line is called back, since the offices close
	ReasonSwept       Reason = "swept"            // likewise, by a supervisor's command
	ReasonTransferred Reason = "transferred"      // waits for another agent, or in another queue
	ReasonRefunded    Reason = "refunded"         // the last failure was not the citizen's after all: tried again
	ReasonByPerson    Reason = "closed-by-person" // done: somebody of the worklist has dealt with it
)
