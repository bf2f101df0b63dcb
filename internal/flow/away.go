package flow

import (
	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// later is for somebody whom we called and who can't talk now, and may choose
// when. The place and the three figures stay. No other number is taken from a
// voice that nobody has identified. outcome is what our call then was. It ends
// the call.
func (t *talk) later(outcome queue.Outcome) {
	for range maxTries {
		days := t.halfDays(0)
		if len(days) == 0 {
			break
		}
		switch key := t.ask(question{
			say:  func() { t.Say(speech.AwayWhen); t.sayDays(days, false) },
			keys: "0" + dayKeys(len(days), false), silence: 'x', patience: 1, wrong: 'x', tolerance: 1, plain: true,
		}); key {
		case '0':
			t.changedMind(outcome)
		case 'x':
			t.away(outcome, "")
		default:
			t.chosen(outcome, days[key-'1'])
		}
	}
	t.away(outcome, "")
}

// chosen notes the half-day in which the citizen wants to be called. It is kept
// also for whoever hangs up at once. It returns when the half-day has filled up.
func (t *talk) chosen(outcome queue.Outcome, slot queue.HalfDay) {
	change := t.NewRequest(AskChange, Change{Ticket: t.Ticket, Slot: slot})
	t.OnHangup(func(*dialogue.Conversation) {
		dialogue.Try[Promise](t.Conversation, change)
		t.report(outcome, dialogue.Input{})
	})
	p, ok := dialogue.Try[Promise](t.Conversation, change)
	switch {
	case !ok:
		t.away(outcome, "")
	case !p.Taken && !p.Full:
		t.away(outcome, slot)
	}
	t.OnHangup(func(*dialogue.Conversation) { t.settle(outcome) })
	t.Say(speech.CallbackTaken)
}

// away says when we call again. It ends the call.
func (t *talk) away(outcome queue.Outcome, slot queue.HalfDay) {
	t.report(outcome, dialogue.Input{})
	if day, ok := t.halfDaySlot(slot); ok {
		t.Say(speech.AwayDone, day)
		t.end("")
	}
	if outcome == queue.Told { // what was told stands
		t.kept()
	}
	t.Say(speech.AwayLater)
	t.end("")
}

// changedMind is for somebody who wants to talk now after all.
func (t *talk) changedMind(outcome queue.Outcome) {
	switch {
	case t.ticket == t.Ticket:
		t.toAgent(speech.AgentHere)
	case outcome == queue.Told:
		t.settle(outcome)
		t.takeUp(t.Ticket)
	}
	t.GoTo(t.toPerson)
}
