package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// Ledgers holds a dispatch.Store to what it promises of ledgers.
func Ledgers(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, office){
		"what is kept comes back whole, in the order asked for": ledgerRoundTrip,
		"versions are counted and old ones refused":             ledgerVersions,
		"a ledger changes with its ticket or not at all":        ledgerWhole,
		"a number and a citizen of one text are two subjects":   ledgerKinds,
		"a key's change leaves its ledgers too":                 ledgerKey,
		"of many changes of one version exactly one wins":       ledgerRace,
		"what was handed in or out is not shared":               ledgerNotShared,
		"a change that can't be meant is refused":               ledgerNonsense,
		"tenants have ledgers of their own":                     nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test == nil {
				ledgerTenants(t, open)
				return
			}
			test(t, newOffice(t, open))
		})
	}
}

// ofPhone and ofCitizen are subjects that nobody is.
func ofPhone(n int) queue.Subject {
	return queue.Subject{Kind: queue.OfPhone, Value: fmt.Sprintf("+39025555%04d", n)}
}

func ofCitizen(n int) queue.Subject {
	return queue.Subject{Kind: queue.OfCitizen, Value: fmt.Sprintf("RSSMRA36A41F2%02dS", n)}
}

// ledger is new, with so many calls.
func ledger(of queue.Subject, calls int) queue.Ledger {
	l := queue.Ledger{Subject: of}
	for i := range calls {
		l.Entries = append(l.Entries, queue.Entry{
			Ticket: fmt.Sprint("t", i), Attempt: 1, Purpose: queue.WantsPerson, At: noon().Add(time.Duration(i) * time.Hour),
			Outcome: queue.NoAnswer, Counts: true,
		})
	}
	return l
}

func (o office) ledgers(t *testing.T, of ...queue.Subject) []queue.Ledger {
	t.Helper()
	ledgers, err := o.Ledgers(t.Context(), o.tenant, of)
	require.NoError(t, err)
	require.Len(t, ledgers, len(of))
	for i := range of {
		require.Equal(t, of[i], ledgers[i].Subject)
	}
	return ledgers
}

func (o office) commitLedgers(t *testing.T, ledgers ...queue.Ledger) dispatch.Change {
	t.Helper()
	return o.commit(t, dispatch.Change{Tenant: o.tenant, Ledgers: ledgers})
}

func ledgerRoundTrip(t *testing.T, o office) {
	empty := o.ledgers(t, ofPhone(1), ofCitizen(1))
	for _, l := range empty {
		assert.Zero(t, l.Version)
		assert.Empty(t, l.Entries)
	}
	assert.Empty(t, o.ledgers(t))
	whole := ledger(ofPhone(1), 0)
	whole.Entries = filled[[]queue.Entry](t)
	whole.Entries[1].Ended = time.Time{}
	other := ledger(ofCitizen(1), 40)
	after := o.commitLedgers(t, whole, other)
	whole.Version, other.Version = 1, 1
	same(t, []queue.Ledger{whole, other}, after.Ledgers)
	same(t, []queue.Ledger{other, {Subject: ofPhone(2)}, whole}, o.ledgers(t, ofCitizen(1), ofPhone(2), ofPhone(1)))
	assert.True(t, o.ledgers(t, ofPhone(1))[0].Entries[1].Ended.IsZero())
}

func ledgerVersions(t *testing.T, o office) {
	ctx := t.Context()
	first := o.commitLedgers(t, ledger(ofPhone(1), 1))
	_, err := o.Commit(ctx, dispatch.Change{Tenant: o.tenant, Ledgers: []queue.Ledger{ledger(ofPhone(1), 2)}})
	require.ErrorIs(t, err, dispatch.ErrStale, "there is one of this subject")
	second := o.commitLedgers(t, first.Ledgers...)
	assert.Equal(t, 2, second.Ledgers[0].Version)
	_, err = o.Commit(ctx, first)
	require.ErrorIs(t, err, dispatch.ErrStale)
	gone := ledger(ofPhone(2), 1)
	gone.Version = 7
	_, err = o.Commit(ctx, dispatch.Change{Tenant: o.tenant, Ledgers: []queue.Ledger{gone}})
	require.ErrorIs(t, err, dispatch.ErrStale, "it is not kept any more")
}

