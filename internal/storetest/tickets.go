package storetest

import (
	"context"
	"fmt"
	"slices"
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

// office is a tenant's tickets and agents.
type office struct {
	dispatch.Store
	tenant string
}

func newOffice(t *testing.T, open Open) office {
	t.Helper()
	tenant := Name("tenant")
	return office{open(t, tenant).Tickets, tenant}
}

// ticket is new, and arrived so many seconds after noon.
func (o office) ticket(id string, second int) queue.Ticket {
	return queue.Ticket{
		ID: id, Tenant: o.tenant, State: queue.Waiting, Purpose: queue.WantsPerson,
		Arrived: noon().Add(time.Duration(second) * time.Second), Updated: noon(),
	}
}

func (o office) agent(id string) agent.Agent {
	return agent.Agent{ID: id, Tenant: o.tenant, State: agent.Ready, Since: noon()}
}

func (o office) change(tickets ...queue.Ticket) dispatch.Change {
	return dispatch.Change{Tenant: o.tenant, Tickets: tickets}
}

func (o office) commit(t *testing.T, c dispatch.Change) dispatch.Change {
	t.Helper()
	after, err := o.Commit(t.Context(), c)
	require.NoError(t, err)
	return after
}

// open waits for all that is open.
func (o office) open(ctx context.Context) ([]queue.Ticket, []agent.Agent, error) {
	r, err := o.Open(ctx, o.tenant)
	if err != nil {
		return nil, nil, err
	}
	tickets, err := r.All()
	return tickets, r.Agents, err
}

// Tickets holds a dispatch.Store to its promises.
func Tickets(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, office){
		"what is kept comes back whole":                       ticketRoundTrip,
		"versions are counted and old ones refused":           ticketVersions,
		"a change is written whole or not at all":             ticketWhole,
		"a key's change is done once and found again":         ticketKey,
		"racing changes under one key are one change":         ticketKeyRace,
		"of many changes of one version exactly one wins":     ticketRace,
		"crossing changes never mix":                          ticketCrossing,
		"open lists what is not done with, by arrival":        ticketOpen,
		"pages run by arrival, newest first":                  ticketPages,
		"a page goes on where the one before ended, always":   ticketPageMoved,
		"a change that can't be meant is refused":             ticketNonsense,
		"what was handed in or out is not shared":             ticketNotShared,
		"many tickets and agents change in one":               ticketMany,
		"a change of nothing, under a key, is kept as such":   ticketNothing,
		"a ticket found by nothing can be given a phone":      ticketGetsPhone,
		"an unknown ticket or agent can't be changed or read": ticketUnknown,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newOffice(t, open))
		})
	}
}

func ticketRoundTrip(t *testing.T, o office) {
	ctx := t.Context()
	ticket, someone := filled[queue.Ticket](t), filled[agent.Agent](t)
	ticket.Tenant, ticket.State, ticket.Version = o.tenant, queue.Due, 0
	someone.Tenant, someone.State, someone.Version = o.tenant, agent.Paused, 0
	after := o.commit(t, dispatch.Change{Tenant: o.tenant, Tickets: []queue.Ticket{ticket}, Agents: []agent.Agent{someone}})
	ticket.Version, someone.Version = 1, 1
	same(t, []queue.Ticket{ticket}, after.Tickets)
	same(t, []agent.Agent{someone}, after.Agents)

	got, err := o.Ticket(ctx, o.tenant, ticket.ID)
	require.NoError(t, err)
	same(t, ticket, got)
	tickets, agents, err := o.open(ctx)
	require.NoError(t, err)
	same(t, []queue.Ticket{ticket}, tickets)
	same(t, []agent.Agent{someone}, agents)
}

func ticketVersions(t *testing.T, o office) {
	ctx := t.Context()
	first := o.commit(t, dispatch.Change{Tenant: o.tenant, Tickets: []queue.Ticket{o.ticket("t", 0)}, Agents: []agent.Agent{o.agent("a")}})
	_, err := o.Commit(ctx, o.change(o.ticket("t", 0)))
	require.ErrorIs(t, err, dispatch.ErrStale, "there is one of this name")
	second := o.commit(t, first)
	assert.Equal(t, 2, second.Tickets[0].Version)
	assert.Equal(t, 2, second.Agents[0].Version)
	_, err = o.Commit(ctx, dispatch.Change{Tenant: o.tenant, Tickets: first.Tickets})
	require.ErrorIs(t, err, dispatch.ErrStale)
	_, err = o.Commit(ctx, dispatch.Change{Tenant: o.tenant, Agents: first.Agents})
	require.ErrorIs(t, err, dispatch.ErrStale)
	ahead := second.Tickets[0]
	ahead.Version++
	_, err = o.Commit(ctx, o.change(ahead))
	require.ErrorIs(t, err, dispatch.ErrStale)
}

