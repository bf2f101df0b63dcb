package dispatch_test

import (
	"context"
	"fmt"
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

// verify is a return call without an agent.
func (h *house) verify(key, citizen, national string) queue.Ticket {
	h.Helper()
	x, err := h.tickets.CreateReturn(h.ctx, "demo", key, dispatch.ReturnCall{
		Citizen: citizen, Phone: number(h, national), Purpose: queue.Verification, Channel: "portal",
	})
	require.NoError(h, err)
	synctest.Wait()
	return x
}

// TestCaps: a number, and a citizen, are called so often in 24 hours, whatever for;
// what is over the cap is put off until the oldest call leaves the day.
func TestCaps(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		var first time.Time
		for i := range 3 { // three calls that were done with: no open ticket tells of them
			x := h.verify(fmt.Sprint(i), fmt.Sprint("C", i), "0212345678")
			h.wait(2 * time.Second)
			require.Equal(t, queue.Dialling, h.ticket(x.ID).State)
			if i == 0 {
				first = h.ticket(x.ID).Attempts[0].At
			}
			require.Equal(t, queue.Done, h.ended(h.ticket(x.ID), queue.Delivered).State)
			h.wait(time.Minute)
		}
		x := h.promiseAs("in-1", "0212345678")
		h.wait(5 * time.Second)
		capped := h.ticket(x.ID)
		assert.Equal(t, queue.Pending, capped.State)
		assert.Equal(t, queue.ReasonCapped, capped.Reason)
		assert.Equal(t, first.Add(queue.CapSpan), capped.NotBefore)
		assert.Equal(t, x.To, capped.To, "what was said stays")
		assert.Equal(t, agent.Ready, h.agent("anna").State, "and no agent waits for it")

		other := h.promiseAs("in-2", "0276543210", func(a *dispatch.Asked) { a.Citizen = "C9" })
		h.wait(5 * time.Second)
		assert.Equal(t, queue.Dialling, h.ticket(other.ID).State, "others are called")
		assert.Equal(t, 1, h.tickets.Counts("demo").Capped)
		h.ended(h.ticket(other.ID), queue.Delivered)
	})
}

// TestCapOfACitizen: another number does not help.
func TestCapOfACitizen(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		for i := range 3 {
			x := h.verify(fmt.Sprint(i), "C", fmt.Sprintf("02123456%02d", i))
			h.wait(2 * time.Second)
			require.Equal(t, queue.Done, h.ended(h.ticket(x.ID), queue.Delivered).State)
		}
		x := h.verify("4", "C", "0276543210")
		h.wait(5 * time.Second)
		assert.Equal(t, queue.ReasonCapped, h.ticket(x.ID).Reason)
		assert.Empty(t, h.ledger("0276543210").Entries)
	})
}

// TestLedgerIsPartOfTheChange: whoever writes a ledger between the look at it and
// the claim has the claim decided anew; and a claim whose commit fails has no
// entry.
func TestLedgerIsPartOfTheChange(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		subject, _ := queue.PhoneSubject(number(t, "0212345678"))
		once := true
		h.stores.Faults.After(func(ctx context.Context, verb memstore.Verb, _ int) {
			if verb != memstore.DoLedgers || !once {
				return
			}
			once = false // somebody has called the number often enough meanwhile
			l := queue.Ledger{Subject: subject}
			for i := range 3 {
				l = l.Begin(queue.Entry{Ticket: "other", Attempt: i + 1, At: time.Now(), Counts: true})
			}
			_, err := h.stores.Tickets.Commit(ctx, dispatch.Change{Tenant: "demo", Ledgers: []queue.Ledger{l}})
			assert.NoError(t, err)
		})
		x := h.verify("1", "C", "0212345678")
		h.wait(3 * time.Second)
		assert.False(t, once)
		assert.Equal(t, queue.ReasonCapped, h.ticket(x.ID).Reason)
		assert.Empty(t, h.calls.calls())

		h.stores.Faults.After(nil)
		h.stores.Faults.Nth(memstore.DoCommit, 2, memstore.Refused) // the claim, after the ticket
		y := h.verify("2", "D", "0276543210")
		h.wait(5 * time.Second)
		assert.Len(t, h.ledger("0276543210").Entries, len(h.ticket(y.ID).Attempts))
		assert.Len(t, h.calls.calls(), len(h.ticket(y.ID).Attempts))
	})
}

