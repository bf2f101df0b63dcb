// Package sim plays days of the service in virtual time: the real conversations,
// the real life of calls, the real order of who is next, on stores in memory and
// an exchange without sound, with invented citizens and agents. A day of the
// telephone takes a second.
//
//	world.go      one world: how it is made from a seed, and run to its end
//	plan.go       what a world is made of: people, hours, what goes wrong
//	draw.go       what a seed decides of that
//	register.go   invented citizens
//	process.go    the service as a process that can die, freeze, and be two
//	freeze.go     a process that stands still in the middle of a verb
//	host.go       what the service needs around calls and tickets
//	backend.go    a booking back end that agents, citizens and the web share
//	faults.go     stores and exchange that fail, in the middle of things
//	wishes.go     what agents want in a talk
//	checks.go     what must hold after everything that happens
//	settled.go    what must hold once all is quiet
//	sweep.go      many seeds on many processors; where a panic was
//
// Nothing is decided by anything but the seed: the same seed plays the same world
// to the last event, and its history can be read:
//
//	studio, err := sim.NewStudio(sim.Register)
//	w := studio.New(sim.Draw(42))
//	w.Trace = os.Stdout
//	err = w.Run() // nil, or the first thing that was not as it must be
//
// To add an invariant, write it in checks.go (cheap, after every event) or in
// settled.go (at the end). To add a fault, give it a line in draw.go and a deed in
// faults.go. A seed that has found a bug goes into the list of regression_test.go.
//
// What is not simulated: sound and keys as tones; the network between the parts;
// two things of one process at the same instant (it does one after the other, and
// is disturbed in the middle of a verb only by dying or standing still there);
// several tenants, languages and exchanges; the HTTP API and the codes of desk
// phones; and the machinery of a real Redis and a real exchange, which the tests on
// real processes have.
package sim
