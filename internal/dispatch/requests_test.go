package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
)

// asks asks for a call, as a caller without a place does.
func (h *house) asks(key, national, citizen string, change ...func(*dispatch.Asked)) (queue.Ticket, error) {
	h.Helper()
	a := dispatch.Asked{Tenant: "demo", Key: key, Purpose: queue.WantsPerson, Phone: number(h, national), Citizen: citizen, At: time.Now()}
	for _, c := range change {
		c(&a)
	}
	return h.tickets.Promise(h.ctx, a)
}

// asksAndCancels asks so many times, and wants the call no more each time.
func (h *house) asksAndCancels(times int, national, citizen string) {
	h.Helper()
	for i := range times {
		x, err := h.asks(fmt.Sprint(national, citizen, i, time.Now()), national, citizen)
		require.NoError(h, err, "request %d", i+1)
		_, err = h.tickets.Cancel(h.ctx, "demo", x.ID, time.Now())
		require.NoError(h, err)
		h.wait(time.Hour)
	}
}

func whenever(a *dispatch.Asked) { a.Whenever = true }

// TestSeventhRequest: who has asked for six calls in a day is promised no other,
// cancelled or not; a person looks at the next. When the first is a day old, there is
// one more.
func TestSeventhRequest(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		h.asksAndCancels(6, "0212345678", "")
		_, err := h.asks("seventh", "0212345678", "")
		require.ErrorIs(t, err, dispatch.ErrMany)
		assert.Empty(t, h.open(), "nothing is promised")

		x := h.enterAs("in-1", "0212345678")
		_, err = h.asks("on the line", "0212345678", "", func(a *dispatch.Asked) { a.Ticket = x.ID })
		require.ErrorIs(t, err, dispatch.ErrMany)
		assert.Equal(t, queue.Waiting, h.ticket(x.ID).State, "the place on the line is kept")

		y, err := h.asks("nobody there", "0212345678", "", func(a *dispatch.Asked) { a.Ticket, a.Whenever = x.ID, true })
		require.NoError(t, err)
		assert.Equal(t, queue.Exhausted, y.State)
		assert.Equal(t, queue.ReasonMany, y.Reason)
		assert.True(t, y.Arrived.Equal(x.Arrived))
		h.wait(time.Minute)
		assert.Empty(t, h.calls.calls(), "and nobody is called for it")

		_, err = h.asks("another number", "0276543210", "")
		require.NoError(t, err)
		h.wait(18 * time.Hour)
		_, err = h.asks("tomorrow", "0212345678", "")
		require.NoError(t, err)
		_, err = h.tickets.Cancel(h.ctx, "demo", h.open()[0].ID, time.Now())
		require.NoError(t, err)
	})
}

// TestRequestsOfAHousehold: a citizen who was identified is counted alone, whatever
// number is given; so husband and wife do not use up each other's calls.
func TestRequestsOfAHousehold(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		h.asksAndCancels(6, "0212345678", "A")
		_, err := h.asks("elsewhere", "0276543210", "A")
		require.ErrorIs(t, err, dispatch.ErrMany, "another number does not help")
		x, err := h.asks("wife", "0212345678", "B")
		require.NoError(t, err)
		_, err = h.tickets.Cancel(h.ctx, "demo", x.ID, time.Now())
		require.NoError(t, err)
		_, err = h.asks("unknown", "0212345678", "")
		require.NoError(t, err)
	})
}

// TestWhatIsNoRequest: to find the open request, to be sent home by us, to be cut off
// by us, and the same request asked again after a crash.
func TestWhatIsNoRequest(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		h.asksAndCancels(5, "0212345678", "")
		x, err := h.asks("sixth", "0212345678", "")
		require.NoError(t, err)
		for i := range 10 {
			again, err := h.asks(fmt.Sprint("again", i), "0212345678", "")
			require.NoError(t, err)
			require.Equal(t, x.ID, again.ID)
			again, err = h.asks("sixth", "0212345678", "")
			require.NoError(t, err)
			require.Equal(t, x.ID, again.ID)
		}
		_, err = h.tickets.Cancel(h.ctx, "demo", x.ID, time.Now())
		require.NoError(t, err)
		_, err = h.asks("seventh", "0212345678", "")
		require.ErrorIs(t, err, dispatch.ErrMany)

		y := h.enterAs("in-1", "0212345678")
		h.wait(time.Second)
		_, err = h.tickets.Sweep(h.ctx, "demo", "persone")
		require.NoError(t, err)
		y, err = h.asks("swept", "0212345678", "", func(a *dispatch.Asked) { a.Ticket = y.ID })
		require.NoError(t, err, "a supervisor sends all home")
		assert.Equal(t, queue.ReasonSwept, y.Reason)
		_, err = h.tickets.Cancel(h.ctx, "demo", y.ID, time.Now())
		require.NoError(t, err)
		z := h.enterAs("in-2", "0212345678")
		z, err = h.asks("cut", "0212345678", "", whenever, func(a *dispatch.Asked) { a.Ticket, a.Purpose = z.ID, queue.Interrupted })
		require.NoError(t, err)
		assert.Equal(t, queue.Pending, z.State, "who was cut off is called back")
	})
}

