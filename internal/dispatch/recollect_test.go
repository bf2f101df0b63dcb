package dispatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// successor is the process that takes over from one that died.
func (h *house) successor(t *testing.T, alarm func(tenant, kind string, on bool)) *dispatch.Tickets {
	t.Helper()
	next := dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{Alarm: alarm})
	loop := dispatch.NewLoop(next, h.stores.Leases, h.calls, "q", nil)
	loop.Start()
	t.Cleanup(loop.Stop)
	return next
}

// TestBreakerOutlivesTheProcess: the process dies with the tenth call that fails
// alike, before it has stopped dialling and given anything back; the next one does.
func TestBreakerOutlivesTheProcess(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		var tickets []queue.Ticket
		for i := range 12 {
			tickets = append(tickets, h.verify(fmt.Sprint(i), fmt.Sprint("C", i), fmt.Sprintf("02123456%02d", i)))
		}
		h.wait(3 * time.Second)
		h.loop.Stop()
		for _, x := range tickets {
			h.calls.hangUp(queue.CallID(x.ID, 1))
			require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, 1, queue.Result{Outcome: queue.Unreachable, Cause: 1, SIP: 404}, time.Now()))
		}
		require.True(t, h.ticket(tickets[0].ID).Attempts[0].Counts)
		before := len(h.calls.calls())
		var heard []string
		h.successor(t, func(_, kind string, on bool) { heard = append(heard, fmt.Sprint(kind, " ", on)) })
		h.wait(20 * time.Second)
		for _, x := range tickets {
			kept, err := h.stores.Tickets.Ticket(h.ctx, "demo", x.ID)
			require.NoError(t, err)
			assert.False(t, kept.Attempts[0].Counts, "given back")
		}
		assert.Equal(t, []string{"breaker true"}, heard)
		assert.Len(t, h.calls.calls(), before, "it rests")
	})
}

// TestBreakerOutlivesTheNextAttempts: of calls that have failed a moment ago, and are
// being placed again already, the next process knows as well.
func TestBreakerOutlivesTheNextAttempts(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		var tickets []queue.Ticket
		for i := range 12 {
			tickets = append(tickets, h.verify(fmt.Sprint(i), fmt.Sprint("C", i), fmt.Sprintf("02123456%02d", i)))
		}
		h.wait(3 * time.Second)
		h.loop.Stop()
		for _, x := range tickets {
			h.calls.hangUp(queue.CallID(x.ID, 1))
			require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, 1, queue.Result{Outcome: queue.Unreachable, Cause: 1, SIP: 404}, time.Now()))
			due := h.ticket(x.ID)
			due.State = queue.Due
			again, err := due.ClaimFirst(time.Now(), "asterisk")
			require.NoError(t, err)
			_, err = h.stores.Tickets.Commit(h.ctx, dispatch.Change{Tenant: "demo", Tickets: []queue.Ticket{again}})
			require.NoError(t, err)
		}
		tripped := false
		h.successor(t, func(_, kind string, on bool) { tripped = tripped || on && kind == dispatch.AlarmBreaker })
		h.wait(5 * time.Second)
		assert.True(t, tripped)
	})
}

// TestRowIsNotFoundInTickets: those whom the calls between have reached are not read
// again, so that a few failures of a busy minute are no row to whoever takes over.
func TestRowIsNotFoundInTickets(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		var tickets []queue.Ticket
		for i := range 12 {
			tickets = append(tickets, h.verify(fmt.Sprint(i), fmt.Sprint("C", i), fmt.Sprintf("02123456%02d", i)))
		}
		h.wait(3 * time.Second)
		for i, x := range tickets {
			h.calls.hangUp(queue.CallID(x.ID, 1))
			r := queue.Result{Outcome: queue.Delivered, SIP: 200}
			if i%2 == 1 {
				r = queue.Result{Outcome: queue.OurFault, SIP: 503}
			}
			require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, 1, r, time.Now()))
		}
		h.loop.Stop()
		var heard []string
		h.successor(t, func(_, kind string, on bool) { heard = append(heard, fmt.Sprint(kind, " ", on)) })
		h.wait(5 * time.Second)
		assert.Empty(t, append(heard, h.heard()...))
	})
}

// TestWhoCallsBackIsKnownAfterACrash: whom we could not reach sees our calls and
// calls back; that another process placed them takes nothing from the place.
func TestWhoCallsBackIsKnownAfterACrash(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		h.set("anna", agent.Ready)
		gone := h.promiseAs("in-1", "0212345678")
		for range 3 {
			h.wait(time.Minute)
			h.ended(h.ticket(gone.ID), queue.NoAnswer)
		}
		require.Equal(t, queue.Exhausted, h.ticket(gone.ID).State)
		h.loop.Stop()
		next := h.successor(t, nil)
		h.wait(10 * time.Second)
		known, ok := next.Known("demo", number(t, "0212345678"), time.Now())
		require.True(t, ok)
		assert.Equal(t, gone.ID, known.Ticket)
		again, err := next.Enter(h.ctx, dispatch.Entry{
			Tenant: "demo", Key: "back", Call: "in-2", Purpose: queue.WantsPerson, Phone: number(t, "0212345678"), At: time.Now(),
		})
		require.NoError(t, err)
		assert.Equal(t, []any{gone.ID, gone.Arrived.UTC()}, []any{again.ID, again.Arrived.UTC()}, "the place is kept")
	})
}
