// Package dispatch decides who speaks with whom next, and keeps the tickets and
// agents of which that is decided.
//
// It has three parts.
//
// Plan is the decision itself, a pure function: what is known of tickets and
// agents goes in, Decisions come out, each with its reason and with the tickets
// and agents as they become. It is the one place where an agent is reserved and a
// citizen's number is claimed for dialling.
//
// Tickets is the one place where tickets and agents are written. Whatever
// happens to a ticket (a conversation enters it, an agent answers, another system
// hands one over) is a method of it: it finds ticket and agent, lets package
// queue and package agent say what becomes of them, and commits both together
// under their versions. If somebody else was faster it looks again and decides
// anew. It keeps what it has read and written in memory, which makes it fast, and
// is all that there is when the store is away.
//
// Loop runs Plan whenever something has changed, and every second: one planner
// for a tenant at a time, by a lease. A decision is committed first and its
// effect follows: a waiting call is told its turn, or a citizen's call is placed.
// Both are harmless when repeated, and are repeated until they have had an effect.
// A planner that lost its lease without knowing does no harm either: its commits
// meet versions that have moved on.
//
//	tickets, err := dispatch.New(store, blocks, tenants, dispatch.Options{})
//	loop := dispatch.NewLoop(tickets, leases, calls, "node-1", nil)
//	loop.Start()
//	defer loop.Stop()
package dispatch
