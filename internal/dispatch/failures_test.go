package dispatch_test

import (
	"fmt"
	"slices"
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

// What has gone wrong elsewhere, one test for each story. The numbers are those
// under which the stories are kept.

// enterAs is a caller from a number.
func (h *house) enterAs(call, national string, change ...func(*dispatch.Entry)) queue.Ticket {
	h.Helper()
	h.calls.ring(call)
	e := dispatch.Entry{Tenant: "demo", Key: call + ".1", Call: call, Purpose: queue.WantsPerson, Phone: number(h, national), At: time.Now()}
	for _, c := range change {
		c(&e)
	}
	x, err := h.tickets.Enter(h.ctx, e)
	require.NoError(h, err)
	synctest.Wait()
	return x
}

// promiseAs is a promised call to a number, asked for by a caller who hangs up.
func (h *house) promiseAs(call, national string, change ...func(*dispatch.Asked)) queue.Ticket {
	h.Helper()
	x := h.enterAs(call, national)
	a := dispatch.Asked{Tenant: "demo", Key: call + ".2", Ticket: x.ID, Purpose: queue.WantsPerson, Phone: number(h, national), At: time.Now()}
	for _, c := range change {
		c(&a)
	}
	p, err := h.tickets.Promise(h.ctx, a)
	require.NoError(h, err)
	h.calls.hangUp(call)
	synctest.Wait()
	return p
}

// ledger reads the calls that were made to a number.
func (h *house) ledger(national string) queue.Ledger {
	h.Helper()
	s, ok := queue.PhoneSubject(number(h, national))
	require.True(h, ok)
	l, err := h.stores.Tickets.Ledgers(h.ctx, "demo", []queue.Subject{s})
	require.NoError(h, err)
	return l[0]
}

// TestFailure01FiftyOneCallsInsteadOfThree: a dispatcher that ran every 30 seconds
// overlapped itself and worked on stale snapshots; its lock looked only at whether
// a record was locked, not at its state. One customer got 51 calls instead of 3,
// 49 of them busy (github.com/juspay/clairvoyance, pull request 668).
//
// Here two planners plan at the same time, because one has lost its lease without
// knowing, and three purposes want the same number.
func TestFailure01FiftyOneCallsInsteadOfThree(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno", "carla")
		defer h.loop.Stop()
		second := dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{})
		stale := dispatch.NewLoop(second, memstore.New(nil).Leases, h.calls, "q", nil)
		stale.Start()
		defer stale.Stop()
		for _, a := range []string{"anna", "bruno", "carla"} {
			h.set(a, agent.Ready)
		}
		h.promiseAs("in-1", "0212345678")
		for i, purpose := range []queue.Purpose{queue.Verification, queue.RegistryDown} {
			_, err := h.tickets.CreateReturn(h.ctx, "demo", fmt.Sprint(i), dispatch.ReturnCall{
				Citizen: fmt.Sprintf("C%d", i), Phone: number(t, "0212345678"), Purpose: purpose, Channel: "portal",
			})
			require.NoError(t, err)
		}
		for range 60 {
			h.wait(15 * time.Second)
			for _, x := range h.open() {
				if x.State == queue.Dialling {
					h.ended(x, queue.Busy)
				}
			}
		}
		calls := h.calls.calls()
		assert.Len(t, calls, 3, "the cap of a day, over all purposes")
		assert.Len(t, slices.Compact(slices.Sorted(slices.Values(calls))), len(calls), "no call twice")
		assert.Len(t, h.ledger("0212345678").Entries, len(calls), "no call without a record")
		assert.NotEmpty(t, h.open(), "put off, not dropped")
	})
}

// TestFailure02SelectedAgainWhileDialling: with retries set to 0 two or three more
// calls went out before the first was answered, since the dispatcher picked up a
// request that was being dialled (github.com/FreePBX/issue-tracker, issue 525).
func TestFailure02SelectedAgainWhileDialling(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer func() { h.loop.Stop() }()
		h.set("anna", agent.Ready)
		h.set("bruno", agent.Ready)
		x := h.promiseAs("in-1", "0212345678")
		h.wait(10 * time.Minute) // it rings and rings, and nobody says how it ended
		assert.Equal(t, []string{x.ID + "-1"}, h.calls.calls())
		h.loop.Stop()
		h.start() // nor does a planner that begins anew take it up again
		h.wait(10 * time.Minute)
		assert.Equal(t, []string{x.ID + "-1"}, h.calls.calls())
		assert.Equal(t, queue.Dialling, h.ticket(x.ID).State)
	})
}

