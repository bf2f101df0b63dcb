package fiscalcode

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Sex as a codice fiscale states it, by adding 40 to the day of birth of women.
type Sex uint8

// The two values that a code can state.
const (
	Male Sex = iota + 1
	Female
)

// Facts are what a codice fiscale says of a birth. They hold no century and
// therefore no date: who needs a date of birth asks the register.
type Facts struct {
	Day   int    // 1 to 31
	Month int    // 1 to 12
	Year  int    // the last two digits, 0 to 99
	Sex   Sex    // as stated
	Place string // code of the place of birth, a letter and three digits: "F205", "Z404"
}

// Facts reads the birth facts of a codice fiscale, with the letters of omocodia
// read as the digits that they stand for. The other kinds of code have none.
func (c Code) Facts() (facts Facts, ok bool) {
	if c.Kind() != Personal {
		return Facts{}, false
	}
	b, _ := c.bytes()
	return factsOf(b), true
}

// factsOf needs characters that passed mayStand. It checks no date.
func factsOf(b [16]byte) Facts {
	digit := func(i int) int {
		if isDigit(b[i]) {
			return int(b[i] - '0')
		}
		return strings.IndexByte(digitLetters, b[i])
	}
	f := Facts{
		Year:  digit(6)*10 + digit(7),
		Month: strings.IndexByte(monthLetters, b[8]) + 1,
		Day:   digit(9)*10 + digit(10),
		Sex:   Male,
		Place: string([]byte{b[11], byte('0' + digit(12)), byte('0' + digit(13)), byte('0' + digit(14))}),
	}
	if f.Day > 40 {
		f.Day -= 40
		f.Sex = Female
	}
	return f
}

// possibleDate says whether the day exists in one century at least.
func (f Facts) possibleDate() bool {
	days := 31
	switch f.Month {
	case 4, 6, 9, 11:
		days = 30
	case 2:
		days = 28
		// A year ending in 00 may be 2000, which had a 29 February.
		if f.Year%4 == 0 {
			days = 29
		}
	}
	return 1 <= f.Day && f.Day <= days
}

// String tells nothing: birth facts are personal data.
func (f Facts) String() string { return "(birth facts)" }

// Format prints the masked form for every verb.
func (f Facts) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// GoString is the masked form.
func (f Facts) GoString() string { return f.String() }

// LogValue is the masked form.
func (f Facts) LogValue() slog.Value { return slog.StringValue(f.String()) }
