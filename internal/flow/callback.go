package flow

import (
	"time"

	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// callback turns the place in the queue into a promised call. It ends the call.
// Until the promise is on disk the caller keeps waiting for a person as well: an
// agent who gets free meanwhile is not kept from the caller.
func (t *talk) callback() {
	number := t.confirmNumber()
	promise := insist[Promise](t, t.NewRequest(AskCallback,
		Callback{Ticket: t.ticket, Purpose: t.purpose, Phone: number, Citizen: t.citizen, Keyed: t.astray}))
	t.promised()
	say := func() { t.sayPromise(promise, speech.CallbackPromise, speech.CallbackPromiseSoon) }
	say()
	t.word(promise, say)
}

// promised notes that a promise is on disk: whoever hangs up now loses nothing.
func (t *talk) promised() {
	t.saved, t.queued = true, false
	t.OnHangup(nil)
	if t.ticket == t.Ticket {
		t.settle(queue.NoAgent) // our own call, and no agent came: it is made again
	} else {
		t.settle(queue.ToPerson)
	}
}

// sayPromise says when the call will come, where that is known.
func (t *talk) sayPromise(p Promise, at, soon speech.ID) {
	if slot, ok := t.clockRange(p); ok {
		t.Say(at, slot)
		return
	}
	t.Say(soon)
}

// clockRange is the time of a promise as it is spoken, seen from today.
func (t *talk) clockRange(p Promise) (speech.Slot, bool) {
	if p.From.IsZero() || p.To.IsZero() {
		return speech.Slot{}, false
	}
	from, to, now := p.From, p.To, t.Now().In(p.From.Location())
	day := speech.NearDay(from.Year(), int(from.Month()), from.Day(), now.Year(), int(now.Month()), now.Day())
	return speech.ClockRange(day, speech.At(from.Hour(), from.Minute()), speech.At(to.Hour(), to.Minute())), true
}

// word tells the three figures that our call says first, and the number that
// it comes from. It ends the call.
func (t *talk) word(p Promise, sayPromise func()) {
	t.penAndPaper(speech.CallbackPen)
	for {
		t.figures(func() { t.Say(speech.CallbackWord, speech.Word(p.Word)) })
		t.Say(speech.CallbackShown, t.Setup.servicePhone())
		if t.ask(question{
			say: func() { t.Say(speech.CallbackEnd) }, keys: "9",
			wait: t.Setup.Tempo.Long, silence: 'x', wrong: 'x', plain: true,
		}) == 'x' {
			t.end(speech.GoodbyeThanks)
		}
		sayPromise()
	}
}

// wordUnasked tells the three figures to somebody who presses no keys: time to
// fetch a pen, then twice.
func (t *talk) wordUnasked(p Promise) {
	t.ask(question{say: func() { t.Say(speech.NokeyPen) }, wait: 15 * time.Second, silence: 'x', wrong: 'x', plain: true})
	t.Say(speech.CallbackWord, speech.Word(p.Word))
	t.Say(speech.CallbackWord, speech.Word(p.Word))
	t.end(speech.GoodbyeThanks)
}
