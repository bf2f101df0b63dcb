package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// callback turns the place in the queue into a promised call: as soon as
// possible, or in a half-day that the caller chooses. It ends the call. Until the
// promise is on disk the caller keeps waiting for a person as well: an agent who
// gets free meanwhile is not kept from the caller.
func (t *talk) callback() {
	t.OnHangup(t.gone)
	if t.ask(question{say: func() { t.Say(speech.CallbackWhen) }, keys: "12", silence: '1', patience: 1}) == '1' {
		t.promise("")
	}
	t.promise(t.chooseDay())
}

// promise settles the number and promises a call in a half-day, or as soon as
// possible if it is empty. It ends the call.
func (t *talk) promise(slot queue.HalfDay) {
	t.slot = slot
	t.OnHangup(t.gone)
	ask := t.request()
	ask.Phone = t.confirmNumber()
	p := t.keep(ask)
	for tries := 1; p.refused(); tries++ {
		t.OnHangup(t.gone)
		if p.Many {
			t.many(ask)
		}
		t.slot = t.otherTime(p)
		ask.Slot, ask.Whenever = t.slot, t.slot == "" && p.Full || tries == maxTries
		p = t.keep(ask)
	}
	t.promised()
	say := func() {
		t.sayPromise(p, speech.CallbackPromise, speech.CallbackPromiseHalfDay, speech.CallbackPromiseSoon)
	}
	say()
	t.word(p, say)
}

// request is what is asked for when a call is to be promised now.
func (t *talk) request() Callback {
	number := t.number
	if number == "" {
		number = t.Caller
	}
	return Callback{Ticket: t.ticket, Purpose: t.purpose, Phone: number, Citizen: t.citizen, Keyed: t.astray, Slot: t.slot}
}

// otherTime finds another time for a call that can't be promised as it was
// wanted. Who can be answered on the line may also wait there.
func (t *talk) otherTime(p Promise) queue.HalfDay {
	switch {
	case p.Taken:
		t.Say(speech.CallbackTaken)
		return t.chooseDay()
	case t.queued && !t.shut:
		t.fullToday(p.Slot)
		t.hold()
	}
	return p.Slot
}

// fullToday tells that no more calls can be promised for today and offers the
// next half-day with room. It returns for whoever stays on the line.
func (t *talk) fullToday(next queue.HalfDay) {
	slot, ok := t.halfDaySlot(next)
	if !ok {
		t.Say(speech.PersonHold)
		return
	}
	if t.ask(question{say: func() { t.Say(speech.CallbackFull, slot) }, keys: "12", silence: '2', wrong: '2', tolerance: 1}) == '1' {
		t.promise(next)
	}
}

// many is for a caller who has asked for as many calls as a day allows: no other is
// promised, and a person takes care of this request. On the line the place is kept;
// when nobody is there, it is on the list of what people look at. It ends the call.
func (t *talk) many(ask Callback) {
	if t.queued && !t.shut {
		t.Say(speech.CallbackMany)
		t.holdOn(speech.PersonHold)
	}
	ask.Slot, ask.Whenever = "", true
	t.keep(ask)
	t.promised()
	t.Say(speech.CallbackMany)
	t.end(speech.GoodbyeThanks)
}

// refused tells whether nothing is promised.
func (p Promise) refused() bool { return p.Taken || p.Full || p.Many }

// keep puts a promise on disk. Who hangs up meanwhile is promised it as well.
func (t *talk) keep(ask Callback) Promise {
	request := t.NewRequest(AskCallback, ask)
	t.OnHangup(func(*dialogue.Conversation) {
		p, ok := dialogue.Try[Promise](t.Conversation, request)
		t.unheard(ask, p, ok)
	})
	return insist[Promise](t, request)
}

// secure promises a call without a question: when its time is full, in the next
// half-day with room, and when there is none, for no time at all.
func (t *talk) secure(ask Callback) Promise {
	p := t.keep(ask)
	if p.Taken || p.Full {
		ask.Slot, ask.Whenever = p.Slot, p.Slot == ""
		p = t.keep(ask)
	}
	if p.refused() {
		ask.Slot, ask.Whenever = "", true
		p = t.keep(ask)
	}
	return p
}

// gone is for a caller who asked for a call and hung up before it was promised:
// it is promised all the same, at the time that was chosen, to the number that was
// confirmed or else the one that calls.
func (t *talk) gone(*dialogue.Conversation) {
	ask := t.request()
	if ask.Phone == "" {
		t.left(nil)
		return
	}
	p, ok := dialogue.Ask[Promise](t.Conversation, AskCallback, ask)
	t.unheard(ask, p, ok)
}

// unheard ends a call whose caller did not stay to hear the promise. If it
// could not be made as it was wanted, it is made for no time at all.
func (t *talk) unheard(ask Callback, p Promise, ok bool) {
	if ok && p.refused() {
		ask.Slot, ask.Whenever = "", true
		_, ok = dialogue.Ask[Promise](t.Conversation, AskCallback, ask)
	}
	if !ok {
		t.left(nil)
		return
	}
	t.promised()
}

// promised notes that a promise is on disk: whoever hangs up now loses nothing.
func (t *talk) promised() {
	t.saved, t.safe, t.queued = true, true, false
	t.OnHangup(nil)
	if t.ours() {
		t.settle(queue.NoAgent) // our own call, and no agent came: it is made again
	} else {
		t.settle(queue.ToPerson)
	}
}

// sayPromise says when the call will come, where that is known: the half-day
// that was chosen, if there are words for it, or the hours.
func (t *talk) sayPromise(p Promise, at, half, soon speech.ID) {
	if slot, ok := t.halfDaySlot(p.Slot); ok && half != "" {
		t.Say(half, slot)
		return
	}
	if slot, ok := t.clockRange(p.From, p.To); ok {
		t.Say(at, slot)
		return
	}
	t.Say(soon)
}

// clockRange is the time of a promise as it is spoken, seen from today. Of one
// that has begun only the end is said.
func (t *talk) clockRange(from, to time.Time) (speech.Slot, bool) {
	if from.IsZero() || to.IsZero() {
		return speech.Slot{}, false
	}
	now := t.Now().In(from.Location())
	day := speech.NearDay(to.Year(), int(to.Month()), to.Day(), now.Year(), int(now.Month()), now.Day())
	if !from.After(now) {
		return speech.ClockBy(day, speech.At(to.Hour(), to.Minute())), true
	}
	return speech.ClockRange(day, speech.At(from.Hour(), from.Minute()), speech.At(to.Hour(), to.Minute())), true
}

// word tells the three figures that our call says first, and the number that
// it comes from. It ends the call.
func (t *talk) word(p Promise, sayPromise func()) {
	t.penAndPaper(speech.CallbackPen)
	for {
		if p.Word != "" {
			t.figures(func() { t.Say(speech.CallbackWord, speech.Word(p.Word)) })
		}
		if day, part, ok := t.halfDay(p.Slot); ok && !p.From.IsZero() && !p.To.IsZero() {
			t.Say(speech.CallbackHours, speech.HalfDayHours(day, part,
				speech.At(p.From.Hour(), p.From.Minute()), speech.At(p.To.Hour(), p.To.Minute())))
		}
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
	if p.Word != "" {
		t.ask(question{say: func() { t.Say(speech.NokeyPen) }, wait: 15 * time.Second, silence: 'x', wrong: 'x', plain: true})
		t.Say(speech.CallbackWord, speech.Word(p.Word))
		t.Say(speech.CallbackWord, speech.Word(p.Word))
	}
	t.end(speech.GoodbyeThanks)
}
