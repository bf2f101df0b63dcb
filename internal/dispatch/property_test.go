package dispatch_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
)

// TestRandomDays lets citizens, agents, other systems, the network, the store and
// the process do at random what they may do, and looks at what must always hold.
func TestRandomDays(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 20; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			in(t, func(t *testing.T) {
				d := &day{house: newHouse(t, "anna", "bruno"), rng: rand.New(rand.NewPCG(seed, 7)), waiting: map[string]queue.Ticket{}}
				defer func() { d.loop.Stop() }()
				for i := range 150 {
					d.step(i)
					if i%10 == 9 {
						d.settle()
						d.check(i)
					}
				}
			})
		})
	}
}

// day is a house in which things happen at random.
type day struct {
	*house
	rng     *rand.Rand
	serial  int
	waiting map[string]queue.Ticket // callers on the line, by call
	told    []string                // tickets that were promised
}

func (d *day) number() string { return fmt.Sprintf("021234567%d", d.rng.IntN(4)) }

func (d *day) citizen() string { return []string{"", "", "A", "B", "C"}[d.rng.IntN(5)] }

// may are the errors that whoever asks gets now and then.
func (d *day) may(err error) bool {
	d.Helper()
	for _, known := range []error{
		dispatch.ErrUnavailable, dispatch.ErrStale, dispatch.ErrNotFound, dispatch.ErrFull, dispatch.ErrSlotFull, dispatch.ErrNotDialable,
		queue.ErrImpossible, agent.ErrImpossible,
	} {
		if errors.Is(err, known) {
			return false
		}
	}
	require.NoError(d, err)
	return true
}

func (d *day) step(i int) {
	d.Helper()
	d.serial++
	steps := []func(){
		d.caller, d.caller, d.caller, d.promises, d.promises, d.leaves, d.portal, d.changes, d.ends, d.ends, d.ends,
		d.agents, d.agents, d.talks, d.talks, d.talks, d.faults, d.restart,
	}
	steps[d.rng.IntN(len(steps))]()
	d.wait(time.Duration(d.rng.IntN(90)) * time.Second)
	for call := range d.waiting { // calls that were ended for another one
		if !slices.Contains(d.calls.alive(), call) {
			delete(d.waiting, call)
		}
	}
	_ = i
}

func (d *day) caller() {
	call := fmt.Sprintf("in-%d", d.serial)
	d.calls.ring(call)
	e := dispatch.Entry{Tenant: "demo", Key: call + ".1", Call: call, Purpose: queue.WantsPerson, Phone: number(d, d.number()), Citizen: d.citizen(), At: time.Now()}
	if k, ok := d.tickets.Known("demo", e.Phone, time.Now()); ok && d.rng.IntN(2) == 0 {
		e.Ticket = k.Ticket
	}
	for range 3 { // as conversations insist
		if x, err := d.tickets.Enter(d.ctx, e); d.may(err) {
			d.waiting[call] = x
			return
		}
		d.wait(time.Second)
	}
	d.calls.hangUp(call)
}

// pick gives one of the callers on the line.
func (d *day) pick() (call string, x queue.Ticket, ok bool) {
	calls := make([]string, 0, len(d.waiting))
	for call := range d.waiting {
		calls = append(calls, call)
	}
	if len(calls) == 0 {
		return "", queue.Ticket{}, false
	}
	slices.Sort(calls)
	call = calls[d.rng.IntN(len(calls))]
	return call, d.waiting[call], true
}

func (d *day) promises() {
	a := dispatch.Asked{Tenant: "demo", Key: fmt.Sprintf("p-%d", d.serial), Purpose: queue.Unidentified, Phone: number(d, d.number()), Citizen: d.citizen(), At: time.Now()}
	call, x, ok := d.pick()
	if ok && d.read(x.ID).State == queue.Waiting {
		a.Ticket = x.ID
	}
	if d.rng.IntN(3) == 0 {
		if room, err := d.tickets.HalfDays(d.ctx, "demo", time.Now(), 0, 3); err == nil && len(room) > 0 {
			a.Slot = room[d.rng.IntN(len(room))]
		}
	}
	for range 3 {
		if p, err := d.tickets.Promise(d.ctx, a); d.may(err) {
			d.told = append(d.told, p.ID)
			break
		}
		d.wait(time.Second)
	}
	if ok {
		d.calls.hangUp(call)
		_ = d.tickets.Left(d.ctx, "demo", x.ID, call, time.Now())
		delete(d.waiting, call)
	}
}

