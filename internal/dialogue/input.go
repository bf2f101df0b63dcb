package dialogue

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Kind tells what an input is.
type Kind string

// The inputs of a conversation.
const (
	Began    Kind = "began"    // the caller's line is up and the conversation may speak
	Entry    Kind = "entry"    // keys, or their absence: the answer to a question
	Answer   Kind = "answer"   // the outside's answer to a request
	Timeout  Kind = "timeout"  // the limit of a wait ran out
	YourTurn Kind = "turn"     // an agent is reserved for the caller
	LegUp    Kind = "leg-up"   // the party that was rung has answered
	LegDown  Kind = "leg-down" // that party has hung up, or could not be reached
	Recorded Kind = "recorded" // a recording has ended
	Hangup   Kind = "hangup"   // the caller's line is gone
	Resumed  Kind = "resumed"  // the call was taken up again after a fault
	Closing  Kind = "closing"  // the offices close, or a supervisor sends the waiting home: they are promised a call
	Wished   Kind = "wished"   // the agent in the talk wants something: Verb, Target
)

// End tells how an entry ended.
type End string

// The ends of an entry.
const (
	Full    End = "full"    // all the keys that were asked for
	Hash    End = "hash"    // the caller pressed #
	Star    End = "star"    // the caller pressed *: begin again
	Pause   End = "pause"   // keys, then silence
	Silence End = "silence" // no key at all
)

// An Input is one thing that a conversation learns, with the time at which it
// happened.
type Input struct {
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`

	Keys string `json:"keys,omitempty"` // Entry: what was pressed, without the key that ended it
	End  End    `json:"end,omitempty"`  // Entry

	Serial int             `json:"serial,omitempty"` // Answer, LegUp, LegDown, Recorded: which request, leg or recording
	Answer json.RawMessage `json:"answer,omitempty"`
	Failed bool            `json:"failed,omitempty"` // Answer: the outside could not do it; Recorded: nothing was heard; Hangup: nobody hung up, the line was lost

	Agent string `json:"agent,omitempty"` // YourTurn: who is reserved; Wished: who wants it

	Verb   Verb   `json:"verb,omitempty"`   // Wished
	Target string `json:"target,omitempty"` // Wished: the agent or queue that it is about, as "agent:NAME" or "queue:NAME"
	Cause  int    `json:"cause,omitempty"`  // LegDown, Hangup: ITU-T Q.850 cause, 0 when unknown
	SIP    int    `json:"sip,omitempty"`    // LegDown: final SIP status of the party, 0 when unknown
}

// Verb is what an agent can want in a talk.
type Verb string

// The wishes of an agent.
const (
	PutOnHold  Verb = "hold"       // the caller hears music
	TakeBack   Verb = "resume"     // caller and agent speak again; a helper who was asked is dropped
	Consult    Verb = "consult"    // the caller hears music, agent and helper speak
	Conference Verb = "conference" // caller, agent and helper speak
	Transfer   Verb = "transfer"   // the caller goes to the helper, to another agent or queue; the agent is free
)

// For tells what a conversation waits for.
type For string

// What can be waited for.
const (
	ForBegin  For = "begin"  // the line, at the start of every conversation
	ForEntry  For = "entry"  // keys
	ForAnswer For = "answer" // a request's answer
	ForTurn   For = "turn"   // on hold: an agent, a key, or the next announcement
	ForLeg    For = "leg"    // the party that is being rung
	ForTalk   For = "talk"   // the end of a talk between caller and party
	ForRecord For = "record" // the end of a recording
)

// A Wait says which inputs a conversation takes next, and how keys become a
// finished entry. It is data: it is saved with the journal, and the gathering is
// done by whoever owns the line.
type Wait struct {
	For     For           `json:"for,omitempty"`
	Serial  int           `json:"serial,omitempty"`  // of the request, leg or recording
	Limit   time.Duration `json:"limit,omitempty"`   // after which Timeout comes; 0: never
	Turn    bool          `json:"turn,omitempty"`    // YourTurn and Closing are welcome too
	Legs    []int         `json:"legs,omitempty"`    // ForTalk: further parties, besides Serial, of whom LegUp and LegDown are news
	Asked   int           `json:"asked,omitempty"`   // ForTalk: the serial of a request whose Answer is news too
	Collect *Collect      `json:"collect,omitempty"` // ForEntry, and keys during ForTurn and ForRecord
}

// Collect says how single keys become one entry.
type Collect struct {
	// Max is the number of keys that completes the entry.
	Max int `json:"max"`
	// Grace is how long one more key is waited for after Max: a caller who
	// doubled a key presses seventeen for sixteen.
	Grace time.Duration `json:"grace,omitempty"`
	// First is how long the first key may take, counted from the end of the
	// question; Between how long each later one may take.
	First   time.Duration `json:"first,omitempty"`
	Between time.Duration `json:"between,omitempty"`
	// Enough and BetweenEnough shorten Between once so many keys are there:
	// a telephone number of nine figures may be whole, one of six is hardly so.
	Enough        int           `json:"enough,omitempty"`
	BetweenEnough time.Duration `json:"betweenEnough,omitempty"`
	// Whole lists first figures and lengths that end the entry at once.
	Whole []Whole `json:"whole,omitempty"`
	// Signs is true where * begins again and # ends; elsewhere both are ignored.
	Signs bool `json:"signs,omitempty"`
	// Given are keys of an earlier, broken-off entry that this one goes on from.
	Given string `json:"given,omitempty"`
	// Fresh drops the keys pressed before the question began to be said.
	Fresh bool `json:"fresh,omitempty"`
	// Open lets the first key cut a question that otherwise opens only at its
	// mark: the question is being repeated.
	Open bool `json:"open,omitempty"`
}

// Whole is a shape of entry that is complete as soon as it is there.
type Whole struct {
	Prefix string `json:"prefix"`
	Len    int    `json:"len"`
}

// Accepts tells whether a waiting conversation can take an input.
func (w Wait) Accepts(in Input) bool {
	switch in.Kind {
	case Began:
		return w.For == ForBegin
	case Entry:
		return w.Collect != nil
	case Answer:
		return w.For == ForAnswer && w.Serial == in.Serial || w.For == ForTalk && w.Asked != 0 && w.Asked == in.Serial
	case Timeout:
		return w.Limit > 0
	case YourTurn, Closing:
		return w.Turn
	case Wished:
		return w.For == ForTalk
	case LegUp:
		return w.For == ForLeg && w.Serial == in.Serial || w.For == ForTalk && slices.Contains(w.Legs, in.Serial)
	case LegDown:
		return (w.For == ForLeg || w.For == ForTalk) && w.Serial == in.Serial || w.For == ForTalk && slices.Contains(w.Legs, in.Serial)
	case Recorded:
		return w.For == ForRecord && w.Serial == in.Serial
	}
	return false // Hangup and Resumed are taken by the conversation itself
}

// Decode reads what an input brings into a value. Journals are written by
// Step alone, so an input that can't be read is a broken one.
func Decode(in Input, into any) {
	if err := json.Unmarshal(in.Answer, into); err != nil {
		panic(fmt.Errorf("input %s: %w", in.Kind, err))
	}
}
