package agent_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
)

var noon = time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC)

var states = []agent.State{agent.Away, agent.Ready, agent.Reserved, agent.Ringing, agent.Talking, agent.WrapUp, agent.Paused}

func in(t testing.TB, s agent.State) agent.Agent {
	t.Helper()
	must := func(a agent.Agent, err error) agent.Agent {
		t.Helper()
		require.NoError(t, err)
		return a
	}
	away := agent.Agent{ID: "anna", Tenant: "demo", State: agent.Away}
	ready := must(away.Set(noon, agent.Ready, ""))
	reserved := must(ready.Reserve(noon, "t1"))
	ringing := must(reserved.Ring(noon, "t1"))
	talking := must(ringing.Talk(noon, "t1"))
	return map[agent.State]agent.Agent{
		agent.Away: away, agent.Ready: ready, agent.Reserved: reserved, agent.Ringing: ringing, agent.Talking: talking,
		agent.WrapUp: must(talking.HangUp(noon, "t1")), agent.Paused: must(ready.Set(noon, agent.Paused, "lunch")),
	}[s]
}

func TestWays(t *testing.T) {
	t.Parallel()
	no := agent.State("-")
	tests := []struct {
		verb string
		do   func(agent.Agent) (agent.Agent, error)
		to   []agent.State // in the order of states
	}{
		{"set ready", func(a agent.Agent) (agent.Agent, error) { return a.Set(noon, agent.Ready, "") },
			[]agent.State{agent.Ready, agent.Ready, agent.Reserved, agent.Ringing, agent.Talking, agent.Ready, agent.Ready}},
		{"set paused", func(a agent.Agent) (agent.Agent, error) { return a.Set(noon, agent.Paused, "lunch") },
			[]agent.State{agent.Paused, agent.Paused, agent.Paused, agent.Ringing, agent.Talking, agent.Paused, agent.Paused}},
		{"set away", func(a agent.Agent) (agent.Agent, error) { return a.Set(noon, agent.Away, "") },
			[]agent.State{agent.Away, agent.Away, agent.Away, agent.Ringing, agent.Talking, agent.Away, agent.Away}},
		{"reserve", func(a agent.Agent) (agent.Agent, error) { return a.Reserve(noon, "t1") },
			[]agent.State{no, agent.Reserved, agent.Reserved, agent.Ringing, agent.Talking, no, no}},
		{"reserve for another", func(a agent.Agent) (agent.Agent, error) { return a.Reserve(noon, "t2") },
			[]agent.State{no, agent.Reserved, no, no, no, no, no}},
		{"ring", func(a agent.Agent) (agent.Agent, error) { return a.Ring(noon, "t1") },
			[]agent.State{no, no, agent.Ringing, agent.Ringing, no, no, no}},
		{"ring for another", func(a agent.Agent) (agent.Agent, error) { return a.Ring(noon, "t2") },
			[]agent.State{no, no, no, no, no, no, no}},
		{"talk", func(a agent.Agent) (agent.Agent, error) { return a.Talk(noon, "t1") },
			[]agent.State{no, no, agent.Talking, agent.Talking, agent.Talking, no, no}},
		{"miss", func(a agent.Agent) (agent.Agent, error) { return a.Miss(noon, "t1", 0) },
			[]agent.State{no, no, agent.Ready, agent.Ready, agent.WrapUp, no, no}},
		{"release", func(a agent.Agent) (agent.Agent, error) { return a.Release(noon, "t1") },
			[]agent.State{no, no, agent.Ready, agent.Ready, no, no, no}},
		{"hand over", func(a agent.Agent) (agent.Agent, error) { return a.HandOver(noon, "t1") },
			[]agent.State{no, no, no, no, agent.WrapUp, no, no}},
		{"help", func(a agent.Agent) (agent.Agent, error) { return a.Help(noon, "t9") },
			[]agent.State{no, agent.Reserved, no, no, no, no, no}},
		{"write", func(a agent.Agent) (agent.Agent, error) { return a.Wrote(noon, "booked") },
			[]agent.State{no, no, no, no, agent.Talking, agent.Ready, no}},
		{"hang up", func(a agent.Agent) (agent.Agent, error) { return a.HangUp(noon, "t1") },
			[]agent.State{no, no, no, no, agent.WrapUp, no, no}},
	}
	for _, tt := range tests {
		for i, from := range states {
			t.Run(fmt.Sprintf("%s/%s", tt.verb, from), func(t *testing.T) {
				t.Parallel()
				before := in(t, from)
				after, err := tt.do(before)
				assert.Equal(t, in(t, from), before)
				if tt.to[i] == no {
					require.ErrorIs(t, err, agent.ErrImpossible)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, tt.to[i], after.State)
				assert.Equal(t, after.State.Serving(), after.Ticket != "", "who serves has a ticket, and nobody else")
			})
		}
	}
	for _, s := range []agent.State{agent.Talking, agent.Reserved, agent.WrapUp, "asleep", ""} {
		_, err := in(t, agent.Ready).Set(noon, s, "")
		require.ErrorIs(t, err, agent.ErrState)
	}
}

