package memstore

import (
	"context"
	"errors"
	"sync"
)

// Verb names a method of the stores.
type Verb string

// The verbs of all stores.
const (
	DoCreate  Verb = "create" // Calls
	DoSave    Verb = "save"
	DoLoad    Verb = "load"
	DoLive    Verb = "live"
	DoTake    Verb = "take" // Calls, as call.Nodes
	DoMayDial Verb = "may-dial"
	DoHolds   Verb = "holds"
	DoDialled Verb = "dialled"

	DoCommit  Verb = "commit" // Tickets
	DoOpen    Verb = "open"
	DoTicket  Verb = "ticket"
	DoTickets Verb = "tickets"
	DoLedgers Verb = "ledgers"

	DoAcquire Verb = "acquire" // Leases
	DoResign  Verb = "resign"

	DoAdd    Verb = "add" // Registrations
	DoChange Verb = "change"
	DoOf     Verb = "of"
	DoPage   Verb = "page"

	DoCount Verb = "count" // Limits

	DoBlock   Verb = "block" // Blocks
	DoUnblock Verb = "unblock"
	DoBlocked Verb = "blocked"

	DoSweep Verb = "sweep" // Sweeps
	DoSwept Verb = "swept"
)

// Verbs lists all verbs, for tests that go through them.
func Verbs() []Verb {
	return []Verb{
		DoCreate, DoSave, DoLoad, DoLive, DoTake, DoMayDial, DoHolds, DoDialled, DoCommit, DoOpen, DoTicket, DoTickets, DoLedgers,
		DoAcquire, DoResign, DoAdd, DoChange, DoOf, DoPage, DoCount,
		DoBlock, DoUnblock, DoBlocked, DoSweep, DoSwept,
	}
}

// Fault is what befalls one call of a verb.
type Fault int

// The faults. In both cases the consumer's ErrUnavailable comes back.
const (
	None    Fault = iota
	Refused       // nothing was done
	Lost          // it was done, but the answer got lost; an answer that is an error anyway is not
)

// ErrFault is in the error of every call that a fault has befallen.
var ErrFault = errors.New("memstore: a fault that was asked for")

// Faults makes chosen calls of verbs fail. The zero value makes none. It may be
// used while calls are under way.
type Faults struct {
	mu     sync.Mutex
	counts map[Verb]int
	due    map[Verb]map[int]Fault
	down   bool
	pre    func(context.Context, Verb, int) Fault
	post   func(context.Context, Verb, int)
}

// Nth lets a fault befall the nth call of a verb from now on, counted from 1.
func (f *Faults) Nth(verb Verb, n int, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.due == nil {
		f.due = map[Verb]map[int]Fault{}
	}
	if f.due[verb] == nil {
		f.due[verb] = map[int]Fault{}
	}
	f.due[verb][f.counts[verb]+n] = fault
}

// Down refuses every call until it is called with false.
func (f *Faults) Down(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// Before sets a function that runs before each call of a verb, with the number
// of the call, counted from 1. It may return a fault, block (an ended context is
// then noticed), or panic. No lock is held meanwhile. nil removes it.
func (f *Faults) Before(hook func(ctx context.Context, verb Verb, n int) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pre = hook
}

// After sets a function that runs once a call was done and before its answer
// goes back; it may block or panic likewise. Refused calls do not come to it.
func (f *Faults) After(hook func(ctx context.Context, verb Verb, n int)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.post = hook
}

// Count tells how many calls of a verb there were, refused ones included.
func (f *Faults) Count(verb Verb) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[verb]
}

// before counts a call and gives its number and its fault.
func (f *Faults) before(ctx context.Context, verb Verb) (n int, fault Fault) {
	f.mu.Lock()
	if f.counts == nil {
		f.counts = map[Verb]int{}
	}
	f.counts[verb]++
	n, fault = f.counts[verb], f.due[verb][f.counts[verb]]
	hook := f.pre
	delete(f.due[verb], n)
	if f.down {
		fault = Refused
	}
	f.mu.Unlock()
	if hook != nil {
		if asked := hook(ctx, verb, n); asked != None {
			fault = asked
		}
	}
	return n, fault
}

func (f *Faults) after(ctx context.Context, verb Verb, n int) {
	f.mu.Lock()
	hook := f.post
	f.mu.Unlock()
	if hook != nil {
		hook(ctx, verb, n)
	}
}
