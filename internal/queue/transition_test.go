package queue_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

var noon = time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC)

// byDefault judges by the default policy's intervals alone.
func byDefault() queue.Judge { return queue.Judge{Policy: queue.DefaultPolicy()} }

func number(t testing.TB, s string) phone.Number {
	t.Helper()
	n, err := phone.Parse(s)
	require.NoError(t, err)
	return n
}

// inState brings a ticket to a state by the ways that there are.
func inState(t testing.TB, s queue.State) queue.Ticket {
	t.Helper()
	fresh := queue.Ticket{ID: "t1", Tenant: "demo", Queue: "persone", Phone: number(t, "0212345678"), NeedsAgent: true}
	must := func(ticket queue.Ticket, err error) queue.Ticket {
		t.Helper()
		require.NoError(t, err)
		return ticket
	}
	onLine := fresh
	onLine.Call = "in-1"
	waiting := must(onLine.Enter(noon))
	pending := must(fresh.Promise(noon, queue.Terms{Phone: fresh.Phone, Word: "471"}))
	due := must(pending.Ripen(noon))
	dialling := must(due.Claim(noon, "node", "anna"))
	switch s {
	case queue.Waiting:
		return waiting
	case queue.Pending:
		return pending
	case queue.Due:
		return due
	case queue.Dialling:
		return dialling
	case queue.Connected:
		return must(dialling.Connected(noon, "anna"))
	case queue.Done:
		return must(dialling.AttemptEnded(noon, 1, queue.Result{Outcome: queue.Delivered}, byDefault()))
	case queue.Exhausted:
		return must(dialling.AttemptEnded(noon, 1, queue.Result{Outcome: queue.WrongNumber}, byDefault()))
	case queue.Withdrawn:
		return must(due.Withdraw(noon, queue.ReasonWithdrawn))
	}
	return fresh
}

var states = []queue.State{"", queue.Waiting, queue.Pending, queue.Due, queue.Dialling, queue.Connected, queue.Done, queue.Exhausted, queue.Withdrawn}

// TestWays goes through every verb from every state: where it leads, or that
// there is no such way.
func TestWays(t *testing.T) {
	t.Parallel()
	no := queue.State("-")
	policy := byDefault()
	tests := []struct {
		verb string
		do   func(queue.Ticket) (queue.Ticket, error)
		to   []queue.State // in the order of states
	}{
		{"enter", func(t queue.Ticket) (queue.Ticket, error) { t.Call = "in-1"; return t.Enter(noon) },
			[]queue.State{queue.Waiting, no, no, no, no, no, no, no, no}},
		{"promise", func(x queue.Ticket) (queue.Ticket, error) {
			return x.Promise(noon, queue.Terms{Phone: x.Phone, Word: "123"})
		}, []queue.State{queue.Pending, queue.Pending, queue.Pending, queue.Due, queue.Dialling, no, no, no, no}},
		{"ripen", func(t queue.Ticket) (queue.Ticket, error) { return t.Ripen(noon) },
			[]queue.State{no, no, queue.Due, queue.Due, no, no, no, no, no}},
		{"wait", func(t queue.Ticket) (queue.Ticket, error) { return t.Wait(noon) },
			[]queue.State{no, queue.Waiting, no, no, queue.Waiting, no, no, no, no}},
		{"reserve", func(t queue.Ticket) (queue.Ticket, error) { return t.Reserve(noon, "anna") },
			[]queue.State{no, queue.Waiting, no, no, no, no, no, no, no}},
		{"pass over", func(t queue.Ticket) (queue.Ticket, error) { return t.PassOver(noon, noon, queue.ReasonNotTaken) },
			[]queue.State{no, queue.Waiting, no, no, no, no, no, no, no}},
		{"claim", func(t queue.Ticket) (queue.Ticket, error) { return t.Claim(noon, "node", "anna") },
			[]queue.State{no, no, no, queue.Dialling, no, no, no, no, no}},
		{"connected", func(t queue.Ticket) (queue.Ticket, error) { return t.Connected(noon, "anna") },
			[]queue.State{no, queue.Connected, no, no, queue.Connected, queue.Connected, no, no, no}},
		{"missed", func(t queue.Ticket) (queue.Ticket, error) { return t.Missed(noon) },
			[]queue.State{no, queue.Waiting, no, no, queue.Waiting, queue.Waiting, no, no, no}},
		{"talked", func(t queue.Ticket) (queue.Ticket, error) { return t.Talked(noon) },
			[]queue.State{no, no, no, no, no, queue.Done, queue.Done, no, no}},
		{"withdraw", func(t queue.Ticket) (queue.Ticket, error) { return t.Withdraw(noon, queue.ReasonLeft) },
			[]queue.State{no, queue.Withdrawn, queue.Withdrawn, queue.Withdrawn, queue.Withdrawn, no, no, no, queue.Withdrawn}},
		{"settle", func(t queue.Ticket) (queue.Ticket, error) { return t.Settle(noon) },
			[]queue.State{no, no, queue.Done, queue.Done, no, no, queue.Done, no, no}},
		{"give up", func(t queue.Ticket) (queue.Ticket, error) { return t.GiveUp(noon, queue.ReasonNeverCall) },
			[]queue.State{no, no, queue.Exhausted, queue.Exhausted, no, no, no, queue.Exhausted, no}},
		{"lost", func(t queue.Ticket) (queue.Ticket, error) { return t.Lost(noon, policy) },
			[]queue.State{no, queue.Pending, no, no, queue.Pending, queue.Done, no, no, no}},
	}
	for _, tt := range tests {
		require.Len(t, tt.to, len(states), tt.verb)
		for i, from := range states {
			t.Run(fmt.Sprintf("%s/%s", tt.verb, from), func(t *testing.T) {
				t.Parallel()
				before := inState(t, from)
				kept := copyOf(t, before)
				after, err := tt.do(before)
				assert.Equal(t, kept, copyOf(t, before), "the ticket itself stays as it was")
				if tt.to[i] == no {
					require.ErrorIs(t, err, queue.ErrImpossible)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tt.to[i], after.State)
				if from != "" {
					assert.Equal(t, before.Arrived, after.Arrived, "the place never changes")
				}
				if from != tt.to[i] {
					assert.NotEmpty(t, after.Reason)
				}
				if after.State == from && tt.verb != "reserve" && tt.verb != "pass over" && tt.verb != "missed" {
					assert.Equal(t, copyOf(t, before), copyOf(t, after), "a repeated step changes nothing")
				}
			})
		}
	}
}

