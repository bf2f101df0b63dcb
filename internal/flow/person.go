package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// When a waiting caller is told something.
const (
	firstNews = 120 * time.Second
	nextNews  = 90 * time.Second
	// agentSoon is how long the voice is silent while the agent's telephone
	// rings, agentLate when it speaks again.
	agentSoon = 3 * time.Second
	agentLate = 7 * time.Second
	// nextAgent is how long a caller whose agent did not answer waits for
	// another before being asked what to do.
	nextAgent = 15 * time.Second
)

// person leads to somebody who can be talked to, or to the promise of a call.
// It ends the call.
func (t *talk) person(purpose queue.Purpose, keyed string) {
	look := t.enter(purpose, keyed)
	estimate, known := speech.Slot{}, false
	if look.Known {
		estimate, known = speech.EstimateFor(look.Minutes)
	}
	switch {
	case look.Free:
		t.hold(0)
	case look.Offer:
		if t.ask(question{
			say: func() {
				if known {
					t.Say(speech.PersonOfferFirst, estimate)
				} else {
					t.Say(speech.PersonOfferUnknown)
				}
			},
			keys: "12", silence: '2', wrong: '2', tolerance: 1,
		}) == '1' {
			t.callback()
		}
	case known:
		t.Say(speech.PersonWaitShort, estimate)
	default:
		t.Say(speech.PersonHold)
	}
	t.hold(look.Minutes)
}

// enter takes a place in the queue. From here on an agent's turn may come at
// any question. While the store is away no place can be kept: then a caller who
// can be is passed to an agent at once.
func (t *talk) enter(purpose queue.Purpose, keyed string) Outlook {
	t.purpose, t.astray = purpose, keyed
	look := insist[Outlook](t, t.NewRequest(AskEnter,
		Enter{Purpose: purpose, Caller: t.Caller, Citizen: t.citizen, Keyed: keyed}))
	t.ticket, t.queued = look.Ticket, look.Ticket != ""
	t.OnHangup(t.left)
	if look.Agent != "" {
		t.connect(look.Agent, speech.PersonConnecting)
	}
	return look
}

// left settles what a caller leaves behind who hung up while waiting: the place
// is given up, unless we were the ones who called and had no agent to give.
func (t *talk) left(*dialogue.Conversation) {
	switch {
	case t.ticket != "" && t.ticket != t.Ticket:
		dialogue.Ask[Empty](t.Conversation, AskLeft, OfTicket{t.ticket})
	case t.missed:
		t.settle(queue.NoAgent)
	}
	t.settle(queue.HungUp)
}

// holdOn says that somebody will answer, and holds.
func (t *talk) holdOn(words speech.ID) {
	t.Say(words)
	t.hold(0)
}

// hold waits for an agent, with music, and with news now and then. 1 asks for
// a call instead, at any time. longest is the longest wait that was announced, in
// minutes: what is said after it never rises.
func (t *talk) hold(longest int) {
	since, news, late := t.Now(), firstNews, false
	next := false // told to be the next
	for due := since.Add(news); ; {
		play := func() { t.Do(dialogue.Action{Kind: dialogue.Hold}) }
		play()
		in := t.Await(dialogue.Wait{For: dialogue.ForTurn, Turn: true, Limit: max(due.Sub(t.Now()), time.Millisecond),
			Collect: &dialogue.Collect{Max: 1}}, play)
		t.heard(in)
		if in.Kind == dialogue.Entry {
			if in.Keys == "1" && !next {
				t.callback()
			}
			continue
		}
		due = t.Now().Add(nextNews)
		look, _ := dialogue.Ask[Outlook](t.Conversation, AskOutlook, OfTicket{t.ticket})
		overdue := longest > 0 && t.Now().Sub(since) > time.Duration(longest)*time.Minute
		switch {
		case overdue && !late:
			late = true
			t.Say(speech.WaitLate)
		case next:
			t.Say(speech.WaitAlive)
		case look.Known && look.Ahead == 0:
			next = true
			t.Say(speech.WaitNext)
		default:
			longest = t.news(look, longest)
		}
		if !next && (t.Caller != "" || t.number != "") {
			t.Say(speech.WaitOffer)
		}
	}
}

// news tells the place while it is a small number, the estimate otherwise, and
// nothing that is not known. It returns the longest wait announced so far.
func (t *talk) news(look Outlook, longest int) int {
	estimate, ok := speech.EstimateFor(look.Minutes)
	switch {
	case look.Known && look.Ahead == 1:
		t.Say(speech.WaitPositionOne)
	case look.Known && look.Ahead > 1 && look.Ahead <= 20:
		t.Say(speech.WaitPosition, speech.Ahead(look.Ahead))
	case look.Known && ok && (longest == 0 || look.Minutes <= longest):
		t.Say(speech.WaitEstimate, estimate)
		return look.Minutes
	default:
		t.Say(speech.WaitAlive)
	}
	return longest
}

// connect rings the agent who is reserved for the caller and joins the two. A
// caller whose agent does not answer is the first in the queue again.
func (t *talk) connect(agent string, words speech.ID, slots ...speech.Slot) {
	t.queued = false
	leg := dialogue.Action{Kind: dialogue.Ring, Serial: t.Serial(), Agent: agent, For: t.Setup.RingAgent}
	step := AgentStep{Ticket: t.ticket, Agent: agent}
	t.OnHangup(func(*dialogue.Conversation) {
		t.Do(dialogue.Action{Kind: dialogue.Drop, Serial: leg.Serial})
		t.left(nil)
	})
	t.Tell(AskRinging, step)
	ring := func() { t.Do(leg) }
	ring()
	t.Say(words, slots...)
	in := t.ringing(leg, ring)
	if in.Kind != dialogue.LegUp {
		step.Cause = in.Cause
		t.unanswered(leg, step)
	}
	t.speak(leg, step)
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
// soon, the caller decides.
func (t *talk) unanswered(leg dialogue.Action, step AgentStep) {
	t.Do(dialogue.Action{Kind: dialogue.Drop, Serial: leg.Serial})
	t.again(step)
	if t.ask(question{say: func() { t.Say(speech.AgentNone) }, keys: "12", silence: '1', wrong: '1'}) == '2' {
		t.callback()
	}
	t.hold(0)
}

// again reports that the agent is not with the caller, who is first again, and
// gives another agent some seconds to be found.
func (t *talk) again(step AgentStep) {
	t.missed = true
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

// speak lets citizen and agent talk until one of them hangs up.
func (t *talk) speak(leg dialogue.Action, step AgentStep) {
	talked := func(*dialogue.Conversation) {
		dialogue.Ask[Empty](t.Conversation, AskTalked, step)
		if t.ticket != t.Ticket {
			t.settle(queue.ToPerson)
		}
	}
	t.OnHangup(func(c *dialogue.Conversation) {
		t.Do(dialogue.Action{Kind: dialogue.Drop, Serial: leg.Serial})
		talked(c)
	})
	join := func() {
		t.Do(dialogue.Action{Kind: dialogue.Join, Serial: leg.Serial})
		t.Tell(AskConnected, step)
	}
	join()
	in := t.Await(dialogue.Wait{For: dialogue.ForTalk, Serial: leg.Serial}, func() {
		t.Do(dialogue.Action{Kind: dialogue.Join, Serial: leg.Serial})
	})
	if in.Cause != 0 && in.Cause != normalClearing {
		t.Say(speech.AgentLost)
		step.Cause = in.Cause
		t.again(step)
		t.hold(0)
	}
	talked(nil)
	t.end("")
}

// normalClearing is the Q.850 cause of a call that somebody hung up.
const normalClearing = 16
