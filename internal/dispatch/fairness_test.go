package dispatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// measured are the measures of a kind, rounded to seconds.
func (h *house) measured(kind dispatch.MeasureKind) (all []time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.measures {
		if m.Kind == kind {
			all = append(all, m.For.Round(time.Second))
		}
	}
	return all
}

// told is a caller to whom a wait of five minutes was announced.
func (h *house) told(call, national string) queue.Ticket {
	h.Helper()
	x := h.enterAs(call, national)
	h.tickets.Announced("demo", x.ID, 5, time.Now())
	return x
}

// takes is a caller on the line who takes the callback.
func (h *house) takes(x queue.Ticket, change ...func(*dispatch.Asked)) queue.Ticket {
	h.Helper()
	return h.promiseAs(x.Call, x.Phone.Reveal(), append([]func(*dispatch.Asked){func(a *dispatch.Asked) { a.Ticket = x.ID }}, change...)...)
}

// TestAnnouncedToWhoTakesTheCallback: the wait that was announced goes on after the
// caller has hung up for a call, until an agent speaks or our call reaches nobody.
func TestAnnouncedToWhoTakesTheCallback(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		x, y := h.told("in-1", "0212345678"), h.told("in-2", "0276543210")
		h.wait(time.Minute)
		h.takes(x)
		h.takes(y)
		h.wait(9 * time.Minute)
		assert.Empty(t, h.measured(dispatch.MeasureAnnounced), "nobody knows yet")
		h.set("anna", agent.Ready)
		h.set("bruno", agent.Ready)
		h.wait(2 * time.Second)
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, h.ticket(x.ID).Agent, time.Now()))
		assert.Equal(t, []time.Duration{5*time.Minute + 2*time.Second}, h.measured(dispatch.MeasureAnnounced))
		h.wait(40 * time.Second)
		h.ended(h.ticket(y.ID), queue.NoAnswer)
		assert.Equal(t, []time.Duration{5*time.Minute + 2*time.Second, 5 * time.Minute}, h.measured(dispatch.MeasureAnnounced), "the turn came when it rang")
		h.wait(time.Hour)
		h.ended(h.ticket(y.ID), queue.Delivered)
		assert.Len(t, h.measured(dispatch.MeasureAnnounced), 2, "once")
		assert.Empty(t, h.measured(dispatch.MeasureLeft))
		assert.Equal(t, 2, h.tickets.Fairness("demo").Announced.N)
	})
}

// TestAnnouncedBeforeTheOfficesClose: the night is not part of the wait of whoever is
// called in the morning.
func TestAnnouncedBeforeTheOfficesClose(t *testing.T) {
	in(t, func(t *testing.T) {
		h := offices(t, "anna")
		defer h.loop.Stop()
		h.wait(50 * time.Minute)
		x := h.takes(h.told("in-1", "0212345678"))
		h.wait(14*time.Hour + 10*time.Minute)
		h.set("anna", agent.Ready)
		h.wait(20 * time.Minute)
		require.Equal(t, queue.Dialling, h.ticket(x.ID).State)
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
		assert.Equal(t, []time.Duration{25 * time.Minute}, h.measured(dispatch.MeasureAnnounced), "ten minutes, and twenty")
	})
}

// TestAnnouncedToWhoLeaves: how long the wait of a caller would have been who hangs up,
// or chooses another day, is never known. What is known is how long it was at least.
func TestAnnouncedToWhoLeaves(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		leaves := func(x queue.Ticket) {
			require.NoError(t, h.tickets.Left(h.ctx, "demo", x.ID, x.Call, time.Now()))
			h.calls.hangUp(x.Call)
		}
		soon, late := h.told("in-1", "0212345678"), h.told("in-2", "0276543210")
		day, whenever := h.told("in-3", "0255555555"), h.told("in-4", "0255555556")
		h.wait(2 * time.Minute)
		leaves(soon)
		h.takes(day, func(a *dispatch.Asked) { a.Slot = queue.HalfDayOf(queue.DayOf(time.Now().Add(48*time.Hour)), false) })
		h.takes(whenever, func(a *dispatch.Asked) { a.WhenTheirTurn = true })
		h.wait(10 * time.Minute)
		leaves(late)
		assert.Equal(t, []time.Duration{-3 * time.Minute, -3 * time.Minute, -3 * time.Minute, 7 * time.Minute}, h.measured(dispatch.MeasureLeft))
		assert.Empty(t, h.measured(dispatch.MeasureAnnounced))
		f := h.tickets.Fairness("demo")
		assert.Zero(t, f.Announced.N+f.Holders.N+f.Callbacks.N)
	})
}

// TestAnnouncedIsForgotten: what was said to callers whose end was seen by another
// process makes room within a day.
func TestAnnouncedIsForgotten(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		for i := range 50_000 {
			h.tickets.Announced("demo", fmt.Sprint("elsewhere-", i), 5, time.Now().Add(-25*time.Hour))
		}
		x := h.told("in-1", "0212345678")
		h.wait(time.Minute)
		h.set("anna", agent.Ready)
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
		assert.Equal(t, []time.Duration{-4 * time.Minute}, h.measured(dispatch.MeasureAnnounced))
	})
}

