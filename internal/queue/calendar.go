package queue

import (
	"fmt"
	"slices"
	"time"
)

// Day is a day of the calendar.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// String gives the day as 2027-03-04.
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// DayOf is the day that an instant belongs to, on the clock that it carries.
func DayOf(at time.Time) Day {
	y, m, d := at.Date()
	return Day{y, m, d}
}

// MonthDay is a day of every year.
type MonthDay struct {
	Month time.Month
	Day   int
}

// Calendar says on which days the offices are closed, whatever the weekday. The
// zero Calendar has no holidays.
type Calendar struct {
	National bool       // the national holidays of Italy
	Yearly   []MonthDay // of every year: the patron saint
	Days     []Day      // of one year
}

// Has tells whether a day is a holiday.
func (c Calendar) Has(d Day) bool {
	return c.National && national(d) || slices.Contains(c.Yearly, MonthDay{d.Month, d.Day}) || slices.Contains(c.Days, d)
}

// franciscan is the year from which the fourth of October, the day of Saint
// Francis, is a national holiday again.
const franciscan = 2026

// national knows the holidays of law 260 of 27 May 1949 with its amendments
// (laws 54 of 1977 and 336 of 2000, decree 792 of 1985), and of law 151 of 8
// October 2025 for the fourth of October.
func national(d Day) bool {
	switch (MonthDay{d.Month, d.Day}) {
	case MonthDay{time.January, 1}, MonthDay{time.January, 6}, MonthDay{time.April, 25}, MonthDay{time.May, 1},
		MonthDay{time.June, 2}, MonthDay{time.August, 15}, MonthDay{time.November, 1},
		MonthDay{time.December, 8}, MonthDay{time.December, 25}, MonthDay{time.December, 26}:
		return true
	case MonthDay{time.October, 4}:
		return d.Year >= franciscan
	}
	if d.Month != time.March && d.Month != time.April {
		return false
	}
	easter := Easter(d.Year)
	return d == easter || d == easter.next()
}

// next is the day after.
func (d Day) next() Day { return DayOf(time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, time.UTC)) }

// Easter gives the Sunday of Easter of a year of the Gregorian calendar, by the
// method of the anonymous correspondent of Nature (20 April 1876), as in Jean
// Meeus, Astronomical Algorithms, chapter 8.
func Easter(year int) Day {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return Day{year, time.Month(n / 31), n%31 + 1}
}
