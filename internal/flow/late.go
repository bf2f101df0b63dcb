package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// lateHeard is how long it takes to say that we are late, and until when: who
// hangs up later has heard it.
const lateHeard = 12 * time.Second

// lateNotice is our call to a citizen whose promised call can't come in time: it
// says when it comes. No key is needed, and none is missed.
func lateNotice(c *dialogue.Conversation) {
	t := begin(c)
	t.place()
	answered := t.Now()
	t.OnHangup(func(*dialogue.Conversation) {
		if t.Now().Sub(answered) < lateHeard {
			t.settle(t.hungUp())
		}
		t.settle(queue.Told)
	})
	key := t.ask(question{say: t.sayLate, keys: "0123", silence: 'x', patience: 1, wrong: 'x', tolerance: 1, plain: true})
	if key == '2' {
		t.later(queue.Told)
	}
	t.settle(queue.Told)
	switch key {
	case '0':
		t.takeUp(t.Ticket)
	case '3':
		t.cancel(t.Ticket)
		t.kept()
	}
	t.end(speech.GoodbyeShort)
}

// sayLate says who calls, the three figures, that we are late, and the new time.
func (t *talk) sayLate() {
	if t.Word != "" {
		t.Say(speech.LateHello, t.Setup.authority(), speech.Word(t.Word))
	} else {
		t.Say(speech.LateHelloPromised, t.Setup.authority())
	}
	t.sayPromise(Promise{From: t.From, To: t.To, Slot: t.Slot}, speech.LateTime, speech.LateTimeHalfDay, speech.LateTimeSoon)
	t.Say(speech.LateKeys)
}

// duty is an agent's call to a feature code, from a desk telephone.
func duty(c *dialogue.Conversation) {
	t := begin(c)
	now, ok := OnDuty{}, false
	if t.Duty != nil {
		now, ok = dialogue.Ask[OnDuty](c, AskDuty, *t.Duty)
	}
	words := speech.DutyRefused
	switch {
	case !ok:
	case now.State == "ready":
		words = speech.DutyReady
	case now.State == "paused":
		words = speech.DutyPaused
	case now.State == "away":
		words = speech.DutyAway
	}
	t.Say(words)
	t.end("")
}
