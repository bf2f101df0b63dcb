package dispatch_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// offices is a house with hours: Monday to Saturday, 8 to 12 and 14 to 18, two
// agents. It is five on the Monday after New Year's.
func offices(t *testing.T, agents ...string) *house {
	h := newHouse(t, agents...)
	h.loop.Stop()
	shifts := map[time.Weekday][]queue.Shift{}
	for d := time.Monday; d <= time.Saturday; d++ {
		shifts[d] = []queue.Shift{
			{Span: queue.Span{From: queue.Clock(8, 0), To: queue.Clock(12, 0)}, Agents: 2},
			{Span: queue.Span{From: queue.Clock(14, 0), To: queue.Clock(18, 0)}, Agents: 2},
		}
	}
	h.cfg.Office = queue.Staffing{Zone: time.UTC, Shifts: shifts}
	h.cfg.Handle = 10 * time.Minute
	time.Sleep(time.Until(time.Date(2000, 1, 3, 17, 0, 0, 0, time.UTC)))
	h.start()
	synctest.Wait()
	return h
}

// TestHalfDays: with room for it a call can be promised for a half-day; a full one
// is not offered, and not promised.
func TestHalfDays(t *testing.T) {
	in(t, func(t *testing.T) {
		h := offices(t)
		defer h.loop.Stop()
		days := func(skip, n int) []queue.HalfDay {
			all, err := h.tickets.HalfDays(h.ctx, "demo", time.Now(), skip, n)
			require.NoError(t, err)
			return all
		}
		assert.Equal(t, []queue.HalfDay{"2000-01-04/am", "2000-01-04/pm", "2000-01-05/am"}, days(0, 3))
		assert.Equal(t, []queue.HalfDay{"2000-01-05/pm", "2000-01-06/am"}, days(3, 2))
		assert.Equal(t, queue.HalfDay("2000-01-10/pm"), days(0, 99)[11], "six days that are open, no Sunday")
		assert.Empty(t, days(50, 3))

		ask := func(i int, slot queue.HalfDay) (queue.Ticket, error) {
			return h.tickets.Promise(h.ctx, dispatch.Asked{
				Tenant: "demo", Key: string(rune('a' + i)), Phone: number(t, "02123456"+string(rune('0'+i/10))+string(rune('0'+i%10))),
				Purpose: queue.WantsPerson, Slot: slot, At: time.Now(),
			})
		}
		for i := range 24 { // half of two agents' four hours, ten minutes each
			x, err := ask(i, "2000-01-04/am")
			require.NoError(t, err)
			assert.Equal(t, time.Date(2000, 1, 4, 8, 0, 0, 0, time.UTC), x.From)
			assert.Equal(t, time.Date(2000, 1, 4, 12, 0, 0, 0, time.UTC), x.To)
			assert.Equal(t, x.From, x.NotBefore)
			assert.Equal(t, queue.HalfDay("2000-01-04/am"), x.Slot)
		}
		_, err := ask(24, "2000-01-04/am")
		require.ErrorIs(t, err, dispatch.ErrSlotFull)
		assert.Equal(t, []queue.HalfDay{"2000-01-04/pm"}, days(0, 1))
		for _, slot := range []queue.HalfDay{"2000-01-02/am", "2000-01-03/am", "2000-01-09/pm", "soon"} {
			_, err = ask(25, slot)
			require.ErrorIs(t, err, dispatch.ErrSlotFull, "a Sunday, what is over, what is no half-day")
		}
		again, err := ask(0, "2000-01-04/am")
		require.NoError(t, err, "asked again: the same promise, full or not")
		assert.Equal(t, number(t, "0212345600"), again.Phone)
	})
}

