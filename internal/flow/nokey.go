package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// spoken is how long somebody may speak after the tone.
const spoken = 30 * time.Second

// recordLimit is by when a recording has ended, the words before it included:
// if its end is never told, nothing was heard.
const recordLimit = spoken + 30*time.Second

// withoutKeys is for a caller who has been asked twice and has never pressed a
// key: a rotary dial, or hands that can't. Name and date of birth are recorded and
// go with a callback. Any key leads back to the question that was open; then
// withoutKeys returns.
func (t *talk) withoutKeys() {
	words := speech.NokeyStart
	if t.Caller == "" {
		words = speech.NokeyStartHidden
	}
	for tried := 0; tried < 2; tried++ {
		t.Say(words)
		t.Say(speech.ToneRecord)
		record := dialogue.Action{Kind: dialogue.Record, Serial: t.Serial(), For: spoken}
		t.Do(record)
		in := t.Await(dialogue.Wait{For: dialogue.ForRecord, Serial: record.Serial, Limit: recordLimit, Collect: &dialogue.Collect{Max: 1}},
			func() { t.Do(record) })
		if in.Kind == dialogue.Entry {
			t.keyed = true
			return
		}
		if in.Kind == dialogue.Recorded && !in.Failed {
			t.heardName(record)
		}
		words = speech.NokeyNotHeard
	}
	t.nothingHeard()
}

// nothingHeard is for a caller who neither presses nor speaks: a person, if
// anybody is on duty; a call to this number, if there is one. With neither, all
// that is left is to ask to call again: there is nothing to promise.
func (t *talk) nothingHeard() {
	look := Outlook{}
	if !t.shut { // else the place is taken, and nobody there
		look = t.enter(Enter{Purpose: queue.NoKeys})
	}
	switch {
	case look.Free || look.Known && !look.Closed && !look.Closing:
		t.holdOn(speech.PersonHold)
	case t.Caller == "":
		t.Say(speech.NokeyCallAgain, speech.Phrase("hours", t.Setup.Hours))
		t.left(nil)
		t.end(speech.GoodbyeShort)
	}
	promise := t.secure(Callback{Ticket: t.ticket, Purpose: queue.NoKeys, Phone: t.Caller})
	t.promised()
	t.sayPromise(promise, speech.NokeyNumberOnly, "", speech.NokeyNumberOnlySoon)
	t.wordUnasked(promise)
}

// heardName promises a call to somebody who has said who they are.
func (t *talk) heardName(record dialogue.Action) {
	promise := t.secure(Callback{Ticket: t.ticket, Purpose: queue.NoKeys, Phone: t.Caller, Recording: record.Serial})
	t.promised()
	if t.Caller == "" {
		t.Say(speech.NokeyHeardHidden)
	} else {
		t.sayPromise(promise, speech.NokeyHeard, "", speech.NokeyHeardSoon)
	}
	t.wordUnasked(promise)
}
