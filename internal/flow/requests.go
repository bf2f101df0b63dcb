package flow

import (
	"time"

	"richiamo/internal/queue"
)

// The requests that conversations make to the outside, and the answers they
// get. Each is idempotent: it is named by its call and its number in the call,
// and asking again gives the same answer. Personal data appears here in the
// clear, since a journal is sealed where it is kept.

// Names of the requests, as they stand in journals.
const (
	AskIdentify   = "identify"   // Identify -> Identified
	AskRegister   = "register"   // Register -> Registered
	AskRephone    = "rephone"    // Rephone -> Registered
	AskEnter      = "enter"      // Enter -> Outlook
	AskOutlook    = "outlook"    // OfTicket -> Outlook
	AskCallback   = "callback"   // Callback -> Promise
	AskRinging    = "ringing"    // AgentStep -> Empty: the agent's telephone is about to ring
	AskConnected  = "connected"  // AgentStep -> Empty: citizen and agent speak
	AskMissed     = "missed"     // AgentStep -> Empty: the agent did not answer; the ticket is the first again
	AskTalked     = "talked"     // AgentStep -> Empty: the talk is over
	AskLeft       = "left"       // OfTicket -> Empty: the caller hung up before anybody answered
	AskAttempt    = "attempt"    // AttemptEnded -> Empty: how a dialled call ended
	AskRegistrant = "registrant" // Registrant -> Identified, for a verification call
	AskConfirm    = "confirm"    // Register -> Registered, for a verification call

	AskHalfDays  = "half-days" // HalfDays -> HalfDayList: when a call can be promised
	AskChange    = "change"    // Change -> Promise: another time or number for a promised call
	AskCancel    = "cancel"    // OfTicket -> Empty: the citizen wants the call no more
	AskAnnounced = "announced" // Announced -> Empty: a wait was said to a caller
	AskTransfer  = "transfer"  // Transfer -> Transferred: the caller goes to another agent or queue
	AskHelp      = "help"      // Help -> Transferred: another agent is wanted in the talk
	AskDuty      = "duty"      // Duty -> OnDuty: an agent's feature code
	AskBack      = "back"      // CameBack -> Back: is a call that came in our own one, which tries the trunk?
)

// Identify asks who keyed a code and a second datum. The answer is the same
// for a code that nobody has and for a second datum that is wrong.
type Identify struct {
	Keys   string `json:"keys"`   // the keys of the code, one a character
	Second string `json:"second"` // the last figures of the card, or the date of birth as ddmmyyyy
	Birth  bool   `json:"birth,omitempty"`
	Caller string `json:"caller,omitempty"` // the number that is guessing, for the limits
}

// Identified is a citizen, as far as a conversation needs to know one.
type Identified struct {
	Found    bool   `json:"found"`
	Limited  bool   `json:"limited,omitempty"` // too many tries: nobody is looked up any more
	Citizen  string `json:"citizen,omitempty"` // the codice fiscale as the registry holds it
	Eligible bool   `json:"eligible,omitempty"`
	Receipt  string `json:"receipt,omitempty"`  // of a registration that is there already
	Asked    string `json:"asked,omitempty"`    // the day of that registration, 2006-01-02
	Language string `json:"language,omitempty"` // ISO 639-1
	Open     *Open  `json:"open,omitempty"`     // a call that the citizen is promised
}

// Register puts a citizen on the campaign's list, reachable at a number.
type Register struct {
	Citizen string `json:"citizen"`
	Phone   string `json:"phone,omitempty"`  // national form
	Ticket  string `json:"ticket,omitempty"` // AskConfirm: the return call that it answers
}

// Registered is a registration that is on disk.
type Registered struct {
	Receipt string `json:"receipt,omitempty"` // six figures
	Refused bool   `json:"refused,omitempty"` // nothing is registered: it is not the citizen's turn
}

// Rephone changes the number of a registration.
type Rephone struct {
	Citizen string `json:"citizen"`
	Phone   string `json:"phone"`
}

