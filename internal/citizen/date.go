package citizen

import (
	"errors"
	"fmt"
)

// Date is a day of the civil calendar, without hour or zone. It is comparable,
// and an earlier day is less than a later one by Before; the zero Date is none.
type Date struct{ packed uint32 } // year<<9 | month<<5 | day

// ErrDate is the error of everything that reads a date.
var ErrDate = errors.New("no such date")

// NewDate makes a date of a year from 1800 to 2999, a month from 1 and a day
// from 1; any other gives ErrDate.
func NewDate(year, month, day int) (Date, error) {
	if year < 1800 || year > 2999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return Date{}, ErrDate
	}
	return Date{uint32(year)<<9 | uint32(month)<<5 | uint32(day)}, nil
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// ParseDate reads a date as registers write it: "1936-01-31".
func ParseDate(s string) (Date, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return Date{}, ErrDate
	}
	return dateOfDigits(s[:4], s[5:7], s[8:])
}

// ParseKeyedDate reads a date as a caller keys it, day first and with the
// century: "31011936".
func ParseKeyedDate(s string) (Date, error) {
	if len(s) != 8 {
		return Date{}, ErrDate
	}
	return dateOfDigits(s[4:], s[2:4], s[:2])
}

func dateOfDigits(year, month, day string) (Date, error) {
	var v [3]int
	for i, s := range [3]string{year, month, day} {
		for _, c := range []byte(s) {
			if c < '0' || c > '9' {
				return Date{}, ErrDate
			}
			v[i] = v[i]*10 + int(c-'0')
		}
	}
	return NewDate(v[0], v[1], v[2])
}

// Year is the full year; 0 for the zero Date.
func (d Date) Year() int { return int(d.packed >> 9) }

// Month is 1 to 12.
func (d Date) Month() int { return int(d.packed >> 5 & 15) }

// Day is 1 to 31.
func (d Date) Day() int { return int(d.packed & 31) }

// IsZero says that there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Before says whether d is an earlier day than other.
func (d Date) Before(other Date) bool { return d.packed < other.packed }

// String gives "1936-01-31", or "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year(), d.Month(), d.Day())
}

// MarshalText gives what String gives.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	date, err := ParseDate(string(text))
	if err != nil {
		return fmt.Errorf("stored date: %w", err)
	}
	*d = date
	return nil
}
