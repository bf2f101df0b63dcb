package dispatch_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
)

// TestCallerToAgent: an agent is there, and the caller is put through.
func TestCallerToAgent(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		x := h.enter("in-1")
		require.Equal(t, "anna", h.calls.turn(x.ID))
		look, err := h.tickets.Outlook(h.ctx, "demo", x.ID, time.Now())
		require.NoError(t, err)
		assert.True(t, look.Free)
		assert.False(t, look.Offer)

		again, err := h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: "in-1.1", Call: "in-1", At: time.Now()})
		require.NoError(t, err)
		assert.Equal(t, x.ID, again.ID, "asked again, the same place")

		require.NoError(t, h.tickets.Ringing(h.ctx, "demo", x.ID, "anna", time.Now()))
		assert.Equal(t, agent.Ringing, h.agent("anna").State)
		for range 2 { // told twice is told once
			require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
		}
		assert.Equal(t, queue.Connected, h.ticket(x.ID).State)
		assert.Equal(t, agent.Talking, h.agent("anna").State)
		h.wait(time.Minute)
		for range 2 {
			require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", time.Now()))
		}
		assert.Equal(t, queue.Done, h.ticket(x.ID).State)
		assert.Equal(t, agent.WrapUp, h.agent("anna").State)
		h.wait(30 * time.Second)
		h.set("anna", agent.Ready)
		assert.Equal(t, 90*time.Second, h.agent("anna").Handle)
		h.mu.Lock()
		defer h.mu.Unlock()
		assert.Contains(t, h.moves, dispatch.Move{Tenant: "demo", Purpose: queue.WantsPerson, From: "waiting", To: "connected", Reason: "connected"})
	})
}

// TestPromiseIsKept: all are busy, a callback is promised, and made in its turn,
// again after a miss.
func TestPromiseIsKept(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		first := h.enter("in-1")
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", first.ID, "anna", time.Now()))
		h.wait(10 * time.Second)

		x := h.enter("in-2")
		look, err := h.tickets.Outlook(h.ctx, "demo", x.ID, time.Now())
		require.NoError(t, err)
		assert.Equal(t, dispatch.Outlook{Ticket: x.ID, Wait: 100 * time.Second, Known: true, Offer: true}, look)
		p := h.promise(x)
		assert.Equal(t, queue.Pending, p.State)
		assert.Len(t, p.Word, 3)
		assert.True(t, p.From.IsZero() || p.To.After(time.Now().Add(100*time.Second)))
		assert.Equal(t, x.Arrived, p.Arrived)
		assert.Equal(t, p.Word, h.promise(x).Word, "asked again, the same promise")
		h.wait(10 * time.Second)
		assert.Equal(t, queue.Due, h.ticket(x.ID).State, "its time has come, and nobody is there")
		assert.Empty(t, h.calls.calls())

		require.NoError(t, h.tickets.Talked(h.ctx, "demo", first.ID, "anna", time.Now()))
		h.set("anna", agent.Ready)
		d := h.ticket(x.ID)
		require.Equal(t, queue.Dialling, d.State)
		require.Equal(t, []string{x.ID + "-1"}, h.calls.calls())
		assert.Equal(t, "anna", d.Agent)

		d = h.ended(d, queue.NoAnswer)
		assert.Equal(t, queue.Pending, d.State)
		assert.Equal(t, agent.Ready, h.agent("anna").State)
		h.wait(29 * time.Second)
		assert.Len(t, h.calls.calls(), 1)
		h.wait(2 * time.Second)
		require.Equal(t, []string{x.ID + "-1", x.ID + "-2"}, h.calls.calls())
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", time.Now()))
		d = h.ended(h.ticket(x.ID), queue.Delivered)
		assert.Equal(t, queue.Done, d.State)
		assert.Len(t, d.Attempts, 2)
		assert.Equal(t, p.Word, d.Word)
	})
}

// TestAgentMisses: the caller is first again, the next agent is tried, and the
// one who missed rests.
func TestAgentMisses(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		h.wait(time.Second)
		h.set("bruno", agent.Ready)
		x := h.enter("in-1")
		require.Equal(t, "anna", h.calls.turn(x.ID))
		require.NoError(t, h.tickets.Ringing(h.ctx, "demo", x.ID, "anna", time.Now()))
		h.wait(15 * time.Second)
		require.NoError(t, h.tickets.Missed(h.ctx, "demo", x.ID, "anna", 19, time.Now()))
		synctest.Wait()
		assert.Equal(t, "bruno", h.calls.turn(x.ID))
		assert.Equal(t, 1, h.agent("anna").Misses)

		require.NoError(t, h.tickets.Left(h.ctx, "demo", x.ID, x.Call, time.Now()))
		assert.Equal(t, queue.Withdrawn, h.ticket(x.ID).State)
		assert.Equal(t, agent.Ready, h.agent("bruno").State, "who rang for nobody is free")
	})
}

