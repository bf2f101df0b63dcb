package dispatch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// TestTwoProcesses write the same agents and tickets, each with its own idea
// of them: whoever comes too late looks again.
func TestTwoProcesses(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		h.loop.Stop()
		second := dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{})
		team, err := second.Agents(h.ctx, "demo") // reads everything
		require.NoError(t, err)
		require.Len(t, team, 1)
		for _, s := range []agent.State{agent.Ready, agent.Paused, agent.Ready, agent.Away} {
			h.set("anna", s)
			a, err := second.SetAgentState(h.ctx, "demo", "anna", agent.Ready, "")
			require.NoError(t, err)
			assert.Equal(t, agent.Ready, a.State)
		}
		x := h.promise(h.enter("in-1"))
		_, err = second.Withdraw(h.ctx, "demo", x.ID)
		require.NoError(t, err)
		_, err = h.tickets.Withdraw(h.ctx, "demo", x.ID)
		require.NoError(t, err, "withdrawn already")
		after, err := h.tickets.Promise(h.ctx, dispatch.Asked{
			Tenant: "demo", Key: "in-1.9", Ticket: x.ID, Phone: number(t, "0212345678"), At: time.Now().Add(time.Minute),
		})
		require.NoError(t, err)
		assert.NotEqual(t, x.ID, after.ID, "a ticket closed behind the caller's back is made anew")
		assert.Equal(t, x.Arrived, after.Arrived, "and keeps the place")
		_, err = second.SetAgentState(h.ctx, "demo", "nobody", agent.Ready, "")
		require.ErrorIs(t, err, dispatch.ErrNotFound)
	})
}

// TestStepsOutOfOrder: steps that are told without waiting for each other may
// overtake.
func TestStepsOutOfOrder(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		x := h.enter("in-1")
		now := time.Now()
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", now), "the end overtook the beginning")
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", now))
		require.NoError(t, h.tickets.Ringing(h.ctx, "demo", x.ID, "anna", now))
		assert.Equal(t, queue.Done, h.ticket(x.ID).State)
		assert.Equal(t, agent.WrapUp, h.agent("anna").State)

		h.set("anna", agent.Ready)
		y := h.enter("in-2")
		h.wait(h.cfg.TurnLimit + 2*time.Second)
		require.Equal(t, queue.ReasonNotTaken, h.ticket(y.ID).Reason)
		require.NoError(t, h.tickets.Ringing(h.ctx, "demo", y.ID, "anna", time.Now()), "taken up at the last moment")
		assert.Equal(t, agent.Ringing, h.agent("anna").State)
		assert.Equal(t, "anna", h.ticket(y.ID).Agent)

		require.NoError(t, h.tickets.Connected(h.ctx, "demo", y.ID, "bruno", time.Now()), "what happens is true")
		assert.Equal(t, agent.Talking, h.agent("bruno").State)
		assert.Equal(t, agent.Ready, h.agent("anna").State)
		require.NoError(t, h.tickets.Missed(h.ctx, "demo", y.ID, "anna", 0, time.Now()))
		assert.Equal(t, queue.Connected, h.ticket(y.ID).State, "a late word of somebody else changes nothing")
		require.NoError(t, h.tickets.Missed(h.ctx, "demo", y.ID, "bruno", 38, time.Now()), "the line broke")
		assert.Equal(t, agent.WrapUp, h.agent("bruno").State)
		synctest.Wait()
		assert.Equal(t, "anna", h.calls.turn(y.ID), "another agent for the citizen who is still on the line")

		for _, step := range []func(context.Context, string, string, string, time.Time) error{h.tickets.Ringing, h.tickets.Connected, h.tickets.Talked} {
			require.NoError(t, step(h.ctx, "demo", "none", "anna", time.Now()), "a ticket that is not kept any more needs nothing")
			require.NoError(t, step(h.ctx, "demo", y.ID, "nobody", time.Now()))
			require.ErrorIs(t, step(h.ctx, "nowhere", y.ID, "anna", time.Now()), dispatch.ErrTenant)
		}
		require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", y.ID, 3, queue.Result{Outcome: queue.Busy}, time.Now()))
	})
}

// TestHousehold: husband and wife were handed over with one number.
func TestHousehold(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		h.loop.Stop()
		create := func(citizen, phone string) queue.Ticket {
			x, err := h.tickets.CreateReturn(h.ctx, "demo", citizen, dispatch.ReturnCall{
				Citizen: citizen, Phone: number(t, phone), Purpose: queue.Verification, Channel: "portal",
			})
			require.NoError(t, err)
			return x
		}
		wife, husband, other := create("W", "0212345678"), create("H", "0212345678"), create("O", "0276543210")
		same, err := h.tickets.SamePhone(h.ctx, "demo", husband.ID)
		require.NoError(t, err)
		require.Len(t, same, 2)
		assert.Equal(t, husband.ID, same[0].ID, "itself first")
		require.NoError(t, h.tickets.Settled(h.ctx, "demo", wife.ID, "H"))
		assert.Equal(t, queue.Done, h.ticket(husband.ID).State)
		assert.Equal(t, queue.ReasonElsewhere, h.ticket(husband.ID).Reason)
		assert.Equal(t, queue.Pending, h.ticket(wife.ID).State)
		assert.Equal(t, queue.Pending, h.ticket(other.ID).State)
		require.NoError(t, h.tickets.Settled(h.ctx, "demo", "none", "H"))
	})
}

func TestStatus(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		h.enter("in-1")
		h.promise(h.enter("in-2"))
		h.wait(10 * time.Second)
		st, err := h.tickets.Status(h.ctx, "demo", "persone")
		require.NoError(t, err)
		assert.Equal(t, dispatch.Status{
			Queue: "persone", Waiting: 1, Callbacks: 1, Longest: 10 * time.Second, Agents: map[agent.State]int{agent.Away: 2},
		}, st, "nobody is on duty: no estimate")
		_, err = h.tickets.Status(h.ctx, "demo", "other")
		require.ErrorIs(t, err, dispatch.ErrNotFound)
		h.tickets.Wake("demo")
		synctest.Wait()
	})
}
