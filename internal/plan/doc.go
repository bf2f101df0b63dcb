// Package plan decides who speaks with whom next: which waiting caller gets which
// agent, which promised call is placed, what is late, what does not fit.
//
// A Board holds a tenant's open tickets and agents. Whoever keeps them puts on it
// what was read and what was committed, and asks it:
//
//	planting := plan.Plant(tenant, cfg, now, agents, len(tickets))
//	planting.Put(tickets) // all at once, or as they are read
//	board := planting.Board()
//	decisions, more := board.Decide(now, plan.Facts{})
//	// each decision is committed, and what was kept goes onto the board:
//	board.Put(ticket)
//	board.PutAgent(agent)
//	board.Told(ticket.ID, now) // its effect was asked for on the telephone
//
// # How it finds what there is to do
//
// A million tickets may be open, and most of them can't be served at this moment.
// So nothing is looked at in vain:
//
//	what                         lies in                          so that
//	who wants an agent           a tree by place for each need    the first who may be chosen is found on one way down
//	  (queue and language)         (tree.go), those on the line     (each seat knows the earliest ready one below it)
//	                               apart from those to be called
//	whose number is in use       the same tree, never ready       they come back by themselves when it is free
//	who is promised for later    heaps by time (heap.go)          what ripens is on top
//	what was said to a citizen   heaps by when to look again      a promise is looked after from five minutes before its end
//	free agents                  a row for each set of skills,    the next agent is the first of some dozens of rows
//	                               the longest idle first (crew.go)
//	what does not fit            sets, kept with each change      there is nothing to search
//
// The trees also count, so that "how many are before this caller" costs as little.
// A tree is balanced by hashes of the ids, so every process builds the same one. A
// look decides a bounded number of things and says whether there is more.
//
// What Decide decides it marks on the board while it goes on, so that each
// decision takes the ones before it as done; at its end the marks are off again.
// The tests compare it with a reference that scans everything.
//
// # The order
//
// Callers on the line and callbacks stand in one order, that of queue.Compare. Who
// can't be served by anybody free is passed over: a language that nobody free
// speaks, a number that is in use. A call that fails never costs the place.
//
// The package is pure: the time is an argument, and what the board can't know
// (Facts) too. A Board changes and is not safe for concurrent use.
package plan
