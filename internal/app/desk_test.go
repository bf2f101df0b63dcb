package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/demo"
	"richiamo/internal/sip"
)

// What agents do with nothing but a desk telephone, and what becomes of one that is
// not taken.

// Hold, consult, conference, transfer, back to the queue and back again: all by keys.
// The citizen's own keys mean nothing.
func TestDeskCodes(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	first, second := w.agent("agent1", 1000), w.agent("agent2", 1500)
	rosa, anna := w.talk(first)
	w.agentIs("agent2", "ready")
	apart := func(l *line, hertz float64) {
		t.Helper()
		l.until("the tone is gone", func() bool { return l.Hears().Voice && l.Hears().Tone != hertz })
	}

	rosa.presses("**")
	anna.presses("**")
	apart(rosa, 1000) // one ** has put on hold: the citizen's would have taken back
	anna.presses("**")
	together(rosa, anna, 1000)

	anna.presses("*72#") // and never mind
	bruno := w.takes(second)
	together(anna, bruno, 1500)
	anna.SendTone(1000)
	anna.presses("**")
	bruno.over()
	together(rosa, anna, 1000)
	w.agentBecomes("agent2", "ready")

	anna.presses("*72#")
	bruno = w.takes(second)
	together(anna, bruno, 1500)
	anna.SendTone(1000)
	bruno.Mute() // an ear makes out one tone at a time
	anna.presses("*9")
	together(rosa, anna, 1000)
	bruno.SendTone(1500)
	anna.presses("*8")
	anna.over()
	together(rosa, bruno, 1500)
	w.agentBecomes("agent1", "wrap-up")

	bruno.presses("*4")
	bruno.over()
	w.agentIs("agent1", "ready")
	anna = w.takes(first)
	together(rosa, anna, 1000)
	rosa.leaves()
	anna.over()
	w.nobodyWaits()
}

// refuses waits until an agent's telephone rings, and has it refuse.
func (w *town) refuses(desk <-chan *sip.Invite, status int) time.Time {
	w.Helper()
	require.NoError(w, w.rings(desk).Refuse(status))
	return time.Now()
}

// An agent who rejects is left alone for ten seconds, one who is busy for a minute,
// and after three calls that were not taken the agent is paused. The citizen has
// waited in the first place all the time, and goes to the next agent.
func TestAnAgentRejectsIsBusyAndIsPaused(t *testing.T) {
	w := newTown(t, demo.Options{})
	w.open()
	desk := w.desk("agent1")
	w.agentIs("agent1", "ready")
	rosa := w.calls(rosaPhone)
	rosa.wantsPerson()
	rejected := w.refuses(desk, 603)
	busy := w.refuses(desk, 486)
	w.agentBecomes("agent1", "ready")
	assert.GreaterOrEqual(t, busy.Sub(rejected), 9*time.Second)

	w.goesOnAt(time.Now().Add(55 * time.Second))
	again := w.refuses(desk, 603)
	assert.GreaterOrEqual(t, again.Sub(busy)+55*time.Second, 59*time.Second)
	var list struct {
		Items []struct {
			ID     string `json:"id"`
			State  string `json:"state"`
			Reason string `json:"reason"`
		} `json:"items"`
	}
	assert.True(t, soon(patience, func() bool {
		w.ask(http.MethodGet, "/api/v1/agents", adminKey, nil, &list)
		for _, a := range list.Items {
			if a.ID == "agent1" {
				return a.State == "paused" && a.Reason == "calls not answered"
			}
		}
		return false
	}), "%v", list.Items)
	other := w.agent("agent2", 1500)
	w.agentIs("agent2", "ready")
	together(rosa, w.takes(other), 1500)
	rosa.leaves()
}