// shared is a house in which husband and wife are to be called at one number; it
// returns them in the order in which they are.
func shared(t *testing.T) (h *house, first, second queue.Ticket) {
	h = newHouse(t)
	h.loop.Stop()
	h.cfg.Policy = queue.DefaultPolicy()
	h.start()
	first, second = h.verify("1", "C1", "0212345678"), h.verify("2", "C2", "0212345678")
	h.wait(2 * time.Second)
	if h.ticket(second.ID).State == queue.Dialling {
		first, second = second, first
	}
	require.Equal(t, queue.Dialling, h.ticket(first.ID).State)
	h.wait(45 * time.Second)
	return h, first, second
}

// TestASharedTelephoneIsLeftAlone: husband and wife share a telephone. What the call
// to him met says when she is called, as if it had been her call; and each has all
// calls in the end.
func TestASharedTelephoneIsLeftAlone(t *testing.T) {
	in(t, func(t *testing.T) {
		h, first, second := shared(t)
		defer h.loop.Stop()
		missed := h.ended(h.ticket(first.ID), queue.NoAnswer).Attempts[0].At
		h.wait(30 * time.Second)
		put := h.ticket(second.ID)
		assert.Empty(t, put.Attempts)
		assert.Equal(t, []any{queue.Pending, queue.ReasonTried}, []any{put.State, put.Reason})
		assert.Equal(t, missed.Add(2*time.Hour).Unix(), put.NotBefore.Unix())
		assert.Zero(t, h.tickets.Counts("demo").Capped, "no cap is why")
		for range 72 { // hours
			for _, x := range h.open() {
				if x.State == queue.Dialling {
					h.ended(x, queue.NoAnswer)
				}
			}
			h.wait(time.Hour)
		}
		var at []time.Time
		for _, e := range h.ledger("0212345678").Entries {
			at = append(at, e.At)
		}
		require.Len(t, at, 6, "nobody starves: three calls for each")
		for i := range at[1:] {
			assert.GreaterOrEqual(t, at[i+1].Sub(at[i]), 2*time.Hour-time.Minute, "call %d", i+2)
		}
		for _, id := range []string{first.ID, second.ID} {
			assert.Equal(t, queue.ReasonUsedUp, h.ticket(id).Reason)
		}
	})
}

// TestASharedTelephoneThatIsBusy: somebody is at home, and is called soon, by one call
// at a time.
func TestASharedTelephoneThatIsBusy(t *testing.T) {
	in(t, func(t *testing.T) {
		h, first, second := shared(t)
		defer h.loop.Stop()
		h.ended(h.ticket(first.ID), queue.Busy)
		h.wait(4 * time.Minute)
		assert.Empty(t, h.ticket(second.ID).Attempts)
		h.wait(2 * time.Minute)
		assert.Len(t, h.calls.calls(), 2)
	})
}

// TestASharedTelephoneThatWasAnswered: who is at home takes the other call too.
func TestASharedTelephoneThatWasAnswered(t *testing.T) {
	in(t, func(t *testing.T) {
		h, first, second := shared(t)
		defer h.loop.Stop()
		h.ended(h.ticket(first.ID), queue.Delivered)
		h.wait(20 * time.Second)
		assert.Equal(t, queue.Dialling, h.ticket(second.ID).State)
	})
}

