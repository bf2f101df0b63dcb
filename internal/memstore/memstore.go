// Package memstore keeps calls, tickets, agents, registrations, leases and
// limits in memory: for tests, where its faults are the point, and for
// simulations. It behaves as the stores on Redis do (one suite, package
// storetest, holds both to it), except that nothing outlives the process and
// nothing expires but leases and limits.
//
//	stores := memstore.New(nil)
//	stores.Faults.Nth(memstore.DoSave, 3, memstore.Lost) // the third save is done, but seems to fail
//	runner := call.NewRunner(stores.Calls, ...)
package memstore

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Stores are the rooms of one memory, one for each consumer.
type Stores struct {
	Calls         *Calls         // call.Store and call.Nodes
	Tickets       *Tickets       // dispatch.Store
	Leases        *Leases        // dispatch.Leases
	Registrations *Registrations // desk.Registrations
	Limits        *Limits        // desk.Limits
	Blocks        *Blocks        // dispatch.Blocks
	Sweeps        *Sweeps        // dispatch.Sweeps

	Faults *Faults
}

// memory is what the stores share: one lock, since MayDial looks at calls and
// tickets at once.
type memory struct {
	mu     sync.Mutex
	now    func() time.Time
	faults *Faults

	calls         map[name]callRow
	terms         map[string]int64  // of exchanges
	dialled       map[name]struct{} // calls that MayDial has noted
	tickets       map[name]ticketRow
	open          map[name]struct{} // tickets that are not done with
	agents        map[name]agentRow
	ledgers       map[name]ledgerRow // by kind and value of the subject
	done          map[name]changeRow // changes by key
	registrations map[registrationName]registrationRow
	receipts      map[name]struct{} // in use
	drawn         map[string]int    // how many receipts were drawn, by tenant
	leases        map[string]lease
	tries         map[name]tries
	blocks        map[block]struct{}
	sweeps        map[name]time.Time // by queue
}

// name is an id within a tenant.
type name struct{ tenant, id string }

// New makes empty stores. Leases and limits run out by now; nil is time.Now,
// which in a testing/synctest bubble is the bubble's clock.
func New(now func() time.Time) *Stores {
	if now == nil {
		now = time.Now
	}
	m := &memory{
		now: now, faults: &Faults{},
		calls: map[name]callRow{}, terms: map[string]int64{}, dialled: map[name]struct{}{},
		tickets: map[name]ticketRow{}, open: map[name]struct{}{}, agents: map[name]agentRow{}, ledgers: map[name]ledgerRow{}, done: map[name]changeRow{},
		registrations: map[registrationName]registrationRow{}, receipts: map[name]struct{}{}, drawn: map[string]int{},
		leases: map[string]lease{}, tries: map[name]tries{}, blocks: map[block]struct{}{}, sweeps: map[name]time.Time{},
	}
	return &Stores{
		Calls: &Calls{m}, Tickets: &Tickets{m}, Leases: &Leases{m},
		Registrations: &Registrations{m}, Limits: &Limits{m}, Blocks: &Blocks{m}, Sweeps: &Sweeps{m}, Faults: m.faults,
	}
}

// do performs one verb under the lock, with the fault that is due. unavailable
// is the consumer's name for a store that does not answer.
func (m *memory) do(ctx context.Context, verb Verb, unavailable error, f func() error) error {
	n, fault := m.faults.before(ctx, verb)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", unavailable, err)
	}
	if fault == Refused {
		return fmt.Errorf("%w: %w", unavailable, ErrFault)
	}
	err := m.locked(f)
	m.faults.after(ctx, verb, n)
	if err == nil && fault == Lost {
		return fmt.Errorf("%w: %w", unavailable, ErrFault)
	}
	return err
}

func (m *memory) locked(f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return f()
}