// TestFailure03NestedRetriesMultiply: an exchange that retries by itself under a
// queue that retries: three attempts rang nine times
// (github.com/tcreek/queue_callback_v17). Here an attempt is one call, by its name:
// asked for again, it is the same.
func TestFailure03NestedRetriesMultiply(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		h.calls.set(func() { h.calls.broken = true }) // each time it fails it is asked for again
		x := h.promiseAs("in-1", "0212345678")
		h.wait(15 * time.Second)
		h.calls.set(func() { h.calls.broken = false })
		h.wait(5 * time.Second)
		assert.Equal(t, []string{x.ID + "-1"}, h.calls.calls())
		assert.Len(t, h.ledger("0212345678").Entries, 1)
	})
}

// TestFailure04CitizenRingsBackIn: the citizen calls while the callback is pending
// or rings; elsewhere the callback then meets a busy line, or calls somebody who
// was served already (Genesys Cloud says that it does not cancel it). Here exactly
// one live leg remains, and the place.
func TestFailure04CitizenRingsBackIn(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		mine := h.promiseAs("in-1", "0212345678")
		h.wait(time.Minute)
		other := h.promiseAs("in-2", "0276543210")
		again := h.enterAs("in-3", "0212345678") // while it is pending
		require.Equal(t, mine.ID, again.ID)
		require.Equal(t, mine.Arrived, again.Arrived)
		require.Equal(t, mine.Word, again.Word)
		require.NoError(t, h.tickets.Left(h.ctx, "demo", again.ID, "in-3", time.Now()))
		h.calls.hangUp("in-3")
		back := h.ticket(mine.ID)
		require.Equal(t, queue.Pending, back.State, "who hangs up again is still called")
		require.Equal(t, mine.To, back.To)

		h.wait(2 * time.Minute)
		h.set("anna", agent.Ready)
		h.wait(2 * time.Second)
		ringing := h.ticket(mine.ID)
		require.Equal(t, queue.Dialling, ringing.State)
		known, ok := h.tickets.Known("demo", number(t, "0212345678"), time.Now())
		require.True(t, ok)
		require.True(t, known.Ringing)
		taken := h.enterAs("in-4", "0212345678", func(e *dispatch.Entry) { e.Ticket = known.Ticket }) // while it rings
		require.Equal(t, mine.ID, taken.ID)
		require.Equal(t, queue.Waiting, taken.State)
		assert.Equal(t, []string{ringing.Call}, h.calls.cancelled, "our leg is ended")
		assert.Equal(t, []string{"in-4"}, h.calls.alive(), "one live leg")
		assert.Equal(t, "anna", taken.Agent, "who was reserved stays")
		assert.Equal(t, queue.Superseded, taken.Attempts[0].Outcome)
		assert.False(t, taken.Attempts[0].Counts, "and it costs nothing")
		assert.False(t, h.ledger("0212345678").Entries[0].Counts)
		assert.Equal(t, "anna", h.calls.turn(mine.ID))

		require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", mine.ID, 1, queue.Result{Outcome: queue.HungUp}, time.Now()), "the late word of the old leg")
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", mine.ID, "anna", time.Now()))
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", mine.ID, "anna", time.Now()))
		h.calls.hangUp("in-4")
		h.set("anna", agent.Ready)
		h.wait(time.Hour)
		assert.Equal(t, []string{mine.ID + "-1", other.ID + "-1"}, h.calls.calls(), "who was served is not called any more")
	})
}

// TestFailure04TheWordIsLost: the process dies between the commit and the end of
// the second leg; its successor ends it.
func TestFailure04TheWordIsLost(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer func() { h.loop.Stop() }()
		h.set("anna", agent.Ready)
		x := h.promiseAs("in-1", "0212345678")
		h.wait(5 * time.Second)
		require.Equal(t, queue.Dialling, h.ticket(x.ID).State)
		h.stores.Faults.Nth(memstore.DoCommit, 1, memstore.Lost)
		h.calls.ring("in-2")
		_, err := h.tickets.Enter(h.ctx, dispatch.Entry{Tenant: "demo", Key: "in-2.1", Call: "in-2", Phone: number(t, "0212345678"), At: time.Now()})
		require.ErrorIs(t, err, dispatch.ErrUnavailable)
		require.Empty(t, h.calls.cancelled)
		h.loop.Stop()
		h.start()
		h.wait(11 * time.Second)
		assert.Equal(t, []string{"in-2"}, h.calls.alive())
	})
}