// copyOf is a ticket as it is kept, to compare by.
func copyOf(t testing.TB, x queue.Ticket) string {
	t.Helper()
	b, err := json.Marshal(x)
	require.NoError(t, err)
	return string(b)
}

func TestAttemptEnded(t *testing.T) {
	t.Parallel()
	p := byDefault()
	tests := []struct {
		outcome queue.Outcome
		state   queue.State
		reason  queue.Reason
		after   time.Duration
		counts  bool
	}{
		{queue.Busy, queue.Pending, queue.ReasonMissed, 5 * time.Minute, true},
		{queue.NoAnswer, queue.Pending, queue.ReasonMissed, 15 * time.Minute, true},
		{queue.Rejected, queue.Pending, queue.ReasonMissed, time.Hour, true},
		{queue.Unreachable, queue.Pending, queue.ReasonMissed, time.Hour, true},
		{queue.NoKey, queue.Pending, queue.ReasonMissed, 15 * time.Minute, true},
		{queue.Later, queue.Pending, queue.ReasonMissed, time.Hour, true},
		{queue.HungUp, queue.Pending, queue.ReasonMissed, 15 * time.Minute, true},
		{queue.WillCall, queue.Pending, queue.ReasonMissed, 24 * time.Hour, true},
		{queue.OurFault, queue.Pending, queue.ReasonFault, time.Minute, false},
		{queue.NoAgent, queue.Pending, queue.ReasonFault, time.Minute, false},
		{queue.Delivered, queue.Done, queue.ReasonDelivered, 0, true},
		{queue.ToPerson, queue.Done, queue.ReasonToPerson, 0, true},
		{queue.WrongNumber, queue.Exhausted, queue.ReasonWrong, 0, true},
		{queue.Blocked, queue.Exhausted, queue.ReasonNeverCall, 0, true},
	}
	for _, tt := range tests {
		t.Run(string(tt.outcome), func(t *testing.T) {
			t.Parallel()
			require.True(t, tt.outcome.Valid())
			before := inState(t, queue.Dialling)
			at := noon.Add(30 * time.Second)
			after, err := before.AttemptEnded(at, 1, queue.Result{Outcome: tt.outcome, Cause: 17, SIP: 486}, p)
			require.NoError(t, err)
			assert.Equal(t, tt.state, after.State)
			assert.Equal(t, tt.reason, after.Reason)
			assert.Empty(t, after.Call)
			assert.Empty(t, after.Agent)
			assert.Equal(t, "471", after.Word, "the three figures stay")
			assert.Equal(t, queue.Attempt{N: 1, Call: "t1-1", At: noon, Ended: at, Outcome: tt.outcome, Cause: 17, SIP: 486, Counts: tt.counts}, after.Attempts[0])
			assert.Greater(t, after.Token, before.Token, "an old claim dials no more")
			if tt.state == queue.Pending {
				assert.Equal(t, at.Add(tt.after), after.NotBefore)
			}
			again, err := after.AttemptEnded(at.Add(time.Hour), 1, queue.Result{Outcome: queue.Busy}, p)
			require.NoError(t, err)
			assert.Equal(t, copyOf(t, after), copyOf(t, again), "told twice is told once")
		})
	}
}

