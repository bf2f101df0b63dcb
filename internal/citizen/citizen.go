// Package citizen knows who is calling: the citizen's record as the authority's
// register holds it, and how a caller is recognised by what was keyed.
//
// A caller keys a codice fiscale with one key a character. Keys can't be turned
// back into letters (hundreds of valid codes lie behind every key string), so an
// Index holds the keys of every code of the register, sorted, and answers which
// rows of the register have exactly these keys (Find) or keys one slip away
// (FindNear). What was keyed identifies nobody by itself: Decide compares the
// candidates' records with a second datum, the last digits of the health card
// or the full date of birth.
//
//	rows := index.Find(keys)            // or FindNear
//	... read the records of the rows ...
//	person, outcome := citizen.Decide(matches, second)
//
// The package is pure: it searches and decides. Package snapshot, below it,
// imports a register, keeps it sealed in files and answers while a new one is
// being imported.
package citizen

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"unique"

	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
)

// Citizen is one record of the register. Dates and names come from here, never
// from the code. It prints masked; encoding/json writes it whole, for sealed
// storage only.
type Citizen struct {
	Code         fiscalcode.Code `json:"code"`
	Surname      Name            `json:"surname"`
	GivenName    Name            `json:"given_name"`
	BirthDate    Date            `json:"birth_date"`
	Card         Card            `json:"card_number"`
	Municipality string          `json:"municipality"`
	Language     string          `json:"language"` // "it", "de", "fr", "sl", "en"; "" is the tenant's
	Phone        phone.Number    `json:"phone"`    // withheld where the register has none
}

const maskedCitizen = "(citizen)"

// String tells nothing of the citizen.
func (c Citizen) String() string { return maskedCitizen }

// Format prints the masked form for every verb.
func (c Citizen) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, maskedCitizen) }

// GoString is the masked form.
func (c Citizen) GoString() string { return maskedCitizen }

// LogValue is the masked form.
func (c Citizen) LogValue() slog.Value { return slog.StringValue(maskedCitizen) }

// Name is a surname or the given names of a citizen. It is comparable and
// prints masked; the text is behind a handle, so that even a printer that walks
// over private fields by reflection shows an address only.
type Name struct{ handle unique.Handle[string] }

// NewName makes a name of a text; "" is the zero Name.
func NewName(text string) Name {
	if text == "" {
		return Name{}
	}
	return Name{unique.Make(text)}
}

// Reveal gives the name: personal data.
func (n Name) Reveal() string {
	if n == (Name{}) {
		return ""
	}
	return n.handle.Value()
}

const maskedName = "(name)"

// String tells nothing of the name.
func (n Name) String() string { return maskedName }

// Format prints the masked form for every verb.
func (n Name) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, maskedName) }

// GoString is the masked form.
func (n Name) GoString() string { return maskedName }

// LogValue is the masked form.
func (n Name) LogValue() slog.Value { return slog.StringValue(maskedName) }

// MarshalText gives the name, for sealed storage only.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.Reveal()), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *Name) UnmarshalText(text []byte) error {
	*n = NewName(string(text))
	return nil
}

// CardLen is the number of digits of a health card (tessera sanitaria); the
// last ten are the citizen's own, the others the issuer's.
const CardLen = 20

// ErrCard is the error of ParseCard.
var ErrCard = errors.New("a card number is 20 digits")

// Card is the number of a health card. It is comparable and prints masked; the
// zero Card is none.
type Card struct{ issuer, individual cardDigits }

// cardDigits is up to ten digits behind a leading 1, multiplied as in package
// fiscalcode so that no printer shows them; 0 is none.
type cardDigits uint64

const (
	veilFactor   = 0x9e3779b97f4a7c15
	unveilFactor = 0xf1de83e19937733d // its inverse modulo 2^64
)

func newCardDigits(digits string) (cardDigits, bool) {
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
	}
	v, err := strconv.ParseUint("1"+digits, 10, 64)
	return cardDigits(v * veilFactor), err == nil
}

func (d cardDigits) reveal() string {
	return strconv.FormatUint(uint64(d)*unveilFactor, 10)[1:]
}

// ParseCard reads the 20 digits of a card; "" is the zero Card.
func ParseCard(digits string) (Card, error) {
	if digits == "" {
		return Card{}, nil
	}
	if len(digits) != CardLen {
		return Card{}, ErrCard
	}
	issuer, ok1 := newCardDigits(digits[:CardLen/2])
	individual, ok2 := newCardDigits(digits[CardLen/2:])
	if !ok1 || !ok2 {
		return Card{}, ErrCard
	}
	return Card{issuer, individual}, nil
}

// Reveal gives the 20 digits, "" for the zero Card: personal data.
func (c Card) Reveal() string {
	if c == (Card{}) {
		return ""
	}
	return c.issuer.reveal() + c.individual.reveal()
}

const maskedCard = "(card)"

// String tells nothing of the card.
func (c Card) String() string { return maskedCard }

// Format prints the masked form for every verb.
func (c Card) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, maskedCard) }

// GoString is the masked form.
func (c Card) GoString() string { return maskedCard }

// LogValue is the masked form.
func (c Card) LogValue() slog.Value { return slog.StringValue(maskedCard) }

// MarshalText gives the digits, for sealed storage only.
func (c Card) MarshalText() ([]byte, error) { return []byte(c.Reveal()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Card) UnmarshalText(text []byte) error {
	card, err := ParseCard(string(text))
	if err != nil {
		return fmt.Errorf("stored card: %w", err)
	}
	*c = card
	return nil
}