func (d *day) leaves() {
	if call, x, ok := d.pick(); ok {
		d.calls.hangUp(call)
		d.may(d.tickets.Left(d.ctx, "demo", x.ID, call, time.Now()))
		delete(d.waiting, call)
	}
}

func (d *day) portal() {
	purpose := []queue.Purpose{queue.Verification, queue.Verification, queue.RegistryDown}[d.rng.IntN(3)]
	x, err := d.tickets.CreateReturn(d.ctx, "demo", fmt.Sprint(d.serial), dispatch.ReturnCall{
		Citizen: d.citizen(), Phone: number(d, d.number()), Purpose: purpose, Channel: "portal",
	})
	if d.may(err) {
		d.told = append(d.told, x.ID)
	}
}

func (d *day) changes() {
	open, err := d.tickets.InTurn(d.ctx, "demo", "", dispatch.Mark{}, 1000)
	if err != nil || len(open) == 0 {
		return
	}
	x := open[d.rng.IntN(len(open))].Ticket
	switch d.rng.IntN(4) {
	case 0:
		_, err = d.tickets.Cancel(d.ctx, "demo", x.ID, time.Now())
	case 1:
		_, err = d.tickets.Withdraw(d.ctx, "demo", x.ID)
	default:
		_, err = d.tickets.Change(d.ctx, "demo", fmt.Sprintf("c-%d", d.serial), x.ID, "", number(d, d.number()), time.Now())
	}
	d.may(err)
}

// ends lets calls of ours end.
func (d *day) ends() {
	outcomes := []queue.Outcome{queue.Busy, queue.NoAnswer, queue.NoKey, queue.Later, queue.OurFault, queue.Delivered, queue.HungUp, queue.Unreachable, queue.WrongNumber}
	all, _, err := d.tickets.Page(d.ctx, "demo", nil, "", 1000)
	if err != nil {
		return
	}
	for _, x := range all {
		for _, a := range x.Attempts {
			if a.Ended.IsZero() && x.State == queue.Dialling && d.rng.IntN(2) == 0 {
				d.calls.hangUp(a.Call)
				r := queue.Result{Outcome: outcomes[d.rng.IntN(len(outcomes))], Cause: 16}
				d.may(d.tickets.AttemptEnded(d.ctx, "demo", x.ID, a.N, r, time.Now()))
			}
		}
	}
}

func (d *day) agents() {
	id := []string{"anna", "bruno"}[d.rng.IntN(2)]
	state := []agent.State{agent.Ready, agent.Ready, agent.Ready, agent.Paused, agent.Away}[d.rng.IntN(5)]
	_, err := d.tickets.SetAgentState(d.ctx, "demo", id, state, "")
	d.may(err)
	d.may(d.tickets.Phones(d.ctx, "demo", map[string]bool{id: d.rng.IntN(4) > 0}))
}

// talks lets those who are reserved for each other meet, or not.
func (d *day) talks() {
	team, err := d.tickets.Agents(d.ctx, "demo")
	if err != nil {
		return
	}
	for _, a := range team {
		x, err := d.tickets.Ticket(d.ctx, "demo", a.Ticket)
		if err != nil || !slices.Contains(d.calls.alive(), x.Call) {
			continue
		}
		switch a.State {
		case agent.Reserved:
			d.may(d.tickets.Ringing(d.ctx, "demo", x.ID, a.ID, time.Now()))
		case agent.Ringing:
			if d.rng.IntN(3) == 0 {
				d.may(d.tickets.Missed(d.ctx, "demo", x.ID, a.ID, 0, time.Now()))
			} else {
				d.may(d.tickets.Connected(d.ctx, "demo", x.ID, a.ID, time.Now()))
			}
		case agent.Talking:
			if d.rng.IntN(3) == 0 {
				_, err := d.tickets.Transfer(d.ctx, "demo", x.ID, a.ID, "queue:", time.Now())
				d.may(err)
				continue
			}
			d.calls.hangUp(x.Call)
			delete(d.waiting, x.Call)
			d.may(d.tickets.Talked(d.ctx, "demo", x.ID, a.ID, time.Now()))
		}
	}
}

