// Package flow holds the conversations, one file each; each function reads top
// to bottom as it is spoken.
//
//	inbound.go      a citizen calls: welcome, menu
//	identify.go     who is it: code, second datum, three tries
//	preregister.go  the request for the campaign, for up to three persons
//	number.go       the number to be called on
//	person.go       the queue for a person: estimate, offer, hold, agent
//	agent.go        the agent's telephone rings, and nobody is left when it is not answered
//	talkwith.go     citizen and agent talk: hold, help, transfer
//	callback.go     the promise of a call, and its three figures
//	halfday.go      the choice of a half-day
//	closed.go       the offices are closed, or close while somebody waits
//	recall.go       a caller whom we owe a call
//	nokey.go        a caller who presses nothing
//	returncall.go   our call: your turn has come
//	away.go         our call: not now
//	late.go         our short calls: the promise slips; a feature code
//	check.go        our call to ourselves, and the calls that come in meanwhile
//	verify.go       our call: a registrant of the portal confirms
//	rescue.go       a conversation that can't go on: to a person
//	fault.go        our systems do not answer; the call was taken up again
//
// What they have in common (how a key is asked for, what silence and a wrong
// key lead to) is in talk.go, what they ask of the outside in requests.go.
//
// The words are in prompts/it/catalogue.txt; a flow names a prompt by its id.
// The transcripts in testdata are the conversations as they are heard:
// "go test ./internal/flow -update" writes them anew, and they are read as prose
// in a review. Change the order of the questions of a script and its Version
// must grow.
//
// The rules that all of them keep: 0 leads to a person and 9 says it again at
// every question; two silences or two wrong keys lead on, never out; nothing that
// the caller has not said is read out before the second datum is right; a promise
// is said when it is on disk; what was chosen is kept when the caller hangs up; a
// wait that is said is never longer than the one said before. No path ends without
// something done, a person, or a promised call, but the three that the package
// documents where they are: nobody's number is known and nobody spoke (nokey.go),
// and nothing can be saved and nobody is there (fault.go).
package flow

import "richiamo/internal/dialogue"

// The names of the scripts, as journals know them.
const (
	ScriptInbound = "inbound" // a citizen calls
	ScriptReturn  = "return"  // our call to somebody who waits for a person
	ScriptVerify  = "verify"  // our call to a registrant of the portal
	ScriptRescue  = "rescue"  // a call whose conversation can't go on
	ScriptLate    = "late"    // our call to somebody whose promised call will be late
	ScriptCheck   = "check"   // our call to ourselves: trunk and number work
	ScriptBack    = "back"    // a call that comes in meanwhile: perhaps that very one
	ScriptDuty    = "duty"    // an agent's telephone dials a feature code
)

// Scripts lists the conversations with their present versions.
func Scripts() []dialogue.Script {
	return []dialogue.Script{
		{Name: ScriptInbound, Version: 2, Flow: inbound},
		{Name: ScriptReturn, Version: 2, Flow: returnCall},
		{Name: ScriptVerify, Version: 2, Flow: verify},
		{Name: ScriptRescue, Version: 2, Flow: rescue},
		{Name: ScriptLate, Version: 1, Flow: lateNotice},
		{Name: ScriptCheck, Version: 1, Flow: check},
		{Name: ScriptDuty, Version: 1, Flow: duty},
		{Name: ScriptBack, Version: 1, Flow: back},
	}
}
