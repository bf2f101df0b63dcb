package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// How long is tried to save what a caller has confirmed, and when the caller is
// told.
const (
	retryEvery = 5 * time.Second
	stillAfter = 60 * time.Second
	stillEvery = 90 * time.Second
	giveUp     = 10 * time.Minute
)

// insist makes a request that the caller has been asked to wait for, until it
// is on disk or nothing more can be tried. However often it is tried, it is one request.
func insist[A any](t *talk, request dialogue.Action) A {
	for first := true; ; first = false {
		answer, ok := dialogue.Try[A](t.Conversation, request)
		if ok {
			if !first {
				t.Say(speech.DownSaved)
			}
			return answer
		}
		t.outage(first)
	}
}

// outage keeps a caller whose request could not be saved: nothing is called
// registered that is not. It returns when it is time to try again. After ten
// minutes it tells the truth and ends: the one ending without a promise that
// nothing can spare, since nothing can be kept.
func (t *talk) outage(first bool) {
	if first {
		t.failing, t.told = t.Now(), t.Now()
		t.Say(speech.DownStore)
	}
	if t.Now().Sub(t.failing) > giveUp {
		t.Say(speech.DownEnd, t.nextMorning())
		t.end(speech.GoodbyeThanks)
	}
	next := stillEvery
	if t.told.Equal(t.failing) {
		next = stillAfter
	}
	if t.Now().Sub(t.told) >= next {
		t.told = t.Now()
		t.still()
	}
	play := func() { t.Do(dialogue.Action{Kind: dialogue.Hold}) }
	play()
	t.Await(dialogue.Wait{For: dialogue.ForTurn, Limit: retryEvery}, play)
}

// still offers a person, where one can be had without the store.
func (t *talk) still() {
	if t.ask(question{say: func() { t.Say(speech.DownStill) }, keys: "01", silence: '1', wrong: '1', tolerance: 1, plain: true}) == '1' {
		return
	}
	look, ok := dialogue.Ask[Outlook](t.Conversation, AskEnter, Enter{Purpose: queue.WantsPerson, Caller: t.Caller, Citizen: t.citizen})
	if ok && look.Agent != "" {
		t.GoTo(func(*dialogue.Conversation) { t.connect(look.Agent, speech.PersonConnecting) })
	}
}

// broken promises a call to a citizen whose line was lost, and who did not hang
// up, before what the call was about had been done. It is false where there is
// nothing to promise: somebody hung up, or is promised a call already, or no number
// is known.
func (t *talk) broken() bool {
	if !t.Lost() || t.safe || t.Open != nil || t.Caller == "" {
		return false
	}
	dialogue.Ask[Promise](t.Conversation, AskCallback, Callback{
		Ticket: t.ticket, Purpose: queue.Interrupted, Phone: t.Caller, Citizen: t.citizen, Keyed: t.astray, Whenever: true,
	})
	return true
}

// resume is said to a caller whose call was taken up again, before the open
// question is put once more. While the outside is asked or somebody is rung or
// spoken to, nothing was lost that the caller could have heard.
func (t *talk) resume(_ *dialogue.Conversation, w dialogue.Wait) {
	switch w.For {
	case dialogue.ForTurn:
		t.Say(speech.ResumeWait)
	case dialogue.ForEntry, dialogue.ForRecord:
		switch {
		case w.Collect.Max > 1 && w.Collect.Given == "":
			t.Say(speech.ResumeEntry)
		case t.saved:
			t.Say(speech.ResumeSaved)
		default:
			t.Say(speech.ResumeQuestion)
		}
	}
}

// rescue is for a caller whose conversation can't go on: it failed more than
// once, or was begun by another version of the script. A person takes over.
func rescue(c *dialogue.Conversation) {
	t := begin(c)
	t.Say(speech.ResumePerson)
	t.person(queue.Interrupted, "")
}

// nextMorning is when somebody answers again for sure, seen from now: tomorrow,
// or Monday when tomorrow is no working day.
func (t *talk) nextMorning() speech.Slot {
	switch t.today().Weekday() {
	case time.Friday, time.Saturday:
		return speech.HalfDay(speech.Monday, speech.Morning)
	}
	return speech.HalfDay(speech.Tomorrow, speech.Morning)
}
