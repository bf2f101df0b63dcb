package town

import (
	"strings"

	"richiamo/internal/speech"
)

// hangsUp is the answer of whoever has nothing more to say.
const hangsUp = "hangs up"

// kind tells what a prompt means to whoever hears it.
type kind int

const (
	other     kind = iota
	promising      // a call is promised
	saving         // something is registered
	waiting        // a person is waited for
	offering       // a call instead of waiting
)

func kindOf(p speech.ID) kind {
	switch p {
	case speech.CallbackPromise, speech.CallbackPromiseHalfDay, speech.CallbackPromiseSoon, speech.NokeyHeard, speech.NokeyHeardSoon,
		speech.NokeyHeardHidden, speech.NokeyNumberOnly, speech.NokeyNumberOnlySoon, speech.PreregisterSincePromise:
		return promising
	case speech.ReceiptSay, speech.PreregisterAlready, speech.PreregisterPhoneChanged, speech.VerifyConfirmed:
		return saving
	case speech.PersonHold, speech.PersonWaitShort, speech.IdentifyToPersonShort:
		return waiting
	case speech.PersonOfferFirst, speech.PersonOfferUnknown, speech.IdentifyToPerson:
		return offering
	}
	if strings.HasPrefix(string(p), "wait.") {
		return waiting
	}
	return other
}

// answer gives the keys with which a citizen answers a prompt; false: none are
// pressed. A prompt that is not known is answered like any question of a machine:
// mostly with the first choice.
func (c *Citizen) answer(l *Line, p speech.ID) (keys string, ok bool) {
	if keys, ok = c.entry(l, p); ok {
		return keys, true
	}
	callback := func(yes, no string) string {
		if c.prefers {
			return yes
		}
		return no
	}
	switch p {
	case speech.MenuMain:
		return c.menu(), true
	case speech.PersonOfferFirst, speech.PersonOfferUnknown, speech.IdentifyToPerson:
		return callback("1", "2"), true
	case speech.ClosedPerson:
		if !c.Opens.IsZero() && !c.prefers {
			c.Closed++
			c.closed = true
			return hangsUp, true
		}
		return c.mostly("1", "2"), true
	case speech.WaitOffer:
		c.prefers = c.prefers || c.Dice.Chance(c.Callback/2) // the longer it lasts, the better it sounds
		return "1", c.prefers
	case speech.AgentNone:
		return callback("2", "1"), true
	case speech.DownStill, speech.DownRegistry:
		return callback("1", "0"), true
	case speech.IdentifyNoCard:
		return One(c.Dice, "0", "0", "1"), true
	case speech.PreregisterAlready, speech.CallbackEnd:
		return hangsUp, true
	case speech.SecondOffer:
		return One(c.Dice, "1", "2", "2", "2"), true
	case speech.SecondCardReady:
		return One(c.Dice, "1", "2"), true
	case speech.VerifyOther, speech.WrongMenu:
		return One(c.Dice, "1", "2", "2"), true
	case speech.ReturnHello, speech.ReturnHelloPromised, speech.ReturnHelloDropped, speech.VerifyHello:
		return c.called(), true
	case speech.NumberCli, speech.NumberReadback, speech.NumberZeroAdded, speech.NumberSame:
		return c.mostly("1", "2"), true
	case speech.CommonAgainOrOn:
		return c.mostly("1", "9"), true
	case speech.CommonNotUnderstood, speech.CommonRecordedVoice, speech.CommonStillHere, speech.WelcomeHello,
		speech.PersonHold, speech.PersonWaitShort, speech.AgentComing, speech.NokeyStart, speech.NokeyStartHidden,
		speech.NokeyNotHeard, speech.NokeyPen, speech.PrivacyNotice:
		return "", false
	}
	if c.Exchange.voice.Cut(p) == speech.CutNo || kindOf(p) == waiting {
		return "", false
	}
	return c.mostly("1", "2"), true
}

// mostly is the usual answer, and seldom the other one.
func (c *Citizen) mostly(usual, seldom string) string {
	if c.Dice.Chance(c.Slip) {
		return seldom
	}
	return usual
}

func (c *Citizen) menu() string {
	switch c.Wants {
	case WantRegister:
		return "1"
	case WantStatus:
		return "3"
	}
	return One(c.Dice, "0", "2")
}

// called answers a call of ours.
func (c *Citizen) called() string {
	switch {
	case c.Dice.Chance(c.Later):
		return "2"
	case c.Dice.Chance(c.Stranger):
		return "3"
	}
	return "1"
}

// entry answers what asks for figures.
func (c *Citizen) entry(l *Line, p speech.ID) (keys string, ok bool) {
	switch p {
	case speech.IdentifyAskCode, speech.IdentifyCodeAgain, speech.IdentifyHelpCode:
		return c.Keys, true
	case speech.IdentifyContinue, speech.IdentifyContinueOne, speech.IdentifyContinueDigits, speech.IdentifyContinueDigitsOne:
		rest := c.rest
		c.rest = ""
		return rest, rest != ""
	case speech.IdentifyAskCardDigits, speech.IdentifyHelpCardDigits, speech.VerifyAgain:
		return c.Card, true
	case speech.IdentifyAskBirth, speech.IdentifyHelpBirth, speech.VerifyAgainBirth:
		return c.Born, true
	case speech.IdentifyAskOtherCode:
		return "12345678901", true
	case speech.IdentifyShortCode:
		return "#", true
	case speech.NumberAsk, speech.NumberHidden, speech.NumberRefused:
		if l.Number != "" && c.Dice.Chance(c.Slip) {
			return "800123", true // no number that may be dialled
		}
		return c.Home.Number, true
	}
	return "", false
}