// TestWhoCallsIsAtHome: nobody has taken the call to him, but then she has called us:
// her call is not put off; nor is one that is asked for after it.
func TestWhoCallsIsAtHome(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		h.loop.Stop()
		h.cfg.Policy = queue.DefaultPolicy()
		h.start()
		defer func() { h.loop.Stop() }()
		wife := h.promiseAs("in-1", "0212345678", func(a *dispatch.Asked) { a.Citizen = "W" })
		husband := h.verify("1", "H", "0212345678")
		h.wait(2 * time.Second)
		h.ended(h.ticket(husband.ID), queue.NoAnswer)
		h.wait(time.Minute)
		again := h.enterAs("in-2", "0212345678", func(e *dispatch.Entry) { e.Citizen = "W" })
		require.Equal(t, wife.ID, again.ID)
		require.NoError(t, h.tickets.Left(h.ctx, "demo", wife.ID, "in-2", time.Now()))
		h.calls.hangUp("in-2")
		h.set("anna", agent.Ready)
		h.wait(2 * time.Minute)
		assert.Equal(t, queue.Dialling, h.ticket(wife.ID).State)
		h.ended(h.ticket(wife.ID), queue.NoAnswer)
		h.wait(time.Minute)
		son := h.verify("2", "S", "0212345678")
		h.wait(time.Minute)
		assert.Equal(t, queue.Dialling, h.ticket(son.ID).State)
	})
}

// TestBreaker: the trunk is down, and most calls fail alike: dialling stops, the
// attempts are given back, a person hears of it, and a call that gets through ends
// it.
func TestBreaker(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		var tickets []queue.Ticket
		for i := range 30 {
			tickets = append(tickets, h.verify(fmt.Sprint(i), fmt.Sprint("C", i), fmt.Sprintf("02123456%02d", i)))
		}
		h.wait(3 * time.Second)
		refused := queue.Result{Outcome: queue.Unreachable, Cause: 1, SIP: 404}
		for _, x := range tickets[:12] {
			h.calls.hangUp(queue.CallID(x.ID, 1))
			require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, 1, refused, time.Now()))
		}
		h.wait(2 * time.Second)
		assert.Equal(t, []string{"breaker on"}, h.heard())
		for _, x := range tickets[:12] {
			assert.False(t, h.ticket(x.ID).Attempts[0].Counts, "given back")
			assert.False(t, h.ledger(x.Phone.Reveal()).Entries[0].Counts)
		}
		for _, x := range tickets[12:] {
			h.calls.hangUp(queue.CallID(x.ID, 1))
			require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, 1, refused, time.Now()))
		}
		before := len(h.calls.calls())
		h.wait(50 * time.Second)
		assert.Len(t, h.calls.calls(), before, "it rests")
		h.wait(2 * time.Minute)
		require.Len(t, h.calls.calls(), before+1, "one call to try")
		var probe queue.Ticket
		for _, x := range tickets {
			if x = h.ticket(x.ID); x.State == queue.Dialling {
				probe = x
			}
		}
		h.ended(probe, queue.Delivered)
		h.wait(time.Minute)
		assert.Equal(t, []string{"breaker on", "breaker off"}, h.heard())
		assert.Greater(t, len(h.calls.calls()), before+1)
	})
}

// TestTrunkCheck: before the first citizen of a day is called, a number of the
// authority is, until it answers.
func TestTrunkCheck(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		h.loop.Stop()
		h.cfg.CheckNumber = number(t, "0299999999")
		h.start()
		defer func() { h.loop.Stop() }()
		h.verify("1", "C", "0212345678")
		h.wait(5 * time.Second)
		check := func() (queue.Ticket, bool) {
			for _, x := range h.open() {
				if x.Purpose == queue.TrunkCheck {
					return x, true
				}
			}
			return queue.Ticket{}, false
		}
		x, ok := check()
		require.True(t, ok)
		require.Equal(t, []string{x.ID + "-1"}, h.calls.calls())
		h.ended(x, queue.OurFault)
		assert.Equal(t, []string{"trunk on"}, h.heard())
		h.wait(4 * time.Minute)
		require.Len(t, h.calls.calls(), 1, "nobody else is called")
		h.wait(2 * time.Minute)
		require.Len(t, h.calls.calls(), 2, "tried again")
		x, _ = check()
		h.ended(x, queue.Delivered)
		h.wait(5 * time.Second)
		assert.Contains(t, h.heard(), "trunk off")
		assert.Len(t, h.calls.calls(), 3)
		_, again := check()
		assert.False(t, again, "once a day")
		h.loop.Stop()
		h.start()
		h.wait(5 * time.Second)
		_, again = check()
		assert.False(t, again, "also for a process that begins anew")
	})
}
