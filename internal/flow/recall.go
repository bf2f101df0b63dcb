package flow

import (
	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// recalled begins a call from a number that we owe a call. It is known by the
// number alone, which others may use and anybody may forge: so nothing is said
// but that a call to this number is due, was tried, or broke off, and when. It
// returns for whoever calls about something else.
func (t *talk) recalled(o Open) {
	switch {
	case o.Ringing:
		t.dialling(o, func() { t.Say(speech.WelcomeHello, speech.Phrase("service", t.Setup.Service)) })
	case o.Dropped:
		t.dropped(o)
	case o.Missed:
		if t.ask(question{say: func() { t.Say(speech.RecallMissed, t.Setup.authority()) }, keys: "12", silence: '1', patience: 1}) == '1' {
			t.takeUp(o.Ticket)
		}
	default:
		switch t.ask(question{say: func() { t.Say(speech.RecallHello, t.Setup.authority()) }, keys: "123", silence: '1'}) {
		case '1':
			t.due(o, false)
		case '2':
			t.change(o)
		}
	}
}

// dialling is for a caller whom we are calling at this moment: one of the two
// calls remains, this one. If the agent has gone meanwhile it becomes a call like
// others, and is greeted as such. It ends the call.
func (t *talk) dialling(o Open, greet func()) {
	look := t.enter(Enter{Purpose: queue.WantsPerson, Ticket: o.Ticket})
	if look.Free {
		t.passing = true
		t.holdOn(speech.RecallDialling)
	}
	greet()
	t.unattended(look)
	t.holdOn(speech.PersonHold)
}

// dropped is for a caller whose line broke within the hour. What had been said
// about the citizen is not said again before the second datum.
func (t *talk) dropped(o Open) {
	if t.ask(question{say: func() { t.Say(speech.DroppedHelloInbound, t.Setup.authority()) }, keys: "12", silence: '2', patience: 1}) == '2' {
		return
	}
	t.Say(speech.DroppedResume)
	if o.Owned {
		t.sameCitizen(o)
	}
	t.takeUp(o.Ticket)
}

// sameCitizen asks for the second datum again, once: a person goes on from
// there, so that a wrong one costs nothing but the agent's asking.
func (t *talk) sameCitizen(o Open) {
	n, birth := t.Setup.CardDigits, t.Setup.CardDigits == 0
	say := func() { t.Say(speech.DroppedDigitsAgain, speech.NDigits(n)) }
	if birth {
		n, say = birthKeys, func() { t.Say(speech.DroppedBirthAgain) }
	}
	in := t.entry(t.datum(n), say)
	if in.End != dialogue.Full && in.End != dialogue.Hash {
		return
	}
	who, _ := dialogue.Ask[Identified](t.Conversation, AskRegistrant, Registrant{Ticket: o.Ticket, Second: in.Keys, Birth: birth})
	t.citizen = who.Citizen
}

// due tells when the promised call comes, as it was promised and not as it is
// expected now, and lets the caller wait for it on the line; one whose it is shown
// to be may also change it. It ends the call.
func (t *talk) due(o Open, proved bool) {
	if o.Ringing {
		t.dialling(o, func() {})
	}
	say := func() {
		t.sayPromise(Promise{From: o.From, To: o.To, Slot: o.Slot}, speech.RecallStatus, speech.RecallStatusHalfDay, speech.RecallStatusSoon)
	}
	if o.Late {
		say = func() { t.Say(speech.RecallLate) }
	}
	q := question{say: say, keys: "1", silence: 'x', wrong: 'x', tolerance: 1}
	if proved {
		q.say, q.keys = func() { say(); t.Say(speech.RecallOrChange) }, "12"
	}
	switch t.ask(q) {
	case '1':
		t.takeUp(o.Ticket)
	case '2':
		o.Owned = false // it has just been shown whose it is
		t.change(o)
	}
	t.end(speech.GoodbyeThanks)
}

// change lets the caller change or cancel the promised call. One that belongs to
// an identified citizen is changed by that citizen only. It ends the call.
func (t *talk) change(o Open) {
	if o.Owned {
		t.prove(o)
	}
	switch t.ask(question{say: func() { t.Say(speech.RecallChange) }, keys: "123", silence: 'x'}) {
	case '1':
		t.changeDay(o)
	case '2':
		number := t.askNumber(speech.NumberAsk)
		insist[Promise](t, t.NewRequest(AskChange, Change{Ticket: o.Ticket, Phone: number}))
		t.Say(speech.PreregisterPhoneChanged)
		t.end(speech.GoodbyeThanks)
	case '3':
		t.cancel(o.Ticket)
	}
	t.kept()
}

// prove asks for the card and the second datum of the citizen whom the promised
// call belongs to. Who can't give it goes to a person, and the call stays.
func (t *talk) prove(o Open) {
	t.Say(speech.PrivacyNotice)
	if t.Setup.CardDigits > 0 && !t.card(speech.IdentifyCardReady) {
		t.kept()
	}
	t.registrant(o.Ticket)
}

// changeDay gives the promised call another half-day.
func (t *talk) changeDay(o Open) {
	for range maxTries {
		slot := t.chooseDay()
		if slot == "" {
			t.kept()
		}
		p := insist[Promise](t, t.NewRequest(AskChange, Change{Ticket: o.Ticket, Slot: slot}))
		if !p.Taken && !p.Full {
			p.Slot = slot
			t.sayPromise(p, speech.CallbackPromise, speech.CallbackPromiseHalfDay, speech.CallbackPromiseSoon)
			t.end(speech.GoodbyeThanks)
		}
		t.Say(speech.CallbackTaken)
	}
}

// cancel cancels the promised call, once that is confirmed. It returns if it is
// not.
func (t *talk) cancel(ticket string) {
	if t.ask(question{say: func() { t.Say(speech.RecallCancel) }, keys: "12", silence: '2', wrong: '2'}) == '2' {
		return
	}
	insist[Empty](t, t.NewRequest(AskCancel, OfTicket{ticket}))
	t.Say(speech.RecallCancelled)
	t.end(speech.GoodbyeThanks)
}

// kept says that the promised call stays as it is. It ends the call.
func (t *talk) kept() {
	t.Say(speech.RecallKept)
	t.end(speech.GoodbyeThanks)
}

// mention tells an identified citizen, who has called about something else, why
// we call and when. It is false where there is nothing to tell.
func (t *talk) mention(o *Open) bool {
	if !expected(o) {
		return false
	}
	t.Say(speech.IdentifyFound)
	t.why(o)
	if !o.Ringing && !o.Late && !o.Missed {
		t.sayPromise(Promise{From: o.From, To: o.To, Slot: o.Slot}, speech.LateTime, speech.LateTimeHalfDay, speech.LateTimeSoon)
	}
	return true
}

// expected tells whether a citizen expects a call of ours: one that waits for a
// day which is not known yet was promised for no time.
func expected(o *Open) bool { return o != nil && o.Purpose != queue.NotEligible }

// why tells an identified citizen why we call, or called.
func (t *talk) why(o *Open) {
	switch {
	case o.Dropped || o.Purpose == queue.Interrupted:
		t.Say(speech.RecallWhyDropped)
	case o.Purpose == queue.Verification:
		t.Say(speech.RecallWhySite)
	default:
		t.Say(speech.RecallWhyPerson)
	}
}