func ticketWhole(t *testing.T, o office) {
	ctx := t.Context()
	before := o.commit(t, dispatch.Change{Tenant: o.tenant,
		Tickets: []queue.Ticket{o.ticket("one", 0), o.ticket("two", 1)}, Agents: []agent.Agent{o.agent("a")}})
	stale := dispatch.Change{Tenant: o.tenant, Tickets: slices.Clone(before.Tickets), Agents: slices.Clone(before.Agents), Key: "never"}
	for i := range stale.Tickets {
		stale.Tickets[i].State = queue.Done
	}
	stale.Agents[0].State = agent.Paused
	stale.Agents[0].Version = 9
	_, err := o.Commit(ctx, stale)
	require.ErrorIs(t, err, dispatch.ErrStale)
	tickets, agents, err := o.open(ctx)
	require.NoError(t, err)
	same(t, before.Tickets, tickets)
	same(t, before.Agents, agents)

	stale.Agents[0].Version = 1
	after := o.commit(t, stale) // its key was not used up
	assert.Equal(t, 2, after.Tickets[1].Version)
}

func ticketKey(t *testing.T, o office) {
	ctx := t.Context()
	c := o.change(o.ticket("t", 0))
	c.Key = "call-1"
	first := o.commit(t, c)
	same(t, first, o.commit(t, c))

	moved := first.Tickets[0]
	moved.State = queue.Due
	o.commit(t, o.change(moved))
	same(t, first, o.commit(t, c)) // as it was kept then

	other := o.change(o.ticket("other", 0))
	other.Key = c.Key
	same(t, first, o.commit(t, other))
	_, err := o.Ticket(ctx, o.tenant, "other")
	require.ErrorIs(t, err, dispatch.ErrNotFound)
	other.Key = "call-2"
	o.commit(t, other)
}

func ticketKeyRace(t *testing.T, o office) {
	answers := make([]dispatch.Change, 20)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			c := o.change(o.ticket(fmt.Sprint("t", i), i))
			c.Key = "one"
			var err error
			answers[i], err = o.Commit(t.Context(), c)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	for _, answer := range answers {
		same(t, answers[0], answer)
	}
	tickets, _, err := o.open(t.Context())
	require.NoError(t, err)
	assert.Len(t, tickets, 1)
}

func ticketRace(t *testing.T, o office) {
	before := o.commit(t, dispatch.Change{Tenant: o.tenant, Tickets: []queue.Ticket{o.ticket("t", 0)}, Agents: []agent.Agent{o.agent("a")}})
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

// ticketCrossing moves one unit between two tickets many times at once; the sum
// stays only if every change is whole.
func ticketCrossing(t *testing.T, o office) {
	ctx := t.Context()
	a, b := o.ticket("a", 0), o.ticket("b", 1)
	a.Token, b.Token = 50, 50
	o.commit(t, o.change(a, b))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for done := 0; done < 10; {
				one, err := o.Ticket(ctx, o.tenant, "a")
				if !assert.NoError(t, err) {
					return
				}
				two, err := o.Ticket(ctx, o.tenant, "b")
				if !assert.NoError(t, err) {
					return
				}
				one.Token, two.Token = one.Token-1, two.Token+1
				if _, err := o.Commit(ctx, o.change(two, one)); err == nil {
					done++
				} else if !assert.ErrorIs(t, err, dispatch.ErrStale) {
					return
				}
			}
		})
	}
	all.Wait()
	one, err := o.Ticket(ctx, o.tenant, "a")
	require.NoError(t, err)
	two, err := o.Ticket(ctx, o.tenant, "b")
	require.NoError(t, err)
	assert.Equal(t, 10, one.Token)
	assert.Equal(t, 90, two.Token)
}

