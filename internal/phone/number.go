// Package phone knows telephone numbers as an Italian exchange meets them: what
// a caller keyed, what the caller's line sent, what a register holds; and it
// decides which of them the service may ever dial.
//
//	n, err := phone.Parse("+390212345678") // or "00390212345678", "0212345678"
//	n.Class()     // Landline
//	n.Dialable()  // nil: it may be dialled
//	n.Groups()    // "02", "12", "34", "56", "78": as it is said
//	n.Reveal()    // "0212345678"; everything else prints it masked
//
// Dialable is an allow-list: a number is refused unless it is an ordinary
// landline or mobile number of Italy. It is asked when a number is given and
// asked again, independently, when it is about to be dialled; nothing else
// turns a Number into something to dial.
//
// Sources: numbering plan of AGCOM (delibera 8/15/CIR and amendments; the zero
// of landlines is part of the number since 1998), and libphonenumber's metadata
// through github.com/nyaruka/phonenumbers, which must agree.
//
// The package is pure: no clock, no input or output, nothing shared.
package phone

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// Number is a telephone number in normal form, or the absence of one: the zero
// Number is a caller who withheld it. It is comparable and may be a map key. It
// prints masked, whatever the verb.
type Number struct {
	// hidden is the veiled number whose decimal digits are 1 for a national
	// number or 2 for an international one, then the number's own: so leading
	// zeros are kept, and a printer that walks over private fields by reflection
	// shows nothing readable.
	hidden uint64
}

// MaxDigits is the length of the longest number there can be (ITU-T E.164).
const MaxDigits = 15

// Errors of Parse. They hold no part of the number.
var (
	ErrCharacter = errors.New("a telephone number is digits only, with an optional + before them")
	ErrLength    = fmt.Errorf("a telephone number has 1 to %d digits", MaxDigits)
	ErrPrefix    = errors.New("a telephone number can't begin so: three zeros, or + and a zero")
)

// Parse reads a number as keyed, as sent by a line, or as stored: national
// ("0212345678", "3471234567"), with Italy's country code ("+39...",
// "0039..."), or foreign ("+41...", "0041..."). An empty text and the words
// that exchanges send for a withheld number ("anonymous", "Unavailable", ...)
// give the zero Number and no error.
//
// Nothing is cleaned away: a space, a letter, a separator or a digit of another
// script is ErrCharacter. Digits without + or 00 are national, always: "39..."
// is never taken for a country code, because 390 to 393 are mobile prefixes.
// That a number parses does not mean that it exists; see Class and Dialable.
func Parse(s string) (Number, error) {
	if isWithheld(s) {
		return Number{}, nil
	}
	digits, plus := strings.CutPrefix(s, "+")
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return Number{}, ErrCharacter
		}
	}
	international := plus
	if !plus && strings.HasPrefix(digits, "00") {
		international, digits = true, digits[2:]
	}
	if digits == "" {
		return Number{}, ErrLength
	}
	if international {
		if digits[0] == '0' {
			return Number{}, ErrPrefix
		}
		national, italian := strings.CutPrefix(digits, "39")
		if !italian {
			return newNumber('2', digits)
		}
		digits = national
		if strings.HasPrefix(digits, "00") {
			return Number{}, ErrPrefix
		}
	}
	return newNumber('1', digits)
}

func newNumber(form byte, digits string) (Number, error) {
	if digits == "" || len(digits) > MaxDigits {
		return Number{}, ErrLength
	}
	v, err := strconv.ParseUint(string(form)+digits, 10, 64)
	if err != nil {
		return Number{}, ErrCharacter
	}
	return Number{veil(v)}, nil
}

// isWithheld knows the words that carriers and Asterisk put where a number
// would stand.
func isWithheld(s string) bool {
	switch strings.ToLower(s) {
	case "", "anonymous", "unavailable", "restricted", "private", "withheld", "unknown":
		return true
	}
	return false
}

// parts gives the digits and whether they begin with a foreign country code.
func (n Number) parts() (digits string, foreign bool) {
	if n.hidden == 0 {
		return "", false
	}
	s := strconv.FormatUint(unveil(n.hidden), 10)
	return s[1:], s[0] == '2'
}

// Withheld says that there is no number: the caller's line did not send it.
func (n Number) Withheld() bool { return n.hidden == 0 }

// Reveal gives the whole number, for the one who really needs it (the dialler,
// a sealed store), never for a log: an Italian number in national form, a
// foreign one with + and country code, a withheld one as "".
func (n Number) Reveal() string {
	digits, foreign := n.parts()
	if foreign {
		return "+" + digits
	}
	return digits
}

// String gives the number masked but for its last two digits, by which a
// citizen or an agent recognises it.
func (n Number) String() string {
	digits, foreign := n.parts()
	if digits == "" {
		return "(withheld)"
	}
	shown := min(2, len(digits)-1)
	masked := strings.Repeat("*", len(digits)-shown) + digits[len(digits)-shown:]
	if foreign {
		return "+" + masked
	}
	return masked
}

// Format prints the masked form for every verb, %#v and %x included.
func (n Number) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.String()) }

// GoString is the masked form.
func (n Number) GoString() string { return n.String() }

// LogValue is the masked form.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText gives the whole number, for sealed storage and for answers to
// those who may see it. It is what encoding/json writes: never marshal a value
// that holds a Number into a log.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.Reveal()), nil }

// UnmarshalText reads what MarshalText wrote; like Parse it takes every form.
func (n *Number) UnmarshalText(text []byte) error {
	number, err := Parse(string(text))
	if err != nil {
		return fmt.Errorf("stored telephone number: %w", err)
	}
	*n = number
	return nil
}

// Groups gives the digits in the groups in which they are said, with a pause
// between: a mobile number 3-3-4 ("347", "123", "4567"), a landline its prefix
// and then pairs, the last group of three if one is left over ("035", "12",
// "345"). A number that is neither is grouped as what follows a prefix.
func (n Number) Groups() []string {
	digits, foreign := n.parts()
	var groups []string
	if !foreign && len(digits) >= 9 && digits[0] == '3' {
		return append(groups, digits[:3], digits[3:6], digits[6:])
	}
	if prefix := prefixLen(digits); !foreign && prefix > 0 && len(digits) > prefix {
		groups, digits = append(groups, digits[:prefix]), digits[prefix:]
	}
	for len(digits) > 3 {
		groups, digits = append(groups, digits[:2]), digits[2:]
	}
	if digits != "" {
		groups = append(groups, digits)
	}
	return groups
}

// prefixLen is the length of a landline's area prefix, 0 if digits are no
// landline's: Milano and Roma have two digits; where the third digit is 0, 1, 5
// or 9 three (Genova 010, Bergamo 035, Trieste 040 ...); all others four.
func prefixLen(digits string) int {
	switch {
	case len(digits) < 4 || digits[0] != '0':
		return 0
	case digits[1] == '2' || digits[1] == '6':
		return 2
	case strings.IndexByte("0159", digits[2]) >= 0:
		return 3
	default:
		return 4
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// The two factors are each other's inverse modulo 2^64.
const (
	veilFactor   = 0x9e3779b97f4a7c15
	unveilFactor = 0xf1de83e19937733d
)

// veil makes a word unreadable to a passing eye, reversibly and with 0 kept; it
// is a guard against accidents of printing, not encryption.
func veil(w uint64) uint64   { return w * veilFactor }
func unveil(w uint64) uint64 { return w * unveilFactor }
