// Package dispatch keeps the tickets and agents of a tenant, and carries out what
// package plan decides for them.
//
// It has two parts.
//
// Tickets is the one place where tickets and agents are written. Whatever
// happens to a ticket (a conversation enters it, an agent answers, another system
// hands one over) is a method of it: it finds ticket and agent, lets package
// queue and package agent say what becomes of them, and commits both together
// under their versions. If somebody else was faster it looks again and decides
// anew. It keeps what it has read and written on a plan.Board in memory, which
// makes it fast, and is all that there is when the store is away.
//
// A process knows what it writes itself, and reads everything now and then for
// what others have written: every ten seconds while that takes no time, and never
// for more than the hundredth part of the time, down to once in ten minutes for a
// million tickets, beside all else and laid over the board in small pieces
// (read.go). A ticket that turns out to be another than it was believed to be is
// read at once, alone.
//
// What a citizen and a number have open is one: who calls again takes up the place
// that there is, and a call of ours that rings at that moment is ended (enter.go,
// recall.go); what is promised twice becomes one (promise.go, returns.go). What the
// agents can't do is not promised (appointments.go, closing.go). Every dialled call
// stands in the ledgers of its number and its citizen, written in the same change
// (ledger.go), and they are looked at before the next one (admit.go).
//
// Loop has the board decide whenever something has changed, and every second: one
// planner for a tenant at a time, by a lease. A decision is committed first and its
// effect follows: a waiting call is told its turn, or a citizen's call is placed.
// Both are harmless when repeated, and are repeated until they have had an effect.
// A planner that lost its lease without knowing does no harm either: its commits
// meet versions that have moved on. Beside planning it looks after what nobody
// else does: attempts to be given back, second legs, promises made twice
// (tidy.go). What a person should look at is an alarm (alarm.go), what was waited
// and how promises were kept a measure (fairness.go).
//
//	tickets, err := dispatch.New(store, blocks, sweeps, tenants, dispatch.Options{})
//	loop := dispatch.NewLoop(tickets, leases, calls, "node-1", nil)
//	loop.Start()
//	defer loop.Stop()
package dispatch
