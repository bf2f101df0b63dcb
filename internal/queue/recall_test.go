package queue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// TestMoreWays goes through the verbs of a waiting promise from every state.
func TestMoreWays(t *testing.T) {
	t.Parallel()
	no := queue.State("-")
	from, to := noon.Add(time.Hour), noon.Add(2*time.Hour)
	tests := []struct {
		verb string
		do   func(queue.Ticket) (queue.Ticket, error)
		to   []queue.State // in the order of states
	}{
		{"rejoin", func(t queue.Ticket) (queue.Ticket, error) { return t.Rejoin(noon, "in-2", "node") },
			[]queue.State{no, queue.Waiting, queue.Waiting, queue.Waiting, queue.Waiting, no, no, no, no}},
		{"leave", func(t queue.Ticket) (queue.Ticket, error) { return t.Leave(noon) },
			[]queue.State{no, queue.Withdrawn, no, no, no, no, no, no, no}},
		{"join", func(t queue.Ticket) (queue.Ticket, error) {
			return t.Join(noon, queue.Request{Purpose: queue.WantsPerson, Channel: "portal", At: noon})
		}, []queue.State{no, queue.Waiting, queue.Pending, queue.Due, queue.Dialling, queue.Connected, no, no, no}},
		{"change", func(t queue.Ticket) (queue.Ticket, error) {
			return t.Change(noon, queue.Change{NotBefore: from, From: from, To: to, Slot: "2027-03-03/pm"})
		}, []queue.State{no, no, queue.Pending, queue.Pending, queue.Dialling, no, no, no, no}},
		{"defer", func(t queue.Ticket) (queue.Ticket, error) { return t.Defer(noon, from, queue.ReasonCapped) },
			[]queue.State{no, no, queue.Pending, queue.Pending, no, no, no, no, no}},
		{"replan", func(t queue.Ticket) (queue.Ticket, error) { return t.Replan(noon, from, to) },
			[]queue.State{no, no, queue.Pending, queue.Due, no, no, no, no, no}},
		{"claim without an agent", func(t queue.Ticket) (queue.Ticket, error) { return t.ClaimFirst(noon, "node") },
			[]queue.State{no, no, no, queue.Dialling, no, no, no, no, no}},
		{"claim for a notice", func(t queue.Ticket) (queue.Ticket, error) { return t.ClaimNotice(noon, "node") },
			[]queue.State{no, no, queue.Dialling, queue.Dialling, no, no, no, no, no}},
		{"transfer", func(t queue.Ticket) (queue.Ticket, error) { return t.Transfer(noon, "visite", "") },
			[]queue.State{no, no, no, no, no, queue.Waiting, no, no, no}},
		{"write", func(t queue.Ticket) (queue.Ticket, error) { return t.Write(noon, "booked", "") },
			[]queue.State{no, no, no, no, no, queue.Connected, queue.Done, no, no}},
		{"close", func(t queue.Ticket) (queue.Ticket, error) { return t.Close(noon, "letter sent", "") },
			[]queue.State{no, no, no, no, no, no, no, queue.Done, no}},
	}
	for _, tt := range tests {
		require.Len(t, tt.to, len(states), tt.verb)
		for i, was := range states {
			t.Run(fmt.Sprintf("%s/%s", tt.verb, was), func(t *testing.T) {
				t.Parallel()
				before := inState(t, was)
				kept := copyOf(t, before)
				after, err := tt.do(before)
				assert.Equal(t, kept, copyOf(t, before), "the ticket itself stays as it was")
				if tt.to[i] == no {
					require.ErrorIs(t, err, queue.ErrImpossible)
					assert.Equal(t, kept, copyOf(t, after))
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tt.to[i], after.State)
				assert.Equal(t, before.Arrived, after.Arrived, "the arrival never changes")
				assert.False(t, before.Place().Before(after.Place()), "nobody falls back")
				if after.State != before.State {
					assert.NotEqual(t, before.Reason, after.Reason)
				}
			})
		}
	}
}

// promised is a call for three to half past three, with a word.
func promised(t testing.TB) queue.Ticket {
	t.Helper()
	x, err := queue.Ticket{ID: "t1", Tenant: "demo", Queue: "persone", NeedsAgent: true, Arrived: noon}.Promise(noon, queue.Terms{
		Phone: number(t, "0212345678"), Word: "471", NotBefore: noon.Add(3 * time.Hour), From: noon.Add(3 * time.Hour), To: noon.Add(210 * time.Minute),
	})
	require.NoError(t, err)
	return x
}