// ledgerWhole lets each of the three kinds of records be the one that is late.
func ledgerWhole(t *testing.T, o office) {
	ctx := t.Context()
	before := o.commit(t, dispatch.Change{Tenant: o.tenant, Tickets: []queue.Ticket{o.ticket("t", 0)},
		Agents: []agent.Agent{o.agent("a")}, Ledgers: []queue.Ledger{ledger(ofPhone(1), 1), ledger(ofCitizen(1), 1)}})
	for name, spoil := range map[string]func(*dispatch.Change){
		"ticket":        func(c *dispatch.Change) { c.Tickets[0].Version = 9 },
		"agent":         func(c *dispatch.Change) { c.Agents[0].Version = 9 },
		"first ledger":  func(c *dispatch.Change) { c.Ledgers[0].Version = 9 },
		"second ledger": func(c *dispatch.Change) { c.Ledgers[1].Version = 9 },
	} {
		c := dispatch.Change{Tenant: o.tenant, Key: "never", Tickets: []queue.Ticket{before.Tickets[0]},
			Agents: []agent.Agent{before.Agents[0]}, Ledgers: []queue.Ledger{before.Ledgers[0], before.Ledgers[1]}}
		c.Tickets[0].State, c.Agents[0].State = queue.Done, agent.Paused
		c.Ledgers[0].Entries, c.Ledgers[1].Entries = nil, nil
		spoil(&c)
		_, err := o.Commit(ctx, c)
		require.ErrorIs(t, err, dispatch.ErrStale, name)
		same(t, before.Ledgers, o.ledgers(t, ofPhone(1), ofCitizen(1)))
		kept, err := o.Ticket(ctx, o.tenant, "t")
		require.NoError(t, err)
		same(t, before.Tickets[0], kept)
	}
	before.Key = "never" // was not used up
	after := o.commit(t, before)
	assert.Equal(t, []int{2, 2, 2, 2}, []int{after.Tickets[0].Version, after.Agents[0].Version, after.Ledgers[0].Version, after.Ledgers[1].Version})
}

func ledgerKinds(t *testing.T, o office) {
	number := ofPhone(1)
	citizen := queue.Subject{Kind: queue.OfCitizen, Value: number.Value}
	o.commitLedgers(t, ledger(number, 1), ledger(citizen, 2))
	kept := o.ledgers(t, citizen, number)
	assert.Len(t, kept[0].Entries, 2)
	assert.Len(t, kept[1].Entries, 1)
}

func ledgerKey(t *testing.T, o office) {
	c := dispatch.Change{Tenant: o.tenant, Key: "claim", Tickets: []queue.Ticket{o.ticket("t", 0)}, Ledgers: []queue.Ledger{ledger(ofPhone(1), 3)}}
	first := o.commit(t, c)
	next := o.commitLedgers(t, first.Ledgers...)
	again := o.commit(t, c)
	same(t, first, again)
	require.Equal(t, ofPhone(1), again.Ledgers[0].Subject, "and whose it is")
	same(t, next.Ledgers, o.ledgers(t, ofPhone(1)))
}

func ledgerRace(t *testing.T, o office) {
	before := o.commitLedgers(t, ledger(ofPhone(1), 1))
	var won atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := o.Commit(t.Context(), before); err == nil { // all the very same
				won.Add(1)
			} else {
				assert.ErrorIs(t, err, dispatch.ErrStale)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, won.Load())
}

func ledgerNotShared(t *testing.T, o office) {
	l := ledger(ofPhone(1), 1)
	c := dispatch.Change{Tenant: o.tenant, Key: "k", Ledgers: []queue.Ledger{l}}
	after := o.commit(t, c)
	before := o.commit(t, c)
	for _, shared := range []queue.Ledger{l, after.Ledgers[0], before.Ledgers[0], o.ledgers(t, ofPhone(1))[0]} {
		shared.Entries[0].Ticket = "changed"
	}
	assert.Equal(t, "t0", o.ledgers(t, ofPhone(1))[0].Entries[0].Ticket)
	assert.Equal(t, "t0", o.commit(t, c).Ledgers[0].Entries[0].Ticket)
}

func ledgerNonsense(t *testing.T, o office) {
	for _, c := range []dispatch.Change{
		{Tenant: o.tenant, Ledgers: []queue.Ledger{ledger(ofPhone(1), 1), ledger(ofPhone(1), 1)}},
		{Tenant: o.tenant, Ledgers: []queue.Ledger{ledger(queue.Subject{Kind: queue.OfPhone}, 1)}},
	} {
		_, err := o.Commit(t.Context(), c)
		require.Error(t, err)
		require.NotErrorIs(t, err, dispatch.ErrStale)
		require.NotErrorIs(t, err, dispatch.ErrUnavailable)
		require.NotContains(t, err.Error(), ofPhone(1).Value)
	}
	assert.Zero(t, o.ledgers(t, ofPhone(1))[0].Version)
}

func ledgerTenants(t *testing.T, open Open) {
	one, other := Name("tenant"), Name("tenant")
	store := open(t, one, other).Tickets
	office{store, one}.commitLedgers(t, ledger(ofPhone(1), 1))
	assert.Zero(t, office{store, other}.ledgers(t, ofPhone(1))[0].Version)
	assert.Equal(t, 1, office{store, one}.ledgers(t, ofPhone(1))[0].Version)
}
