package citizen

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// The digits of the card's end that may be asked for as second datum. Five
// make a guess one in a hundred thousand; ten are all that are the citizen's
// own.
const (
	MinCardDigits = 5
	MaxCardDigits = 10
)

// ErrCardDigits is the error of CardDigits.
var ErrCardDigits = errors.New("the end of a card number is 5 to 10 digits")

// Second is the second datum that a caller gives to show that the code is the
// caller's own, because a codice fiscale can be computed from what others know.
// The zero Second fits nobody. It prints masked.
type Second struct {
	digits cardDigits
	birth  Date
}

// CardDigits makes the second datum of the last digits of the card, as keyed.
func CardDigits(digits string) (Second, error) {
	if len(digits) < MinCardDigits || len(digits) > MaxCardDigits {
		return Second{}, ErrCardDigits
	}
	veiled, ok := newCardDigits(digits)
	if !ok {
		return Second{}, ErrCardDigits
	}
	return Second{digits: veiled}, nil
}

// BirthDate makes the second datum of a full date of birth.
func BirthDate(d Date) Second { return Second{birth: d} }

// Fits says whether the datum is this citizen's. It takes the same time whether
// the first or the last digit is wrong.
func (s Second) Fits(c Citizen) bool {
	if s.digits == 0 {
		return !s.birth.IsZero() && s.birth == c.BirthDate
	}
	card := c.Card.Reveal()
	if card == "" {
		return false
	}
	digits := s.digits.reveal()
	return subtle.ConstantTimeCompare([]byte(card[CardLen-len(digits):]), []byte(digits)) == 1
}

const maskedSecond = "(second datum)"

// String tells nothing of the datum.
func (s Second) String() string { return maskedSecond }

// Format prints the masked form for every verb.
func (s Second) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, maskedSecond) }

// GoString is the masked form.
func (s Second) GoString() string { return maskedSecond }

// LogValue is the masked form.
func (s Second) LogValue() slog.Value { return slog.StringValue(maskedSecond) }

// Match is a candidate with its record.
type Match struct {
	Citizen Citizen
	Slip    Slip
}

// Outcome is how an identification ended.
type Outcome uint8

// The outcomes. NotFound stands for an unknown code and for a wrong second
// datum alike, so that no answer can tell a stranger which it was. Ambiguous is
// two citizens whom the second datum fits both: a person must decide.
const (
	NotFound      Outcome = iota
	Found                 // by exactly what was keyed
	FoundRepaired         // after one slip in keying was mended
	Ambiguous
)

// OK says that exactly one citizen was recognised.
func (o Outcome) OK() bool { return o == Found || o == FoundRepaired }

// String names the outcome, for metrics.
func (o Outcome) String() string {
	switch o {
	case Found:
		return "found"
	case FoundRepaired:
		return "found repaired"
	case Ambiguous:
		return "ambiguous"
	default:
		return "not found"
	}
}

// Decide recognises the one citizen whom the second datum fits. Citizens with
// exactly the keys come before those one slip away, because callers seldom
// slip; among several of the same kind there is no guess. The Citizen is the
// zero one unless the outcome is OK.
func Decide(matches []Match, second Second) (Citizen, Outcome) {
	var exact, near []Citizen
	for _, m := range matches {
		switch {
		case !second.Fits(m.Citizen):
		case m.Slip == Exact:
			exact = append(exact, m.Citizen)
		default:
			near = append(near, m.Citizen)
		}
	}
	switch {
	case len(exact) == 1:
		return exact[0], Found
	case len(exact) > 1:
		return Citizen{}, Ambiguous
	case len(near) == 1:
		return near[0], FoundRepaired
	case len(near) > 1:
		return Citizen{}, Ambiguous
	default:
		return Citizen{}, NotFound
	}
}
