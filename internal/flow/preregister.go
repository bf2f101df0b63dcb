package flow

import (
	"time"

	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// maxPeople is how many requests one call makes.
const maxPeople = 3

// preregister puts a citizen on the campaign's list, and then whoever else is
// at the telephone. It ends the call.
func (t *talk) preregister(who Identified) {
	for {
		mentioned := t.mention(who.Open)
		switch {
		case who.Receipt != "":
			t.already(who)
		case !who.Eligible:
			t.notEligible()
		default:
			if !mentioned {
				t.Say(speech.IdentifyFound)
			}
			if t.register(who) {
				t.another()
			}
		}
		who = t.nextPerson()
	}
}

// register makes the request, once the number to be called on is confirmed. It is
// false when it turns out not to be the citizen's turn.
func (t *talk) register(who Identified) bool {
	confirm, saved := t.confirmNumber, speech.PreregisterSaved
	if t.people > 0 {
		confirm, saved = t.sameNumber, speech.SecondSaved
	}
	t.Say(speech.PreregisterEligible)
	number := confirm()
	done := insist[Registered](t, t.NewRequest(AskRegister, Register{Citizen: who.Citizen, Phone: number}))
	if done.Refused {
		t.notEligible()
		return false
	}
	t.saved, t.safe = true, true
	t.Say(saved)
	t.people++
	t.receipt(done.Receipt)
	return true
}

// receipt reads the receipt twice, once pen and paper are there. Nothing can
// go wrong here: any key will do, and none.
func (t *talk) receipt(six string) {
	t.penAndPaper(speech.ReceiptPen)
	t.figures(func() { t.Say(speech.ReceiptSay, speech.Receipt(six)) })
}

// penAndPaper waits until the caller can write.
func (t *talk) penAndPaper(pen speech.ID) {
	t.ask(question{say: func() { t.Say(pen) }, keys: "1", wait: 20 * time.Second, silence: '1', wrong: '1', plain: true})
}

// another offers to go on with husband, wife or neighbour, and says goodbye
// when nobody is left.
func (t *talk) another() {
	if t.people == maxPeople {
		t.Say(speech.SecondLimit)
		t.end(speech.GoodbyeThanks)
	}
	if t.ask(question{say: func() { t.Say(speech.SecondOffer) }, keys: "12", silence: '2'}) == '2' {
		t.Say(speech.PreregisterNext)
		t.end(speech.GoodbyeThanks)
	}
}

// nextPerson identifies the next person of the call. Without the card the call
// ends here; the requests made so far stand.
func (t *talk) nextPerson() Identified {
	t.safe = false
	if !t.card(speech.SecondCardReady) {
		t.Say(speech.SecondNoCard)
		t.end(speech.GoodbyeThanks)
	}
	return t.found(t.code(speech.IdentifyCodeAgain))
}

// already tells that there is a request, and offers to change its number.
func (t *talk) already(who Identified) {
	switch t.ask(question{
		say:  func() { t.Say(speech.PreregisterAlready, speech.Receipt(who.Receipt)) },
		keys: "12", silence: 'x', plain: true,
	}) {
	case '1':
		number := t.askNumber(speech.NumberAsk)
		insist[Registered](t, t.NewRequest(AskRephone, Rephone{Citizen: who.Citizen, Phone: number}))
		t.saved, t.safe = true, true
		t.Say(speech.PreregisterPhoneChanged)
		t.end(speech.GoodbyeThanks)
	case '2':
		t.preregister(t.nextPerson())
	default:
		t.end(speech.GoodbyeThanks)
	}
}

// notEligible tells whose turn it is, and from when it is the caller's, who
// may be called then.
func (t *talk) notEligible() {
	if t.ask(question{
		say:  func() { t.Say(speech.PreregisterNotEligible, speech.Phrase("eligible", t.Setup.Eligible)) },
		keys: "12",
	}) == '2' {
		return // the next person
	}
	since := func() { t.Say(speech.PreregisterSinceUnknown) }
	if day, ok := dateSlot("start-date", t.Setup.Starts); ok {
		since = func() { t.Say(speech.PreregisterSinceDate, day) }
	}
	if t.ask(question{say: since, keys: "1", silence: 'x', plain: true}) == 'x' {
		t.end(speech.GoodbyeThanks)
	}
	number := t.confirmNumber()
	promise := t.secure(Callback{Purpose: queue.NotEligible, Phone: number, Citizen: t.citizen})
	t.promised()
	say := func() { t.Say(speech.PreregisterSincePromise) }
	say()
	t.word(promise, say)
}