// TestFailure04OneIdentity: one citizen calls from another telephone and is
// identified; another one of the same household is not mixed up with her.
func TestFailure04OneIdentity(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		hers := h.promiseAs("in-1", "0212345678", func(a *dispatch.Asked) { a.Citizen = "W" })
		mobile := h.enterAs("in-2", "0276543210", func(e *dispatch.Entry) { e.Citizen = "W" })
		assert.Equal(t, hers.ID, mobile.ID)
		again := h.enterAs("in-3", "0255555555", func(e *dispatch.Entry) { e.Citizen = "W" })
		assert.Equal(t, hers.ID, again.ID, "identified on a second line: the place goes there")
		assert.Equal(t, []string{"in-2"}, h.calls.cancelled)
		require.NoError(t, h.tickets.Left(h.ctx, "demo", hers.ID, "in-2", time.Now()))
		assert.Equal(t, queue.Waiting, h.ticket(hers.ID).State, "the line that was ended has not left")

		a, b := h.enterAs("in-4", "0287654321"), h.enterAs("in-5", "0287654321")
		assert.NotEqual(t, a.ID, b.ID, "two who wait on the line with one number are two")
		for i, x := range []queue.Ticket{a, b} {
			_, err := h.tickets.Promise(h.ctx, dispatch.Asked{
				Tenant: "demo", Key: fmt.Sprint("p", i), Ticket: x.ID, Phone: number(t, "0287654321"), Citizen: []string{"H", "D"}[i], At: time.Now(),
			})
			require.NoError(t, err)
		}
		one := h.ticket(a.ID)
		assert.Equal(t, queue.Pending, one.State)
		assert.Equal(t, queue.ReasonJoined, h.ticket(b.ID).Reason, "one call serves both")
		assert.Equal(t, "D", one.Also[0].Citizen)
	})
}

// alive lists the calls that live.
func (x *exchange) alive() (calls []string) {
	x.set(func() {
		for call := range x.live {
			calls = append(calls, call)
		}
	})
	slices.Sort(calls)
	return calls
}

// TestFailure05CallbacksSilentlyLost: a request that an agent's screen had not
// picked up in ten seconds became an orphan and was archived; no state led back to
// the queue (VICIdial, bin/AST_VDadapt.pl). Here what gets stuck is made again, and
// what can't be reached ends before the eyes of a person, with the reason.
func TestFailure05CallbacksSilentlyLost(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer func() { h.loop.Stop() }()
		h.set("anna", agent.Ready)
		x := h.promiseAs("in-1", "0212345678")
		h.wait(5 * time.Second)
		h.calls.hangUp(h.ticket(x.ID).Call) // and nobody says so
		h.wait(h.cfg.Grace + 2*time.Second)
		lost := h.ticket(x.ID)
		require.Equal(t, queue.Pending, lost.State)
		require.Equal(t, queue.ReasonLost, lost.Reason)
		require.Equal(t, agent.Ready, h.agent("anna").State)
		for range 3 {
			h.wait(4 * time.Minute)
			h.ended(h.ticket(x.ID), queue.NoAnswer)
		}
		worklist, _, err := h.tickets.Page(h.ctx, "demo", []queue.State{queue.Exhausted}, "", 10)
		require.NoError(t, err)
		require.Len(t, worklist, 1)
		assert.Equal(t, queue.ReasonUsedUp, worklist[0].Reason)
		assert.Len(t, h.ledger("0212345678").Entries, 4)
		done, err := h.tickets.Close(h.ctx, "demo", x.ID, "reached", "by letter")
		require.NoError(t, err)
		assert.Equal(t, queue.Done, done.State)
		assert.Equal(t, queue.ReasonByPerson, done.Reason)
		_, err = h.tickets.Close(h.ctx, "demo", h.promiseAs("in-2", "0276543210").ID, "reached", "")
		require.ErrorIs(t, err, queue.ErrImpossible)
	})
}

