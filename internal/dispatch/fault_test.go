package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// TestStoreAway: nobody is promised anything, each ready agent is handed out
// once, and when the store is back all goes on.
func TestStoreAway(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		h.set("bruno", agent.Ready)
		_, ok := h.tickets.Emergency("demo", "in-0")
		require.False(t, ok, "the store is there")

		h.stores.Faults.Down(true)
		enter := func(call string) error {
			h.calls.ring(call)
			_, err := h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: call + ".1", Call: call, Phone: number(t, "0212345678"), At: time.Now()})
			return err
		}
		got := map[string]bool{}
		for i := range 3 {
			call := fmt.Sprintf("in-%d", i)
			require.ErrorIs(t, enter(call), dispatch.ErrUnavailable)
			id, ok := h.tickets.Emergency("demo", call)
			assert.Equal(t, i < 2, ok)
			got[id] = true
		}
		assert.Equal(t, map[string]bool{"anna": true, "bruno": true, "": true}, got)
		assert.True(t, h.tickets.Away("demo"))
		_, err := h.tickets.Promise(h.ctx, dispatch.Asked{Tenant: "demo", Phone: number(t, "0212345678"), At: time.Now()})
		require.ErrorIs(t, err, dispatch.ErrUnavailable)
		h.wait(10 * time.Second)

		h.stores.Faults.Down(false)
		h.wait(3 * time.Second)
		assert.False(t, h.tickets.Away("demo"))
		x := h.enter("in-3")
		assert.Empty(t, h.calls.turn(x.ID), "both speak, whatever the store says")
		h.tickets.Returned("demo", "anna")
		h.wait(2 * time.Second)
		assert.Equal(t, "anna", h.calls.turn(x.ID))
		h.calls.hangUp("in-0")
		h.calls.hangUp("in-1")
		y := h.enter("in-4")
		h.wait(2 * time.Second)
		assert.Equal(t, "bruno", h.calls.turn(y.ID), "a call that is over gives its agent back")
	})
}

// TestStoreThatRefuses: a store that goes on reading and refuses to write is away
// until it writes, however often it is read meanwhile: whoever wants a person is
// passed on at any moment.
func TestStoreThatRefuses(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		h.set("bruno", agent.Ready)
		var refuses atomic.Bool
		refuses.Store(true)
		h.stores.Faults.Before(func(_ context.Context, verb memstore.Verb, _ int) memstore.Fault {
			if refuses.Load() && (verb == memstore.DoCommit || verb == memstore.DoAcquire) {
				return memstore.Refused
			}
			return memstore.None
		})
		h.calls.ring("in-0")
		_, err := h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: "in-0.1", Call: "in-0", At: time.Now()})
		require.ErrorIs(t, err, dispatch.ErrUnavailable)
		h.wait(5 * time.Second) // and everything is read
		assert.True(t, h.tickets.Away("demo"))
		_, ok := h.tickets.Emergency("demo", "in-0")
		assert.True(t, ok)
		refuses.Store(false)
		h.wait(3 * time.Second) // the lease is written
		assert.False(t, h.tickets.Away("demo"))
	})
}

// TestServedAway: the write of a caller's place was done although it seemed to
// fail; the caller was passed on, and does not wait any more.
func TestServedAway(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.calls.ring("in-1")
		h.stores.Faults.Nth(memstore.DoCommit, 2, memstore.Lost) // after anna's
		h.set("anna", agent.Ready)
		_, err := h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: "in-1.1", Call: "in-1", At: time.Now()})
		require.ErrorIs(t, err, dispatch.ErrUnavailable)
		id, ok := h.tickets.Emergency("demo", "in-1")
		require.True(t, ok)
		require.Equal(t, "anna", id)
		h.wait(3 * time.Second)
		open, err := h.tickets.InTurn(h.ctx, "demo", "", dispatch.Mark{}, 1000)
		require.NoError(t, err)
		assert.Empty(t, open)
	})
}

// TestExchangeAway: while the exchange takes no calls nobody is claimed for one
// but the first, and all are called when it is back.
func TestExchangeAway(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		h.calls.set(func() { h.calls.broken = true })
		var ids []string
		for i := range 10 {
			x, err := h.tickets.CreateReturn(h.ctx, "demo", fmt.Sprint(i), dispatch.ReturnCall{
				Phone: number(t, fmt.Sprintf("02123456%02d", i)), Purpose: queue.Verification, Channel: "portal",
			})
			require.NoError(t, err)
			ids = append(ids, x.ID)
			h.wait(time.Second)
		}
		claimed := 0
		for _, id := range ids {
			if h.ticket(id).State == queue.Dialling {
				claimed++
			}
		}
		assert.LessOrEqual(t, claimed, 3)
		h.calls.set(func() { h.calls.broken = false })
		h.wait(10 * time.Second)
		assert.Len(t, h.calls.calls(), len(ids))
	})
}