// TestWish: a pause asked for in a talk begins at its end.
func TestWish(t *testing.T) {
	t.Parallel()
	talking, err := in(t, agent.Talking).Set(noon, agent.Paused, "lunch")
	require.NoError(t, err)
	assert.Equal(t, agent.Paused, talking.Wish)
	after, err := talking.HangUp(noon.Add(time.Minute), "t1")
	require.NoError(t, err)
	assert.Equal(t, agent.Paused, after.State)
	assert.Equal(t, "lunch", after.Reason)
	assert.Empty(t, after.Wish)

	ringing, err := in(t, agent.Ringing).Set(noon, agent.Away, "")
	require.NoError(t, err)
	gone, err := ringing.Release(noon, "t1")
	require.NoError(t, err)
	assert.Equal(t, agent.Away, gone.State)
}

// TestThreeMisses: a telephone that rings nobody must not swallow the queue.
func TestThreeMisses(t *testing.T) {
	t.Parallel()
	a := in(t, agent.Ready)
	now := noon
	for i, cause := range []int{0, 21, 17} {
		reserved, err := a.Reserve(now, "t1")
		require.NoError(t, err)
		if a, err = reserved.Miss(now, "t1", cause); i < 2 {
			require.NoError(t, err)
			require.Equal(t, agent.Ready, a.State)
			require.False(t, a.Free(now), "the next agent is tried first")
			require.True(t, a.Free(now.Add(agent.RestMissed)))
			now = now.Add(time.Minute)
		}
	}
	assert.Equal(t, agent.Paused, a.State)
	assert.Equal(t, agent.ReasonMisses, a.Reason)
	assert.Equal(t, now.Add(agent.RestBusy), a.Rest)
	back, err := a.Set(now, agent.Ready, "")
	require.NoError(t, err)
	assert.Zero(t, back.Misses)
	assert.True(t, back.Free(now))

	reserved, err := in(t, agent.Ready).Reserve(noon, "t1")
	require.NoError(t, err)
	missed, err := reserved.Miss(noon, "t1", 0)
	require.NoError(t, err)
	require.Equal(t, 1, missed.Misses)
	again, err := missed.Reserve(noon.Add(time.Minute), "t2")
	require.NoError(t, err)
	spoke, err := again.Talk(noon.Add(time.Minute), "t2")
	require.NoError(t, err)
	assert.Zero(t, spoke.Misses, "an answer forgives: it is three in a row")
	assert.Zero(t, missed.Take(noon.Add(time.Minute), "t3").Misses, "and so does a citizen taken over")
}

