// Package fiscalcode knows the codes by which the Italian health service names
// a person: the codice fiscale of 16 characters, the provisional one of 11
// digits, and the STP and ENI codes of foreigners outside the health service.
//
//	code, err := fiscalcode.Parse("RSSMRA36A41F205V")
//	code.Keypad()  // what a citizen presses to key it: Keys
//	code.Reveal()  // the code itself; everything else prints it masked
//
// Three rules of the package follow from what these codes are:
//
//   - A code is kept exactly as its register holds it. Two people whose codes
//     would be equal get letters in place of digits (omocodia), and the code
//     without those letters then belongs to nobody; so nothing here derives a
//     "base" code to look somebody up.
//   - A code holds two digits of a birth year and no century. Facts therefore
//     has no birth date; that comes from the register's record.
//   - Keys are not letters. Every key string of a real code with one wrong key
//     still has some valid code behind it in most cases, so keys are never
//     decoded here; they are compared with the projection of known codes
//     (package citizen).
//
// Sources: D.M. Finanze 23 December 1976, n. 13813 (form, check character,
// omocodia); partita IVA check digit for provisional codes (D.P.R. 633/1972,
// circolare Finanze 7/1977); STP and ENI forms of the regional health services;
// ITU-T E.161 for the letters on telephone keys. See places.go for places.
//
// The package is pure: no clock, no input or output, nothing shared.
package fiscalcode

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Kind says which of the health service's codes a Code is.
type Kind uint8

// The kinds of code. None is the kind of the zero Code only.
const (
	None        Kind = iota
	Personal         // codice fiscale, 16 characters
	Provisional      // codice fiscale numerico provvisorio, 11 digits
	STP              // straniero temporaneamente presente, "STP" + 13 digits
	ENI              // europeo non iscritto, "ENI" + 13 digits
)

// String gives the kind's name as used in reports: it tells nothing of a person.
func (k Kind) String() string {
	switch k {
	case Personal:
		return "codice fiscale"
	case Provisional:
		return "provisional code"
	case STP:
		return "STP"
	case ENI:
		return "ENI"
	default:
		return "no code"
	}
}

// Code is a valid code. It is comparable and may be a map key; the zero Code is
// no code at all. It prints masked, whatever the verb.
//
// The characters sit in two veiled words, not in a string, so that even a printer
// that walks over private fields by reflection shows nothing readable.
type Code struct{ head, tail uint64 }

const (
	personalLen    = 16
	provisionalLen = 11
)

// pack needs a string of ASCII characters, at most 16 long.
func pack(s string) Code {
	var b [16]byte
	copy(b[:], s)
	return Code{veil(binary.BigEndian.Uint64(b[:8])), veil(binary.BigEndian.Uint64(b[8:]))}
}

func (c Code) bytes() (b [16]byte, n int) {
	binary.BigEndian.PutUint64(b[:8], unveil(c.head))
	binary.BigEndian.PutUint64(b[8:], unveil(c.tail))
	for n < len(b) && b[n] != 0 {
		n++
	}
	return b, n
}

// Reveal gives the whole code, in capitals: personal data, for the one who
// really needs it (a register's search, a sealed store), never for a log.
func (c Code) Reveal() string {
	b, n := c.bytes()
	return string(b[:n])
}

// IsZero tells the zero Code from every code that Parse has accepted.
func (c Code) IsZero() bool { return c == Code{} }

// Kind says which kind of code it is.
func (c Code) Kind() Kind {
	b, n := c.bytes()
	switch {
	case n == 0:
		return None
	case n == provisionalLen:
		return Provisional
	case isDigit(b[3]) && b[0] == 'S':
		return STP
	case isDigit(b[3]):
		return ENI
	default:
		return Personal
	}
}

// String gives the code masked but for its last character, the check character,
// which tells nothing of the person.
func (c Code) String() string {
	b, n := c.bytes()
	if n == 0 {
		return "(no code)"
	}
	return strings.Repeat("*", n-1) + string(b[n-1])
}

// Format prints the masked form for every verb, %#v and %x included.
func (c Code) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// GoString is the masked form.
func (c Code) GoString() string { return c.String() }

// LogValue is the masked form.
func (c Code) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText gives the whole code, for sealed storage and for answers to those
// who may see it. It is what encoding/json writes: never marshal a value that
// holds a Code into a log.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.Reveal()), nil }

// UnmarshalText reads what MarshalText wrote. An empty text is the zero Code;
// anything else must be a code in form and check character. A place of birth is
// taken on trust: what was once accepted stays readable.
func (c *Code) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Code{}
		return nil
	}
	code, err := ParseTrustingPlace(string(text))
	if err != nil {
		return fmt.Errorf("stored code: %w", err)
	}
	*c = code
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// The two factors are each other's inverse modulo 2^64.
const (
	veilFactor   = 0x9e3779b97f4a7c15
	unveilFactor = 0xf1de83e19937733d
)

// veil makes a word unreadable to a passing eye, reversibly and with 0 kept; it
// is a guard against accidents of printing, not encryption.
func veil(w uint64) uint64   { return w * veilFactor }
func unveil(w uint64) uint64 { return w * unveilFactor }