// TestCapOnPromises: what the agents can't do today is not promised for today.
func TestCapOnPromises(t *testing.T) {
	in(t, func(t *testing.T) {
		h := offices(t)
		defer h.loop.Stop()
		promise := func(i int, whenever bool) error {
			n := "02123456" + string(rune('0'+i/10)) + string(rune('0'+i%10))
			_, err := h.tickets.Promise(h.ctx, dispatch.Asked{Tenant: "demo", Key: n, Phone: number(t, n), Whenever: whenever, At: time.Now()})
			return err
		}
		for i := range 9 { // 80 % of the last hour of two agents, ten minutes each
			require.NoError(t, promise(i, false), i)
		}
		require.ErrorIs(t, promise(9, false), dispatch.ErrFull)
		x := h.enterAs("in-1", "0276543210")
		look, err := h.tickets.Outlook(h.ctx, "demo", x.ID, time.Now())
		require.NoError(t, err)
		assert.True(t, look.Full)
		assert.Equal(t, queue.HalfDay("2000-01-04/am"), look.Next)
		require.NoError(t, promise(0, false), "who has a promise keeps it")
		require.NoError(t, promise(10, true), "nobody is left without any")
		st, err := h.tickets.Status(h.ctx, "demo", "persone")
		require.NoError(t, err)
		assert.True(t, st.Full)
	})
}

// TestCapAfterClosing: when today is over, what is promised for the next day that is
// open is promised once, whether by appointment or for as soon as possible.
func TestCapAfterClosing(t *testing.T) {
	slots := []queue.HalfDay{"2000-01-04/am", "2000-01-04/pm"}
	for name, order := range map[string][][]queue.HalfDay{
		"appointments first":        {slots, {""}},
		"as soon as possible first": {{""}, slots},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := offices(t)
				defer h.loop.Stop()
				h.wait(2 * time.Hour) // seven, closed
				n := 0
				for _, turn := range order {
					for _, slot := range turn {
						for {
							national := fmt.Sprintf("0212%06d", 100000+n)
							_, err := h.tickets.Promise(h.ctx, dispatch.Asked{
								Tenant: "demo", Key: national, Phone: number(t, national), Slot: slot, At: time.Now(),
							})
							if err != nil {
								break
							}
							n++
						}
					}
				}
				assert.Equal(t, 76, n, "80 % of two agents' eight hours, ten minutes each")
				days, err := h.tickets.HalfDays(h.ctx, "demo", time.Now(), 0, 1)
				require.NoError(t, err)
				assert.Equal(t, []queue.HalfDay{"2000-01-05/am"}, days, "a full day is not offered")
			})
		})
	}
}

// TestRunningHalfDay: of a half-day that has begun only the rest is promised, and
// nothing when no call can be made any more.
func TestRunningHalfDay(t *testing.T) {
	in(t, func(t *testing.T) {
		h := offices(t)
		defer func() { h.loop.Stop() }()
		ask := func(i int) error {
			n := fmt.Sprintf("0212%06d", 100000+i)
			x, err := h.tickets.Promise(h.ctx, dispatch.Asked{
				Tenant: "demo", Key: n, Phone: number(t, n), Slot: "2000-01-03/pm", At: time.Now(),
			})
			if err == nil {
				assert.True(t, x.NotBefore.Before(x.To))
			}
			return err
		}
		for i := range 6 { // half of the last hour of two agents, ten minutes each
			require.NoError(t, ask(i), i)
		}
		require.ErrorIs(t, ask(6), dispatch.ErrSlotFull)
		h.loop.Stop()
		h.wait(58 * time.Minute)
		h.cfg.MinDelay, h.cfg.Handle = time.Minute, time.Second
		h.start()
		h.wait(30 * time.Second)
		require.NoError(t, ask(7), "half a minute is left")
		h.wait(30 * time.Second)
		require.ErrorIs(t, ask(8), dispatch.ErrSlotFull, "nobody can be called before it is over")
	})
}

