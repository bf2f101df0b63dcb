package app_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
)

// music is the recording that whoever waits hears.
const music = "quiete"

// A citizen is on hold, then waits while two agents consult, then speaks with
// both; at each point the service is killed. Nobody is cut off, who was apart stays
// apart, and what the agent wishes next is done by the successor.
func TestKilledWhileThreeAreInACall(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	first, second := w.agent("agent1", 1000), w.agent("agent2", 1500)
	rosa, anna := w.talk(first)
	w.agentIs("agent2", "ready")
	served := w.tickets()[0]

	w.wish(served.Call, "hold", "")
	rosa.music()
	w.again()
	rosa.music()
	w.wish(served.Call, "resume", "")
	together(rosa, anna, 1000)

	w.wish(served.Call, "consult", "agent:agent2")
	bruno := w.takes(second)
	together(anna, bruno, 1500)
	w.in.Kill()
	rosa.music()
	together(anna, bruno, 1500)
	w.open()
	rosa.music()
	together(anna, bruno, 1500)

	anna.SendTone(1000)
	bruno.Mute() // an ear makes out one tone at a time
	w.wish(served.Call, "conference", "")
	together(rosa, anna, 1000)
	w.again()
	together(rosa, anna, 1000)
	anna.Mute()
	bruno.SendTone(1500)
	together(rosa, bruno, 1500)

	w.transfers(served.Call, rosa, anna, bruno)
	w.wroteUp("agent1", "agent2")
	assert.Empty(t, w.tickets())
	assert.Zero(t, w.rung.of(rosaPhone), "who was served is not called")
}

// Two agents consult while the citizen hears music; the service is killed, and
// the citizen hangs up before its successor is there. Nobody is left talking about
// nobody, and since it is not known whether it was the citizen or the line, the
// citizen is called.
func TestCitizenLeavesAConsultationThatNobodyRuns(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	first, second := w.agent("agent1", 1000), w.agent("agent2", 1500)
	rosa, anna := w.talk(first)
	w.agentIs("agent2", "ready")
	served := w.tickets()[0]
	w.wish(served.Call, "consult", "agent:agent2")
	bruno := w.takes(second)
	together(anna, bruno, 1500)

	w.in.Kill()
	rosa.leaves()
	together(anna, bruno, 1500)
	w.open()
	anna.over()
	bruno.over()
	free := func(id string) bool { s := w.agentState(id); return s == "wrap-up" || s == "ready" }
	assert.True(t, soon(patience, func() bool { return free("agent1") && free("agent2") }), "%s, %s", w.agentState("agent1"), w.agentState("agent2"))
	open := func() bool {
		all := w.tickets()
		return len(all) == 1 && all[0].ID != served.ID && all[0].Purpose == "interrupted"
	}
	require.True(t, soon(patience, open), "%v", w.tickets())
	w.wroteUp("agent1")
	assert.True(t, open(), "%v", w.tickets())
}

// again kills the service and starts it again.
func (w *town) again() {
	w.Helper()
	w.in.Kill()
	w.open()
}

// wish is what an agent asks for in a call, by the API.
func (w *town) wish(call, verb, target string) {
	w.Helper()
	body := map[string]string{"verb": verb}
	if target != "" {
		body["target"] = target
	}
	var err error
	require.True(w, soon(patience, func() bool { // who has just started takes its calls up one after the other
		_, err = w.try(http.MethodPost, "/api/v1/calls/"+call+"/wishes", adminKey, body, nil)
		return err == nil
	}), "%s: %v", verb, err)
}

// transfers has agent1 leave the citizen to agent2, who is in the talk already, and
// these two come to their end.
func (w *town) transfers(call string, citizen, from, to *line) {
	w.Helper()
	w.wish(call, "transfer", "")
	from.over()
	together(citizen, to, 1500)
	w.agentBecomes("agent1", "wrap-up")
	w.agentBecomes("agent2", "talking")
	citizen.leaves()
	to.over()
	w.agentBecomes("agent2", "wrap-up")
	assert.Empty(w, w.tickets())
}

// wroteUp ends the wrap-up of agents with an outcome.
func (w *town) wroteUp(agents ...string) {
	w.Helper()
	for _, id := range agents {
		status := w.ask(http.MethodPut, "/api/v1/agents/"+id+"/state", adminKey, map[string]string{"state": "paused", "outcome": "resolved"}, nil)
		assert.Less(w, status, 300)
		w.agentBecomes(id, "paused")
	}
}

// music waits until the one on the line hears the music of those who wait.
func (l *line) music() {
	l.Helper()
	l.until("hears music", func() bool { return l.Hears().Recording == music })
}