func TestHandleTime(t *testing.T) {
	t.Parallel()
	a := in(t, agent.Ready)
	serve := func(talk, wrapUp time.Duration) {
		a, _ = a.Reserve(noon, "t1")
		a, _ = a.Talk(noon, "t1")
		a, _ = a.HangUp(noon.Add(talk), "t1")
		a, _ = a.Set(noon.Add(talk+wrapUp), agent.Ready, "")
	}
	serve(4*time.Minute, time.Minute)
	assert.Equal(t, 5*time.Minute, a.Handle, "the first one begins the mean")
	serve(12*time.Minute, time.Minute)
	assert.Equal(t, 6*time.Minute, a.Handle)
	serve(3*time.Minute, 10*time.Hour)
	assert.Equal(t, 6*time.Minute, a.Handle, "a wrap-up that was forgotten counts three minutes")
	assert.Equal(t, noon.Add(3*time.Minute+10*time.Hour), a.Idle)
}

// strict is an agent of a tenant that wants an outcome of every talk.
func strict(t testing.TB, s agent.State) agent.Agent {
	t.Helper()
	a := in(t, agent.Talking)
	a.MustWrite = true
	if s == agent.Talking {
		return a
	}
	a, err := a.HangUp(noon.Add(time.Minute), "t1")
	require.NoError(t, err)
	require.Equal(t, agent.WrapUp, a.State)
	return a
}

// TestOutcome: a wrap-up ends with an outcome, and by no other way.
func TestOutcome(t *testing.T) {
	t.Parallel()
	at := noon.Add(2 * time.Minute)
	a := strict(t, agent.WrapUp)
	assert.Equal(t, "t1", a.After, "the ticket that the outcome belongs to")
	_, err := a.Set(at, agent.Ready, "")
	require.ErrorIs(t, err, agent.ErrOutcome)
	_, err = a.Wrote(at, "")
	require.ErrorIs(t, err, agent.ErrOutcome)
	wrote, err := a.Wrote(at, "booked")
	require.NoError(t, err)
	assert.Equal(t, agent.Ready, wrote.State)
	assert.Equal(t, at, wrote.Idle)
	assert.Equal(t, 2*time.Minute, wrote.Handle, "the writing counts")
	assert.Empty(t, wrote.After+wrote.Outcome)

	paused, err := a.Set(at, agent.Paused, "lunch")
	require.NoError(t, err)
	assert.Equal(t, agent.Paused, paused.State)
	_, err = paused.Set(at, agent.Ready, "")
	require.ErrorIs(t, err, agent.ErrOutcome, "a pause is no way round it")
	still, err := paused.Wrote(at, "booked")
	require.NoError(t, err)
	assert.Equal(t, agent.Paused, still.State)
	back, err := still.Set(at, agent.Ready, "")
	require.NoError(t, err)
	assert.Equal(t, agent.Ready, back.State)

	gone, err := a.Set(at, agent.Away, "")
	require.NoError(t, err)
	back, err = gone.Set(at.Add(14*time.Hour), agent.Ready, "")
	require.NoError(t, err, "the next morning begins anew")
	assert.Equal(t, agent.Ready, back.State)

	early, err := strict(t, agent.Talking).Wrote(noon, "booked")
	require.NoError(t, err)
	after, err := early.HangUp(at, "t1")
	require.NoError(t, err)
	assert.Equal(t, agent.WrapUp, after.State)
	after, err = after.Set(at, agent.Ready, "")
	require.NoError(t, err, "written while they talked")
	assert.Equal(t, agent.Ready, after.State)
	next, err := after.Reserve(at, "t2")
	require.NoError(t, err)
	next, err = next.Talk(at, "t2")
	require.NoError(t, err)
	assert.Empty(t, next.Outcome, "the outcome was another talk's")
}

// TestOutcomeAndWish: a pause asked for in a talk waits for the outcome; going
// away does not.
func TestOutcomeAndWish(t *testing.T) {
	t.Parallel()
	wish := func(s agent.State, reason string) agent.Agent {
		a, err := strict(t, agent.Talking).Set(noon, s, reason)
		require.NoError(t, err)
		a, err = a.HangUp(noon, "t1")
		require.NoError(t, err)
		return a
	}
	a := wish(agent.Paused, "lunch")
	assert.Equal(t, agent.WrapUp, a.State)
	wrote, err := a.Wrote(noon, "booked")
	require.NoError(t, err)
	assert.Equal(t, agent.Paused, wrote.State)
	assert.Equal(t, "lunch", wrote.Reason)
	assert.Empty(t, wrote.Wish)
	other, err := a.Set(noon, agent.Paused, "training")
	require.NoError(t, err)
	assert.Empty(t, other.Wish, "what is asked for last holds")
	assert.Equal(t, agent.Away, wish(agent.Away, "").State)
}

