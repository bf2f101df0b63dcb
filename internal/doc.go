// Package internal is the plan of the house: which rooms there are, who may know
// whom, and why. It holds no code; its tests keep the plan.
//
// # Rooms
//
// From the highest level to the lowest. A room imports only from levels below
// its own.
//
// Commands, which are flags and signals:
//
//	cmd/richiamo/      the one binary
//	prompts/render/    makes the recordings from the texts
//	console/build/     makes the agent's page from its sources
//
// Looking at the whole from outside:
//
//	bench/             what a call costs, how soon the voice answers, how soon a crash is over
//	demo/              an installation with Asterisk, Redis, the binary, and people who telephone
//	sim/day/           a day of a call center, with and without callbacks, for planners
//	doctor/            is the installation as it must be, and what to do if not
//
// Put together:
//
//	app/               New, Start, Stop, Addr: knows every adapter
//	sim/               worlds in virtual time: people, faults, and what must always hold
//
// Adapters, each of one technology:
//
//	ari/               call.Line over Asterisk's REST interface
//	redisstore/        all stores on Redis
//	memstore/          all stores in memory, with faults to order
//	storetest/         the one suite of tests for both
//	web/               the HTTP API
//	telemetry/         metrics and logs
//	sip/               synthetic phones
//	sip/ear/           which recording is heard on a line
//	citizen/snapshot/  the registry of citizens on disk, sealed
//	config/            the configuration file, as a value
//	sim/town/          an exchange without sound, and people with telephones, in virtual time
//	lab/               a private Asterisk and Redis, for tests, demo and benchmarks
//	lab/browser/       a private Chromium, for tests
//
// Files, embedded:
//
//	asterisk/          Asterisk's configuration, the same wherever it runs
//	prompts/           the texts and recordings of the voice
//	console/           the agent's page, with its telephone
//
// Application, which waits, logs and is cancelled, and knows no technology:
//
//	call/              the life of a call: own, step, save, act, adopt, reconcile
//	dispatch/          carries out what plan decides; the one place where tickets and agents are written
//	desk/              answers what conversations ask
//
// Domain, pure:
//
//	plan/              who speaks with whom next: a board kept in order, and what follows from it
//	flow/              the conversations, each reading top to bottom as it is spoken
//	dialogue/          the engine: a conversation is a journal of inputs, replayed
//	queue/             one ticket for a waiting caller or a promised callback
//	agent/             an agent: states, skills, who is next
//	citizen/           who is calling: the record, and the index over keypad entries
//	speech/            what can be said: prompts, numbers, dates, hours
//
// Values, pure:
//
//	fiscalcode/        a codice fiscale and its keys on a telephone
//	phone/             a telephone number, and whether it may ever be dialled
//
// # Six rules
//
//  1. Imports run down. So a room can be read, tested and changed without those
//     above it.
//  2. Only adapters, app and those above it know Redis, ARI, HTTP, SIP or
//     Prometheus, even through others; and adapters do not know each other. So
//     each can be exchanged alone, and what matters is tested without any.
//  3. Pure rooms have no clock, timer, goroutine, channel,
//     lock, dice, context or log: now, ids and dice are arguments. So a call
//     replays to the same state after a crash, and a day can be played in a second.
//  4. Interfaces belong to the caller and have one to five methods. So they say
//     what is needed, and a test can stand in. Stores never decide: a script in
//     Redis compares a version and moves index entries, so every decision is in
//     Go, once, and tested.
//  5. Deadlines are data in the store, not timers in a process. So they outlive
//     the process that set them.
//  6. A codice fiscale, a telephone number or a name prints masked; showing it
//     whole is one method, Reveal, which can be searched for. So none is in a
//     log by accident.
//
// The tests beside this file say in each failure which rule was broken and what
// to do instead. They also hold the habits: files and functions that are read in
// one go, no init, no package variable that changes, a comment on every package
// and public name.
//
// # Why it is so
//
// The journal of a call is all of it that is saved. What was to be done after an
// input follows from the journal by replaying it, and each action has a name
// that is the same every time (which call, which step, which number), so a
// process that takes a call over does again what may not have been done. No
// outbox is stored, and none can disagree with the journal.
//
// The desk is apart from call and dispatch because it is the one place where
// citizens, conversations and tickets meet; call stays free of what its
// conversations are about, and dispatch of who is calling.
//
// citizen/snapshot is apart from citizen because it has files, a clock and
// goroutines; who a caller is stays a pure decision.
//
// Whatever starts servers for tests, demo and benchmarks is in lab and renders
// the configuration in asterisk, so that what is tested is what is deployed.
package internal