// TestRequestIsCountedOnce: an answer that was lost, and two processes that take
// requests of one citizen at the same moment.
func TestRequestIsCountedOnce(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		s, _ := queue.PhoneSubject(number(t, "0212345678"))
		once := true
		h.stores.Faults.After(func(ctx context.Context, verb memstore.Verb, _ int) {
			if verb != memstore.DoLedgers || !once {
				return
			}
			once = false // somebody else takes five in this moment
			l := queue.Ledger{Subject: s}
			for range 5 {
				l = l.Ask(time.Now())
			}
			_, err := h.stores.Tickets.Commit(ctx, dispatch.Change{Tenant: "demo", Ledgers: []queue.Ledger{l}})
			assert.NoError(t, err)
		})
		x, err := h.asks("a", "0212345678", "")
		require.NoError(t, err)
		h.stores.Faults.After(nil)
		assert.Len(t, h.ledger("0212345678").Asked, 6)
		_, err = h.tickets.Cancel(h.ctx, "demo", x.ID, time.Now())
		require.NoError(t, err)
		_, err = h.asks("b", "0212345678", "")
		require.ErrorIs(t, err, dispatch.ErrMany)

		h.stores.Faults.Nth(memstore.DoCommit, 1, memstore.Lost)
		_, err = h.asks("lost", "0276543210", "")
		require.ErrorIs(t, err, dispatch.ErrUnavailable)
		h.wait(5 * time.Second)
		_, err = h.asks("lost", "0276543210", "")
		require.NoError(t, err)
		assert.Len(t, h.ledger("0276543210").Asked, 1)
	})
}

// TestRequestsOfOtherSystems: a portal that asks too often is not turned away, and
// has nobody called; to verify a registration is no request for a person.
func TestRequestsOfOtherSystems(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		for i := range 7 {
			x, err := h.tickets.CreateReturn(h.ctx, "demo", fmt.Sprint(i), dispatch.ReturnCall{
				Citizen: "A", Phone: number(t, "0212345678"), Purpose: queue.WantsPerson, Channel: "portal",
			})
			require.NoError(t, err)
			if i == 6 {
				assert.Equal(t, queue.Exhausted, x.State)
				assert.Equal(t, queue.ReasonMany, x.Reason)
				break
			}
			_, err = h.tickets.Withdraw(h.ctx, "demo", x.ID)
			require.NoError(t, err)
		}
		assert.Equal(t, queue.Pending, h.verify("v", "A", "0212345678").State)
	})
}

// TestRequestsProperty: whatever is asked, cancelled and let lie at random, no citizen
// has more promises made in any rolling day than are allowed, and is refused none
// that is.
func TestRequestsProperty(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := newHouse(t)
				h.loop.Stop() // nobody is called, only asked
				rng := rand.New(rand.NewPCG(seed, 5))
				made := map[string][]time.Time{}
				for i := range 150 {
					h.wait(time.Duration(rng.IntN(4*3600)) * time.Second)
					who := []string{"A", "B", ""}[rng.IntN(3)]
					x, err := h.asks(fmt.Sprint("k", i), fmt.Sprintf("021234567%d", len(who)), who)
					last := made[who]
					full := len(last) >= 6 && time.Since(last[len(last)-6]) < queue.CapSpan
					if errors.Is(err, dispatch.ErrMany) {
						require.True(t, full, "refused though allowed")
						continue
					}
					require.NoError(t, err)
					if x.Attempts == nil && x.Version == 1 {
						require.False(t, full, "promised though too many")
						made[who] = append(last, time.Now())
					}
					if rng.IntN(3) > 0 {
						_, err := h.tickets.Cancel(h.ctx, "demo", x.ID, time.Now())
						require.True(t, err == nil || errors.Is(err, queue.ErrImpossible), "%v", err)
					}
				}
			})
		})
	}
}

// TestRedFlagGoesFirst: what a doctor says can't wait is served before those who have
// waited, but for those who have waited half a day longer; a request that is open
// becomes as pressing as the one that joins it.
func TestRedFlagGoesFirst(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		hands := func(key, national, citizen string, class queue.Class) queue.Ticket {
			x, err := h.tickets.CreateReturn(h.ctx, "demo", key, dispatch.ReturnCall{
				Citizen: citizen, Phone: number(t, national), Purpose: queue.WantsPerson, Channel: "gp", Class: class,
			})
			require.NoError(t, err)
			return x
		}
		var waiting []queue.Ticket
		for i := range 3 {
			waiting = append(waiting, hands(fmt.Sprint(i), fmt.Sprintf("027654321%d", i), fmt.Sprint("W", i), queue.Normal))
			h.wait(time.Hour)
		}
		holder := h.enterAs("in-1", "0212345670")
		joined := hands("j1", "0212345671", "J", queue.Normal)
		again := hands("j2", "0212345671", "J", queue.RedFlag)
		require.Equal(t, joined.ID, again.ID)
		assert.Equal(t, queue.RedFlag, again.Class)
		assert.Equal(t, queue.RedFlag, hands("j3", "0212345671", "J", queue.Normal).Class, "and does not become less so")
		h.wait(time.Second)
		fresh := hands("f", "0212345672", "F", queue.RedFlag)
		var order []string
		for _, x := range h.open() {
			order = append(order, x.ID)
		}
		assert.Equal(t, []string{again.ID, fresh.ID, waiting[0].ID, waiting[1].ID, waiting[2].ID, holder.ID}, order)
		h.set("anna", agent.Ready)
		h.wait(2 * time.Second)
		assert.Equal(t, queue.Dialling, h.ticket(again.ID).State, "and is called first")
	})
}
