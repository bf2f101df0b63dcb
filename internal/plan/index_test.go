package plan_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// TestIndexes asks the board, on random days, what can also be found out by
// looking at every ticket and every agent.
func TestIndexes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := newWorld(t, 100+seed, func(*plan.Config) {})
		for i := range 300 {
			w.happen()
			w.plan(false)
			if i%5 == 0 {
				w.rebuilt()
				w.indexes()
			}
		}
	}
}

func (w *world) open(which func(queue.Ticket) bool) []queue.Ticket {
	var found []queue.Ticket
	for _, t := range slices.SortedFunc(maps.Values(w.ref.tickets), queue.Compare) {
		if which(t) {
			found = append(found, t)
		}
	}
	return found
}

func (w *world) indexes() {
	all := w.open(func(queue.Ticket) bool { return true })
	w.pages(all)
	states, classes, _ := w.board.Counts()
	for _, t := range all {
		states[t.State]--
		classes[t.Class]--
		found, ok := w.board.Ticket(t.ID)
		require.True(w, ok)
		require.Equal(w, t, found)
		if t.State.OnLine() {
			first, ok := w.board.OnCall(t.Call, queue.Waiting, queue.Dialling, queue.Connected)
			require.True(w, ok && !queue.Before(t, first))
		}
		if t.Phone != (phone.Number{}) {
			require.Equal(w, w.open(func(o queue.Ticket) bool { return o.Phone == t.Phone }), w.board.ByPhone(t.Phone))
		}
	}
	for s, n := range states {
		require.Zero(w, n, s)
	}
	for c, n := range classes {
		require.Zero(w, n, c)
	}
	w.queues(all)
}

// queues compares what is known of each queue.
func (w *world) queues(all []queue.Ticket) {
	w.ref.now, w.ref.free = w.now, nil
	for _, a := range w.ref.agents {
		if a.Free(w.now) {
			w.ref.free = append(w.ref.free, a)
		}
	}
	for _, name := range w.cfg.Queues {
		require.Equal(w, w.open(func(t queue.Ticket) bool { return t.State == queue.Waiting && t.Agent == "" && t.Queue == name }), w.board.Line(name))
		q, staffed := w.board.Queue(name, w.now), map[agent.State]int{}
		for _, a := range w.ref.agents {
			if a.Serves(name) {
				staffed[a.State]++
			}
		}
		require.Equal(w, staffed, q.Agents)
		require.Equal(w, w.count(func(t queue.Ticket) bool { return t.Queue == name && t.State == queue.Waiting }), q.Waiting)
		someone := queue.Ticket{ID: "new", Queue: name, Arrived: w.now.Add(-time.Duration(w.rng.IntN(7200)) * time.Second)}
		require.Equal(w, aheadOf(all, someone, w.now.Add(plan.Horizon)), w.board.Ahead(someone, w.now))
		want, known := w.ref.wait(someone)
		got, ok := w.board.Wait(someone, w.now)
		require.Equal(w, known, ok)
		require.InDelta(w, want, got, float64(time.Microsecond))
	}
	require.Equal(w, w.count(func(t queue.Ticket) bool {
		return t.NeedsAgent && (t.State == queue.Pending || t.State == queue.Due || t.State == queue.Dialling)
	}), w.board.Promised("9999-12-31/pm", queue.Ticket{}))
}

// TestOlderIsDropped: what arrives late changes nothing; what was read is true.
func TestOlderIsDropped(t *testing.T) {
	t.Parallel()
	s := newScene(t).ready("anna").waiting("a", 1)
	s.tickets[0].Version, s.agents[0].Version = 5, 5
	b := s.board()
	old, _ := s.tickets[0].Withdraw(noon, queue.ReasonLeft)
	old.Version = 4
	b.Put(old)
	gone, _ := s.agents[0].Set(noon, agent.Away, "")
	gone.Version = 4
	b.PutAgent(gone)
	require.Equal(t, []string{"turn a: first-in-order, anna reserved -> waiting"}, told(first(b.Decide(noon, plan.Facts{}))))
	b.Reset(old)
	b.ResetAgent(gone)
	require.Empty(t, first(b.Decide(noon, plan.Facts{})))
	require.Zero(t, b.Len())
	kept, ok := b.Ticket("a")
	require.True(t, ok, "a closed ticket is remembered")
	require.Equal(t, queue.Withdrawn, kept.State)
	b.Forget("a")
	_, ok = b.Ticket("a")
	require.False(t, ok)
}

func first(decisions []plan.Decision, _ bool) []plan.Decision { return decisions }

// TestSlots: calls for half-days are counted, but for the one that asks.
func TestSlots(t *testing.T) {
	t.Parallel()
	slot := func(h queue.HalfDay) func(*queue.Ticket) { return func(x *queue.Ticket) { x.Slot = h } }
	s := newScene(t).promised("a", "0212345671", 1).promised("b", "0212345672", 2, slot("2027-03-03/pm")).
		promised("c", "0212345673", 3, slot("2027-03-04/am")).promised("d", "0212345674", 4, slot("2027-03-04/am"))
	b := s.board()
	require.Equal(t, 2, b.Slot("2027-03-04/am", queue.Ticket{}))
	require.Equal(t, 1, b.Slot("2027-03-04/am", s.tickets[3]))
	require.Equal(t, 2, b.Promised("2027-03-03/pm", queue.Ticket{}))
	require.Equal(t, 1, b.Promised("2027-03-03/pm", s.tickets[0]))
	require.Equal(t, 4, b.Promised("2027-03-04/pm", queue.Ticket{}))
}

// TestDoubled: two promised calls to one number become one; that on the line stays.
func TestDoubled(t *testing.T) {
	t.Parallel()
	s := newScene(t).promised("a", "0212345678", 1).promised("b", "0212345678", 2).promised("v", "0212345678", 3, alone).
		promised("c", "0276543210", 4, func(x *queue.Ticket) { x.Citizen = "C" }).promised("d", "0298765432", 5, func(x *queue.Ticket) { x.Citizen = "C" })
	s.tickets[4], _ = s.tickets[4].Rejoin(noon, "in-d", "asterisk")
	require.Equal(t, [][2]string{{"a", "b"}, {"d", "c"}}, s.board().Doubled())
}

// pages goes through the open tickets, a few at a time, of each queue and of all.
func (w *world) pages(all []queue.Ticket) {
	position := map[string]int{}
	for _, name := range append(slices.Clone(w.cfg.Queues), w.cfg.Queue, "") {
		var want []plan.Placed
		clear(position)
		for _, t := range all {
			if position[t.Queue]++; name == "" || t.Queue == name {
				want = append(want, plan.Placed{Ticket: t, Position: position[t.Queue]})
			}
		}
		for _, most := range []int{1, 7, len(all) + 1} {
			var seen []plan.Placed
			for mark := (plan.Mark{}); ; {
				page := w.board.Page(name, mark, most)
				if len(page) == 0 {
					break
				}
				require.LessOrEqual(w, len(page), most)
				seen = append(seen, page...)
				last := page[len(page)-1].Ticket
				mark = plan.Mark{At: last.Place(), ID: last.ID}
			}
			require.Equal(w, want, seen)
		}
	}
}
