package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/queue"
	"richiamo/internal/speech"
)

// How long the caller may look for the card, the glasses, the figures.
const (
	fetchCard = 30 * time.Second
	fetchMore = 60 * time.Second
	findFirst = 20 * time.Second
	grace     = 1500 * time.Millisecond // for a doubled last key
)

const (
	codeKeys  = 16
	shortCode = 11 // a provisional code
	birthKeys = 8  // ddmmyyyy
	maxTries  = 3  // of the second datum, in a call
)

// identify asks who the citizen is, until somebody is found. Whoever can't be
// found goes on to a person, and identify does not return.
//
// The second datum is asked every time, also when nobody has the code: what is
// heard never tells which of the two was wrong, nor whether the code exists.
func (t *talk) identify() Identified {
	t.Say(speech.PrivacyNotice)
	if !t.card(speech.IdentifyCardReady) {
		return t.found(t.otherCode())
	}
	return t.found(t.code(speech.IdentifyAskCode))
}

// found asks for the second datum until it fits the code.
func (t *talk) found(code string) Identified {
	for tries := 1; ; tries++ {
		birth := t.Setup.CardDigits == 0 || withoutCard(code)
		second := t.second(birth)
		who, ok := dialogue.Ask[Identified](t.Conversation, AskIdentify,
			Identify{Keys: code, Second: second, Birth: birth, Caller: t.Caller})
		switch {
		case !ok:
			t.registryDown(code)
		case who.Found:
			t.citizen = who.Citizen
			if expected(who.Open) {
				t.Open = who.Open
			}
			return who
		case who.Limited || tries == maxTries:
			t.notFound(code)
		}
		if t.ask(question{
			say:  func() { t.Say(speech.IdentifyTryAgain, t.Setup.secondDatum(birth)) },
			keys: "12",
		}) == '2' {
			code = t.code(speech.IdentifyCodeAgain)
		}
	}
}

// card waits until the card is at hand; false: it can't be found. Nobody is
// hurried: half a minute, then three times a minute.
func (t *talk) card(ready speech.ID) bool {
	q := question{say: func() { t.Say(ready) }, keys: "12", wait: fetchCard, silence: 'w', plain: true}
	for waits := 0; ; waits++ {
		switch t.ask(q) {
		case '1':
			return true
		case '2':
			return false
		}
		if waits == 3 {
			t.leadOn()
			waits = 0
		}
		q.say, q.wait = func() { t.Say(speech.IdentifyCardWait) }, fetchMore
	}
}

// otherCode is for those who have no card: a person, or a sheet with a code of
// another kind.
func (t *talk) otherCode() string {
	t.ask(question{say: func() { t.Say(speech.IdentifyNoCard) }, keys: "1"})
	for {
		in := t.entry(dialogue.Collect{Max: codeKeys, Grace: grace, First: findFirst, Between: t.Setup.Tempo.Long, Signs: true},
			func() { t.Say(speech.IdentifyAskOtherCode) })
		switch in.End {
		case dialogue.Silence:
			t.GoTo(t.toPerson)
		case dialogue.Star:
			t.Say(speech.CommonRestart)
		default:
			return in.Keys
		}
	}
}

// code asks for the codice fiscale, one key for each letter or figure. A code
// that is broken off is gone on with; whoever can't key one goes to a person.
func (t *talk) code(how speech.ID) string {
	collect := dialogue.Collect{Max: codeKeys, Grace: grace, First: findFirst, Between: t.Setup.Tempo.Long, Signs: true}
	say := func() { t.Say(how) }
	silences, pauses := 0, 0
	for {
		in := t.entry(collect, say)
		n := len(in.Keys)
		collect.Given = in.Keys
		switch in.End {
		case dialogue.Full:
			return in.Keys
		case dialogue.Star:
			t.Say(speech.CommonRestart)
			collect.Given, pauses, silences = "", 0, 0
			say = func() { t.Say(speech.IdentifyCodeAgain) }
			continue
		case dialogue.Hash:
			if n == shortCode || n >= codeKeys-1 {
				return in.Keys
			}
		case dialogue.Silence:
			if silences++; silences > 1 {
				t.notFound("")
			}
			say = func() { t.Say(speech.IdentifyHelpCode) }
			continue
		}
		pauses++
		switch {
		case pauses > 1 && n == codeKeys-1: // one key is missing: it may still be found
			return in.Keys
		case pauses > 1 && n == shortCode:
			if whole, keys := t.short(in.Keys); whole {
				return keys
			} else {
				collect.Given = keys
				n = len(keys)
			}
		}
		if pauses > 3 || n > codeKeys {
			t.notFound(in.Keys)
		}
		say = func() { t.Say(speech.IdentifyContinue, speech.NKeys(n)) }
		if n == 1 {
			say = func() { t.Say(speech.IdentifyContinueOne) }
		}
	}
}