// TestFailure06QueueJumping: callbacks came back with a higher priority than
// callers, so that whoever held the line waited until no callback was left
// (github.com/FreePBX/issue-tracker, issue 621; github.com/twilio-labs/
// plugin-queued-callbacks-and-voicemail, issue 9). Here there is one order.
func TestFailure06QueueJumping(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		var order []string
		for i := range 6 {
			call, from := fmt.Sprintf("in-%d", i), fmt.Sprintf("02123456%02d", i)
			if i%2 == 0 {
				order = append(order, h.enterAs(call, from).ID)
			} else {
				order = append(order, h.promiseAs(call, from).ID)
			}
			h.wait(10 * time.Second)
		}
		h.set("anna", agent.Ready)
		var served []string
		for range order {
			h.wait(3 * time.Second)
			x := h.ticket(h.agent("anna").Ticket)
			served = append(served, x.ID)
			require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
			h.wait(time.Minute)
			require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", time.Now()))
			h.calls.hangUp(x.Call)
			h.set("anna", agent.Ready)
		}
		assert.Equal(t, order, served)
		f := h.tickets.Fairness("demo")
		assert.Equal(t, 3, f.Holders.N)
		assert.Equal(t, 3, f.Callbacks.N)
		assert.InDelta(t, f.Holders.P50.Seconds(), f.Callbacks.P50.Seconds(), 90)
	})
}

// TestFailure07Starvation: callbacks were made only while nobody waited on the
// line; on a busy line that is never (github.com/tcreek/queue_callback_v17,
// isCallbackTurn).
func TestFailure07Starvation(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		x := h.promiseAs("in-0", "0276543210")
		h.wait(time.Second)
		for i := range 20 {
			h.enterAs(fmt.Sprintf("in-%d", i+1), fmt.Sprintf("02123456%02d", i)) // the line is never empty
		}
		h.wait(5 * time.Second)
		h.set("anna", agent.Ready)
		h.wait(2 * time.Second)
		assert.Equal(t, queue.Dialling, h.ticket(x.ID).State)
		assert.Equal(t, x.ID, h.agent("anna").Ticket)
	})
}

// TestFailure08VoicemailIsNoSuccess: an answering machine counted as a successful
// callback, and nobody ever called again (Puzzel's documentation). Here an answer
// without a key is none.
func TestFailure08VoicemailIsNoSuccess(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		x := h.promiseAs("in-1", "0212345678")
		h.wait(5 * time.Second)
		after := h.ended(h.ticket(x.ID), queue.NoKey)
		assert.Equal(t, queue.Pending, after.State)
		h.wait(time.Minute)
		assert.Len(t, h.calls.calls(), 2)
	})
}

// TestFailure11LiveNumbersDeclaredDead: a carrier said "unallocated" for plain
// no-answers, and the numbers were never dialled again (github.com/instedd/surveda,
// issue 1073). Here it takes the same word on two days.
func TestFailure11LiveNumbersDeclaredDead(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		h.loop.Stop()
		h.cfg.Policy = queue.DefaultPolicy().Every(10 * time.Minute)
		h.cfg.Policy.Attempts, h.cfg.PerNumber = 10, 0
		h.wait(23*time.Hour + 30*time.Minute) // of the first of January
		h.start()
		defer func() { h.loop.Stop() }()
		h.set("anna", agent.Ready)
		x := h.promiseAs("in-1", "0212345678")
		var states []queue.State
		for n := 1; n <= 4; n++ {
			h.wait(11 * time.Minute)
			h.calls.hangUp(queue.CallID(x.ID, n))
			require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, n, queue.Result{Outcome: queue.Unreachable, Cause: 1}, time.Now()))
			states = append(states, h.ticket(x.ID).State)
		}
		assert.Equal(t, []queue.State{queue.Pending, queue.Pending, queue.Exhausted, queue.Exhausted}, states)
		assert.Equal(t, queue.ReasonDead, h.ticket(x.ID).Reason)
	})
}

