package dialogue

import (
	"encoding/json"
	"time"

	"richiamo/internal/speech"
)

// ActionKind tells what an action asks for.
type ActionKind string

// What a conversation can ask for. Within a turn actions are performed in
// order: what is said is said to its end, or until a key cuts it, before the next
// action is performed; requests and rings do not wait for what is being said.
const (
	Say     ActionKind = "say"     // say an utterance to the caller
	Request ActionKind = "request" // ask the outside; comes back as Answer
	Hold    ActionKind = "hold"    // music until something else is said or done
	Place   ActionKind = "place"   // dial the citizen of an outbound call; comes back as LegUp or LegDown
	Ring    ActionKind = "ring"    // dial an agent; comes back as LegUp or LegDown
	Join    ActionKind = "join"    // connect the caller with the party that was rung
	Connect ActionKind = "connect" // connect exactly Legs with each other, and the caller unless Apart
	Drop    ActionKind = "drop"    // hang up the party that was rung
	Press   ActionKind = "press"   // key Keys to the other side, as a telephone does
	Record  ActionKind = "record"  // record the caller's voice; comes back as Recorded
	Finish  ActionKind = "finish"  // a moment of silence after the last word, then hang up the caller
)

// An Action is one thing that a conversation wants done. It is data; the
// journal that it follows from is saved before it is performed.
type Action struct {
	Kind ActionKind       `json:"kind"`
	Say  speech.Utterance `json:"say,omitzero"`

	Serial  int             `json:"serial,omitempty"` // names a request, leg or recording within the call
	Request string          `json:"request,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
	Told    bool            `json:"told,omitempty"` // the answer is not waited for

	Keys  string        `json:"keys,omitempty"`  // Press
	Agent string        `json:"agent,omitempty"` // Ring
	Legs  []int         `json:"legs,omitempty"`  // Connect: the parties, by serial
	Apart bool          `json:"apart,omitempty"` // Connect: the caller is left out, and hears music
	For   time.Duration `json:"for,omitempty"`   // Place, Ring: how long it rings; Record: how long at most
}
