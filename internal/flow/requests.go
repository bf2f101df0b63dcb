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
}

// Register puts a citizen on the campaign's list, reachable at a number.
type Register struct {
	Citizen string `json:"citizen"`
	Phone   string `json:"phone,omitempty"`  // national form
	Ticket  string `json:"ticket,omitempty"` // AskConfirm: the return call that it answers
}

// Registered is a registration that is on disk.
type Registered struct {
	Receipt string `json:"receipt"` // six figures
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
}

// Promise is a callback that is on disk.
type Promise struct {
	Ticket string `json:"ticket"`
	Word   string `json:"word"` // three figures, all different, that our call says first

	// From and To is the time for which the call is promised, on the half or
	// full hour; both zero when no honest time can be given.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// AgentStep is a step of a citizen's way to an agent.
type AgentStep struct {
	Ticket string `json:"ticket"`
	Agent  string `json:"agent"`
	Cause  int    `json:"cause,omitempty"` // AskMissed: Q.850 cause of the agent's telephone
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
// datum: husband and wife may share a number.
type Registrant struct {
	Ticket string `json:"ticket"`
	Second string `json:"second"`
	Birth  bool   `json:"birth,omitempty"`
}

// Empty is the answer of a request that only has to be on disk.
type Empty struct{}