func ids(tickets []queue.Ticket) (ids []string) {
	for _, t := range tickets {
		ids = append(ids, t.ID)
	}
	return ids
}

func ticketOpen(t *testing.T, o office) {
	ctx := t.Context()
	states := []queue.State{
		queue.Waiting, queue.Pending, queue.Due, queue.Dialling, queue.Connected,
		queue.Done, queue.Exhausted, queue.Withdrawn,
	}
	var c dispatch.Change
	for i, state := range states {
		ticket := o.ticket(fmt.Sprint(state), 100-i)
		ticket.State = state
		c = o.change(append(c.Tickets, ticket)...)
	}
	c.Agents = []agent.Agent{o.agent("b"), o.agent("a")}
	after := o.commit(t, c)
	tickets, agents, err := o.open(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"connected", "dialling", "due", "pending", "waiting"}, ids(tickets))
	require.Len(t, agents, 2)
	assert.Equal(t, "a", agents[0].ID)

	waiting := after.Tickets[0]
	waiting.State = queue.Done
	o.commit(t, o.change(waiting))
	tickets, _, err = o.open(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"connected", "dialling", "due", "pending"}, ids(tickets))
	got, err := o.Ticket(ctx, o.tenant, "waiting")
	require.NoError(t, err)
	assert.Equal(t, queue.Done, got.State)
}

func ticketPages(t *testing.T, o office) {
	ctx := t.Context()
	var c dispatch.Change
	for i := range 25 {
		ticket := o.ticket(fmt.Sprintf("t%02d", i), i/2) // two at each instant
		if i%5 == 0 {
			ticket.State = queue.Done
		}
		c = o.change(append(c.Tickets, ticket)...)
	}
	o.commit(t, c)
	walk := func(states []queue.State, limit int) (all []string) {
		for cursor := ""; ; {
			page, next, err := o.Tickets(ctx, o.tenant, states, cursor, limit)
			require.NoError(t, err)
			assert.LessOrEqual(t, len(page), limit)
			all = append(all, ids(page)...)
			if next == "" {
				return all
			}
			require.Len(t, page, limit)
			cursor = next
		}
	}
	var want, waiting, done []string
	for i := 24; i >= 0; i-- {
		id := fmt.Sprintf("t%02d", i)
		want = append(want, id)
		if i%5 == 0 {
			done = append(done, id)
		} else {
			waiting = append(waiting, id)
		}
	}
	for _, limit := range []int{1, 7, 25, 100} {
		assert.Equal(t, want, walk(nil, limit))
		assert.Equal(t, waiting, walk([]queue.State{queue.Waiting, queue.Due}, limit))
		assert.Equal(t, done, walk([]queue.State{queue.Done}, limit))
		assert.Empty(t, walk([]queue.State{queue.Exhausted}, limit))
	}
	_, _, err := o.Tickets(ctx, o.tenant, nil, "nonsense", 10)
	require.Error(t, err)
}

func ticketPageMoved(t *testing.T, o office) {
	ctx := t.Context()
	after := o.commit(t, o.change(o.ticket("a", 0), o.ticket("b", 1), o.ticket("c", 2)))
	page, next, err := o.Tickets(ctx, o.tenant, []queue.State{queue.Waiting}, "", 2)
	require.NoError(t, err)
	assert.Equal(t, []string{"c", "b"}, ids(page))
	b := after.Tickets[1]
	b.State = queue.Done // the last of the page leaves the list
	o.commit(t, o.change(b, o.ticket("d", 3)))
	page, next, err = o.Tickets(ctx, o.tenant, []queue.State{queue.Waiting}, next, 2)
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, ids(page))
	assert.Empty(t, next)
}

func ticketNonsense(t *testing.T, o office) {
	ctx := t.Context()
	foreign := o.ticket("t", 0)
	foreign.Tenant = Name("tenant")
	stranger := o.agent("a")
	stranger.Tenant = foreign.Tenant
	for _, c := range []dispatch.Change{
		o.change(foreign),
		{Tenant: o.tenant, Agents: []agent.Agent{stranger}},
		o.change(o.ticket("t", 0), o.ticket("t", 0)),
		{Tenant: o.tenant, Agents: []agent.Agent{o.agent("a"), o.agent("a")}},
	} {
		_, err := o.Commit(ctx, c)
		require.Error(t, err)
		require.NotErrorIs(t, err, dispatch.ErrStale)
		require.NotErrorIs(t, err, dispatch.ErrUnavailable)
	}
}