// Enter puts a caller who is on the line into the queue for a person.
type Enter struct {
	Purpose queue.Purpose `json:"purpose"`
	Caller  string        `json:"caller,omitempty"`  // the number that calls, if it may be dialled
	Citizen string        `json:"citizen,omitempty"` // once identified
	Keyed   string        `json:"keyed,omitempty"`   // what was keyed and led nowhere
	// Ticket is the open request whose place the caller takes up again; empty:
	// the one of this number or citizen, if there is one, or else a new place.
	Ticket string `json:"ticket,omitempty"`
}

// OfTicket names the ticket that a request is about.
type OfTicket struct {
	Ticket string `json:"ticket"`
}

// Outlook is how long a waiting caller has to expect to wait.
type Outlook struct {
	Ticket  string `json:"ticket"`
	Agent   string `json:"agent,omitempty"` // set when the store is away and this agent is passed on without a ticket
	Free    bool   `json:"free,omitempty"`  // an agent is free for this caller now
	Known   bool   `json:"known,omitempty"` // Minutes can be said
	Minutes int    `json:"minutes,omitempty"`
	Ahead   int    `json:"ahead,omitempty"` // callers and callbacks before this one
	Offer   bool   `json:"offer,omitempty"` // long or unknown: the callback is offered before the hold

	Closed  bool          `json:"closed,omitempty"`  // the offices are closed: nobody answers now
	Closing bool          `json:"closing,omitempty"` // they close before it would be this caller's turn
	Full    bool          `json:"full,omitempty"`    // no more calls can be promised for today
	Next    queue.HalfDay `json:"next,omitempty"`    // the next half-day with room, for Closed, Closing and Full
}

// HalfDays asks for half-days with room, three at a time.
type HalfDays struct {
	Skip int `json:"skip,omitempty"` // how many were heard already
}

// HalfDayList are half-days in which a call can still be promised, the earliest
// first: at most three, none when there is none or no more.
type HalfDayList struct {
	HalfDays []queue.HalfDay `json:"halfDays,omitempty"`
}

// Change gives a promised call another half-day or another number.
type Change struct {
	Ticket string        `json:"ticket"`
	Slot   queue.HalfDay `json:"slot,omitempty"`  // empty: it stays
	Phone  string        `json:"phone,omitempty"` // national form; empty: it stays
}

// Announced is a wait that a caller was told.
type Announced struct {
	Ticket  string `json:"ticket"`
	Minutes int    `json:"minutes"` // the upper end of the range that was said
}

// Transfer takes a caller from an agent to another one, or into a queue. The
// agent is free of the caller with it: no AskTalked follows for that agent.
type Transfer struct {
	Ticket string `json:"ticket"`
	From   string `json:"from"` // the agent
	To     string `json:"to"`   // "agent:NAME" or "queue:NAME"
	// Helping: To is in the talk already, and goes on with the caller alone.
	// Then nobody waits for the answer.
	Helping bool `json:"helping,omitempty"`
}

// Help asks for another agent to help in a talk. The ticket stays as it is.
type Help struct {
	Ticket string `json:"ticket"`
	From   string `json:"from"`  // the agent who asks
	Agent  string `json:"agent"` // who shall help
}

// Transferred tells who is reserved for the caller, or to help, now.
type Transferred struct {
	Agent   string `json:"agent,omitempty"`   // reserved; empty: the caller waits in the queue, in front
	Refused bool   `json:"refused,omitempty"` // no such agent or queue, or not free: nothing has changed
}

// Duty is a feature code that an agent dialled.
type Duty struct {
	Agent string `json:"agent"`
	Code  string `json:"code"` // ready, pause, away, or ready-N: with the N-th outcome
}

// OnDuty is the state that the agent has now.
type OnDuty struct {
	State string `json:"state"` // ready, paused or away
}

// CameBack asks whether a call that has come in is the one of ours that tries the
// trunk. If it is, that one is over, with this outcome.
type CameBack struct {
	Keys    string        `json:"keys,omitempty"` // what it has keyed
	Outcome queue.Outcome `json:"outcome"`        // what its number is worth
}