// TestSweptOnce: a supervisor has sent all home. Who calls hours later is queued as
// always, in the place that there was.
func TestSweptOnce(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		x := h.enterAs("in-1", "0212345678")
		h.wait(time.Minute)
		_, err := h.tickets.Sweep(h.ctx, "demo", "persone")
		require.NoError(t, err)
		swept := h.promiseAs("in-1", "0212345678", func(a *dispatch.Asked) { a.Ticket = x.ID })
		assert.Equal(t, queue.ReasonSwept, swept.Reason)
		h.wait(3 * time.Hour)
		before := len(h.calls.closed)
		again := h.enterAs("in-2", "0212345678")
		assert.Equal(t, x.ID, again.ID)
		h.wait(5 * time.Second)
		assert.Len(t, h.calls.closed, before)
		later := h.promiseAs("in-2", "0212345678", func(a *dispatch.Asked) { a.Ticket = x.ID })
		assert.Equal(t, queue.ReasonPromised, later.Reason, "of their own will")

		h.set("anna", agent.Ready)
		h.wait(2 * time.Second)
		require.NoError(t, h.tickets.Connected(h.ctx, "demo", x.ID, "anna", time.Now()))
		_, err = h.tickets.Transfer(h.ctx, "demo", x.ID, "anna", "queue:", time.Now())
		require.NoError(t, err)
		require.Equal(t, queue.Waiting, h.ticket(x.ID).State)
		h.wait(5 * time.Second)
		assert.Len(t, h.calls.closed, before, "a citizen who is being transferred is not sent home")
	})
}

// TestClosingTime: shortly before the offices close, and after, callers hear so,
// and are called on the next half-day; a supervisor's sweep sends them home at
// once.
func TestClosingTime(t *testing.T) {
	in(t, func(t *testing.T) {
		h := offices(t, "anna")
		defer h.loop.Stop()
		look := func(id string) dispatch.Outlook {
			l, err := h.tickets.Outlook(h.ctx, "demo", id, time.Now())
			require.NoError(t, err)
			return l
		}
		x := h.enterAs("in-1", "0212345678")
		l := look(x.ID)
		assert.False(t, l.Closing || l.Closed || l.Full)
		assert.Empty(t, l.Next)
		h.wait(46 * time.Minute)
		l = look(x.ID)
		assert.True(t, l.Closing)
		assert.False(t, l.Closed)
		assert.Equal(t, queue.HalfDay("2000-01-04/am"), l.Next)

		h.enterAs("in-2", "0276543210")
		told, err := h.tickets.Sweep(h.ctx, "demo", "persone")
		require.NoError(t, err)
		assert.Equal(t, 2, told)
		h.calls.mu.Lock() // the loop tells them too, as long as they are on the line
		assert.Subset(t, h.calls.closed, []string{"in-1", "in-2"})
		h.calls.mu.Unlock()
		_, err = h.tickets.Sweep(h.ctx, "demo", "other")
		require.ErrorIs(t, err, dispatch.ErrNotFound)
		p, err := h.tickets.Promise(h.ctx, dispatch.Asked{
			Tenant: "demo", Key: "in-1.2", Ticket: x.ID, Phone: x.Phone, Slot: l.Next, At: time.Now(),
		})
		require.NoError(t, err)
		assert.Equal(t, queue.ReasonSwept, p.Reason)
		assert.Equal(t, x.Arrived, p.Arrived, "the place stays")
		h.wait(time.Hour)
		y := h.enterAs("in-3", "0255555555")
		assert.True(t, look(y.ID).Closed)
		p, err = h.tickets.Promise(h.ctx, dispatch.Asked{
			Tenant: "demo", Key: "in-3.2", Ticket: y.ID, Phone: y.Phone, Slot: l.Next, At: time.Now(),
		})
		require.NoError(t, err)
		assert.Equal(t, queue.ReasonClosing, p.Reason)
	})
}

