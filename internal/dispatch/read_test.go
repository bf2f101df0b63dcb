package dispatch_test

import (
	"context"
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

// bigStore takes as long to read everything as one with a million tickets.
type bigStore struct {
	dispatch.Store
	takes time.Duration
	reads atomic.Int32
}

func (s *bigStore) Open(ctx context.Context, tenant string) (dispatch.Reading, error) {
	r, err := s.Store.Open(ctx, tenant)
	s.reads.Add(1)
	timer := time.NewTimer(s.takes)
	defer timer.Stop()
	select {
	case <-timer.C:
		return r, err
	case <-ctx.Done():
		return dispatch.Reading{}, ctx.Err()
	}
}

// beside is a house with a process that needs so long to read everything, and one
// beside it that needs no time, and does not plan.
func beside(t *testing.T, takes time.Duration) (h *house, big *bigStore, other *dispatch.Tickets) {
	h = &house{T: t, ctx: t.Context(), stores: memstore.New(nil), blocks: &neverCall{numbers: map[phone.Number]bool{}}, calls: newExchange(), cfg: config()}
	big = &bigStore{Store: h.stores.Tickets, takes: takes}
	tenants := map[string]dispatch.Config{"demo": h.cfg}
	other = dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, tenants, dispatch.Options{})
	require.NoError(t, other.Staff(h.ctx, "demo", []agent.Agent{{ID: "anna"}, {ID: "bruno"}}))
	h.tickets = dispatch.New(big, h.blocks, h.stores.Sweeps, tenants, dispatch.Options{})
	h.loop = dispatch.NewLoop(h.tickets, h.stores.Leases, h.calls, "p", nil)
	h.loop.Start()
	h.wait(takes)
	return h, big, other
}

// TestReadBeside: where it takes long to read everything, citizens are served
// meanwhile, and it is read again after a hundred times as long.
func TestReadBeside(t *testing.T) {
	in(t, func(t *testing.T) {
		h, big, other := beside(t, 3*time.Second)
		defer h.loop.Stop()
		require.EqualValues(t, 1, big.reads.Load(), "the first reading is waited for")
		h.set("anna", agent.Ready)
		x, err := other.CreateReturn(h.ctx, "demo", "k", dispatch.ReturnCall{Phone: number(t, "0276543210"), Purpose: queue.Verification, Channel: "portal"})
		require.NoError(t, err)
		h.wait(4 * time.Minute)
		assert.EqualValues(t, 1, big.reads.Load())
		assert.Equal(t, queue.Pending, h.ticket(x.ID).State, "what another process wrote is not known yet")

		h.wait(time.Minute + time.Second)
		assert.EqualValues(t, 2, big.reads.Load())
		in := h.enter("in-1")
		assert.Equal(t, "anna", h.calls.turn(in.ID), "served while everything is being read")
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", in.ID, "anna", time.Now()))
		h.wait(4 * time.Second)
		assert.Equal(t, queue.Dialling, h.ticket(x.ID).State, "and now it is known")
		assert.Equal(t, queue.Connected, h.ticket(in.ID).State)
		assert.Equal(t, agent.Talking, h.agent("anna").State, "what was read is older than what was done meanwhile")
	})
}

// TestReadAlone: a ticket that another process has moved is read alone, and
// nothing else for its sake.
func TestReadAlone(t *testing.T) {
	in(t, func(t *testing.T) {
		h, big, other := beside(t, 3*time.Second)
		defer h.loop.Stop()
		p := h.promise(queue.Ticket{Call: "in-1"})
		h.wait(time.Second)
		_, err := other.Withdraw(h.ctx, "demo", p.ID)
		require.NoError(t, err)
		_, err = h.tickets.Change(h.ctx, "demo", "in-1.3", p.ID, "", number(t, "0276543210"), time.Now())
		require.ErrorIs(t, err, queue.ErrImpossible, "it is withdrawn")
		assert.EqualValues(t, 1, big.reads.Load())
	})
}

// TestStopEndsReading: whoever stops does not wait until everything is read, for
// the first time or once more.
func TestStopEndsReading(t *testing.T) {
	in(t, func(t *testing.T) {
		h, big, _ := beside(t, time.Minute)
		require.EqualValues(t, 1, big.reads.Load())
		h.wait(10*time.Minute + time.Second)
		require.EqualValues(t, 2, big.reads.Load(), "everything is being read beside the loop")
		began := time.Now()
		h.loop.Stop()
		assert.Zero(t, time.Since(began))
		_, err := h.tickets.InTurn(h.ctx, "demo", "", dispatch.Mark{}, 1)
		require.NoError(t, err)
		assert.Zero(t, time.Since(began), "what is known is there for those who are on the line still")

		big = &bigStore{Store: h.stores.Tickets, takes: time.Minute}
		h.tickets = dispatch.New(big, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{})
		h.loop = dispatch.NewLoop(h.tickets, h.stores.Leases, h.calls, "q", nil)
		h.loop.Start()
		h.wait(2 * time.Second)
		require.EqualValues(t, 1, big.reads.Load(), "everything is being read by the loop")
		began = time.Now()
		h.loop.Stop()
		assert.Zero(t, time.Since(began))
	})
}
