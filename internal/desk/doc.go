// Package desk answers what conversations ask: who a caller is, a place on the
// list, a place in the queue, a promise. It is call.Outside.
//
// Every request has a name (flow.Ask...), a payload and a key. Asked again under
// the same key, after a crash or because the answer got lost, it has the same
// effect once and the same answer. What a conversation is told is on disk by then.
//
//	identify.go    who keyed this, and the limits against guessing
//	register.go    the campaign's list
//	person.go      the queue: a place, the outlook, the way to an agent
//	promise.go     promised calls: for when, changed, cancelled, known again
//	talk.go        helpers, transfers, feature codes of agents
//	steps.go       the way to an agent, told in order
//	returncall.go  our own calls: how they ended, whom they reached
//
// The desk decides nothing about who is next: tickets and agents are written by
// package dispatch.
package desk