// TestChangeAndCancel: another half-day, another number, or no call at all.
func TestChangeAndCancel(t *testing.T) {
	in(t, func(t *testing.T) {
		h := offices(t)
		defer h.loop.Stop()
		none := phone.Number{}
		x := h.promiseAs("in-1", "0212345678")
		change := func(key, id string, slot queue.HalfDay, n phone.Number) (queue.Ticket, error) {
			return h.tickets.Change(h.ctx, "demo", key, id, slot, n, time.Now())
		}
		c, err := change("1", x.ID, "2000-01-05/pm", none)
		require.NoError(t, err)
		assert.Equal(t, queue.HalfDay("2000-01-05/pm"), c.Slot)
		assert.Equal(t, time.Date(2000, 1, 5, 14, 0, 0, 0, time.UTC), c.NotBefore)
		assert.Equal(t, x.Word, c.Word)
		assert.Equal(t, x.Arrived, c.Arrived)
		again, err := change("1", x.ID, "2000-01-05/pm", none)
		require.NoError(t, err)
		assert.Equal(t, c, again)
		c, err = change("2", x.ID, "", number(t, "0276543210"))
		require.NoError(t, err)
		assert.Equal(t, number(t, "0276543210"), c.Phone)
		assert.Equal(t, queue.HalfDay("2000-01-05/pm"), c.Slot)
		_, err = change("3", x.ID, "2000-01-09/am", none)
		require.ErrorIs(t, err, dispatch.ErrSlotFull, "a Sunday")
		_, err = change("4", x.ID, "", number(t, "899123456"))
		require.ErrorIs(t, err, dispatch.ErrNotDialable)
		require.NoError(t, h.blocks.Block(h.ctx, "demo", number(t, "0299999999")))
		_, err = change("5", x.ID, "", number(t, "0299999999"))
		require.ErrorIs(t, err, dispatch.ErrNotDialable)

		h.wait(time.Minute)
		later := h.promiseAs("in-2", "0255555555")
		one, err := change("6", later.ID, "", number(t, "0276543210"))
		require.NoError(t, err)
		assert.Equal(t, x.ID, one.ID, "a number has one promised call: that with the earlier place")
		assert.Len(t, one.Also, 1)
		assert.Equal(t, queue.ReasonJoined, h.ticket(later.ID).Reason)

		gone, err := h.tickets.Cancel(h.ctx, "demo", x.ID, time.Now())
		require.NoError(t, err)
		assert.Equal(t, queue.Withdrawn, gone.State)
		assert.Equal(t, queue.ReasonCancelled, gone.Reason)
		_, err = change("7", x.ID, "2000-01-05/am", none)
		require.ErrorIs(t, err, queue.ErrImpossible)
		assert.Empty(t, h.open())
	})
}

// TestOneRequest: whatever is asked for and wherever, a citizen and a number have
// one open request for a person.
func TestOneRequest(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		x := h.promiseAs("in-1", "0212345678", func(a *dispatch.Asked) { a.Citizen = "C" })
		p := h.promiseAs("in-2", "0212345678")
		assert.Equal(t, x.ID, p.ID)
		assert.Equal(t, x.Word, p.Word)
		create := func(key string, r dispatch.ReturnCall) queue.Ticket {
			y, err := h.tickets.CreateReturn(h.ctx, "demo", key, r)
			require.NoError(t, err)
			return y
		}
		byPhone := dispatch.ReturnCall{Phone: number(t, "0212345678"), Purpose: queue.RegistryDown, Channel: "portal", Note: "n"}
		byCitizen := dispatch.ReturnCall{Citizen: "C", Phone: number(t, "0276543210"), Purpose: queue.Verification, Channel: "gp"}
		for range 2 { // once under its key
			assert.Equal(t, x.ID, create("1", byPhone).ID)
			assert.Equal(t, x.ID, create("2", byCitizen).ID)
		}
		noted, err := h.tickets.Noted(h.ctx, "demo", "n", number(t, "0212345678"), time.Now())
		require.NoError(t, err)
		assert.Equal(t, x.ID, noted.ID)
		one := h.ticket(x.ID)
		assert.Equal(t, x.To, one.To)
		var also []queue.Purpose
		for _, r := range one.Also {
			also = append(also, r.Purpose)
		}
		assert.Equal(t, []queue.Purpose{queue.RegistryDown, queue.Verification, queue.NotedAway}, also)
		assert.Len(t, h.open(), 1)

		left, err := h.tickets.Withdraw(h.ctx, "demo", x.ID)
		require.NoError(t, err)
		assert.Equal(t, queue.Pending, left.State, "the portal wants it no more, the citizen does")
		assert.Len(t, left.Also, 1)

		wife, husband := h.verify("w", "W", "0255555555"), h.verify("h", "H", "0255555555")
		assert.NotEqual(t, wife.ID, husband.ID)
		assert.Equal(t, wife.ID, h.verify("w2", "W", "0255555555").ID)
	})
}

