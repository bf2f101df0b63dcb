// Package queue knows tickets: one citizen's wish for a person or for a call of
// ours, from the moment it is taken until it is done.
//
// A caller who waits on the line and a citizen who was promised a callback hold
// the same kind of Ticket, in one order, that of their arrival (Before). Hanging
// up for a callback changes the ticket's state, never its place.
//
//	                 ┌──────────── caller hangs up ───────────────▶ withdrawn
//	                 │
//	 Enter ──▶ waiting ──── agent answers ────▶ connected ─────────▶ done
//	                 │  ▲                          ▲   │
//	       Promise   │  └── Missed: no agent came ─┼───┘
//	                 ▼                             │
//	Promise ──▶ pending ──▶ due ──▶ dialling ──────┘
//	                 ▲   Ripen   Claim   │
//	                 │                   │ AttemptEnded
//	                 └── tried again ────┼──▶ done       spoken to, confirmed
//	                                     └──▶ exhausted  a person looks at it
//
// pending, due and dialling can also be withdrawn.
//
// Each arrow is a method of Ticket that takes the time and what happened and
// returns the ticket as it becomes, with its Reason; the ticket that it is
// called on stays as it was. A method that meets a state from which its arrow
// does not start returns ErrImpossible, one that meets the state to which it
// leads returns the ticket unchanged: whoever repeats after a crash does no
// harm. Saving is somebody else's work.
//
// Three values hold the rules that an authority may set: Policy (how often and
// when a citizen who was not reached is called again), Window (when citizens may
// be called at all), Staff (who is there, for the estimate of a wait and the time
// that is promised).
//
// The package is pure: the time, ids and dice come in as arguments.
package queue
