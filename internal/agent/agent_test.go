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

	spoke, err := in(t, agent.Reserved).Talk(noon, "t1")
	require.NoError(t, err)
	assert.Zero(t, spoke.Misses, "an answer forgives")
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
