package speech

import (
	"fmt"
	"strconv"
	"strings"
)

// A Day is a day as it is spoken of: "today", "tomorrow", a weekday
// ("monday") or a date ("2027-02-15", said with its weekday).
type Day string

// The days that need no date.
const (
	Today     Day = "today"
	Tomorrow  Day = "tomorrow"
	Monday    Day = "monday"
	Tuesday   Day = "tuesday"
	Wednesday Day = "wednesday"
	Thursday  Day = "thursday"
	Friday    Day = "friday"
	Saturday  Day = "saturday"
	Sunday    Day = "sunday"
)

// weekdays are in the order of ISO 8601: Monday is 1.
func weekdays() []Day {
	return []Day{Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday}
}

// OnDate is a day by its date in the Gregorian calendar.
func OnDate(year, month, day int) Day {
	return Day(fmt.Sprintf("%04d-%02d-%02d", year, month, day))
}

// NearDay names the day (year, month, day) as one would today: Today,
// Tomorrow, a weekday up to six days ahead, and its date beyond and before.
func NearDay(year, month, day, todayYear, todayMonth, todayDay int) Day {
	ahead := dayNumber(year, month, day) - dayNumber(todayYear, todayMonth, todayDay)
	switch {
	case ahead == 0:
		return Today
	case ahead == 1:
		return Tomorrow
	case ahead > 1 && ahead < 7:
		return weekdays()[weekday(year, month, day)-1]
	}
	return OnDate(year, month, day)
}

// A Part is half of a working day.
type Part string

const (
	Morning   Part = "morning"   // until the offices close for lunch
	Afternoon Part = "afternoon" // from then on
)

// A Time is a time of the day, 0:00 to 23:59.
type Time struct{ Hour, Minute int }

// At is the time hour:minute.
func At(hour, minute int) Time { return Time{hour, minute} }

// String writes the time as 09:30.
func (t Time) String() string { return fmt.Sprintf("%02d:%02d", t.Hour, t.Minute) }

// parseTime reads what [Time.String] writes, and nothing else.
func parseTime(s string) (Time, error) {
	h, m, ok := strings.Cut(s, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	t := Time{hour, minute}
	if !ok || err1 != nil || err2 != nil || hour < 0 || hour > 23 || minute < 0 || minute > 59 || t.String() != s {
		return Time{}, fmt.Errorf("speech: %q is not a time from 00:00 to 23:59", s)
	}
	return t, nil
}

// parseDate reads what [OnDate] writes, and refuses days that no calendar has.
func parseDate(s string) (year, month, day int, err error) {
	if len(s) == len("2006-01-02") && s[4] == '-' && s[7] == '-' {
		var e1, e2, e3 error
		year, e1 = strconv.Atoi(s[:4])
		month, e2 = strconv.Atoi(s[5:7])
		day, e3 = strconv.Atoi(s[8:])
		if e1 == nil && e2 == nil && e3 == nil && string(OnDate(year, month, day)) == s &&
			year >= 1583 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) {
			return year, month, day, nil
		}
	}
	return 0, 0, 0, fmt.Errorf("speech: %q is not a date such as 2027-02-15", s)
}

// daysIn returns the length of a month of the Gregorian calendar.
func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// dayNumber counts the days of the Gregorian calendar from 1 March of the
// year 0, so that a leap day is the last of its year.
func dayNumber(year, month, day int) int {
	if month <= 2 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1
}

// weekday returns the day of the week by ISO 8601: Monday is 1, Sunday 7.
func weekday(year, month, day int) int {
	return (dayNumber(year, month, day)+2)%7 + 1 // 1 March of the year 0 was a Wednesday
}