// Back is what is known of the call that tries the trunk.
type Back struct {
	Ours    bool `json:"ours,omitempty"`    // the keys are its own
	Ended   bool `json:"ended,omitempty"`   // and it has ended with this request
	Waiting bool `json:"waiting,omitempty"` // one is on its way, and has not come back yet
}

// Open is what there is open of the number that calls, or of the citizen that
// was identified: one promised call.
type Open struct {
	Ticket  string        `json:"ticket"`
	Purpose queue.Purpose `json:"purpose"`
	From    time.Time     `json:"from,omitzero"` // as promised
	To      time.Time     `json:"to,omitzero"`
	Slot    queue.HalfDay `json:"slot,omitempty"`
	Ringing bool          `json:"ringing,omitempty"` // our call is being placed at this moment
	Missed  bool          `json:"missed,omitempty"`  // our last call did not reach anybody
	Late    bool          `json:"late,omitempty"`    // the promised time is past
	Dropped bool          `json:"dropped,omitempty"` // the citizen was on the line when it broke, within the hour
	Owned   bool          `json:"owned,omitempty"`   // belongs to an identified citizen: changing it needs the second datum
}

// Callback promises a call. With a ticket the waiting caller's place is kept;
// without one a place is taken now.
type Callback struct {
	Ticket    string        `json:"ticket,omitempty"`
	Purpose   queue.Purpose `json:"purpose"`
	Phone     string        `json:"phone"` // national form
	Citizen   string        `json:"citizen,omitempty"`
	Keyed     string        `json:"keyed,omitempty"`
	Recording int           `json:"recording,omitempty"` // the spoken name, for those without keys
	Slot      queue.HalfDay `json:"slot,omitempty"`      // by appointment; empty: as soon as possible
	// Whenever is for those who would be left without any promise, because
	// every half-day is full or they have hung up: no time is promised, no
	// bound applies, and the answer is neither Taken, Full nor Many. Of whoever has
	// asked too often a person takes care then.
	Whenever bool `json:"whenever,omitempty"`
}

// Promise is a callback that is on disk.
type Promise struct {
	Ticket string `json:"ticket"`
	Word   string `json:"word"` // three figures, all different, that our call says first

	// From and To is the time for which the call is promised, on the half or
	// full hour; both zero when no honest time can be given.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Slot is the half-day that it is promised for; with Taken or Full the next
	// one with room, or empty if there is none.
	Slot queue.HalfDay `json:"slot,omitempty"`

	Taken bool `json:"taken,omitempty"` // nothing is promised: the half-day has filled up meanwhile
	Full  bool `json:"full,omitempty"`  // nothing is promised: no more calls can be kept today
	Many  bool `json:"many,omitempty"`  // nothing is promised: as many calls were asked for as a day allows
}

// AgentStep is a step of a citizen's way to an agent.
type AgentStep struct {
	Ticket string `json:"ticket"`
	Agent  string `json:"agent"`
	Cause  int    `json:"cause,omitempty"` // AskMissed: Q.850 cause of the agent's telephone
	// Helper: the step is that of an agent who helps in another one's talk, and
	// does not touch the ticket.
	Helper bool `json:"helper,omitempty"`
}

// AttemptEnded reports how a dialled call ended.
type AttemptEnded struct {
	Ticket  string        `json:"ticket"`
	Attempt int           `json:"attempt"`
	Outcome queue.Outcome `json:"outcome"`
	Cause   int           `json:"cause,omitempty"` // Q.850
	SIP     int           `json:"sip,omitempty"`
}

// Registrant asks which of the registrants of a return call gives this second
// datum: husband and wife may share a number. For a ticket of another kind it asks
// whether the second datum is that of its citizen.
type Registrant struct {
	Ticket string `json:"ticket"`
	Second string `json:"second"`
	Birth  bool   `json:"birth,omitempty"`
}

// Empty is the answer of a request that only has to be on disk.
type Empty struct{}
