package speech

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// Kind says what a slot holds, and so how its value is written and spoken.
type Kind string

const (
	KindFigures Kind = "figures"  // read one by one; value: groups with a space between, "417 259"
	KindCount   Kind = "count"    // a small number inside a sentence; value: "9"
	KindWait    Kind = "wait"     // a range of minutes on hold; value: "20-30", "90-" for more
	KindClock   Kind = "clock"    // a day and two hours, or one until which; value: "today 10:30 11:00", "today 11:00"
	KindHalfDay Kind = "half-day" // a morning or an afternoon; value: "tomorrow morning"
	KindHours   Kind = "hours"    // the same with its hours; value: "tomorrow morning 09:00 12:30"
	KindDate    Kind = "date"     // weekday, day, month; value: "2027-02-15"
	KindPhrase  Kind = "phrase"   // a recorded name; value: its key in the catalogue
)

// A Slot fills one {name} of a prompt. It is a plain value and survives JSON.
// Printed, it shows its name and not its value, which may be a citizen's
// telephone number, a receipt or a word; [Slot.Reveal] shows it.
type Slot struct {
	Name  string `json:"n"`
	Kind  Kind   `json:"k"`
	Value string `json:"v"`
}

// Reveal returns the value whole.
func (s Slot) Reveal() string { return s.Value }

// String shows the name only, and the value where it is nobody's secret.
func (s Slot) String() string {
	if s.Kind == KindFigures {
		return s.Name + "=***"
	}
	return s.Name + "=" + s.Value
}

// GoString masks as [Slot.String] does.
func (s Slot) GoString() string { return "speech.Slot{" + s.String() + "}" }

// Format masks under every verb.
func (s Slot) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue masks in structured logs.
func (s Slot) LogValue() slog.Value { return slog.StringValue(s.String()) }

// KindOf returns the kind of the slot {name}: the name decides. It is false
// for a name that no prompt may use.
func KindOf(name string) (Kind, bool) {
	switch name {
	case "phone", "service-phone", "receipt", "word", "code":
		return KindFigures, true
	case "n-keys", "n-digits", "ahead", "minutes":
		return KindCount, true
	case "estimate-range":
		return KindWait, true
	case "clock-range":
		return KindClock, true
	case "half-day":
		return KindHalfDay, true
	case "half-day-long":
		return KindHours, true
	case "start-date", "request-date":
		return KindDate, true
	case "authority", "service", "campaign", "eligible", "hours", "second-datum":
		return KindPhrase, true
	}
	return "", false
}

// inSentence tells whether slots of the kind are recorded inside their
// sentence, once per value.
func (k Kind) inSentence() bool { return k == KindCount || k == KindPhrase }

func figures(name string, groups []string) Slot {
	return Slot{name, KindFigures, strings.Join(groups, " ")}
}

// Receipt fills {receipt}: six figures, read in threes.
func Receipt(six string) Slot { return figures("receipt", Threes(six)) }

// Code fills {code}, a verification code: six figures, read in threes.
func Code(six string) Slot { return figures("code", Threes(six)) }

// Word fills {word}: the three figures of a callback, each by itself.
func Word(three string) Slot { return figures("word", strings.Split(three, "")) }

// Phone fills {phone} with a citizen's number in the groups in which it is
// read: prefix and pairs for a landline, 3-3-4 for a mobile.
func Phone(groups ...string) Slot { return figures("phone", groups) }

// ServicePhone fills {service-phone}, our own number, read in threes.
func ServicePhone(groups ...string) Slot { return figures("service-phone", groups) }

// Count fills a slot that holds a small number, such as {n-keys}.
func Count(name string, n int) Slot { return Slot{name, KindCount, strconv.Itoa(n)} }

// NKeys fills {n-keys}: how many keys were received, two or more.
func NKeys(n int) Slot { return Count("n-keys", n) }

// NDigits fills {n-digits}: how many figures are asked for.
func NDigits(n int) Slot { return Count("n-digits", n) }

// Ahead fills {ahead}: persons before the caller, 2 to 20.
func Ahead(n int) Slot { return Count("ahead", n) }

