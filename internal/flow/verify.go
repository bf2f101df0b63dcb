package flow

import (
	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// verify is our call to somebody who registered on the portal with a landline
// number. The citizen did not call us: trust comes before the card.
func verify(c *dialogue.Conversation) {
	t := begin(c)
	t.place()
	switch t.ask(question{
		say:  func() { t.Say(speech.VerifyHello, t.Setup.authority()) },
		keys: "123", silence: 'x', patience: 1, wrong: 'x', tolerance: 1, plain: true,
	}) {
	case '2':
		t.later(queue.Later)
	case '3':
		t.wrongNumber()
	case 'x':
		t.nobody()
	}
	t.trust()
	for {
		confirmed := t.confirm(t.registrant(t.Ticket))
		if confirmed && t.ask(question{say: func() { t.Say(speech.VerifyOther) }, keys: "12", silence: '2', plain: true}) == '2' {
			break
		}
		t.otherCard()
	}
	t.Say(speech.PreregisterNext)
	t.end(speech.GoodbyeShort)
}

// trust tells what we never ask for, and gives the way to call us instead.
func (t *talk) trust() {
	words := speech.VerifyTrust
	if t.Setup.CardDigits == 0 {
		words = speech.VerifyTrustBirth
	}
	wait := question{say: func() { t.Say(words) }, keys: "12", wait: fetchCard, silence: 'w', plain: true}
	for waited := 0; waited < 4; waited++ {
		switch t.ask(wait) {
		case '1':
			return
		case '2':
			t.settle(queue.WillCall)
			t.Say(speech.VerifyCallUs, t.Setup.servicePhone())
			t.end(speech.GoodbyeShort)
		}
		wait.say, wait.wait = func() { t.Say(speech.IdentifyCardWait) }, fetchMore
	}
	t.nobody()
}

// otherCard waits for the card of the next person at the same telephone.
func (t *talk) otherCard() {
	if t.ask(question{say: func() { t.Say(speech.SecondCardReady) }, keys: "12", wait: fetchCard, silence: '2', plain: true}) == '2' {
		t.end(speech.GoodbyeThanks)
	}
}

// registrant asks for the second datum until it is that of somebody who
// registered with the number of a ticket, or to whom the ticket belongs. The
// second datum alone decides whose request it is.
func (t *talk) registrant(ticket string) Identified {
	birth := t.Setup.CardDigits == 0
	second := t.second
	for tries := 1; ; tries++ {
		who, ok := dialogue.Ask[Identified](t.Conversation, AskRegistrant,
			Registrant{Ticket: ticket, Second: second(birth), Birth: birth})
		switch {
		case !ok:
			t.registryDown("")
		case who.Found:
			t.citizen = who.Citizen
			return who
		case who.Limited || tries == maxTries:
			t.notFound("")
		}
		second = t.secondAgain
	}
}

// confirm lets the citizen confirm the request, and gives its receipt. Whose turn it
// is not is told so, and nothing is registered: then it is false, for who goes on with
// the next one of the household.
func (t *talk) confirm(who Identified) bool {
	day, _ := dateSlot("request-date", who.Asked)
	if (who.Eligible || who.Receipt != "") && t.ask(question{
		say:  func() { t.Say(speech.VerifyConfirm, speech.Phrase("campaign", t.Setup.Campaign), day) },
		keys: "12",
	}) == '2' {
		t.notFound("")
	}
	done := insist[Registered](t, t.NewRequest(AskConfirm, Register{Citizen: who.Citizen, Phone: t.Number, Ticket: t.Ticket}))
	t.settle(queue.Delivered)
	if done.Refused {
		t.notEligible()
		return false
	}
	t.saved, t.safe = true, true
	t.Say(speech.VerifyConfirmed)
	t.receipt(done.Receipt)
	return true
}
