package flow

import (
	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// inbound is a citizen's call.
func inbound(c *dialogue.Conversation) {
	begin(c).welcome()
}

// welcome greets a citizen and asks what is wanted.
func (t *talk) welcome() {
	if t.Open != nil {
		t.recalled(*t.Open)
	} else {
		t.Say(speech.WelcomeHello, speech.Phrase("service", t.Setup.Service))
	}
	switch t.ask(question{
		say:  func() { t.Say(speech.MenuMain, speech.Phrase("campaign", t.Setup.Campaign)) },
		keys: "123",
	}) {
	case '1':
		t.preregister(t.identify())
	case '2': // visits are not booked by keys
		t.person(queue.WantsPerson, "")
	case '3':
		t.status(t.identify())
	}
}

// toPerson is where 0 leads, and every question that could not be answered.
func (t *talk) toPerson(*dialogue.Conversation) {
	switch {
	case t.shut:
		t.nobodyThere()
	case t.queued:
		t.holdOn(speech.PersonHold)
	}
	t.person(queue.WantsPerson, "")
}

// status tells a citizen what there is under their name.
func (t *talk) status(who Identified) {
	if expected(who.Open) {
		t.why(who.Open)
		t.due(*who.Open, true)
	}
	if who.Receipt != "" {
		t.already(who)
	}
	t.ask(question{say: func() { t.Say(speech.StatusNone) }, keys: "1"})
	t.preregister(who)
}