// EstimateRange fills {estimate-range} with one of the ranges of
// [EstimateFor], in minutes: 0-5, 5-10, 10-15, 15-20, 20-30, 30-45, 45-60,
// 60-90, and 90-0 for more than ninety.
func EstimateRange(lowMinutes, highMinutes int) Slot {
	high := ""
	if highMinutes > 0 {
		high = strconv.Itoa(highMinutes)
	}
	return Slot{"estimate-range", KindWait, strconv.Itoa(lowMinutes) + "-" + high}
}

// EstimateFor fills {estimate-range} for a wait of so many minutes. The wait
// is rounded up to five minutes and said as a range, because a range that
// holds is trusted and a figure that does not is not. It returns false for a
// wait that is unknown (negative): then nothing is said.
func EstimateFor(minutes int) (Slot, bool) {
	r, ok := waitFor(minutes)
	return EstimateRange(r.low, r.high), ok
}

// EstimateEnd returns the longest wait, in minutes, that [EstimateFor] says
// for a wait of so many minutes: 30 for «da venti a trenta minuti». Beyond
// ninety minutes it is the wait itself, rounded up to five.
func EstimateEnd(minutes int) int {
	if r, ok := waitFor(minutes); ok && r.high > 0 {
		return r.high
	}
	return (minutes + 4) / 5 * 5
}

// waitFor finds the row of the table of waits; false for a negative wait.
func waitFor(minutes int) (wait, bool) {
	if minutes >= 0 {
		for _, r := range waits() {
			if r.upTo == 0 || (minutes+4)/5*5 <= r.upTo {
				return r, true
			}
		}
	}
	return wait{}, false
}

// A wait is one row of the table of waits: said up to upTo minutes (0: for all
// that is longer).
type wait struct{ upTo, low, high int }

func waits() []wait {
	return []wait{
		{5, 0, 5}, {10, 5, 10}, {15, 10, 15}, {20, 15, 20}, {30, 20, 30},
		{45, 30, 45}, {60, 45, 60}, {90, 60, 90}, {0, 90, 0},
	}
}

// ClockRange fills {clock-range}: a day and the hours between which we call.
func ClockRange(day Day, from, to Time) Slot {
	return Slot{"clock-range", KindClock, string(day) + " " + from.String() + " " + to.String()}
}

// ClockBy fills {clock-range} where only the end is said: a day, and the hour
// until which we call.
func ClockBy(day Day, to Time) Slot {
	return Slot{"clock-range", KindClock, string(day) + " " + to.String()}
}

// HalfDay fills {half-day}: the morning or the afternoon of a day.
func HalfDay(day Day, part Part) Slot {
	return Slot{"half-day", KindHalfDay, string(day) + " " + string(part)}
}

// HalfDayHours fills {half-day-long}: a half-day, and the hours between which
// we call.
func HalfDayHours(day Day, part Part, from, to Time) Slot {
	return Slot{"half-day-long", KindHours, string(day) + " " + string(part) + " " + from.String() + " " + to.String()}
}

// Date fills a slot such as {start-date}: weekday, day and month of a date of
// the Gregorian calendar. The year is not said.
func Date(name string, year, month, day int) Slot {
	return Slot{name, KindDate, string(OnDate(year, month, day))}
}

// Phrase fills a slot such as {service} with a recorded phrase of the
// catalogue, by its key: Phrase("service", "tenant.service.demo").
func Phrase(name, key string) Slot { return Slot{name, KindPhrase, key} }

// CardDigits fills {second-datum} with «le ultime cifre».
func CardDigits() Slot { return Phrase("second-datum", "second-datum.card-digits") }

// BirthDate fills {second-datum} with «la data di nascita».
func BirthDate() Slot { return Phrase("second-datum", "second-datum.birth-date") }

// Threes cuts figures into the groups of three in which receipts, codes and
// our own number are read; the last group has what is left.
func Threes(s string) []string {
	var groups []string
	for len(s) > 3 {
		groups, s = append(groups, s[:3]), s[3:]
	}
	return append(groups, s)
}