// TestKnown: what is said to whoever calls with a promised call open.
func TestKnown(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		n := number(t, "0212345678")
		known := func() dispatch.Known {
			k, ok := h.tickets.Known("demo", n, time.Now())
			require.True(t, ok)
			return k
		}
		_, ok := h.tickets.Known("demo", n, time.Now())
		require.False(t, ok)
		_, ok = h.tickets.Known("nowhere", n, time.Now())
		require.False(t, ok)
		_, ok = h.tickets.Known("demo", phone.Number{}, time.Now())
		require.False(t, ok, "withheld")
		h.set("anna", agent.Ready)
		h.set("anna", agent.Paused) // on duty again in a moment: nothing is promised for a time
		x := h.promiseAs("in-1", "0212345678", func(a *dispatch.Asked) { a.Citizen = "C" })
		assert.Equal(t, dispatch.Known{Ticket: x.ID, Purpose: queue.WantsPerson, From: x.From, To: x.To, Owned: true}, known())
		k, ok := h.tickets.KnownCitizen("demo", "C", time.Now())
		require.True(t, ok)
		assert.Equal(t, known(), k)
		h.set("anna", agent.Ready)
		h.wait(2 * time.Second)
		assert.True(t, known().Ringing)
		h.ended(h.ticket(x.ID), queue.NoAnswer)
		assert.True(t, known().Missed)
		again := h.enterAs("in-2", "0212345678")
		assert.Equal(t, queue.Returned, again.Class, "who calls us back has a head start")
		_, ok = h.tickets.Known("demo", n, time.Now())
		assert.False(t, ok, "on the line already")
		on, ok := h.tickets.OnLine("demo", "in-2")
		require.True(t, ok)
		assert.Equal(t, x.ID, on.ID)
	})
}

// TestInTheMenu: while a number calls us, it is not called, though nothing was
// asked for yet.
func TestInTheMenu(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		x := h.promiseAs("in-1", "0212345678")
		h.wait(30 * time.Second)
		h.calls.ring("in-2")
		h.tickets.Arrives("demo", number(t, "0212345678"), "in-2")
		h.set("anna", agent.Ready)
		h.wait(time.Minute)
		assert.Empty(t, h.calls.calls())
		assert.Equal(t, agent.Ready, h.agent("anna").State)
		h.calls.hangUp("in-2")
		h.wait(20 * time.Second)
		assert.Equal(t, []string{x.ID + "-1"}, h.calls.calls())
	})
}

// TestGoodbye: a call of ours whose end was reported says goodbye still: its number
// and its line are in use.
func TestGoodbye(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		h.loop.Stop()
		h.cfg.Lines, h.cfg.AutoLines = 1, 1
		h.start()
		defer func() { h.loop.Stop() }()
		wife := h.verify("w", "W", "0212345678")
		h.wait(2 * time.Second)
		h.verify("h", "H", "0212345678")
		other := h.verify("o", "O", "0276543210")
		require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", wife.ID, 1, queue.Result{Outcome: queue.Delivered}, time.Now()))
		h.wait(30 * time.Second)
		assert.Equal(t, []string{wife.ID + "-1"}, h.calls.calls(), "one line")
		h.loop.Stop()
		h.cfg.Lines, h.cfg.AutoLines = 2, 2
		h.start()
		h.wait(30 * time.Second)
		assert.Equal(t, []string{wife.ID + "-1", other.ID + "-1"}, h.calls.calls(), "one number, also for a process that begins anew")
		h.calls.hangUp(wife.ID + "-1")
		h.wait(20 * time.Second)
		assert.Len(t, h.calls.calls(), 3)
	})
}

// TestStuck: citizens are due, agents free, and still nobody is called.
func TestStuck(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		h.set("bruno", agent.Ready)
		h.calls.set(func() { h.calls.broken = true })
		for i := range 12 {
			h.promiseAs(fmt.Sprint("in-", i), fmt.Sprintf("02123456%02d", i))
		}
		h.wait(2 * time.Minute)
		assert.Empty(t, h.heard())
		h.wait(2 * time.Minute)
		assert.Equal(t, []string{"stuck on"}, h.heard())
		h.calls.set(func() { h.calls.broken = false })
		h.wait(20 * time.Second)
		assert.Equal(t, []string{"stuck on", "stuck off"}, h.heard())
		assert.Len(t, h.calls.calls(), 2, "as many as agents")
	})
}
