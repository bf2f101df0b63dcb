package flow

import (
	"strings"
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// A meeting is a talk between a citizen and an agent, with whoever helps. It
// begins with citizen and agent joined, and ends when one of them hangs up.
//
// What the agent can wish, from the console or by the telephone:
//
//	hold        the citizen hears music; agent and helper, if there is one, go on
//	resume      all that was asked for is taken back: citizen and agent speak
//	consult     the citizen hears music; the helper is rung, and speaks with the agent
//	conference  the helper is rung, and all three speak; the citizen hears no music
//	transfer    with a helper who has answered: citizen and helper go on, the agent
//	            is free. To somebody else, or a queue: the talk goes on until the
//	            other agent is reserved, or the place in front of the queue taken;
//	            then the agent is free, and the citizen is told and connected as
//	            any caller whose turn has come
//
// Only the agent in the talk can wish, one thing after the other. A wish that
// can't be had (the other agent is not free, does not answer, leaves again)
// brings citizen and agent together again: nobody hears music for nothing.
//
// When somebody hangs up:
//
//	the citizen  all are dropped, the talk is over
//	the helper   citizen and agent speak again
//	the agent    while a helper speaks: citizen and helper go on, and the helper is
//	             the agent now. While the citizen hears music: the citizen is the
//	             first in the queue again. Otherwise the talk is over, unless the
//	             agent's line failed
//
// Nothing of this waits for an answer in a way that could miss a hang-up: what is
// asked of the outside is asked while the talk is waited on.
type meeting struct {
	*talk
	agent   party
	helper  *party           // rings, or has answered
	apart   bool             // the citizen hears music
	moved   bool             // it is not the plain talk any more that it began as
	wanted  dialogue.Verb    // what the helper was asked for
	request *dialogue.Action // open: help or transfer
}

// A party is an agent's telephone in a meeting.
type party struct {
	leg  dialogue.Action
	step AgentStep
	up   bool
}

// helperMargin is how much longer than it rings a helper's telephone is waited
// for; requestPatience how long the outside may take for a wish.
const (
	helperMargin    = 5 * time.Second
	requestPatience = 10 * time.Second
)

// speak lets citizen and agent talk until one of them hangs up.
func (t *talk) speak(leg dialogue.Action, step AgentStep) {
	m := &meeting{talk: t, agent: party{leg: leg, step: step, up: true}}
	t.OnHangup(m.abandoned)
	m.join()
	t.Tell(AskConnected, step)
	for {
		switch in := t.Await(m.wait(), m.replay); in.Kind {
		case dialogue.Wished:
			m.wish(in)
		case dialogue.Answer:
			m.answered(in)
		case dialogue.LegUp:
			m.helps()
		case dialogue.LegDown:
			m.down(in)
		case dialogue.Timeout:
			m.overdue()
		}
	}
}

// wait is for whatever can happen in the meeting.
func (m *meeting) wait() dialogue.Wait {
	w := dialogue.Wait{For: dialogue.ForTalk, Serial: m.agent.leg.Serial}
	if m.helper != nil {
		w.Legs = []int{m.helper.leg.Serial}
		if !m.helper.up {
			w.Limit = m.helper.leg.For + helperMargin
		}
	}
	if m.request != nil {
		w.Asked, w.Limit = m.request.Serial, requestPatience
	}
	return w
}

// replay leaves what holds, for a call that was taken up again. Who is with the
// citizen is told again: the process may have died before anybody heard of it, and
// an agent of whose talk nobody knows is given another citizen.
func (m *meeting) replay() {
	if m.agent.up && m.request == nil { // else the agent is on the way out of it
		m.Tell(AskConnected, m.agent.step)
	}
	switch {
	case m.helper == nil:
	case m.helper.up:
		m.Tell(AskConnected, m.helper.step)
	default:
		m.Tell(AskRinging, m.helper.step)
		m.Do(m.helper.leg)
	}
	if m.request != nil {
		m.Do(*m.request)
	}
	m.join()
}

// bring puts the citizen apart from the others, or together with them.
func (m *meeting) bring(apart bool) {
	m.apart, m.moved = apart, true
	m.join()
}

// join leaves who is connected with whom.
func (m *meeting) join() {
	if !m.moved {
		m.Do(dialogue.Action{Kind: dialogue.Join, Serial: m.agent.leg.Serial})
		return
	}
	var legs []int
	if m.agent.up {
		legs = append(legs, m.agent.leg.Serial)
	}
	if m.helper != nil && m.helper.up {
		legs = append(legs, m.helper.leg.Serial)
	}
	if len(legs) > 0 {
		m.Do(dialogue.Action{Kind: dialogue.Connect, Legs: legs, Apart: m.apart})
	}
	if m.apart || len(legs) == 0 {
		m.Do(dialogue.Action{Kind: dialogue.Hold})
	}
}

// wish does what the agent wishes.
func (m *meeting) wish(in dialogue.Input) {
	if m.request != nil || in.Agent != "" && in.Agent != m.agent.step.Agent {
		return // one wish after the other, and none of anybody else
	}
	switch in.Verb {
	case dialogue.PutOnHold:
		m.bring(true)
	case dialogue.TakeBack:
		m.release()
		m.bring(false)
	case dialogue.Consult, dialogue.Conference:
		m.invite(in)
	case dialogue.Transfer:
		m.transfer(in.Target)
	}
}

// invite asks for a helper, or changes what the helper is there for.
func (m *meeting) invite(in dialogue.Input) {
	name, isAgent := strings.CutPrefix(in.Target, "agent:")
	switch {
	case m.helper != nil && m.helper.up:
		m.bring(in.Verb == dialogue.Consult)
	case m.helper != nil: // rings already
		m.wanted = in.Verb
		m.bring(in.Verb == dialogue.Consult)
	case isAgent && name != m.agent.step.Agent:
		m.wanted = in.Verb
		m.ask(AskHelp, Help{Ticket: m.ticket, From: m.agent.step.Agent, Agent: name})
		if in.Verb == dialogue.Consult {
			m.bring(true)
		}
	}
}

// transfer hands the citizen over: to the helper, if that is who is meant, or to
// another agent or queue.
func (m *meeting) transfer(to string) {
	if m.helper != nil && (to == "" || to == "agent:"+m.helper.step.Agent) {
		if m.helper.up {
			m.handOver()
		}
		return // a helper who is still being rung: not yet
	}
	if to == "" || to == "agent:"+m.agent.step.Agent {
		return
	}
	if m.helper != nil {
		m.release()
		m.bring(false)
	}
	m.ask(AskTransfer, Transfer{Ticket: m.ticket, From: m.agent.step.Agent, To: to})
}

// ask makes a request whose answer comes while the talk goes on.
func (m *meeting) ask(name string, body any) {
	request := m.NewRequest(name, body)
	m.request = &request
	m.Do(request)
}

// answered takes the answer of the request that is open.
func (m *meeting) answered(in dialogue.Input) {
	request := *m.request
	m.request = nil
	var who Transferred
	if !in.Failed {
		dialogue.Decode(in, &who)
	}
	refused := in.Failed || who.Refused
	switch {
	case request.Request == AskTransfer && !refused:
		m.moveOn(who)
	case !m.agent.up: // has hung up, trusting that it would be done
		m.abandonedByAgent(normalClearing)
	case refused:
		m.bring(false)
	default:
		m.ring(who.Agent)
	}
}

// ring rings the helper's telephone.
func (m *meeting) ring(agent string) {
	leg := dialogue.Action{Kind: dialogue.Ring, Serial: m.Serial(), Agent: agent, For: m.Setup.RingAgent}
	m.helper = &party{leg: leg, step: AgentStep{Ticket: m.ticket, Agent: agent, Helper: true}}
	m.Tell(AskRinging, m.helper.step)
	m.Do(leg)
}

// helps is when the helper has answered.
func (m *meeting) helps() {
	m.helper.up = true
	m.Tell(AskConnected, m.helper.step)
	m.bring(m.wanted == dialogue.Consult)
}

// down is when agent or helper has hung up, or the helper could not be reached.
func (m *meeting) down(in dialogue.Input) {
	if m.helper != nil && in.Serial == m.helper.leg.Serial {
		m.helperLeft(in.Cause)
		m.bring(false)
		return
	}
	m.agent.up = false
	switch {
	case m.request != nil && m.request.Request == AskTransfer:
		m.bring(true) // the answer tells where to
	case m.helper != nil && m.helper.up:
		m.handOver()
	case m.apart || in.Cause != 0 && in.Cause != normalClearing:
		m.abandonedByAgent(in.Cause)
	default:
		m.release()
		m.safe = true
		m.talked()
		m.end("")
	}
}

// overdue is when the helper's telephone or the outside has taken too long.
func (m *meeting) overdue() {
	m.request = nil
	m.release()
	if !m.agent.up {
		m.abandonedByAgent(normalClearing)
	}
	m.bring(false)
}

// release lets the helper go.
func (m *meeting) release() {
	if m.helper != nil {
		m.Do(dialogue.Action{Kind: dialogue.Drop, Serial: m.helper.leg.Serial})
		m.helperLeft(0)
	}
}

// helperLeft notes that the helper has gone, or never came.
func (m *meeting) helperLeft(cause int) {
	if m.helper.up {
		m.Tell(AskTalked, m.helper.step)
	} else {
		m.helper.step.Cause = cause
		m.Tell(AskMissed, m.helper.step)
	}
	m.helper = nil
}

// handOver makes the helper the agent of the talk.
func (m *meeting) handOver() {
	from := m.agent
	m.agent, m.helper = *m.helper, nil
	m.agent.step.Helper = false
	m.Tell(AskTransfer, Transfer{Ticket: m.ticket, From: from.step.Agent, To: "agent:" + m.agent.step.Agent, Helping: true})
	if from.up {
		m.Do(dialogue.Action{Kind: dialogue.Drop, Serial: from.leg.Serial})
	}
	m.bring(false)
}

// moveOn leaves the agent and goes on to the one who is reserved now, or waits
// in front of the queue. It ends the meeting.
func (m *meeting) moveOn(who Transferred) {
	if m.agent.up {
		m.Do(dialogue.Action{Kind: dialogue.Drop, Serial: m.agent.leg.Serial})
	}
	m.missed = true // whoever hangs up now has not been given whom they were promised
	if who.Agent != "" {
		m.connect(who.Agent, speech.AgentOther)
	}
	m.queued = true
	m.OnHangup(m.left)
	m.holdOn(speech.AgentOther)
}

// abandonedByAgent is for a citizen whose agent has gone before the talk was
// over, and whom nobody speaks with: first in the queue again. It ends the
// meeting.
func (m *meeting) abandonedByAgent(cause int) {
	m.release()
	m.Say(speech.AgentLost)
	m.agent.step.Cause = cause
	m.again(m.agent.step)
	m.hold()
}

// abandoned is when the citizen hangs up.
func (m *meeting) abandoned(*dialogue.Conversation) {
	if m.agent.up {
		m.Do(dialogue.Action{Kind: dialogue.Drop, Serial: m.agent.leg.Serial})
	}
	m.release()
	if m.request != nil && m.reserved(*m.request) {
		m.missed = true
		m.left(nil)
		return
	}
	m.talked()
	m.ticket = "" // that one is done with
	m.broken()
}

// reserved asks, after the citizen has hung up, what became of an open request,
// so that nobody stays reserved for a citizen who has gone. It is true when the
// citizen was no more the agent's.
func (m *meeting) reserved(request dialogue.Action) bool {
	who, ok := dialogue.Try[Transferred](m.Conversation, request)
	switch {
	case !ok || who.Refused:
		return false
	case request.Request == AskHelp:
		m.Tell(AskMissed, AgentStep{Ticket: m.ticket, Agent: who.Agent, Helper: true})
		return false
	}
	return true
}

// talked reports that citizen and agent have spoken.
func (m *meeting) talked() {
	dialogue.Ask[Empty](m.Conversation, AskTalked, m.agent.step)
	if m.ticket != m.Ticket {
		m.settle(queue.ToPerson)
	}
}

// normalClearing is the Q.850 cause of a call that somebody hung up.
const normalClearing = 16