func TestRejoinAndLeave(t *testing.T) {
	t.Parallel()
	x := promised(t)
	onLine, err := x.Rejoin(noon.Add(time.Hour), "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, []any{"in-2", "node", "471", x.From, x.To, x.Arrived}, []any{onLine.Call, onLine.Node, onLine.Word, onLine.From, onLine.To, onLine.Arrived})
	assert.True(t, onLine.NotBefore.IsZero(), "the turn may come at once")
	assert.Equal(t, queue.Normal, onLine.Class)
	again, err := onLine.Rejoin(noon.Add(2*time.Hour), "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, copyOf(t, onLine), copyOf(t, again))

	left, err := onLine.Leave(noon.Add(61 * time.Minute))
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, left.State, "who hung up is still called")
	assert.Equal(t, x.NotBefore, left.NotBefore)
	assert.Equal(t, x.To, left.To)
	assert.Empty(t, left.Call)
	late, err := onLine.Leave(noon.Add(4 * time.Hour))
	require.NoError(t, err)
	assert.Equal(t, noon.Add(4*time.Hour+queue.BrokenRest), late.NotBefore, "the line must be free")

	unknown := x
	unknown.NotBefore = queue.NoDate()
	onLine, err = unknown.Rejoin(noon, "in-2", "node")
	require.NoError(t, err)
	left, err = onLine.Leave(noon)
	require.NoError(t, err)
	assert.Equal(t, queue.NoDate(), left.NotBefore, "a day that is not known stays so")

	anew, err := onLine.Promise(noon, queue.Terms{Phone: x.Phone, Word: "908", Slot: "2027-03-04/am"})
	require.NoError(t, err)
	assert.Equal(t, "471", anew.Word)
	assert.Equal(t, queue.HalfDay("2027-03-04/am"), anew.Slot)
	assert.True(t, anew.Resume.IsZero())

	silent := x
	silent.NeedsAgent = false
	_, err = silent.Rejoin(noon, "in-2", "node")
	require.ErrorIs(t, err, queue.ErrImpossible, "a call without an agent is no place in a queue")
}

// TestRejoinWhileWeRing: the call that rings is not an attempt, and the agent who
// was reserved for it takes the call that came in.
func TestRejoinWhileWeRing(t *testing.T) {
	t.Parallel()
	dialling := inState(t, queue.Dialling)
	x, err := dialling.Rejoin(noon.Add(time.Minute), "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, "anna", x.Agent)
	assert.Greater(t, x.Token, dialling.Token, "whoever holds the claim dials no more")
	assert.Equal(t, queue.Superseded, x.Attempts[0].Outcome)
	assert.False(t, x.Attempts[0].Counts)
	assert.Equal(t, queue.Normal, x.Class)
	late, err := x.AttemptEnded(noon.Add(2*time.Minute), 1, queue.Result{Outcome: queue.NoAnswer}, byDefault())
	require.NoError(t, err)
	assert.Equal(t, copyOf(t, x), copyOf(t, late), "its end is known already")
	talks, err := x.Connected(noon, "anna")
	require.NoError(t, err)
	done, err := talks.Talked(noon.Add(5 * time.Minute))
	require.NoError(t, err)
	assert.Equal(t, queue.Done, done.State)
	left, err := x.Leave(noon.Add(2 * time.Minute))
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, left.State)
	assert.Empty(t, left.Agent)
}

// TestRejoinAfterAMiss: who was not reached and calls back is served a little
// before those who came at the same time.
func TestRejoinAfterAMiss(t *testing.T) {
	t.Parallel()
	missed, err := inState(t, queue.Dialling).AttemptEnded(noon, 1, queue.Result{Outcome: queue.NoAnswer}, byDefault())
	require.NoError(t, err)
	x, err := missed.Rejoin(noon, "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, queue.Returned, x.Class)
	missed.Class = queue.Frail
	x, err = missed.Rejoin(noon, "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, queue.Frail, x.Class, "the more pressing class stays")
	fault, err := inState(t, queue.Dialling).AttemptEnded(noon, 1, queue.Result{Outcome: queue.OurFault}, byDefault())
	require.NoError(t, err)
	x, err = fault.Rejoin(noon, "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, queue.Normal, x.Class)
}

// TestRejoinIsAReturnOfAMissedCall: a head start is for whom our call did not find
// at home, not for whoever was busy, has answered, or was failed by us.
func TestRejoinIsAReturnOfAMissedCall(t *testing.T) {
	t.Parallel()
	for o, class := range map[queue.Outcome]queue.Class{
		queue.NoAnswer: queue.Returned, queue.NoKey: queue.Returned, queue.HungUp: queue.Returned, queue.Unreachable: queue.Returned,
		queue.Busy: queue.Normal, queue.Rejected: queue.Normal, queue.Later: queue.Normal, queue.WillCall: queue.Normal,
		queue.OurFault: queue.Normal, queue.NoAgent: queue.Normal,
	} {
		x, err := inState(t, queue.Dialling).AttemptEnded(noon, 1, queue.Result{Outcome: o}, byDefault())
		require.NoError(t, err)
		x, err = x.Rejoin(noon.Add(time.Minute), "in-2", "node")
		require.NoError(t, err)
		assert.Equal(t, class, x.Class, o)
	}
}

// TestRejoinOnAnotherLine: whoever waits on a line and calls on a second one waits
// there from then on, in the same place.
func TestRejoinOnAnotherLine(t *testing.T) {
	t.Parallel()
	x := inState(t, queue.Waiting)
	y, err := x.Rejoin(noon.Add(time.Hour), "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, []any{noon, noon.Add(time.Hour)}, []any{y.Arrived, y.Since})
	z, err := y.Rejoin(noon.Add(2*time.Hour), "in-2", "node")
	require.NoError(t, err)
	assert.Equal(t, noon.Add(time.Hour), z.Since, "the same line: nothing is new")
}

func TestJoin(t *testing.T) {
	t.Parallel()
	r := queue.Request{Purpose: queue.Verification, Channel: "portal", At: noon, Citizen: "CODE-A"}
	x, err := promised(t).Join(noon, r)
	require.NoError(t, err)
	assert.Equal(t, "CODE-A", x.Citizen, "now it is known who")
	require.Len(t, x.Also, 1)
	assert.Empty(t, x.Also[0].Citizen)
	r.At = noon.Add(time.Minute)
	twice, err := x.Join(noon, r)
	require.NoError(t, err)
	assert.Len(t, twice.Also, 1, "asked twice is asked once")
	r.Citizen = "CODE-B"
	other, err := x.Join(noon, r)
	require.NoError(t, err)
	assert.Equal(t, "CODE-A", other.Citizen)
	assert.Equal(t, "CODE-B", other.Also[1].Citizen, "the wife's request is hers")
	for i := range 100 {
		r.Note = fmt.Sprint(i)
		other, err = other.Join(noon, r)
		require.NoError(t, err)
	}
	assert.Len(t, other.Also, 16, "what a ticket holds is bounded")
	assert.Len(t, x.Also, 1)
}

func TestChange(t *testing.T) {
	t.Parallel()
	tomorrow := noon.Add(21 * time.Hour)
	slot := queue.Change{NotBefore: tomorrow, From: tomorrow, To: tomorrow.Add(4 * time.Hour), Slot: "2027-03-04/am"}
	x, err := promised(t).Change(noon, slot)
	require.NoError(t, err)
	assert.Equal(t, []any{tomorrow, slot.From, slot.To, slot.Slot, "471"}, []any{x.NotBefore, x.From, x.To, x.Slot, x.Word})

	missed, err := inState(t, queue.Dialling).AttemptEnded(noon, 1, queue.Result{Outcome: queue.NoAnswer}, byDefault())
	require.NoError(t, err)
	moved, err := missed.Change(noon, queue.Change{Phone: number(t, "0298765432")})
	require.NoError(t, err)
	assert.Equal(t, missed.NotBefore, moved.NotBefore)
	assert.Equal(t, number(t, "0298765432"), moved.Phone)
	assert.False(t, moved.Attempts[0].Counts, "the old number's calls say nothing of the new one")
	assert.True(t, missed.Attempts[0].Counts)
	same, err := missed.Change(noon, queue.Change{Phone: missed.Phone})
	require.NoError(t, err)
	assert.True(t, same.Attempts[0].Counts)

	during, err := inState(t, queue.Dialling).Change(noon, slot)
	require.NoError(t, err)
	after, err := during.AttemptEnded(noon, 1, queue.Result{Outcome: queue.Later}, byDefault())
	require.NoError(t, err)
	assert.Equal(t, tomorrow, after.NotBefore, "called when the citizen said in the call")
	assert.Equal(t, slot.Slot, after.Slot)
}

func TestSlipping(t *testing.T) {
	t.Parallel()
	x := promised(t) // until half past three, local to noon: 210 minutes
	end := x.To
	tests := []struct {
		name      string
		ticket    queue.Ticket
		now, turn time.Duration // from the promised end
		slips     bool
	}{
		{"long before", x, -time.Hour, time.Hour, false},
		{"five minutes before", x, -5 * time.Minute, time.Minute, false},
		{"in a moment, and its turn is later", x, -4 * time.Minute, time.Minute, true},
		{"in a moment, and its turn comes", x, -4 * time.Minute, 0, false},
		{"it has slipped", x, time.Minute, 2 * time.Minute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.slips, tt.ticket.Slipping(end.Add(tt.now), end.Add(tt.turn)))
		})
	}
	late := end.Add(time.Hour)
	assert.False(t, inState(t, queue.Waiting).Slipping(late, late), "nothing was promised")
	tried := x
	tried.Attempts = []queue.Attempt{{N: 1, Outcome: queue.NoAnswer, Counts: true}}
	assert.False(t, tried.Slipping(late, late.Add(1)), "we have called: the promise is kept")
	tried.Attempts = []queue.Attempt{{N: 1, Outcome: queue.OurFault}}
	assert.True(t, tried.Slipping(late, late.Add(1)), "a trunk that is down keeps no promise")
	assert.Equal(t, time.Hour, x.Lateness(late))
	assert.Zero(t, x.Lateness(end))
	assert.Zero(t, queue.Ticket{}.Lateness(late))

	moved, err := x.Replan(late, late, late.Add(30*time.Minute))
	require.NoError(t, err)
	assert.Equal(t, []any{int32(1), late, x.NotBefore, queue.ReasonReplanned}, []any{moved.Replans, moved.From, moved.NotBefore, moved.Reason})
	assert.False(t, moved.Slipping(late, late))
	_, err = x.Replan(late, late, late)
	require.ErrorIs(t, err, queue.ErrImpossible)
}

func TestNotice(t *testing.T) {
	t.Parallel()
	x := promised(t)
	rings, err := x.ClaimNotice(noon, "node")
	require.NoError(t, err)
	assert.Equal(t, queue.Notice, rings.Attempts[0].Kind)
	assert.False(t, rings.Attempts[0].Counts)
	assert.Empty(t, rings.Agent)
	assert.True(t, rings.Noticed())
	assert.False(t, x.Noticed())
	for o, reason := range map[queue.Outcome]queue.Reason{
		queue.Told: queue.ReasonTold, queue.NoAnswer: queue.ReasonMissed, queue.Busy: queue.ReasonMissed, queue.OurFault: queue.ReasonFault,
	} {
		after, err := rings.AttemptEnded(noon.Add(time.Minute), 1, queue.Result{Outcome: o}, byDefault())
		require.NoError(t, err)
		assert.Equal(t, queue.Pending, after.State, o)
		assert.Equal(t, reason, after.Reason, o)
		assert.Equal(t, x.NotBefore, after.NotBefore, "it has cost nothing")
		assert.False(t, after.Attempts[0].Counts)
		assert.Equal(t, x.To, after.To)
	}
	never, err := rings.AttemptEnded(noon, 1, queue.Result{Outcome: queue.Blocked}, byDefault())
	require.NoError(t, err)
	assert.Equal(t, queue.Exhausted, never.State, "who wants no call wants no second one either")
	lost, err := rings.Lost(noon, byDefault())
	require.NoError(t, err)
	assert.Equal(t, x.NotBefore, lost.NotBefore)

	wants, err := rings.Wait(noon)
	require.NoError(t, err)
	gone, err := wants.AttemptEnded(noon.Add(4*time.Hour), 1, queue.Result{Outcome: queue.HungUp}, byDefault())
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, gone.State)
	assert.Equal(t, noon.Add(4*time.Hour+queue.BrokenRest), gone.NotBefore)
	talks, err := wants.Connected(noon, "anna")
	require.NoError(t, err)
	done, err := talks.AttemptEnded(noon, 1, queue.Result{Outcome: queue.HungUp}, byDefault())
	require.NoError(t, err)
	assert.Equal(t, queue.Done, done.State, "they have spoken")
}

func TestCitizenFirst(t *testing.T) {
	t.Parallel()
	rings, err := inState(t, queue.Due).ClaimFirst(noon, "node")
	require.NoError(t, err)
	assert.Equal(t, queue.CallID("t1", 1), rings.Call)
	assert.Empty(t, rings.Agent)
	assert.True(t, rings.Attempts[0].Counts)
	waits, err := rings.Wait(noon)
	require.NoError(t, err)
	assert.Equal(t, queue.Front, waits.Class, "the next free agent is for who was called")
	reserved, err := inState(t, queue.Dialling).Wait(noon)
	require.NoError(t, err)
	assert.Equal(t, queue.Normal, reserved.Class)
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	x, err := inState(t, queue.Connected).Transfer(noon, "", "bruno")
	require.NoError(t, err)
	assert.Equal(t, []any{"persone", "bruno", "t1-1", queue.Front}, []any{x.Queue, x.Agent, x.Call, x.Class})
	twice, err := x.Transfer(noon, "", "bruno")
	require.NoError(t, err)
	assert.Equal(t, copyOf(t, x), copyOf(t, twice))
	_, err = x.Transfer(noon, "", "carla")
	require.ErrorIs(t, err, queue.ErrImpossible)
	missed, err := x.Missed(noon)
	require.NoError(t, err)
	assert.Equal(t, queue.Front, missed.Class)
	talks, err := x.Connected(noon, "bruno")
	require.NoError(t, err)
	done, err := talks.AttemptEnded(noon, 1, queue.Result{Outcome: queue.HungUp}, byDefault())
	require.NoError(t, err)
	assert.Equal(t, queue.Delivered, done.Attempts[0].Outcome)
	flag := inState(t, queue.Connected)
	flag.Class = queue.RedFlag
	x, err = flag.Transfer(noon, "visite", "")
	require.NoError(t, err)
	assert.Equal(t, queue.RedFlag, x.Class)
}

func TestRefund(t *testing.T) {
	t.Parallel()
	end := func(x queue.Ticket, n int, o queue.Outcome) queue.Ticket {
		x, err := x.AttemptEnded(noon, n, queue.Result{Outcome: o}, byDefault())
		require.NoError(t, err)
		return x
	}
	x := end(inState(t, queue.Dialling), 1, queue.NoAnswer)
	back, err := x.Refund(noon, 1)
	require.NoError(t, err)
	assert.False(t, back.Attempts[0].Counts)
	assert.Equal(t, noon.Add(queue.BrokenRest), back.NotBefore, "tried again soon")
	assert.True(t, x.Attempts[0].Counts)
	twice, err := back.Refund(noon.Add(time.Hour), 1)
	require.NoError(t, err)
	assert.Equal(t, copyOf(t, back), copyOf(t, twice))

	for n := 2; n <= 3; n++ {
		due, err := x.Ripen(x.NotBefore)
		require.NoError(t, err)
		due, err = due.Claim(due.NotBefore, "node", "anna")
		require.NoError(t, err)
		x = end(due, n, queue.NoAnswer)
	}
	require.Equal(t, queue.Exhausted, x.State)
	back, err = x.Refund(noon, 3)
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, back.State, "it was not used up")
	assert.Equal(t, queue.ReasonRefunded, back.Reason)
	older, err := x.Refund(noon, 1)
	require.NoError(t, err)
	assert.Equal(t, queue.Exhausted, older.State)

	wrong := inState(t, queue.Exhausted)
	after, err := wrong.Refund(noon, 1)
	require.NoError(t, err)
	assert.Equal(t, queue.Exhausted, after.State, "a wrong number stays wrong")
	for _, n := range []int{0, 1, 2} {
		_, err = inState(t, queue.Dialling).Refund(noon, n)
		require.ErrorIs(t, err, queue.ErrNoAttempt)
	}
}

func TestWriteAndClose(t *testing.T) {
	t.Parallel()
	x, err := inState(t, queue.Connected).Write(noon, "booked", "with her daughter")
	require.NoError(t, err)
	done, err := x.Talked(noon)
	require.NoError(t, err)
	assert.Equal(t, "booked", done.Outcome)
	closed, err := inState(t, queue.Exhausted).Close(noon, "letter sent", "n")
	require.NoError(t, err)
	assert.Equal(t, []any{queue.ReasonByPerson, "letter sent", "n"}, []any{closed.Reason, closed.Outcome, closed.OutcomeNote})
	twice, err := closed.Close(noon, "x", "y")
	require.NoError(t, err)
	assert.Equal(t, copyOf(t, closed), copyOf(t, twice))
	_, err = inState(t, queue.Done).Close(noon, "x", "")
	require.ErrorIs(t, err, queue.ErrImpossible)
}

// TestLostAfterRejoin: the line of a citizen who was promised a call and called
// again breaks.
func TestLostAfterRejoin(t *testing.T) {
	t.Parallel()
	x, err := promised(t).Rejoin(noon, "in-2", "node")
	require.NoError(t, err)
	lost, err := x.Lost(noon, byDefault())
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, lost.State)
	assert.Equal(t, "471", lost.Word)
	assert.Equal(t, noon.Add(queue.BrokenRest), lost.NotBefore, "called at once, as was wanted")
	var none phone.Number
	x.Phone = none
	lost, err = x.Lost(noon, byDefault())
	require.NoError(t, err)
	assert.Equal(t, queue.Withdrawn, lost.State)
}
