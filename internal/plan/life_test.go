package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// TestTurn follows the turn of a waiting caller who does not take it.
func TestTurn(t *testing.T) {
	t.Parallel()
	s := newScene(t).ready("anna").waiting("a", 1)
	b := s.board()
	set := func(change func(agent.Agent) agent.Agent) {
		a, ok := b.Agent("anna")
		require.True(t, ok)
		a = change(a)
		a.Version++
		b.PutAgent(a)
	}
	steps := []struct {
		after time.Duration
		want  []string
	}{
		{0, []string{"turn a: first-in-order, anna reserved -> waiting"}},
		{s.cfg.Again, []string{"turn a: not-taken-up-yet"}},
		{s.cfg.Again + time.Second, nil},
		{s.cfg.TurnLimit, []string{"mend a: turn-not-taken, anna ready -> waiting"}},
		{s.cfg.TurnLimit + s.cfg.TurnRest - 1, nil},
		{s.cfg.TurnLimit + s.cfg.TurnRest, []string{"turn a: first-in-order, anna reserved -> waiting"}},
	}
	for _, step := range steps {
		now := noon.Add(step.after)
		require.Equal(t, step.want, s.decide(b, now), "after %s", step.after)
		b.Told("a", now)
	}
	later := noon.Add(time.Minute)
	set(func(a agent.Agent) agent.Agent { a, _ = a.Set(later, agent.Away, ""); return a })
	require.Equal(t, []string{"mend a: agent-gone -> waiting"}, s.decide(b, later), "an agent who left gives the caller back")

	set(func(a agent.Agent) agent.Agent { a, _ = a.Set(noon, agent.Ready, ""); return a })
	require.Len(t, s.decide(b, later), 1)
	b.Told("a", later)
	set(func(a agent.Agent) agent.Agent { a, _ = a.Ring(later, "a"); return a })
	assert.Empty(t, s.decide(b, later))
	assert.Equal(t, []string{"mend a: rings-too-long, anna ready -> waiting"}, s.decide(b, later.Add(s.cfg.RingLimit)))
}

// TestPromiseOfACallThatIsPutOff: a call that may not be made for two hours, since a
// cap or the telephone's other owner has it, is promised for a time after them, once.
func TestPromiseOfACallThatIsPutOff(t *testing.T) {
	t.Parallel()
	put := noon.Add(2 * time.Hour)
	s := newScene(t).ready("anna").promised("late", "0212345678", 3, func(x *queue.Ticket) {
		x.From, x.To = noon.Add(-time.Hour), noon.Add(4*time.Minute)
	})
	var err error
	s.tickets[0], err = s.tickets[0].Defer(noon, put, queue.ReasonTried)
	require.NoError(t, err)
	b := s.board()
	require.Contains(t, s.decide(b, noon), "replan late: promise-slips -> pending")
	for at := noon; at.Before(put); at = at.Add(time.Minute) {
		s.decide(b, at)
	}
	x, _ := b.Ticket("late")
	assert.EqualValues(t, 1, x.Replans)
	assert.True(t, x.To.After(put))
	assert.Empty(t, x.Attempts)
}

// TestPromiseSlips: a promise that will not be kept gets another time and is said,
// once; one that was kept by calling, or whose turn comes in time, is left alone.
func TestPromiseSlips(t *testing.T) {
	t.Parallel()
	said := func(x *queue.Ticket) { x.From, x.To = noon.Add(-time.Hour), noon.Add(4*time.Minute) }
	s := newScene(t).ready("anna").promised("late", "0212345678", 3, said)
	for i, n := range []string{"0276543211", "0276543212", "0276543213", "0276543214"} {
		s.promised(string(rune('a'+i)), n, i-10)
	}
	s.agents[0], _ = s.agents[0].Reserve(noon, "x")
	s.agents[0] = s.agents[0].Take(noon, "x")
	s.waiting("x", -100)
	s.tickets[0], _ = s.tickets[0].Connected(noon, "anna")
	b := s.board()
	decided := s.decide(b, noon)
	require.Contains(t, decided, "replan late: promise-slips -> pending")
	x, _ := b.Ticket("late")
	assert.True(t, x.To.After(noon.Add(4*time.Minute)), "another time")
	assert.EqualValues(t, 1, x.Replans)

	decided = s.decide(b, noon.Add(time.Second))
	require.Contains(t, decided, "notice late: promise-slips -> dialling")
	x, _ = b.Ticket("late")
	assert.Empty(t, x.Agent)
	x, _ = x.AttemptEnded(noon.Add(time.Minute), 1, queue.Result{Outcome: queue.Told}, s.cfg.Judge(x, nil))
	x.Version++
	b.Put(x)
	for after := time.Minute; after < 3*time.Hour; after += time.Minute {
		for _, line := range s.decide(b, noon.Add(after)) {
			require.NotContains(t, line, "notice", "once")
		}
	}
	x, _ = b.Ticket("late")
	assert.Greater(t, x.Replans, int32(1), "later it is moved only")
}