func (d *day) faults() {
	d.stores.Faults.Nth(memstore.DoCommit, 1+d.rng.IntN(3), []memstore.Fault{memstore.Refused, memstore.Lost}[d.rng.IntN(2)])
	reads := []memstore.Verb{memstore.DoLedgers, memstore.DoTicket, memstore.DoOpen, memstore.DoAcquire}
	d.stores.Faults.Nth(reads[d.rng.IntN(len(reads))], 1+d.rng.IntN(3), memstore.Refused)
}

// read is a ticket as it is kept, whatever befalls the first look at it.
func (d *day) read(id string) queue.Ticket {
	d.Helper()
	for range 3 {
		if x, err := d.tickets.Ticket(d.ctx, "demo", id); err == nil {
			return x
		}
	}
	require.Fail(d, "not kept", id)
	return queue.Ticket{}
}

func (d *day) restart() {
	d.loop.Stop()
	d.start()
}

// settle gives the planner the time to mend what a fault has left.
func (d *day) settle() {
	d.wait(25 * time.Second)
	d.wait(25 * time.Second)
	synctest.Wait()
}

func (d *day) check(i int) {
	d.Helper()
	all, _, err := d.tickets.Page(d.ctx, "demo", nil, "", 10_000)
	require.NoError(d, err)
	entries := d.entries(all)
	live := d.calls.alive()
	phones, citizens := map[any]string{}, map[string]string{}
	kept := map[string]bool{}
	for _, x := range all {
		kept[x.ID] = true
		legs := 0
		for _, a := range x.Attempts {
			require.Contains(d, entries, fmt.Sprint(x.ID, a.N), "step %d: no attempt without a record", i)
			if slices.Contains(live, a.Call) {
				legs++
			}
		}
		if slices.Contains(live, x.Call) && !slices.ContainsFunc(x.Attempts, func(a queue.Attempt) bool { return a.Call == x.Call }) {
			legs++
		}
		require.LessOrEqual(d, legs, 1, "step %d: %s has one live leg", i, x)
		promised := x.State == queue.Pending || x.State == queue.Due || x.State == queue.Dialling
		if !promised || !x.NeedsAgent {
			continue
		}
		require.Empty(d, phones[x.Phone], "step %d: a number has one promised call", i)
		phones[x.Phone] = x.ID
		if x.Citizen != "" {
			require.Empty(d, citizens[x.Citizen], "step %d: a citizen has one promised call", i)
			citizens[x.Citizen] = x.ID
		}
	}
	for _, id := range d.told {
		require.True(d, kept[id], "step %d: what was promised is kept", i)
	}
	began := map[string]int{}
	for _, call := range d.calls.calls() {
		began[call]++
		require.Equal(d, 1, began[call], "step %d: a call is placed once", i)
	}
	for _, a := range []string{"anna", "bruno"} {
		if a := d.agent(a); a.State.Serving() && !a.Helping {
			assert.Equal(d, a.ID, d.read(a.Ticket).Agent, "step %d: whoever serves has a ticket that says so", i)
		}
	}
}

// entries are the ledgers' lines, and none of them over the cap.
func (d *day) entries(all []queue.Ticket) map[string]bool {
	d.Helper()
	subjects := map[queue.Subject]bool{}
	for n := range 4 {
		s, _ := queue.PhoneSubject(number(d, fmt.Sprintf("021234567%d", n)))
		subjects[s] = true
	}
	for _, x := range all {
		for _, s := range queue.Subjects(x) {
			subjects[s] = true
		}
	}
	lines := map[string]bool{}
	for s := range subjects {
		ledgers, err := d.stores.Tickets.Ledgers(d.ctx, "demo", []queue.Subject{s})
		for err != nil { // a fault that was meant for others
			ledgers, err = d.stores.Tickets.Ledgers(d.ctx, "demo", []queue.Subject{s})
		}
		var counted []time.Time
		for _, e := range ledgers[0].Entries {
			lines[fmt.Sprint(e.Ticket, e.Attempt)] = true
			if e.Counts {
				counted = append(counted, e.At)
			}
		}
		for n := d.cfg.PerNumber; n < len(counted); n++ {
			require.GreaterOrEqual(d, counted[n].Sub(counted[n-d.cfg.PerNumber]), queue.CapSpan, "the cap of a day")
		}
	}
	return lines
}
