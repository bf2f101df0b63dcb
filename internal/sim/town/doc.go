// Package town is what a simulated day happens in: a clock of virtual time, an
// exchange without sound, and the people with telephones.
//
//	clock.go      what is still to happen, in its order
//	voice.go      which prompt a recording belongs to, and how long it lasts
//	exchange.go   call.Line: lines, playbacks, bridges, dialling
//	commands.go   what the exchange does when it is told to
//	citizen.go    somebody who calls, presses keys, waits, hangs up, answers
//	answers.go    which keys answer which prompt
//	agent.go      somebody of the call center
//
// The exchange behaves as a real one does where that matters to a call: what is
// played lasts as long as the recordings, a name is taken only while its line
// exists, an event that nobody listens to is lost, a telephone that rings can't be
// made undone. What it is told and what its telephones hear can be watched.
//
// Everything is decided by the dice that the people are made with, so the same
// seed gives the same day.
package town
