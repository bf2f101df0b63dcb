package dispatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// talk is a caller in a talk with an agent.
func (h *house) talk(call, national, id string) queue.Ticket {
	h.Helper()
	h.set(id, agent.Ready)
	x := h.enterAs(call, national)
	require.Equal(h, id, h.calls.turn(x.ID))
	require.NoError(h, h.tickets.Ringing(h.ctx, "demo", x.ID, id, time.Now()))
	require.NoError(h, h.tickets.Connected(h.ctx, "demo", x.ID, id, time.Now()))
	synctest.Wait()
	return h.ticket(x.ID)
}

// TestTransfer: to another agent, to a queue, and to nobody who is not there.
func TestTransfer(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		x := h.talk("in-1", "0212345678", "anna")
		transfer := func(from, to string) (string, error) {
			id, err := h.tickets.Transfer(h.ctx, "demo", x.ID, from, to, time.Now())
			synctest.Wait()
			return id, err
		}
		for _, to := range []string{"agent:nobody", "agent:anna", "queue:elsewhere", "bruno", ""} {
			_, err := transfer("anna", to)
			require.ErrorIs(t, err, dispatch.ErrNotFound, to)
		}
		_, err := transfer("anna", "agent:bruno")
		require.ErrorIs(t, err, queue.ErrImpossible, "away")
		assert.Equal(t, queue.Connected, h.ticket(x.ID).State, "they go on talking")

		h.set("bruno", agent.Ready)
		for range 2 { // asked again, the same answer
			id, err := transfer("anna", "agent:bruno")
			require.NoError(t, err)
			assert.Equal(t, "bruno", id)
		}
		assert.Equal(t, agent.WrapUp, h.agent("anna").State)
		assert.Equal(t, agent.Reserved, h.agent("bruno").State)
		h.wait(3 * time.Second)
		assert.Equal(t, "bruno", h.calls.turn(x.ID))
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "bruno", time.Now()))

		h.enterAs("in-2", "0276543210")
		h.set("anna", agent.Paused)
		for range 2 {
			id, err := transfer("bruno", "queue:")
			require.NoError(t, err)
			assert.Empty(t, id)
		}
		h.set("anna", agent.Ready)
		assert.Equal(t, "anna", h.ticket(x.ID).Agent, "in front of all who have not been served yet")
	})
}

// TestHelper: asked, in conference, taking over; the ticket stays where it is.
func TestHelper(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		x := h.talk("in-1", "0212345678", "anna")
		help := func() error { return h.tickets.Help(h.ctx, "demo", x.ID, "anna", "bruno", time.Now()) }
		step := func(s dispatch.HelperStep) {
			require.NoError(t, h.tickets.Helper(h.ctx, "demo", x.ID, "bruno", s, 0, time.Now()))
			h.wait(2 * time.Second)
		}
		require.ErrorIs(t, help(), queue.ErrImpossible, "away")
		require.ErrorIs(t, h.tickets.Help(h.ctx, "demo", x.ID, "anna", "anna", time.Now()), dispatch.ErrNotFound)
		h.set("bruno", agent.Ready)
		require.NoError(t, help())
		require.NoError(t, help(), "asked twice")
		before := h.ticket(x.ID)
		h.wait(5 * time.Second)
		assert.Equal(t, agent.Reserved, h.agent("bruno").State, "the planner leaves a helper alone")
		step(dispatch.HelperRings)
		assert.Equal(t, agent.Ringing, h.agent("bruno").State)
		step(dispatch.HelperTalks)
		assert.Equal(t, agent.Talking, h.agent("bruno").State)
		step(dispatch.HelperLeaves)
		assert.Equal(t, agent.Ready, h.agent("bruno").State, "a helper owes no outcome")
		assert.Equal(t, before, h.ticket(x.ID))

		require.NoError(t, help())
		step(dispatch.HelperRings)
		step(dispatch.HelperMissed)
		assert.Equal(t, 1, h.agent("bruno").Misses)
		h.wait(agent.RestMissed)

		require.NoError(t, help())
		step(dispatch.HelperRings)
		step(dispatch.HelperTalks)
		require.NoError(t, h.tickets.TakenOver(h.ctx, "demo", x.ID, "anna", "bruno", time.Now()))
		h.wait(2 * time.Second)
		taken := h.ticket(x.ID)
		assert.Equal(t, "bruno", taken.Agent)
		assert.Equal(t, queue.Connected, taken.State)
		assert.Equal(t, agent.WrapUp, h.agent("anna").State)
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", time.Now()), "the late word of whoever handed over")
		assert.Equal(t, queue.Connected, h.ticket(x.ID).State)
		step(dispatch.HelperLeaves) // told as a helper, but it is the end of the talk
		assert.Equal(t, queue.Done, h.ticket(x.ID).State)
		assert.Equal(t, agent.WrapUp, h.agent("bruno").State)
	})
}

// TestTakenOverTooLate: the helper hangs up before it is known that the talk was
// taken over.
func TestTakenOverTooLate(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		x := h.talk("in-1", "0212345678", "anna")
		h.set("bruno", agent.Ready)
		require.NoError(t, h.tickets.Help(h.ctx, "demo", x.ID, "anna", "bruno", time.Now()))
		require.NoError(t, h.tickets.Helper(h.ctx, "demo", x.ID, "bruno", dispatch.HelperRings, 0, time.Now()))
		require.NoError(t, h.tickets.Helper(h.ctx, "demo", x.ID, "bruno", dispatch.HelperTalks, 0, time.Now()))
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "bruno", time.Now()))
		synctest.Wait()
		assert.Equal(t, queue.Done, h.ticket(x.ID).State)
		require.NoError(t, h.tickets.TakenOver(h.ctx, "demo", x.ID, "anna", "bruno", time.Now()))
		h.wait(2 * time.Second)
		for _, id := range []string{"anna", "bruno"} {
			assert.Contains(t, []agent.State{agent.WrapUp, agent.Ready}, h.agent(id).State)
		}
	})
}

