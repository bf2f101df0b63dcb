package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// TestWhoSpeaksTheLanguageIsCountedUpon: what a caller hears rests on the agents who
// can serve this caller, and on nobody else.
func TestWhoSpeaksTheLanguageIsCountedUpon(t *testing.T) {
	t.Parallel()
	in := func(language string) queue.Ticket {
		return queue.Ticket{ID: "me", Queue: "persone", Language: language, State: queue.Waiting, Arrived: noon}
	}
	team := func(german agent.State) *scene {
		s := newScene(t)
		for i := range 10 {
			s.agents = append(s.agents, agent.Agent{ID: fmt.Sprint("a", i), State: agent.Ready, Skills: []string{"persone"}, Handle: 5 * time.Minute})
		}
		s.agents = append(s.agents, agent.Agent{ID: "greta", State: german, Skills: []string{"persone", "de"}, Handle: 5 * time.Minute})
		return s
	}
	busy := team(agent.WrapUp)
	for i := range 5 {
		busy.waiting(fmt.Sprint("g", i), i, german)
	}
	b := busy.board()
	there, free := b.Free(in("de"), noon)
	assert.Equal(t, []any{false, 0}, []any{there, free}, "the one who speaks it is not free")
	wait, known := b.Wait(in("de"), noon)
	assert.True(t, known)
	assert.Equal(t, 6*5*time.Minute+busy.cfg.Setup, wait, "five before, one agent")
	there, free = b.Free(in("it"), noon)
	assert.Equal(t, []any{true, 10}, []any{there, free}, "those before want somebody else")

	ready := team(agent.Ready).waiting("i", 0)
	there, free = ready.board().Free(in("de"), noon)
	assert.Equal(t, []any{true, 1}, []any{there, free}, "the one before finds ten others")

	_, known = team(agent.Away).board().Wait(in("de"), noon)
	assert.False(t, known, "nobody speaks it")
}

// TestWhoIsAhead: whoever is to be called tomorrow is not before a caller of today,
// and whoever waits for a day that nobody knows takes no place of a day that is full.
func TestWhoIsAhead(t *testing.T) {
	t.Parallel()
	s := newScene(t).waiting("w", 0).promised("soon", "0212345671", 1).promised("undated", "0212345672", 2).promised("tomorrow", "0212345673", 3)
	s.tickets[2].NotBefore = queue.NoDate()
	s.tickets[3].NotBefore = noon.Add(24 * time.Hour)
	b := s.board()
	assert.Equal(t, 2, b.Ahead(queue.Ticket{ID: "me", Queue: "persone", Arrived: noon}, noon), "the one on the line, and the one called soon")
	assert.Equal(t, 2, b.Promised("2027-03-03/pm", queue.Ticket{}), "those with a time")
	assert.Equal(t, 1, b.Promised("2027-03-03/pm", s.tickets[1]))
}
