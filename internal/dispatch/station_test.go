package dispatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
)

// TestStation: what the page of an agent shows follows the agent from call to call.
func TestStation(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer func() { h.loop.Stop() }()
		h.set("anna", agent.Ready)
		station := func() dispatch.Station {
			st, err := h.tickets.Station(h.ctx, "demo", "anna")
			require.NoError(t, err)
			return st
		}
		assert.Equal(t, agent.Ready, station().Agent.State)
		assert.Empty(t, station().Ticket.ID)

		news := h.tickets.News("demo", "anna")
		x := h.enter("in-1")
		<-news // otherwise the bubble is stuck
		synctest.Wait()
		require.NoError(t, h.tickets.Ringing(h.ctx, "demo", x.ID, "anna", time.Now()))
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
		assert.Equal(t, "in-1", station().Ticket.Call)
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", time.Now()))
		assert.Equal(t, agent.WrapUp, station().Agent.State)
		assert.Equal(t, x.ID, station().Ticket.ID, "to be written up, though it is closed")

		_, err := h.tickets.Station(h.ctx, "demo", "nobody")
		require.ErrorIs(t, err, dispatch.ErrNotFound)
		_, err = h.tickets.Station(h.ctx, "elsewhere", "anna")
		require.ErrorIs(t, err, dispatch.ErrTenant)
		assert.Nil(t, h.tickets.News("elsewhere", "anna"))
		assert.Nil(t, h.tickets.News("demo", "nobody"))
		quiet := h.tickets.News("demo", "anna")
		h.enter("in-2")
		synctest.Wait()
		select {
		case <-quiet:
			assert.Fail(t, "that was nothing of hers: she writes up")
		default:
		}
	})
}

// TestTelephoneOfAnAgent is kept: the process that comes next rings there too.
func TestTelephoneOfAnAgent(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer func() { h.loop.Stop() }()
		assert.Equal(t, "anna", h.tickets.Telephone("demo", "anna"))
		_, err := h.tickets.SetAgentPhone(h.ctx, "demo", "anna", "page-1")
		require.NoError(t, err)
		assert.Equal(t, "anna.browser", h.tickets.Telephone("demo", "anna"))

		h.loop.Stop()
		h.start()
		assert.Equal(t, "anna", h.tickets.Telephone("demo", "anna"), "while nothing is known, the one on the desk")
		_, err = h.tickets.Agents(h.ctx, "demo")
		require.NoError(t, err)
		assert.Equal(t, "anna.browser", h.tickets.Telephone("demo", "anna"))

		_, err = h.tickets.SetAgentPhone(h.ctx, "demo", "nobody", "page-1")
		require.ErrorIs(t, err, dispatch.ErrNotFound)
		assert.Equal(t, "nobody", h.tickets.Telephone("demo", "nobody"))
		assert.Equal(t, "anna", h.tickets.Telephone("elsewhere", "anna"))
	})
}
