package config

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Secret is a password or a key. It prints masked, whatever the verb.
type Secret string

const masked = "(secret)"

// Reveal gives the secret whole, to hand it to whom it is for.
func (s Secret) Reveal() string { return string(s) }

// String is the masked form.
func (s Secret) String() string { return masked }

// GoString is the masked form.
func (s Secret) GoString() string { return masked }

// Format prints the masked form for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// LogValue is the masked form.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText is the masked form: a configuration is never written back.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// Key is the installation's sealing key. It prints masked, whatever the verb.
type Key struct{ bytes [32]byte }

// Reveal gives the 32 bytes, to hand them to the store that seals.
func (k Key) Reveal() [32]byte { return k.bytes }

// String is the masked form.
func (k Key) String() string { return masked }

// GoString is the masked form.
func (k Key) GoString() string { return masked }

// Format prints the masked form for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// LogValue is the masked form.
func (k Key) LogValue() slog.Value { return slog.StringValue(masked) }

// File is a path. A relative one in the file has been resolved against the
// file's folder.
type File string

// fromText is a value that is written as one scalar of its own form. The error
// says what the form is.
type fromText interface{ fromText(text string) error }

// Date is a day without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// IsZero tells a date that was not given.
func (d Date) IsZero() bool { return d == Date{} }

// String gives it as 2006-01-02.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

func (d *Date) fromText(text string) error {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return fmt.Errorf("%q is no day; write year, month and day as 1941-12-31", text)
	}
	d.Year, d.Month, d.Day = t.Date()
	return nil
}

// Clock is a time of the day in minutes from midnight, 0 to 1440.
type Clock int

// String gives it as 09:30.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

func (c *Clock) fromText(text string) error {
	fault := fmt.Errorf("%q is no time of the day; write 09:30", text)
	h, m, ok := strings.Cut(text, ":")
	if !ok || len(h) != 2 || len(m) != 2 {
		return fault
	}
	hour, errH := strconv.ParseUint(h, 10, 8)
	minute, errM := strconv.ParseUint(m, 10, 8)
	if errH != nil || errM != nil || minute > 59 || hour*60+minute > 24*60 {
		return fault
	}
	*c = Clock(hour*60 + minute)
	return nil
}

// Days are days of the week, each at most once, Monday first.
type Days []time.Weekday

// dayNames are the days as the file writes them, in the order of Italian weeks.
func dayNames() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }

// String gives them as mon,tue.
func (d Days) String() string {
	names := make([]string, len(d))
	for i, day := range d {
		names[i] = dayNames()[(int(day)+6)%7]
	}
	return strings.Join(names, ",")
}

func (d *Days) fromText(text string) error {
	index := func(name string) int {
		for i, n := range dayNames() {
			if n == strings.TrimSpace(name) {
				return i
			}
		}
		return -1
	}
	var on [7]bool
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, to := index(first), index(last)
		if from < 0 || to < from {
			return fmt.Errorf("%q is no days of the week; write mon-fri, sat or mon,wed,fri, from %s", text, strings.Join(dayNames(), " "))
		}
		for i := from; i <= to; i++ {
			on[i] = true
		}
	}
	*d = nil
	for i, is := range on {
		if is {
			*d = append(*d, time.Weekday((i+1)%7))
		}
	}
	return nil
}

// Waits are durations that follow each other; the last one stands for all later.
type Waits []time.Duration

// String gives them as the file writes them.
func (w Waits) String() string {
	parts := make([]string, len(w))
	for i, d := range w {
		parts[i] = d.String()
	}
	return strings.Join(parts, ", ")
}

func (w *Waits) fromText(text string) error {
	*w = nil
	for part := range strings.SplitSeq(text, ",") {
		d, err := duration(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		if d < time.Second || d > 7*24*time.Hour {
			return fmt.Errorf("%s must be from 1s to 168h", strings.TrimSpace(part))
		}
		*w = append(*w, d)
	}
	return nil
}

// Share is a part of a whole in percent.
type Share int

// String gives it as 50%.
func (s Share) String() string { return strconv.Itoa(int(s)) + "%" }

// Of gives the share as a factor, 0.5 for 50%.
func (s Share) Of() float64 { return float64(s) / 100 }

func (s *Share) fromText(text string) error {
	figures, ok := strings.CutSuffix(text, "%")
	n, err := strconv.ParseUint(strings.TrimSpace(figures), 10, 16)
	if !ok || err != nil {
		return fmt.Errorf("%q is no share; write a whole number of percent, as 50%%", text)
	}
	*s = Share(n)
	return nil
}

// YearDay is a day that comes every year, as that of a patron saint.
type YearDay struct {
	Month time.Month
	Day   int
}

// IsZero tells a day that was not given.
func (d YearDay) IsZero() bool { return d == YearDay{} }

// String gives it as 12-07.
func (d YearDay) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d-%02d", d.Month, d.Day)
}

func (d *YearDay) fromText(text string) error {
	t, err := time.Parse("2006-01-02", "2000-"+text) // a leap year: 29 February is a day
	if err != nil {
		return fmt.Errorf("%q is no day of the year; write month and day as 12-07", text)
	}
	d.Month, d.Day = t.Month(), t.Day()
	return nil
}

// Words are names of small letters, figures and hyphens, each once.
type Words []string

// String gives them as the file writes them.
func (w Words) String() string { return strings.Join(w, ", ") }

func (w *Words) fromText(text string) error {
	*w = nil
	for part := range strings.SplitSeq(text, ",") {
		name := strings.TrimSpace(part)
		if !isSlug(name) {
			return fmt.Errorf("%q must be a name of small letters, figures and hyphens, 1 to 40 long", name)
		}
		if slices.Contains(*w, name) {
			return fmt.Errorf("%q is given twice; remove one", name)
		}
		*w = append(*w, name)
	}
	return nil
}

// duration reads a duration that has a unit.
func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if _, notBare := strconv.ParseFloat(text, 64); notBare == nil && text != "0" {
		return 0, fmt.Errorf("%s has no unit; write 45s, 5m or 24h", text)
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no duration; write 500ms, 45s, 5m or 24h", text)
	}
	return d, nil
}

// Window is when citizens may be called: at all hours, or within some.
type Window struct {
	Always bool
	Hours  []Hours
}