// TestNoOutcomeIsOwed where the citizen goes on to another agent.
func TestNoOutcomeIsOwed(t *testing.T) {
	t.Parallel()
	broken, err := strict(t, agent.Talking).Miss(noon, "t1", 0)
	require.NoError(t, err)
	passed, err := strict(t, agent.Talking).HandOver(noon, "t1")
	require.NoError(t, err)
	for _, a := range []agent.Agent{broken, passed} {
		assert.Equal(t, agent.WrapUp, a.State)
		assert.True(t, a.MustWrite)
		ready, err := a.Set(noon, agent.Ready, "")
		require.NoError(t, err)
		assert.Equal(t, agent.Ready, ready.State)
	}
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	a := strict(t, agent.WrapUp)
	assert.False(t, a.Overdue(a.Since.Add(29*time.Second), 30*time.Second))
	assert.True(t, a.Overdue(a.Since.Add(30*time.Second), 30*time.Second))
	assert.False(t, a.Overdue(a.Since.Add(time.Hour), 0), "no limit")
	assert.False(t, in(t, agent.Talking).Overdue(noon.Add(time.Hour), time.Second))
}

// TestHelp: the agent who is asked for help has the other's ticket, and nothing
// to write.
func TestHelp(t *testing.T) {
	t.Parallel()
	ready := in(t, agent.Ready)
	ready.MustWrite = true
	a, err := ready.Help(noon, "t9")
	require.NoError(t, err)
	again, err := a.Help(noon, "t9")
	require.NoError(t, err)
	assert.Equal(t, a, again)
	_, err = a.Help(noon, "t8")
	require.ErrorIs(t, err, agent.ErrImpossible)
	rings, err := a.Ring(noon, "t9")
	require.NoError(t, err)
	talks, err := rings.Talk(noon, "t9")
	require.NoError(t, err)
	assert.True(t, talks.Helping)
	over, err := talks.HangUp(noon.Add(time.Minute), "t9")
	require.NoError(t, err)
	assert.Equal(t, agent.Ready, over.State)
	assert.False(t, over.Helping)
	assert.Equal(t, noon.Add(time.Minute), over.Idle)
	assert.Zero(t, over.Handle, "somebody else's citizen")
	for _, end := range []func() (agent.Agent, error){
		func() (agent.Agent, error) { return rings.Miss(noon, "t9", 0) },
		func() (agent.Agent, error) { return rings.Release(noon, "t9") },
		func() (agent.Agent, error) { return a.Set(noon, agent.Paused, "") },
		func() (agent.Agent, error) { return talks.HandOver(noon, "t9") },
	} {
		free, err := end()
		require.NoError(t, err)
		assert.False(t, free.Helping)
		assert.Empty(t, free.Ticket)
		assert.True(t, free.MustWrite)
	}
	taken := talks.Take(noon, "t9")
	assert.False(t, taken.Helping, "who takes the citizen over is the agent now")
	after, err := taken.HangUp(noon, "t9")
	require.NoError(t, err)
	assert.Equal(t, agent.WrapUp, after.State)
}