// TestNobodyOnDuty: while nobody is on duty nothing honest can be said, and
// the time stands.
func TestNobodyOnDuty(t *testing.T) {
	t.Parallel()
	s := newScene(t).promised("late", "0212345678", 1, func(x *queue.Ticket) { x.From, x.To = noon.Add(-time.Hour), noon.Add(-time.Minute) })
	assert.Equal(t, []string{"ripen late: time-has-come -> due"}, s.decide(s.board(), noon))
}

// TestTrunkCheck: nobody is called before a call has shown that the trunk works;
// then all are, until the next day.
func TestTrunkCheck(t *testing.T) {
	t.Parallel()
	s := newScene(t).ready("anna").promised("a", "0212345678", 1)
	s.cfg.CheckNumber, _ = phone.Parse("0298765432")
	b := s.board()
	id := plan.CheckID("demo", queue.DayOf(noon), 1)
	require.Equal(t, []string{"check " + id + ": first-call-of-the-day -> pending", "ripen a: time-has-come -> due"}, s.decide(b, noon))
	require.Equal(t, []string{"dial " + id + ": no-agent-needed -> dialling"}, s.decide(b, noon))
	require.Empty(t, s.decide(b, noon))
	ended := func(o queue.Outcome) {
		x, _ := b.Ticket(id)
		x, err := x.AttemptEnded(noon, len(x.Attempts), queue.Result{Outcome: o}, s.cfg.Judge(x, nil))
		require.NoError(t, err)
		x.Version++
		b.Put(x)
	}
	ended(queue.NoAnswer)
	require.Empty(t, s.decide(b, noon.Add(time.Minute)), "and is tried again after a while")
	require.Equal(t, []string{"dial " + id + ": no-agent-needed -> dialling"}, s.decide(b, noon.Add(6*time.Minute)))
	ended(queue.Delivered)
	require.Equal(t, []string{"dial a: first-in-order, anna reserved -> dialling"}, s.decide(b, noon.Add(7*time.Minute)))
	tomorrow := noon.AddDate(0, 0, 1)
	assert.Equal(t, []string{"check " + plan.CheckID("demo", queue.DayOf(tomorrow), 1) + ": first-call-of-the-day -> pending"}, s.decide(b, tomorrow))
}

// TestTrunkCheckThatCannotBeMade: it is one for a person, and no other is made until
// that person has seen to it; and what a person says has shown nothing of the trunk.
func TestTrunkCheckThatCannotBeMade(t *testing.T) {
	t.Parallel()
	s := newScene(t).ready("anna").promised("a", "0212345678", 1)
	s.cfg.CheckNumber, _ = phone.Parse("0298765432")
	b := s.board()
	s.decide(b, noon)
	x, _ := b.Ticket(plan.CheckID("demo", queue.DayOf(noon), 1))
	put := func(changed queue.Ticket, err error) {
		require.NoError(t, err)
		x = changed
		x.Version++
		b.Put(x)
	}
	put(x.GiveUp(noon, queue.ReasonNeverCall))
	for i := range 3 {
		require.Empty(t, s.decide(b, noon.Add(time.Duration(i)*time.Hour)))
	}
	put(x.Close(noon, "another-number", ""))
	second := plan.CheckID("demo", queue.DayOf(noon), 2)
	require.Equal(t, []string{"check " + second + ": first-call-of-the-day -> pending"}, s.decide(b, noon.Add(4*time.Hour)))
}

// TestMore: however much there is to do, one look does a bounded part of it, the
// first ones first, and says that there is more.
func TestMore(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.cfg.Lines = 1000
	for i := range 300 {
		s.agents = append(s.agents, agent.Agent{ID: fmt.Sprintf("a%03d", i), State: agent.Ready, Idle: noon})
		s.promised(fmt.Sprintf("t%03d", i), fmt.Sprintf("02%08d", 10_000_000+i), i)
	}
	b := s.board()
	dialled, looks := 0, 0
	for more := true; more; looks++ {
		var decisions []plan.Decision
		decisions, more = b.Decide(noon, plan.Facts{})
		require.LessOrEqual(t, len(decisions), 64)
		for _, d := range decisions {
			require.Equal(t, plan.Dial, d.Verb)
			require.Equal(t, s.tickets[dialled].ID, d.Ticket.ID, "in order")
			dialled++
		}
		apply(b, decisions)
	}
	assert.Equal(t, 300, dialled)
	assert.Equal(t, 5, looks)
}
