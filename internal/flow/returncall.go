package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// returnCall is our call to a citizen whose turn has come: an agent is
// reserved, the citizen's telephone rings, the three figures are said first. Where
// citizens are called before an agent is reserved, they wait for one in the first
// place, and are told no more than that.
func returnCall(c *dialogue.Conversation) {
	t := begin(c)
	t.ticket = t.Ticket
	t.place()
	switch {
	case t.NoKeys && t.Word != "":
		t.toAgent(speech.ReturnHelloNoKeys, t.Setup.authority(), speech.Word(t.Word))
	case t.NoKeys: // the line had broken: no figures were told
		t.toAgent(speech.AgentHere)
	}
	switch t.ask(question{
		say:  t.returnHello,
		keys: "0123", silence: 'x', patience: 1, wrong: 'x', tolerance: 1, plain: true,
	}) {
	case '0', '1':
		t.toAgent(speech.AgentHere)
	case '2':
		t.later(queue.Later)
	case '3':
		t.wrongNumber()
	}
	t.nobody()
}

// toAgent connects with the agent who is reserved for this call. If there is
// none yet, the citizen is the next.
func (t *talk) toAgent(words speech.ID, slots ...speech.Slot) {
	if t.Agent != "" {
		t.connect(t.Agent, words, slots...)
	}
	t.missed = true // nobody is there yet: hanging up now costs the citizen nothing
	if t.NoKeys {
		t.Say(words, slots...)
		t.passing = true
	}
	look := t.enter(Enter{Purpose: queue.WantsPerson, Ticket: t.Ticket})
	t.unattended(look)
	if !t.NoKeys {
		t.next = true
		t.Say(speech.WaitNext)
	}
	t.hold()
}

// returnHello says who calls, and what only we can know: the three figures that
// were told when the call was promised, where some were.
func (t *talk) returnHello() {
	switch {
	case t.Word != "":
		t.Say(speech.ReturnHello, t.Setup.authority(), speech.Word(t.Word))
	case t.Dropped:
		t.Say(speech.ReturnHelloDropped, t.Setup.authority())
	default:
		t.Say(speech.ReturnHelloPromised, t.Setup.authority())
	}
}

// place dials the citizen and returns once the line is up. A call that is not
// answered is reported, and the conversation is over.
func (t *talk) place() {
	dial := dialogue.Action{Kind: dialogue.Place, Serial: t.Serial(), For: t.Setup.Ring}
	if n, err := phone.Parse(t.Number); err == nil && n.Class() == phone.Mobile {
		dial.For = t.Setup.RingMobile
	}
	ring := func() { t.Do(dial) }
	ring()
	in := t.Await(dialogue.Wait{For: dialogue.ForLeg, Serial: dial.Serial, Limit: dial.For + placeMargin}, ring)
	t.OnHangup(func(*dialogue.Conversation) { t.settle(t.hungUp()) })
	if in.Kind == dialogue.LegUp {
		t.Caller = t.Number // whoever answers may be called here again
		return
	}
	t.report(OutcomeOf(in), in)
	t.end("")
}

// placeMargin is how much longer than it rings a call may take to be set up
// and refused.
const placeMargin = 15 * time.Second

// OutcomeOf reads what the network says of a call that was not answered: the
// final SIP status first, since the Q.850 cause that comes with it is often only
// its translation. A cause of congestion is believed over any status: it is no
// status's translation, and a network that is full has been seen to say "unallocated"
// for it.
func OutcomeOf(in dialogue.Input) queue.Outcome {
	if queue.Congested(in.Cause) {
		return queue.OurFault
	}
	switch in.SIP {
	case 486, 600:
		return queue.Busy
	case 603, 403, 607, 608:
		return queue.Rejected
	case 404, 410, 484, 604:
		return queue.Unreachable
	case 408, 480, 487:
		return queue.NoAnswer
	}
	switch in.Cause {
	case 17:
		return queue.Busy
	case 18, 19:
		return queue.NoAnswer
	case 21:
		return queue.Rejected
	case 1, 22, 28:
		return queue.Unreachable
	}
	return queue.OurFault // trunk, exchange, or no answer from them in time
}

// report tells how the attempt ended; it is told once for a call.
func (t *talk) report(outcome queue.Outcome, in dialogue.Input) {
	if t.Attempt == 0 || t.reported {
		return
	}
	t.reported = true
	dialogue.Ask[Empty](t.Conversation, AskAttempt,
		AttemptEnded{Ticket: t.Ticket, Attempt: t.Attempt, Outcome: outcome, Cause: in.Cause, SIP: in.SIP})
}

// hungUp is the outcome of a call of ours that ended before anything came of
// it.
func (t *talk) hungUp() queue.Outcome {
	if t.Lost() {
		return queue.OurFault
	}
	return queue.HungUp
}

// settle is report without a network's word.
func (t *talk) settle(outcome queue.Outcome) { t.report(outcome, dialogue.Input{}) }

// nobody ends a call that was answered by no key: a person who did not press,
// or a machine that records. The same words suit both.
func (t *talk) nobody() {
	t.settle(queue.NoKey)
	t.Say(speech.ReturnNoKey, t.Setup.servicePhone())
	t.end("")
}

// wrongNumber is for whoever the call is not meant for. It is honoured in one
// more key, and costs nobody the place on a list: the request goes to a person.
func (t *talk) wrongNumber() {
	outcome, words := queue.WrongNumber, speech.WrongNoted
	if t.ask(question{say: func() { t.Say(speech.WrongMenu) }, keys: "1",
		silence: 'x', wrong: 'x', tolerance: 1, plain: true}) == '1' {
		outcome, words = queue.Blocked, speech.WrongBlocked
	}
	t.settle(outcome)
	t.Say(words)
	t.end("")
}
