package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

// How long the voice is silent while the agent's telephone rings, and when it
// speaks again.
const (
	agentSoon = 3 * time.Second
	agentLate = 7 * time.Second
	// nextAgent is how long a caller whose agent did not answer waits for
	// another before being asked what to do.
	nextAgent = 15 * time.Second
)

// connect rings the agent who is reserved for the caller and joins the two. A
// caller whose agent does not answer is the first in the queue again. words are
// said meanwhile; empty: they have been said.
func (t *talk) connect(agent string, words speech.ID, slots ...speech.Slot) {
	t.queued = false
	leg := dialogue.Action{Kind: dialogue.Ring, Serial: t.Serial(), Agent: agent, For: t.Setup.RingAgent}
	step := AgentStep{Ticket: t.ticket, Agent: agent}
	t.OnHangup(func(*dialogue.Conversation) {
		t.Do(dialogue.Action{Kind: dialogue.Drop, Serial: leg.Serial})
		t.left(nil)
	})
	ring := func() { // told again when the call is taken up again, since nobody may have heard of it
		t.Tell(AskRinging, step)
		t.Do(leg)
	}
	ring()
	if words != "" {
		t.Say(words, slots...)
	}
	in := t.ringing(leg, ring)
	if in.Kind != dialogue.LegUp {
		step.Cause = in.Cause
		t.unanswered(leg, step)
	}
	t.speak(leg, step)
}

// connecting are the words for a caller whose turn has come.
func (t *talk) connecting() speech.ID {
	if t.passing {
		return ""
	}
	return speech.PersonConnecting
}

// ringing waits for the agent to answer, and comforts the caller meanwhile.
func (t *talk) ringing(leg dialogue.Action, again func()) dialogue.Input {
	limits := []time.Duration{agentSoon, agentLate, t.Setup.RingAgent}
	for _, limit := range limits {
		in := t.Await(dialogue.Wait{For: dialogue.ForLeg, Serial: leg.Serial, Limit: limit}, again)
		if in.Kind != dialogue.Timeout || limit == limits[2] {
			return in
		}
		t.Say(speech.AgentComing)
		t.Do(dialogue.Action{Kind: dialogue.Hold})
	}
	panic("not reached: the last wait returns")
}

// unanswered puts the caller first in the queue again. If no other agent comes
// soon, the caller decides. Who was called by us has been told the three figures
// and the number: the call is promised with them, without another question.
func (t *talk) unanswered(leg dialogue.Action, step AgentStep) {
	t.Do(dialogue.Action{Kind: dialogue.Drop, Serial: leg.Serial})
	t.again(step)
	if t.ask(question{say: func() { t.Say(speech.AgentNone) }, keys: "12", silence: '1', wrong: '1'}) == '2' {
		if !t.ours() {
			t.callback()
		}
		t.number = t.Number
		t.promise("")
	}
	t.hold()
}

// again reports that the agent is not with the caller, who is first again, and
// gives another agent some seconds to be found.
func (t *talk) again(step AgentStep) {
	t.missed, t.passing = true, false
	t.OnHangup(t.left)
	if t.ticket == "" { // passed on without a ticket while the store was away
		t.person(t.purpose, t.astray)
	}
	dialogue.Ask[Empty](t.Conversation, AskMissed, step)
	t.queued = true
	play := func() { t.Do(dialogue.Action{Kind: dialogue.Hold}) }
	play()
	t.heard(t.Await(dialogue.Wait{For: dialogue.ForTurn, Turn: true, Limit: nextAgent}, play))
}