// TestFailure13RingingNobody: a telephone was registered and rang nobody, for two
// days (twilio-voice.js 444). Here one that does not answer the probe gets no
// citizen, and one that does not answer three calls is paused.
func TestFailure13RingingNobody(t *testing.T) {
	t.Parallel()
	a := in(t, agent.Ready)
	silent := a.Reach(noon, false)
	assert.False(t, silent.Free(noon))
	assert.False(t, silent.OnDuty(), "and does not count as somebody who serves")
	assert.Equal(t, -1, agent.Next([]agent.Agent{silent}, noon))
	assert.Equal(t, noon, silent.Reach(noon.Add(time.Hour), false).Unreached, "since when, is kept")
	back := silent.Reach(noon.Add(time.Hour), true)
	assert.True(t, back.Free(noon))
	assert.True(t, back.OnDuty())
	assert.True(t, in(t, agent.Talking).Reach(noon, false).OnDuty(), "who speaks is there")
	for i := range agent.MaxMisses {
		reserved, err := a.Reserve(noon, "t1")
		require.NoError(t, err)
		a, err = reserved.Miss(noon, "t1", 0)
		require.NoError(t, err)
		assert.Equal(t, i == agent.MaxMisses-1, a.State == agent.Paused)
	}
}

// TestBusyIsBusy: whoever is with a citizen, about to be, or not there, is given
// no other.
func TestBusyIsBusy(t *testing.T) {
	t.Parallel()
	for _, s := range []agent.State{agent.Reserved, agent.Ringing, agent.Talking, agent.WrapUp, agent.Paused, agent.Away} {
		a := in(t, s)
		assert.False(t, a.Free(noon.Add(time.Hour)), s)
		_, err := a.Reserve(noon, "t2")
		require.ErrorIs(t, err, agent.ErrImpossible, s)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	queues := []string{"persone", "visite", "esami"}
	assert.InDelta(t, 1.0/3, agent.Agent{}.Share(queues), 1e-9)
	assert.InDelta(t, 0.5, agent.Agent{Skills: []string{"persone", "visite", "de"}}.Share(queues), 1e-9)
	assert.InDelta(t, 1, agent.Agent{Skills: []string{"esami"}}.Share(queues), 1e-9)
	assert.Zero(t, agent.Agent{Skills: []string{"de"}}.Share(queues))
}

func TestNext(t *testing.T) {
	t.Parallel()
	team := []agent.Agent{
		{ID: "carla", State: agent.Ready, Idle: noon},
		{ID: "anna", State: agent.Ready, Idle: noon, Skills: []string{"persone", "de"}},
		{ID: "bruno", State: agent.Ready, Idle: noon.Add(-time.Minute), Skills: []string{"visite"}},
		{ID: "dario", State: agent.Paused, Idle: noon.Add(-time.Hour)},
		{ID: "elena", State: agent.Ready, Idle: noon.Add(-time.Hour), Rest: noon.Add(time.Second)},
	}
	tests := []struct {
		name  string
		needs []string
		want  string
	}{
		{"of two idle for as long, the first by id", []string{"persone"}, "anna"},
		{"the longest idle who can", []string{"visite"}, "bruno"},
		{"a language", []string{"persone", "de"}, "anna"},
		{"who has no list can do all", []string{"persone", "sl"}, "carla"},
		{"nothing needed", nil, "bruno"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := agent.Next(team, noon, tt.needs...)
			require.GreaterOrEqual(t, i, 0)
			assert.Equal(t, tt.want, team[i].ID)
			turned := slices.Clone(team)
			slices.Reverse(turned)
			assert.Equal(t, tt.want, turned[agent.Next(turned, noon, tt.needs...)].ID, "the order of the list has no say")
		})
	}
	assert.Equal(t, -1, agent.Next(team[3:], noon, "persone"))
	assert.Equal(t, "elena", team[agent.Next(team, noon.Add(time.Second), "persone")].ID)
}

// An agent has one telephone at a time; whether another one answers is not known
// until it was probed.
func TestTelephone(t *testing.T) {
	t.Parallel()
	desk := in(t, agent.Ready).Reach(noon, false)
	assert.Equal(t, "anna", desk.Telephone())
	page := desk.At("p1")
	assert.Equal(t, "anna.browser", page.Telephone())
	assert.True(t, page.Free(noon), "it was the desk phone that did not answer")
	again := page.Reach(noon, false).At("p1")
	assert.False(t, again.Free(noon), "that is the same telephone")
	assert.Equal(t, "anna.browser", again.At("p2").Telephone())
	assert.Equal(t, "anna", again.At("").Telephone())
}