// TestWroteUp: the next citizen comes after the outcome of the last talk, and the
// ticket holds it.
func TestWroteUp(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		h.loop.Stop()
		h.cfg.MustWrite = true
		h.start()
		defer func() { h.loop.Stop() }()
		require.NoError(t, h.tickets.Staff(h.ctx, "demo", []agent.Agent{{ID: "anna"}}))
		x := h.talk("in-1", "0212345678", "anna")
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", time.Now()))
		_, err := h.tickets.SetAgentState(h.ctx, "demo", "anna", agent.Ready, "")
		require.ErrorIs(t, err, agent.ErrOutcome)
		_, err = h.tickets.WroteUp(h.ctx, "demo", "anna", "", "")
		require.ErrorIs(t, err, agent.ErrOutcome)
		_, err = h.tickets.WroteUp(h.ctx, "demo", "nobody", "booked", "")
		require.ErrorIs(t, err, dispatch.ErrNotFound)
		a, err := h.tickets.WroteUp(h.ctx, "demo", "anna", "booked", "second dose")
		require.NoError(t, err)
		assert.Equal(t, agent.Ready, a.State)
		done := h.ticket(x.ID)
		assert.Equal(t, "booked", done.Outcome)
		assert.Equal(t, "second dose", done.OutcomeNote)
	})
}

// TestFairness: waits of those who hold the line and of those who are called side
// by side, promises and announcements beside what happened.
func TestFairness(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		x := h.enterAs("in-1", "0212345678")
		h.tickets.Announced("demo", x.ID, 5, time.Now())
		h.tickets.Announced("demo", x.ID, 5, time.Now()) // told once more
		h.wait(2 * time.Minute)
		h.set("anna", agent.Ready)
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
		p := h.promiseAs("in-2", "0276543210")
		h.wait(10 * time.Minute)
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", time.Now()))
		h.set("anna", agent.Ready)
		h.wait(time.Second)
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", p.ID, "anna", time.Now()))
		f := h.tickets.Fairness("demo")
		assert.Equal(t, dispatch.Waits{N: 1, P50: 2 * time.Minute, P90: 2 * time.Minute}, f.Holders)
		assert.Equal(t, 1, f.Callbacks.N)
		assert.InDelta(t, 10*time.Minute, f.Callbacks.P50, float64(2*time.Second))
		assert.Equal(t, dispatch.Errors{N: 1, P50: 3 * time.Minute, P90: 3 * time.Minute}, f.Announced)
		assert.Equal(t, 1, f.Promises.Kept+f.Promises.Late)
		assert.Equal(t, dispatch.Fairness{}, h.tickets.Fairness("nowhere"))
		h.mu.Lock()
		defer h.mu.Unlock()
		kinds := map[dispatch.MeasureKind]int{}
		for _, m := range h.measures {
			kinds[m.Kind]++
		}
		assert.Equal(t, map[dispatch.MeasureKind]int{dispatch.MeasureWaited: 2, dispatch.MeasureAnnounced: 1, dispatch.MeasurePromised: 1}, kinds)
	})
}

// TestNotice: the call that says that the promised one will be late costs nothing,
// stands in the ledger, and leaves the promise as it was.
func TestNotice(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		h.loop.Stop()
		x := h.promiseAs("in-1", "0212345678")
		claimed, err := x.ClaimNotice(time.Now(), "asterisk")
		require.NoError(t, err)
		_, err = h.stores.Tickets.Commit(h.ctx, dispatch.Change{Tenant: "demo", Tickets: []queue.Ticket{claimed}})
		require.NoError(t, err)
		require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, 1, queue.Result{Outcome: queue.Told}, time.Now()))
		told := h.ticket(x.ID)
		assert.Equal(t, queue.Pending, told.State)
		assert.Equal(t, queue.ReasonTold, told.Reason)
		assert.Equal(t, x.To, told.To)
		assert.False(t, told.Attempts[0].Counts)
		known, ok := h.tickets.Known("demo", x.Phone, time.Now())
		require.True(t, ok)
		assert.False(t, known.Missed)
	})
}

// TestHelpWithoutATicket: an agent who speaks with a citizen without a ticket, since
// the store was away, is asked for nothing else.
func TestHelpWithoutATicket(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		x := h.talk("in-1", "0212345678", "anna")
		h.set("bruno", agent.Ready)
		h.stores.Faults.Down(true)
		h.calls.ring("in-2")
		_, err := h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: "in-2.1", Call: "in-2", At: time.Now()})
		require.ErrorIs(t, err, dispatch.ErrUnavailable)
		id, ok := h.tickets.Emergency("demo", "in-2")
		require.True(t, ok)
		require.Equal(t, "bruno", id)
		h.stores.Faults.Down(false)
		h.wait(2 * time.Second)
		require.ErrorIs(t, h.tickets.Help(h.ctx, "demo", x.ID, "anna", "bruno", time.Now()), queue.ErrImpossible)
		_, err = h.tickets.Transfer(h.ctx, "demo", x.ID, "anna", "agent:bruno", time.Now())
		require.ErrorIs(t, err, queue.ErrImpossible)
	})
}