// short asks whether a code of eleven figures ends there. If the caller says
// nothing, its check figure tells.
func (t *talk) short(keys string) (whole bool, all string) {
	in := t.entry(dialogue.Collect{Max: codeKeys, Grace: grace, First: t.Setup.Tempo.Long, Between: t.Setup.Tempo.Long, Signs: true, Given: keys},
		func() { t.Say(speech.IdentifyShortCode) })
	switch in.End {
	case dialogue.Full:
		return true, in.Keys
	case dialogue.Star:
		return false, ""
	case dialogue.Hash:
		return true, in.Keys
	}
	_, err := fiscalcode.Parse(in.Keys)
	return len(in.Keys) == shortCode && err == nil, in.Keys
}

// withoutCard tells codes whose bearers have no card to read figures from:
// provisional ones, and those of foreigners who are not enrolled.
func withoutCard(keys string) bool {
	k, err := fiscalcode.ParseKeys(keys)
	if err != nil {
		return false
	}
	switch k.Shape() {
	case fiscalcode.Provisional, fiscalcode.STP, fiscalcode.ENI:
		return true
	}
	return false
}

// second asks for the second datum: the last figures of the card, or the date
// of birth as ddmmyyyy.
func (t *talk) second(birth bool) string {
	if birth {
		return t.secondDatum(birth, speech.IdentifyAskBirth)
	}
	return t.secondDatum(birth, speech.IdentifyAskCardDigits)
}

// secondAgain asks for it once more, in a call of ours.
func (t *talk) secondAgain(birth bool) string {
	if birth {
		return t.secondDatum(birth, speech.VerifyAgainBirth)
	}
	return t.secondDatum(birth, speech.VerifyAgain)
}

func (t *talk) secondDatum(birth bool, ask speech.ID) string {
	n, help := t.Setup.CardDigits, speech.IdentifyHelpCardDigits
	slots := []speech.Slot{speech.NDigits(n)}
	if birth {
		n, help, slots = birthKeys, speech.IdentifyHelpBirth, nil
	}
	collect := t.datum(n)
	say := func() { t.Say(ask, slots...) }
	for helped, paused := false, false; ; {
		in := t.entry(collect, say)
		collect.Given = ""
		switch {
		case in.End == dialogue.Full || in.End == dialogue.Hash:
			return in.Keys
		case in.End == dialogue.Star:
			t.Say(speech.CommonRestart)
			say = func() { t.Say(ask, slots...) }
		case in.End == dialogue.Pause && !paused:
			paused, collect.Given = true, in.Keys
			say = func() { t.Say(speech.IdentifyContinueDigits, speech.NKeys(len(in.Keys)), speech.NDigits(n)) }
			if len(in.Keys) == 1 {
				say = func() { t.Say(speech.IdentifyContinueDigitsOne, speech.NDigits(n)) }
			}
		case !helped:
			helped, paused = true, false
			say = func() { t.Say(help, slots...) }
		default:
			t.notFound("")
		}
	}
}

// datum is the entry of a second datum of n figures.
func (t *talk) datum(n int) dialogue.Collect {
	return dialogue.Collect{Max: n, First: findFirst, Between: t.Setup.Tempo.Long, Signs: true, Fresh: true}
}

// notFound goes on to a person, with what was keyed. The words are the same
// whether the code, the second datum or both were wrong, or there were too many
// tries.
func (t *talk) notFound(keyed string) {
	t.GoTo(func(*dialogue.Conversation) {
		look := t.enter(Enter{Purpose: queue.Unidentified, Keyed: keyed})
		if look.Free {
			t.holdOn(speech.IdentifyToPersonShort)
		}
		if look.Closed || look.Closing || look.Full {
			t.Say(speech.IdentifyToPersonShort)
			t.lead(look)
		}
		if t.ask(question{
			say:  func() { t.Say(speech.IdentifyToPerson) },
			keys: "12", silence: '1', wrong: '1', tolerance: 1,
		}) == '2' {
			t.holdOn(speech.PersonHold)
		}
		t.callback()
	})
}

// registryDown goes on without the registry: what was keyed is kept with a
// callback.
func (t *talk) registryDown(keyed string) {
	t.GoTo(func(*dialogue.Conversation) {
		if t.ask(question{
			say:  func() { t.Say(speech.DownRegistry) },
			keys: "10", silence: '1', patience: 1,
		}) == '0' {
			t.person(queue.RegistryDown, keyed)
		}
		t.enter(Enter{Purpose: queue.RegistryDown, Keyed: keyed})
		t.promise("")
	})
}
