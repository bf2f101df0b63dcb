package flow

import (
	"time"

	"richiamo/internal/dialogue"
	"richiamo/internal/phone"
	"richiamo/internal/speech"
)

// confirmNumber settles the number to be called on: the one that calls, read
// back, or another one that is keyed.
func (t *talk) confirmNumber() string {
	if t.number != "" {
		return t.number
	}
	if t.Caller == "" {
		return t.askNumber(speech.NumberHidden)
	}
	patience := 1
	if t.swept { // who says nothing at closing time has said yes
		patience = 0
	}
	if t.ask(question{
		say:  func() { t.Say(speech.NumberCli, phoneSlot(t.Caller)) },
		keys: "12", silence: '1', patience: patience,
	}) == '2' {
		return t.askNumber(speech.NumberAsk)
	}
	t.number = t.Caller
	return t.number
}

// sameNumber is for the second and third person of a call.
func (t *talk) sameNumber() string {
	if t.ask(question{say: func() { t.Say(speech.NumberSame) }, keys: "12", silence: '1', patience: 1}) == '2' {
		return t.askNumber(speech.NumberAsk)
	}
	return t.number
}

// askNumber lets the caller key a number and reads it back. A number that may
// not be dialled is refused; whoever can't give one keeps the number that calls,
// or goes to a person.
func (t *talk) askNumber(how speech.ID) string {
	for refused := 0; ; {
		keys := t.keyNumber(how)
		number, zero, ok := dialable(keys)
		if !ok {
			if refused++; refused > 1 {
				return t.keepNumber()
			}
			how = speech.NumberRefused
			continue
		}
		read := speech.NumberReadback
		if zero {
			read = speech.NumberZeroAdded
		}
		switch t.ask(question{
			say:  func() { t.Say(read, phoneSlot(number)) },
			keys: "12", silence: 'x', patience: 1,
		}) {
		case '1':
			t.number = number
			return number
		case 'x':
			return t.keepNumber()
		}
		how = speech.NumberAsk
	}
}

// keyNumber takes the keys of a telephone number. It ends by length or by
// waiting: five seconds once it may be whole, longer before.
func (t *talk) keyNumber(how speech.ID) string {
	collect := dialogue.Collect{
		Max: 11, First: t.Setup.Tempo.Menu, Between: t.Setup.Tempo.Long, Signs: true,
		Enough: 9, BetweenEnough: 5 * time.Second,
		Whole: []dialogue.Whole{{Prefix: "3", Len: 10}},
	}
	for silences := 0; ; {
		in := t.entry(collect, func() { t.Say(how) })
		switch in.End {
		case dialogue.Star:
			t.Say(speech.CommonRestart)
		case dialogue.Silence:
			if silences++; silences > 1 {
				t.GoTo(t.toPerson)
			}
			t.stillHere()
		default:
			return in.Keys
		}
	}
}

// keepNumber falls back on the number that calls. Who has none stays in line
// for a person.
func (t *talk) keepNumber() string {
	if t.Caller == "" {
		t.GoTo(t.toPerson)
	}
	t.number = t.Caller
	return t.number
}

// dialable turns keys into a number that may be dialled. zero is true when it
// is one only with a zero put in front, as old habits leave it out.
func dialable(keys string) (national string, zero, ok bool) {
	n, err := phone.Parse(keys)
	if err != nil {
		return "", false, false
	}
	if n.Dialable() == nil {
		return n.Reveal(), false, true
	}
	if n, ok = n.WithZero(); ok && n.Dialable() == nil {
		return n.Reveal(), true, true
	}
	return "", false, false
}