// TestTalkIsDelivery: whatever ended the call, who spoke to a person is not
// called again.
func TestTalkIsDelivery(t *testing.T) {
	t.Parallel()
	after, err := inState(t, queue.Connected).AttemptEnded(noon, 1, queue.Result{Outcome: queue.HungUp}, byDefault())
	require.NoError(t, err)
	assert.Equal(t, queue.Done, after.State)
	assert.Equal(t, queue.Delivered, after.Attempts[0].Outcome)
}

// TestLateReport: the end of a call whose ticket was withdrawn meanwhile is
// noted and changes nothing else.
func TestLateReport(t *testing.T) {
	t.Parallel()
	gone, err := inState(t, queue.Dialling).Withdraw(noon, queue.ReasonWithdrawn)
	require.NoError(t, err)
	after, err := gone.AttemptEnded(noon, 1, queue.Result{Outcome: queue.Busy}, byDefault())
	require.NoError(t, err)
	assert.Equal(t, queue.Withdrawn, after.State)
	assert.Equal(t, queue.Busy, after.Attempts[0].Outcome)
	_, err = gone.AttemptEnded(noon, 2, queue.Result{Outcome: queue.Busy}, byDefault())
	require.ErrorIs(t, err, queue.ErrNoAttempt)
}

// TestExhausted: three that count, however many were our own fault between.
func TestExhausted(t *testing.T) {
	t.Parallel()
	p := byDefault()
	x := inState(t, queue.Due)
	now := noon
	for i, o := range []queue.Outcome{queue.OurFault, queue.NoAnswer, queue.OurFault, queue.NoAgent, queue.NoAnswer, queue.OurFault, queue.Busy} {
		var err error
		x, err = x.Claim(now, "node", "anna")
		require.NoError(t, err)
		assert.Equal(t, queue.CallID("t1", i+1), x.Call)
		x, err = x.AttemptEnded(now, i+1, queue.Result{Outcome: o}, p)
		require.NoError(t, err)
		if i < 6 {
			require.Equal(t, queue.Pending, x.State, "after %d", i)
			now = x.NotBefore
			_, err := x.Ripen(now.Add(-1))
			require.ErrorIs(t, err, queue.ErrImpossible, "not before its time")
			x, err = x.Ripen(now)
			require.NoError(t, err)
		}
	}
	assert.Equal(t, queue.Exhausted, x.State)
	assert.Equal(t, queue.ReasonUsedUp, x.Reason)
	assert.False(t, x.State.Open())
}

func TestPolicyAgain(t *testing.T) {
	t.Parallel()
	p := queue.DefaultPolicy()
	fault := queue.Attempt{Outcome: queue.OurFault}
	missed := queue.Attempt{Outcome: queue.NoAnswer, Counts: true}
	tests := []struct {
		name     string
		attempts []queue.Attempt
		after    time.Duration
		ok       bool
	}{
		{"none yet", nil, 0, true},
		{"first miss", []queue.Attempt{missed}, 15 * time.Minute, true},
		{"second miss", []queue.Attempt{missed, missed}, time.Hour, true},
		{"third miss", []queue.Attempt{missed, missed, missed}, 0, false},
		{"patience with ourselves grows", []queue.Attempt{fault, fault, fault}, 5 * time.Minute, true},
		{"and has an end", slices.Repeat([]queue.Attempt{fault}, 50), 15 * time.Minute, true},
		{"a fault after the last miss but one", []queue.Attempt{missed, missed, fault}, time.Minute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			after, ok := p.Again(tt.attempts)
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.after, after)
		})
	}
	after, ok := p.Every(30 * time.Second).Again([]queue.Attempt{missed})
	assert.True(t, ok)
	assert.Equal(t, 30*time.Second, after)
}

