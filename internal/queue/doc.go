// Package queue knows tickets: one citizen's wish for a person or for a call of
// ours, from the moment it is taken until it is done.
//
// A caller who waits on the line and a citizen who was promised a callback hold
// the same kind of Ticket, in one order, that of their arrival (Before). Hanging
// up for a callback changes the ticket's state, never its place.
//
//	                 ┌──────────── Leave: hangs up ───────────────▶ withdrawn
//	                 │
//	 Enter ──▶ waiting ──── agent answers ────▶ connected ─────────▶ done
//	               ▲ │  ▲                          ▲   │
//	               │ │  └── Missed: no agent came ─┼───┤
//	        Rejoin │ │      Transfer, Wait         │   ┘
//	               │ ▼ Promise, Leave              │
//	Promise ──▶ pending ──▶ due ──▶ dialling ──────┘
//	                 ▲   Ripen   Claim   │
//	                 │                   │ AttemptEnded
//	                 └── tried again ────┼──▶ done       spoken to, confirmed
//	                     Refund          └──▶ exhausted  a person looks at it ──▶ done
//	                                                                      Close
//
// A citizen who was promised a call and calls again (Rejoin) goes to waiting
// from pending, due and dialling alike, and back to pending when hanging up
// (Leave). pending, due and dialling can also be withdrawn; Change, Defer and
// Replan move their time. ClaimNotice is a claim for the short call that says that
// the promised one will be late; it leads back to pending.
//
// Each arrow is a method of Ticket that takes the time and what happened and
// returns the ticket as it becomes, with its Reason; the ticket that it is
// called on stays as it was. A method that meets a state from which its arrow
// does not start returns ErrImpossible, one that meets the state to which it
// leads returns the ticket unchanged: whoever repeats after a crash does no
// harm. Saving is somebody else's work.
//
// The rules that an authority may set are values: Policy (how often and when a
// citizen who was not reached is called again), Window and Calendar (when citizens
// may be called at all), Staffing (when how many agents are there: what can be
// promised, half-day by half-day), Staff (who is there now, for the estimate of a
// wait).
//
// What was dialled is entered in Ledgers, one for each number and one for each
// citizen, whatever the call was for. From them come the cap on calls in a day,
// the times of day at which nobody is at home, and the verdict that a number is
// dead. Judge puts policy, window and ledgers together when an attempt has ended.
// Breaker sees all attempts of a tenant, and tells a network that is ill from
// citizens who are not at home.
//
// The package is pure: the time, ids and dice come in as arguments.
package queue
