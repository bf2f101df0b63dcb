package dispatch_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
)

// told are the calls that were told to go home, each once.
func (x *exchange) told() (calls []string) {
	x.set(func() { calls = slices.Compact(slices.Sorted(slices.Values(x.closed))) })
	return calls
}

// TestSweepOutlivesTheProcess: the process dies behind the word of the supervisor,
// before anybody on the line was told; the next one tells them, and only those who
// waited then.
func TestSweepOutlivesTheProcess(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		x := h.enterAs("in-1", "0212345678")
		h.wait(time.Second)
		h.loop.Stop()
		h.stores.Faults.After(func(_ context.Context, verb memstore.Verb, _ int) {
			if verb == memstore.DoSweep {
				h.calls.hangUp("in-1") // nobody can be told any more
			}
		})
		_, err := h.tickets.Sweep(h.ctx, "demo", "persone")
		require.NoError(t, err)
		require.Empty(t, h.calls.told())
		h.calls.ring("in-1") // taken up by the one that follows
		h.wait(time.Second)

		next := h.successor(t, func(string, string, bool) {})
		h.wait(2 * time.Second)
		assert.Equal(t, []string{"in-1"}, h.calls.told())
		swept, err := next.Promise(h.ctx, dispatch.Asked{Tenant: "demo", Key: "in-1.2", Ticket: x.ID, Phone: x.Phone, At: time.Now()})
		require.NoError(t, err)
		assert.Equal(t, queue.ReasonSwept, swept.Reason, "not of their own will")
		h.calls.ring("in-2")
		_, err = next.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: "in-2.1", Call: "in-2", Phone: number(t, "0276543210"), At: time.Now()})
		require.NoError(t, err)
		h.wait(2 * time.Second)
		assert.Equal(t, []string{"in-1"}, h.calls.told(), "who calls after it waits as always")
	})
}

// TestSweepReachesThePlanner: the supervisor's word comes to a process that neither
// plans nor has the calls.
func TestSweepReachesThePlanner(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		h.enterAs("in-1", "0212345678")
		h.wait(time.Second)
		other := dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{})
		told, err := other.Sweep(h.ctx, "demo", "persone")
		require.NoError(t, err)
		assert.Zero(t, told)
		h.wait(2 * time.Second)
		assert.Equal(t, []string{"in-1"}, h.calls.told())
	})
}

// TestSweepIsKeptFirst: what is not on disk is not begun; what can't be read is
// read again.
func TestSweepIsKeptFirst(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		h.enterAs("in-1", "0212345678")
		h.stores.Faults.Nth(memstore.DoSweep, 1, memstore.Refused)
		_, err := h.tickets.Sweep(h.ctx, "demo", "persone")
		require.ErrorIs(t, err, dispatch.ErrUnavailable)
		h.wait(5 * time.Second)
		assert.Empty(t, h.calls.told())

		other := dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{})
		_, err = other.Sweep(h.ctx, "demo", "persone")
		require.NoError(t, err)
		for n := range 3 {
			h.stores.Faults.Nth(memstore.DoSwept, n+1, memstore.Refused)
		}
		h.wait(10 * time.Second)
		assert.Equal(t, []string{"in-1"}, h.calls.told())
	})
}