// TestPromiseIsMeasuredByWhatWasSaidFirst: also by a process that has begun after the
// promised time was moved.
func TestPromiseIsMeasuredByWhatWasSaidFirst(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		busy := h.talk("in-0", "0276543210", "anna")
		x := h.promiseAs("in-1", "0212345678")
		assert.False(t, x.To.IsZero())
		h.loop.Stop()
		for range 2 { // as the planner does when nobody comes back
			moved, err := h.ticket(x.ID).Replan(time.Now(), x.To, h.ticket(x.ID).To.Add(time.Hour))
			require.NoError(t, err)
			_, err = h.stores.Tickets.Commit(h.ctx, dispatch.Change{Tenant: "demo", Tickets: []queue.Ticket{moved}})
			require.NoError(t, err)
		}
		h.start()
		defer func() { h.loop.Stop() }()
		h.wait(time.Until(x.To.Add(5 * time.Minute)))
		if y := h.ticket(x.ID); y.State == queue.Dialling { // the short call that says so
			h.ended(y, queue.Told)
		}
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", busy.ID, "anna", time.Now()))
		h.set("anna", agent.Ready)
		h.wait(2 * time.Minute)
		require.Equal(t, queue.Dialling, h.ticket(x.ID).State)
		h.ended(h.ticket(x.ID), queue.NoAnswer)
		late := h.measured(dispatch.MeasurePromised)
		require.Len(t, late, 1)
		assert.InDelta(t, 5*time.Minute, late[0], float64(2*time.Minute), "late by the time that was said first, not two hours early")
		assert.Equal(t, 1, h.tickets.Fairness("demo").Promises.Late)
	})
}

// TestBrokenPromiseIsCounted: whoever calls when the promised time has passed, and
// takes another one, was not called in time.
func TestBrokenPromiseIsCounted(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.talk("in-0", "0276543210", "anna")
		x := h.promiseAs("in-1", "0212345678")
		h.wait(time.Until(x.To) - 10*time.Minute)
		h.promiseAs("in-2", "0212345678")
		assert.Empty(t, h.measured(dispatch.MeasurePromised), "another time before the first one has passed: nothing is broken")
		to := h.ticket(x.ID).FirstTo()
		h.wait(time.Until(to.Add(20 * time.Minute)))
		if y := h.ticket(x.ID); y.State == queue.Dialling {
			h.ended(y, queue.Told)
		}
		y := h.promiseAs("in-3", "0212345678")
		require.Equal(t, x.ID, y.ID)
		require.Zero(t, y.Replans)
		late := h.measured(dispatch.MeasurePromised)
		require.Len(t, late, 1)
		assert.InDelta(t, 20*time.Minute, late[0], float64(time.Minute))
	})
}

// TestPromiseIsMeasuredByARealCall: a call that failed by a fault of ours has kept no
// promise, and none is measured twice.
func TestPromiseIsMeasuredByARealCall(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		x := h.promiseAs("in-1", "0212345678")
		h.wait(2 * time.Second)
		y := h.ended(h.ticket(x.ID), queue.OurFault) // in time
		assert.Empty(t, h.measured(dispatch.MeasurePromised))
		h.wait(time.Until(y.NotBefore) + 2*time.Second)
		require.Equal(t, queue.Dialling, h.ticket(x.ID).State)
		began := h.ticket(x.ID).Attempts[1].At
		h.wait(30 * time.Second)
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
		want := []time.Duration{began.Sub(x.FirstTo()).Round(time.Second)}
		assert.Equal(t, want, h.measured(dispatch.MeasurePromised))
		h.ended(h.ticket(x.ID), queue.Delivered)
		assert.Equal(t, want, h.measured(dispatch.MeasurePromised), "once")
	})
}

// TestPromiseThatIsChangedInTheCall: the call that came is what the promise is measured
// by, not the time that the citizen chooses in it.
func TestPromiseThatIsChangedInTheCall(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		x := h.promiseAs("in-1", "0212345678")
		h.wait(2 * time.Second)
		began := h.ticket(x.ID).Attempts[0].At
		h.wait(30 * time.Second)
		slot := queue.HalfDayOf(queue.DayOf(time.Now().Add(48*time.Hour)), false)
		_, err := h.tickets.Change(h.ctx, "demo", "later", x.ID, slot, phone.Number{}, time.Now())
		require.NoError(t, err)
		h.ended(h.ticket(x.ID), queue.Later)
		assert.Equal(t, []time.Duration{began.Sub(x.FirstTo()).Round(time.Second)}, h.measured(dispatch.MeasurePromised))
	})
}

// TestWaitIsMeasuredOnce: whoever is transferred has waited for the first agent only,
// also when another process sees the second one answer.
func TestWaitIsMeasuredOnce(t *testing.T) {
	for _, died := range []bool{false, true} {
		t.Run(fmt.Sprint("died ", died), func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := newHouse(t, "anna", "bruno")
				h.wait(time.Minute)
				x := h.talk("in-1", "0212345678", "anna")
				h.wait(10 * time.Minute)
				_, err := h.tickets.Transfer(h.ctx, "demo", x.ID, "anna", "queue:", time.Now())
				require.NoError(t, err)
				h.wait(time.Minute)
				if died {
					h.loop.Stop()
					h.start()
					h.wait(time.Second)
				}
				defer h.loop.Stop()
				h.set("bruno", agent.Ready)
				h.wait(2 * time.Second)
				require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "bruno", time.Now()))
				assert.Equal(t, []time.Duration{0}, h.measured(dispatch.MeasureWaited))
				require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "bruno", time.Now()))
				assert.Equal(t, []time.Duration{0}, h.measured(dispatch.MeasureWaited))
			})
		})
	}
}