// TestFaults lets every commit of a callback's life fail, done or not done,
// and asks again as conversations do: one call for each attempt, nothing lost.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []memstore.Fault{memstore.Refused, memstore.Lost} {
		for n := 1; n <= 12; n++ {
			t.Run(fmt.Sprintf("%d/%d", fault, n), func(t *testing.T) {
				in(t, func(t *testing.T) { liveThrough(t, fault, n) })
			})
		}
	}
}

func liveThrough(t *testing.T, fault memstore.Fault, n int) {
	h := newHouse(t, "anna")
	defer h.loop.Stop()
	h.stores.Faults.Nth(memstore.DoCommit, n, fault)
	again := func(what string, do func() error) {
		for range 5 {
			if do() == nil {
				h.wait(2 * time.Second)
				return
			}
			h.wait(time.Second)
		}
		require.Fail(t, "never done", what)
	}
	h.calls.ring("in-1")
	var x queue.Ticket
	again("enter", func() (err error) {
		x, err = h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: "in-1.1", Call: "in-1", At: time.Now()})
		return err
	})
	again("promise", func() (err error) {
		x, err = h.tickets.Promise(h.ctx, dispatch.Asked{Tenant: "demo", Key: "in-1.2", Ticket: x.ID, Phone: number(t, "0212345678"), At: time.Now()})
		return err
	})
	h.calls.hangUp("in-1")
	again("ready", func() error {
		_, err := h.tickets.SetAgentState(h.ctx, "demo", "anna", agent.Ready, "")
		return err
	})
	h.wait(10 * time.Second)
	for attempt, outcome := range []queue.Outcome{queue.Busy, queue.Delivered} {
		d := h.ticket(x.ID)
		require.Equal(t, queue.Dialling, d.State)
		require.Len(t, d.Attempts, attempt+1)
		require.Equal(t, agent.Reserved, h.agent("anna").State)
		h.calls.hangUp(d.Call)
		again("ended", func() error {
			return h.tickets.AttemptEnded(h.ctx, "demo", x.ID, attempt+1, queue.Result{Outcome: outcome}, time.Now())
		})
		h.wait(40 * time.Second)
	}
	assert.Equal(t, queue.Done, h.ticket(x.ID).State)
	assert.Equal(t, []string{x.ID + "-1", x.ID + "-2"}, h.calls.calls())
	assert.Equal(t, agent.Ready, h.agent("anna").State)
	open, err := h.tickets.InTurn(h.ctx, "demo", "", dispatch.Mark{}, 1000)
	require.NoError(t, err)
	assert.Empty(t, open, "one ticket, not two")
}

// TestCrowd lets many callers and agents meet in real time, for the race
// detector: everybody is served once.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const callers, agents = 60, 5
	stores, calls := memstore.New(nil), newExchange()
	s := dispatch.New(stores.Tickets, &neverCall{numbers: map[phone.Number]bool{}}, stores.Sweeps, map[string]dispatch.Config{"demo": config()}, dispatch.Options{})
	ctx := t.Context()
	var team []agent.Agent
	for i := range agents {
		team = append(team, agent.Agent{ID: fmt.Sprintf("a%d", i)})
	}
	require.NoError(t, s.Staff(ctx, "demo", team))
	loop := dispatch.NewLoop(s, stores.Leases, calls, "p", nil)
	loop.Start()
	defer loop.Stop()
	for _, a := range team {
		_, err := s.SetAgentState(ctx, "demo", a.ID, agent.Ready, "")
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			call := fmt.Sprintf("in-%d", i)
			calls.ring(call)
			x, err := s.Enter(ctx, dispatch.Entry{Tenant: "demo", Key: call + ".1", Call: call, At: time.Now()})
			if !assert.NoError(t, err) {
				return
			}
			by := ""
			if !assert.Eventually(t, func() bool { by = calls.turn(x.ID); return by != "" }, 20*time.Second, time.Millisecond) {
				return
			}
			assert.NoError(t, s.Ringing(ctx, "demo", x.ID, by, time.Now()))
			assert.NoError(t, s.Connected(ctx, "demo", x.ID, by, time.Now()))
			assert.NoError(t, s.Talked(ctx, "demo", x.ID, by, time.Now()))
			calls.hangUp(call)
			_, err = s.SetAgentState(ctx, "demo", by, agent.Ready, "")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	open, err := s.InTurn(ctx, "demo", "", dispatch.Mark{}, 1000)
	require.NoError(t, err)
	assert.Empty(t, open)
	st, err := s.Status(ctx, "demo", "persone")
	require.NoError(t, err)
	assert.Equal(t, agents, st.Agents[agent.Ready])
	done, _, err := s.Page(ctx, "demo", []queue.State{queue.Done}, "", 1000)
	require.NoError(t, err)
	assert.Len(t, done, callers)
}