// TestCallbackAgentMisses: our call is answered, the agent is not there; the
// citizen waits on the line, first in the queue, and the attempt costs nothing.
func TestCallbackAgentMisses(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		x := h.promise(h.enter("in-1"))
		h.wait(2 * time.Second)
		h.set("anna", agent.Ready)
		d := h.ticket(x.ID)
		require.Equal(t, queue.Dialling, d.State)
		require.NoError(t, h.tickets.Ringing(h.ctx, "demo", x.ID, "anna", time.Now()))
		require.NoError(t, h.tickets.Missed(h.ctx, "demo", x.ID, "anna", 0, time.Now()))
		assert.Equal(t, queue.Waiting, h.ticket(x.ID).State)
		h.set("bruno", agent.Ready)
		assert.Equal(t, "bruno", h.calls.turn(x.ID))
		after := h.ended(h.ticket(x.ID), queue.NoAgent)
		assert.Equal(t, queue.Pending, after.State)
		assert.False(t, after.Attempts[0].Counts)
		assert.Equal(t, agent.Ready, h.agent("bruno").State)
	})
}

// TestOwnCallWaits: whoever asks for a person in our own return call waits with
// that ticket, and with the agent who was reserved for it.
func TestOwnCallWaits(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		x := h.promise(h.enter("in-1"))
		h.wait(2 * time.Second)
		h.set("anna", agent.Ready)
		d := h.ticket(x.ID)
		w, err := h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: "k", Call: d.Call, Purpose: queue.WantsPerson, At: time.Now()})
		require.NoError(t, err)
		assert.Equal(t, x.ID, w.ID)
		h.wait(3 * time.Second)
		assert.Equal(t, "anna", h.calls.turn(x.ID))
	})
}

// TestReturnCall: another system hands a registrant over; the call needs no
// agent, is made in the window, and is the same however often it is handed over.
func TestReturnCall(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		r := dispatch.ReturnCall{Citizen: "X", Phone: number(t, "0212345678"), Purpose: queue.Verification, Channel: "portal"}
		x, err := h.tickets.CreateReturn(h.ctx, "demo", "key", r)
		require.NoError(t, err)
		h.wait(0)
		again, err := h.tickets.CreateReturn(h.ctx, "demo", "key", r)
		require.NoError(t, err)
		assert.Equal(t, x.ID, again.ID)
		assert.Equal(t, queue.Dialling, again.State, "as it is now")
		assert.Equal(t, []string{x.ID + "-1"}, h.calls.calls())
		other, err := h.tickets.CreateReturn(h.ctx, "demo", "key", dispatch.ReturnCall{Phone: r.Phone, Purpose: queue.Verification, Channel: "gp"})
		require.NoError(t, err)
		assert.NotEqual(t, x.ID, other.ID, "another channel's key is another key")

		gone, err := h.tickets.Withdraw(h.ctx, "demo", x.ID)
		require.NoError(t, err)
		assert.Equal(t, queue.Withdrawn, gone.State)
		assert.Greater(t, gone.Token, again.Token, "what does not ring yet does not ring any more")
		_, err = h.tickets.Withdraw(h.ctx, "demo", "none")
		require.ErrorIs(t, err, dispatch.ErrNotFound)

		_, err = h.tickets.CreateReturn(h.ctx, "demo", "bad", dispatch.ReturnCall{Phone: number(t, "899123456"), Channel: "portal"})
		require.ErrorIs(t, err, dispatch.ErrNotDialable)
		noted, err := h.tickets.Noted(h.ctx, "demo", "note-1", number(t, "0276543210"), time.Now().Add(-time.Hour))
		require.NoError(t, err)
		twice, err := h.tickets.Noted(h.ctx, "demo", "note-1", number(t, "0276543210"), time.Now())
		require.NoError(t, err)
		assert.Equal(t, noted.ID, twice.ID)
		assert.Equal(t, queue.NotedAway, noted.Purpose)
	})
}

// TestNeverAgain: "never call me again" holds at once for every purpose, and
// is lifted by a call from that number that asks for one.
func TestNeverAgain(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		there := number(t, "0212345678")
		create := func(key string) queue.Ticket {
			x, err := h.tickets.CreateReturn(h.ctx, "demo", key, dispatch.ReturnCall{Phone: there, Purpose: queue.Verification, Channel: "portal"})
			require.NoError(t, err)
			synctest.Wait()
			return x
		}
		x, other := create("a"), create("b")
		x = h.ended(h.ticket(x.ID), queue.Blocked)
		assert.Equal(t, queue.Exhausted, x.State)
		assert.Equal(t, queue.ReasonNeverCall, x.Reason)
		assert.Equal(t, queue.Exhausted, h.ticket(other.ID).State)
		assert.Equal(t, queue.Exhausted, create("c").State)
		require.NoError(t, h.blocks.set(there, false))
		late := h.promise(queue.Ticket{})
		require.NoError(t, h.blocks.set(there, true))
		require.NoError(t, h.tickets.Staff(h.ctx, "demo", []agent.Agent{{ID: "zoe"}}))
		h.wait(2 * time.Second)
		h.set("zoe", agent.Ready)
		assert.Equal(t, queue.Exhausted, h.ticket(late.ID).State, "looked at once more before it is dialled")

		back := h.promise(h.enter("in-1"))
		assert.Equal(t, queue.Pending, back.State, "whoever calls from there and asks for a call is called")
		blocked, err := h.blocks.Blocked(h.ctx, "demo", there)
		require.NoError(t, err)
		assert.False(t, blocked)
	})
}

