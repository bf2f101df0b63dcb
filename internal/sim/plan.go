package sim

import (
	"time"

	"richiamo/internal/citizen"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
	"richiamo/internal/sim/town"
)

// Plan is what a world is made of: who works, who calls when, what goes wrong.
// Chance decides the rest, by the seed.
type Plan struct {
	Seed  uint64
	Start time.Time
	Serve dispatch.Config
	Setup flow.Setup

	Agents  []Shift
	Homes   []bool // telephones; true: one that can be called while it is in use
	Callers []Caller
	Returns []Return
	Enrols  []Enrol
	Faults  []Disturbance
	// FrailUntil gives those a head start who were born on or before it; zero: nobody.
	FrailUntil citizen.Date
	// BackEnd is what agents, citizens who serve themselves and the web share; nil:
	// each has enough of it.
	BackEnd *BackEnd
	// Neighbour is how another authority on the same installation serves; nil:
	// there is none. Its agents and citizens say that they are its.
	Neighbour *dispatch.Config

	Lag          time.Duration // what is asked of the outside takes up to so long
	Slow         float64       // the chance that it takes seconds
	RestartAfter time.Duration // from the death of a process to the next one
	Trunk        float64       // the chance that the carrier fails when a citizen is dialled
	Round        time.Duration // how often the planner looks at least; 0: a second
	Long         time.Duration // by when all must be settled; 0: 30 days
	Events       int           // that may happen at the most; 0: 200,000
	drawn        bool          // by Draw: the seed alone plays it again
	Light        bool          // only count: no invariants, for days of many thousands
}

// Shift is an agent, at work from and till after the start; Till 0: to the end.
type Shift struct {
	town.Manner
	From, Till time.Duration
	Neighbour  bool // works for the neighbour
}

// Caller is a citizen and the first call of the day; a negative After: none.
type Caller struct {
	town.Temper
	Home      int // the telephone
	After     time.Duration
	Born      int  // the year, by the register; 0: any
	Neighbour bool // calls the neighbour
}

// Return is a citizen handed over by another system, to be called: by the portal to
// have the number confirmed, or by whoever Channel says to speak with a person, as
// pressingly as Class says.
type Return struct {
	Caller  int
	After   time.Duration
	Channel string // portal, gp; empty: the portal, for a verification
	Class   queue.Class
}

// Enrol is a citizen whom a pharmacy or a family doctor registers through the API:
// somebody who does not call.
type Enrol struct {
	Channel string // pharmacy, gp
	After   time.Duration
}

// Kind is a kind of disturbance.
type Kind string

// What can go wrong. Those of a verb or a command befall the Nth of all, or of
// the Verb where one is named, counted from the start.
const (
	FailedVerb   Kind = "failed"          // nothing was done
	LostVerb     Kind = "failed-but-done" // it was, and nobody is told
	CrashBefore  Kind = "crash-before"    // the process dies on the way to it
	CrashAfter   Kind = "crash-after"     // the process dies before it hears of it
	FreezeBefore Kind = "freeze-before"   // the process stands still for For on the way to it; another one starts
	FreezeAfter  Kind = "freeze-after"    // likewise, before it hears of it

	StoreAway    Kind = "store-away"    // At, for For: every verb is refused
	RegisterAway Kind = "register-away" // At, for For: nobody can be looked up
	VoiceAway    Kind = "voice-away"    // At, for For: nothing can be said
	ExchangeDies Kind = "exchange-dies" // At, back after For
	ProcessDies  Kind = "process-dies"  // At
	TwoProcesses Kind = "two-processes" // At: another process starts while one runs
	Freeze       Kind = "freeze"        // At: the process does nothing for For; another one starts meanwhile
	LineBreaks   Kind = "line-breaks"   // At: one of the lines breaks

	// What is no fault, and happens.
	Sweeps    Kind = "supervisor-sweeps" // At: whoever waits on the line is promised a call
	Withdraws Kind = "portal-withdraws"  // At: a call that is still to be made is not wanted any more
	PhoneDead Kind = "phone-dead"        // At: an agent's telephone answers no probe and no call for For
)

// fault tells what is nobody's wish.
func (k Kind) fault() bool { return k != Sweeps && k != Withdraws && k != PhoneDead }

// Disturbance is one thing that goes wrong.
type Disturbance struct {
	Kind Kind
	At   time.Duration
	For  time.Duration
	Nth  int
	// Verb is a verb of a store, or a command to the exchange as "line NAME";
	// empty: any.
	Verb memstore.Verb
}