func ticketNotShared(t *testing.T, o office) {
	ticket := o.ticket("t", 0)
	ticket.Attempts = []queue.Attempt{{N: 1, Call: "t-1"}}
	ticket.Also = []queue.Request{{Channel: "api"}}
	someone := o.agent("a")
	someone.Skills = []string{"it"}
	c := dispatch.Change{Tenant: o.tenant, Tickets: []queue.Ticket{ticket}, Agents: []agent.Agent{someone}, Key: "k"}
	after := o.commit(t, c)
	before := o.commit(t, c) // what the key's change left
	got, err := o.Ticket(t.Context(), o.tenant, "t")
	require.NoError(t, err)
	_, agents, err := o.open(t.Context())
	require.NoError(t, err)
	for _, shared := range []queue.Ticket{ticket, after.Tickets[0], before.Tickets[0], got} {
		shared.Attempts[0].Call = "changed"
		shared.Also[0].Channel = "changed"
	}
	for _, shared := range []agent.Agent{someone, after.Agents[0], before.Agents[0], agents[0]} {
		shared.Skills[0] = "changed"
	}
	same(t, c.Key, after.Key)
	before = o.commit(t, c)
	got, err = o.Ticket(t.Context(), o.tenant, "t")
	require.NoError(t, err)
	tickets, agents, err := o.open(t.Context())
	require.NoError(t, err)
	for _, kept := range []queue.Ticket{before.Tickets[0], got, tickets[0]} {
		assert.Equal(t, "t-1", kept.Attempts[0].Call)
		assert.Equal(t, "api", kept.Also[0].Channel)
	}
	for _, kept := range []agent.Agent{before.Agents[0], agents[0]} {
		assert.Equal(t, "it", kept.Skills[0])
	}
}

func ticketMany(t *testing.T, o office) {
	c := dispatch.Change{Tenant: o.tenant}
	for i := range 60 {
		c.Tickets = append(c.Tickets, o.ticket(fmt.Sprintf("t%03d", i), i))
		c.Agents = append(c.Agents, o.agent(fmt.Sprintf("a%03d", i)))
	}
	after := o.commit(t, o.commit(t, c))
	tickets, agents, err := o.open(t.Context())
	require.NoError(t, err)
	same(t, after.Tickets, tickets)
	same(t, after.Agents, agents)
}

func ticketNothing(t *testing.T, o office) {
	first := o.commit(t, dispatch.Change{Tenant: o.tenant, Key: "k"})
	assert.Empty(t, first.Tickets)
	c := o.change(o.ticket("t", 0))
	c.Key = "k"
	assert.Empty(t, o.commit(t, c).Tickets)
}

func ticketGetsPhone(t *testing.T, o office) {
	after := o.commit(t, o.change(o.ticket("t", 0)))
	ticket := after.Tickets[0]
	whole := filled[queue.Ticket](t)
	ticket.Phone, ticket.Citizen, ticket.State = whole.Phone, whole.Citizen, queue.Pending
	after = o.commit(t, o.change(ticket))
	ticket = after.Tickets[0]
	ticket.State = queue.Withdrawn
	o.commit(t, o.change(ticket))
	got, err := o.Ticket(t.Context(), o.tenant, "t")
	require.NoError(t, err)
	assert.Equal(t, whole.Phone, got.Phone)
	assert.Equal(t, 3, got.Version)
}

func ticketUnknown(t *testing.T, o office) {
	ctx := t.Context()
	_, err := o.Ticket(ctx, o.tenant, "t")
	require.ErrorIs(t, err, dispatch.ErrNotFound)
	ticket := o.ticket("t", 0)
	ticket.Version = 3
	_, err = o.Commit(ctx, o.change(ticket))
	require.ErrorIs(t, err, dispatch.ErrNotFound)
	someone := o.agent("a")
	someone.Version = 3
	_, err = o.Commit(ctx, dispatch.Change{Tenant: o.tenant, Agents: []agent.Agent{someone}})
	require.ErrorIs(t, err, dispatch.ErrNotFound)
}