// TestFailure12RetryBeforeTheFirstCall: with one line and ten calls the retries
// of eight were queued before their first call had rung at all
// (github.com/instedd/surveda, issue 672). Here an attempt begins when its call is
// placed, and the next one after its end.
func TestFailure12RetryBeforeTheFirstCall(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		h.loop.Stop()
		h.cfg.Lines, h.cfg.AutoLines = 1, 1
		h.start()
		defer func() { h.loop.Stop() }()
		for i := range 10 {
			_, err := h.tickets.CreateReturn(h.ctx, "demo", fmt.Sprint(i), dispatch.ReturnCall{
				Citizen: fmt.Sprint("C", i), Phone: number(t, fmt.Sprintf("02123456%02d", i)), Purpose: queue.Verification, Channel: "portal",
			})
			require.NoError(t, err)
		}
		for range 6 {
			h.wait(10 * time.Minute) // far longer than the interval
			var attempts int
			all, _, err := h.tickets.Page(h.ctx, "demo", nil, "", 100)
			require.NoError(t, err)
			for _, x := range all {
				attempts += len(x.Attempts)
			}
			require.Len(t, h.calls.calls(), attempts, "no attempt that never rang")
			for _, x := range all { // the next ones are placed as soon as the first ends
				for _, a := range x.Attempts {
					if a.Ended.IsZero() {
						require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, a.N, queue.Result{Outcome: queue.NoAnswer}, time.Now()))
						h.calls.hangUp(a.Call)
					}
				}
			}
		}
	})
}

// TestFailure13RingingNobody: a browser in the background was "registered" for two
// days while 87 % of its calls met nobody (github.com/twilio/twilio-voice.js, issue
// 444). Here a telephone that does not answer a probe is not given citizens, and
// three misses pause its agent.
func TestFailure13RingingNobody(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		h.wait(time.Second)
		h.set("bruno", agent.Ready)
		probe := func(anna bool) {
			require.NoError(t, h.tickets.Phones(h.ctx, "demo", map[string]bool{"anna": anna, "bruno": true, "nobody": true}))
			synctest.Wait()
		}
		probe(false)
		x := h.enterAs("in-1", "0212345678")
		assert.Equal(t, "bruno", h.calls.turn(x.ID), "not the one who has been idle for longest")
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "bruno", time.Now()))
		y := h.enterAs("in-2", "0276543210")
		h.wait(time.Minute)
		assert.Empty(t, h.calls.turn(y.ID))
		probe(true)
		assert.Equal(t, "anna", h.calls.turn(y.ID), "heard again")
		for range agent.MaxMisses {
			h.wait(agent.RestMissed + time.Second)
			require.NoError(t, h.tickets.Ringing(h.ctx, "demo", y.ID, "anna", time.Now()))
			require.NoError(t, h.tickets.Missed(h.ctx, "demo", y.ID, "anna", 0, time.Now()))
			synctest.Wait()
		}
		assert.Equal(t, agent.Paused, h.agent("anna").State)
		assert.Equal(t, queue.Waiting, h.ticket(y.ID).State, "and the citizen is the first for the next one")
	})
}

// TestFailure15StruckOffForNotAnswering: three unanswered calls took patients off
// the waiting list. Here nobody loses anything by not answering: a person looks at
// the request, and whoever calls again is served.
func TestFailure15StruckOffForNotAnswering(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		x := h.promiseAs("in-1", "0212345678")
		for range 3 {
			h.wait(time.Minute)
			h.ended(h.ticket(x.ID), queue.NoAnswer)
		}
		kept := h.ticket(x.ID)
		assert.Equal(t, queue.Exhausted, kept.State)
		assert.Equal(t, queue.ReasonUsedUp, kept.Reason)
		known, ok := h.tickets.Known("demo", number(t, "0212345678"), time.Now())
		require.True(t, ok, "whoever calls the number that we showed hears why")
		assert.True(t, known.Missed)
		assert.Equal(t, x.ID, known.Ticket)
		again := h.enterAs("in-2", "0212345678")
		assert.Equal(t, x.ID, again.ID, "and has the place that there was")
		assert.Equal(t, x.Arrived, again.Arrived)
		assert.Equal(t, queue.Returned, again.Class)
		assert.Equal(t, "anna", h.calls.turn(again.ID))
		require.NoError(t, h.tickets.Left(h.ctx, "demo", x.ID, "in-2", time.Now()))
		assert.Equal(t, queue.Pending, h.ticket(x.ID).State)
	})
}