// TestNoNumber: who withheld the number and left a recording goes to a person.
// A citizen who asked to be called when it is their turn is not called before
// the day is known and has come, however many agents are free.
func TestWhenTheirTurn(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		x, err := h.tickets.Promise(h.ctx, dispatch.Asked{Tenant: "demo", Key: "k", Purpose: queue.NotEligible, Phone: number(t, "0212345678"), At: time.Now(), WhenTheirTurn: true})
		require.NoError(t, err)
		assert.True(t, x.From.IsZero(), "no hour is said")
		h.wait(time.Hour)
		assert.Equal(t, queue.Pending, h.ticket(x.ID).State)
		assert.Equal(t, agent.Ready, h.agent("anna").State)
	})
}

func TestNoNumber(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		x, err := h.tickets.Promise(h.ctx, dispatch.Asked{Tenant: "demo", Key: "k", Purpose: queue.NoKeys, Recording: "in-1~r1", At: time.Now()})
		require.NoError(t, err)
		assert.Equal(t, queue.Exhausted, x.State)
		assert.True(t, x.NoKeys)
		_, err = h.tickets.Promise(h.ctx, dispatch.Asked{Tenant: "demo", Key: "l", At: time.Now()})
		require.ErrorIs(t, err, dispatch.ErrNotDialable)
		_, err = h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "nowhere"})
		require.ErrorIs(t, err, dispatch.ErrTenant)
	})
}

// TestSuccessor: the planner dies with a claim that was never placed. The
// successor places the same attempt; a call that never comes to life is our
// fault, and made again.
func TestSuccessor(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		h.calls.set(func() { h.calls.broken = true })
		x, err := h.tickets.CreateReturn(h.ctx, "demo", "k", dispatch.ReturnCall{Phone: number(t, "0212345678"), Purpose: queue.Verification, Channel: "portal"})
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, queue.Dialling, h.ticket(x.ID).State)
		h.loop.Stop()

		h.calls.set(func() { h.calls.broken = false })
		h.start()
		synctest.Wait()
		assert.Equal(t, []string{x.ID + "-1"}, h.calls.calls(), "the same attempt")
		h.calls.hangUp(x.ID + "-1") // and its end is never told
		h.wait(h.cfg.Grace + 2*time.Second)
		lost := h.ticket(x.ID)
		assert.Equal(t, queue.Pending, lost.State)
		assert.Equal(t, queue.ReasonLost, lost.Reason)
		assert.False(t, lost.Attempts[0].Counts)
		h.wait(queue.LostRest)
		assert.Equal(t, []string{x.ID + "-1", x.ID + "-2"}, h.calls.calls())
		h.loop.Stop()
	})
}

// TestOnePlanner: of two processes one plans; the other takes over when its
// lease has run out.
func TestOnePlanner(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		second := dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{})
		var decided atomic.Int32
		loop := dispatch.NewLoop(second, h.stores.Leases, h.calls, "q", func(string, dispatch.Decision) { decided.Add(1) })
		loop.Start()
		defer loop.Stop()
		h.set("anna", agent.Ready)
		h.enter("in-1")
		assert.Zero(t, decided.Load())
		h.stores.Faults.Nth(memstore.DoResign, 1, memstore.Refused) // it dies without a word
		h.loop.Stop()
		h.wait(3 * time.Second)
		assert.Zero(t, decided.Load(), "the lease lasts")
		h.wait(12 * time.Second)
		assert.NotZero(t, decided.Load(), "the turn that was not taken up is told again by the successor")
	})
}

// TestStoppedBeforeItStarts: a process that is told to end while it connects does not
// begin to plan any more.
func TestStoppedBeforeItStarts(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		h.loop.Stop()
		late := dispatch.NewLoop(h.tickets, h.stores.Leases, h.calls, "late", nil)
		late.Stop()
		late.Start()
		h.set("anna", agent.Ready)
		x := h.enter("in-1")
		h.wait(3 * time.Second)
		assert.Empty(t, h.calls.turn(x.ID))
		assert.Equal(t, agent.Ready, h.agent("anna").State)
		late.Stop()
	})
}