func TestRing(t *testing.T) {
	t.Parallel()
	p := queue.DefaultPolicy()
	assert.Equal(t, 45*time.Second, p.Ring(number(t, "0212345678")))
	assert.Equal(t, 30*time.Second, p.Ring(number(t, "3471234567")))
}

// TestKeepsWordWhenNoAgentCame: our call, key 1, no agent; the citizen prefers
// to be called again, with the same three figures, and has lost no attempt.
func TestKeepsWordWhenNoAgentCame(t *testing.T) {
	t.Parallel()
	waits, err := inState(t, queue.Dialling).Missed(noon)
	require.NoError(t, err)
	assert.Equal(t, queue.Waiting, waits.State)
	assert.Equal(t, "t1-1", waits.Call, "the citizen is on the line")
	again, err := waits.Promise(noon, queue.Terms{Phone: waits.Phone, Word: "908"})
	require.NoError(t, err)
	assert.Equal(t, "471", again.Word)
	assert.Equal(t, queue.NoAgent, again.Attempts[0].Outcome)
	assert.False(t, again.Attempts[0].Counts)
}

func TestLost(t *testing.T) {
	t.Parallel()
	p := byDefault()
	caller, err := inState(t, queue.Waiting).Lost(noon, p)
	require.NoError(t, err)
	assert.Equal(t, queue.Interrupted, caller.Purpose, "who was cut off is called back")
	assert.Equal(t, noon.Add(queue.BrokenRest), caller.NotBefore)

	hidden := inState(t, queue.Waiting)
	hidden.Phone = phone.Number{}
	gone, err := hidden.Lost(noon, p)
	require.NoError(t, err)
	assert.Equal(t, queue.Withdrawn, gone.State)

	dialled, err := inState(t, queue.Dialling).Lost(noon, p)
	require.NoError(t, err)
	assert.Equal(t, noon.Add(queue.LostRest), dialled.NotBefore)
	assert.False(t, dialled.Attempts[0].Counts)
}

func TestClaimNeedsAgent(t *testing.T) {
	t.Parallel()
	_, err := inState(t, queue.Due).Claim(noon, "node", "")
	require.ErrorIs(t, err, queue.ErrNoAgent)
	alone := inState(t, queue.Due)
	alone.NeedsAgent = false
	_, err = alone.Claim(noon, "node", "anna")
	require.ErrorIs(t, err, queue.ErrNoAgent)
	claimed, err := alone.Claim(noon, "node", "")
	require.NoError(t, err)
	assert.Equal(t, "node", claimed.Node)
	assert.Equal(t, 1, claimed.Token)
}

func TestOrder(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	var all []queue.Ticket
	for i := range 50 {
		x := inState(t, states[1+rng.IntN(5)])
		x.ID, x.Arrived = fmt.Sprintf("t%02d", i), noon.Add(time.Duration(rng.IntN(10))*time.Second)
		all = append(all, x)
	}
	slices.SortFunc(all, queue.Compare)
	for i := 1; i < len(all); i++ {
		assert.True(t, queue.Before(all[i-1], all[i]))
		assert.False(t, queue.Before(all[i], all[i-1]))
		assert.False(t, all[i].Arrived.Before(all[i-1].Arrived), "the state has no say in it")
	}
	assert.Zero(t, queue.Compare(all[0], all[0]))
}

func TestWord(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	seen := map[string]bool{}
	for range 5000 {
		w := queue.Word(rng.IntN)
		require.Len(t, w, 3)
		require.True(t, w[0] != w[1] && w[1] != w[2] && w[0] != w[2], w)
		seen[w] = true
	}
	assert.Len(t, seen, 720, "every word can be drawn")
}

func TestPrintsNothingPersonal(t *testing.T) {
	t.Parallel()
	x := inState(t, queue.Dialling)
	x.Citizen, x.Keyed, x.Note = "SECRET-CODE", "SECRET-KEYS", "SECRET-NOTE"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		out := fmt.Sprintf(verb, x)
		assert.NotContains(t, out, "SECRET", verb)
		assert.NotContains(t, out, "0212345678", verb)
		assert.NotContains(t, out, "471", verb)
	}
	assert.NotContains(t, x.LogValue().String(), "SECRET")
}
