package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

// closingAnswer is how long a caller has to answer when the offices close; who
// says nothing has said yes.
const closingAnswer = 5 * time.Second

// unattended leads callers to the promise of a call whose turn would come when
// nobody is there any more. It returns for all others.
func (t *talk) unattended(look Outlook) {
	switch {
	case look.Free:
	case look.Closed:
		t.closed()
	case look.Closing:
		t.closingSoon(look)
	}
}

// closed is for a caller who wants a person while nobody is there. It ends the
// call.
func (t *talk) closed() {
	t.shut = true
	for {
		switch t.ask(question{say: func() { t.Say(speech.ClosedPerson) }, keys: "12", silence: 'x', patience: 1}) {
		case '1':
			t.promise(t.chooseDay())
		case '2':
			t.openingHours()
		}
		if t.keyed {
			t.promise("")
		}
		t.withoutKeys() // returns when a key was pressed after all
	}
}

// openingHours tells when somebody answers. It ends the call.
func (t *talk) openingHours() {
	if t.ask(question{say: func() { t.Say(speech.ClosedHours, speech.Phrase("hours", t.Setup.Hours)) },
		keys: "1", silence: 'x'}) == '1' {
		t.promise(t.chooseDay())
	}
	t.left(nil)
	t.end(speech.GoodbyeThanks)
}

// nobodyThere is where 0 leads when nobody answers: a call to the number that is
// known, or, where none is, to the one that the caller says after the tone.
func (t *talk) nobodyThere() {
	t.OnHangup(t.gone)
	for t.number == "" && t.Caller == "" {
		t.withoutKeys()
		t.askNumber(speech.NumberAsk)
	}
	if t.number == "" {
		t.number = t.Caller
	}
	t.promise(t.slot)
}

// closingSoon is for a caller whose turn would come after closing time. It
// returns when there is no half-day to offer instead.
func (t *talk) closingSoon(look Outlook) {
	slot, ok := t.halfDaySlot(look.Next)
	if !ok {
		return
	}
	if t.ask(question{say: func() { t.Say(speech.ClosingSoon, slot) }, keys: "12", silence: '1', patience: 1}) == '1' {
		t.promise(look.Next)
	}
	t.OnHangup(t.gone)
	t.promise(t.chooseDay())
}

// closing turns a caller who still waits when the offices close, or whom a
// supervisor sends home, into a promised call. Staying in line is a yes, and so is
// hanging up, where the number is known: nobody has waited for nothing.
func (t *talk) closing(*dialogue.Conversation) {
	t.shut, t.swept = true, true
	if t.ours() {
		t.number = t.Number // whom we called is called there again
	}
	look, _ := dialogue.Ask[Outlook](t.Conversation, AskOutlook, OfTicket{t.ticket})
	t.slot = look.Next
	t.OnHangup(t.gone)
	say := func() { t.Say(speech.ClosingWaitingSoon) }
	if slot, ok := t.halfDaySlot(look.Next); ok {
		say = func() { t.Say(speech.ClosingWaiting, slot) }
	} else {
		t.slot = ""
	}
	t.ask(question{say: say, keys: "01", wait: closingAnswer, silence: '1', wrong: '1', plain: true})
	t.promise(t.slot)
}
