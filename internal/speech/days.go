package speech

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// dayWords says today, tomorrow or a weekday.
func dayWords(day Day) (string, bool) {
	switch day {
	case Today:
		return "oggi", true
	case Tomorrow:
		return "domani", true
	}
	names := [...]string{"lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"}
	if i := slices.Index(weekdays(), day); i >= 0 {
		return names[i], true
	}
	return "", false
}

// dayOfMonthWords says 1 to 31 as in a date: the first is «primo», the only
// ordinal.
func dayOfMonthWords(day int) string {
	if day == 1 {
		return "primo"
	}
	return numberWords(day)
}

func monthWords(month int) string {
	names := [...]string{"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
		"luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"}
	return names[month-1]
}

// sayDate says «lunedì quindici febbraio»: the weekday comes first, so that
// no article is needed (l'otto, l'undici), and the year is not said.
func sayDate(value string) (spoken, error) {
	year, month, day, err := parseDate(value)
	if err != nil {
		return spoken{}, err
	}
	said, err := sayDay(weekdays()[weekday(year, month, day)-1])
	if err != nil {
		return spoken{}, err
	}
	said.words += " " + dayOfMonthWords(day) + " " + monthWords(month)
	said.add(recordingName("day", strconv.Itoa(day)))
	said.add(recordingName("month", strconv.Itoa(month)))
	return said, nil
}

// sayDay says a day by name, or as a date.
func sayDay(day Day) (spoken, error) {
	words, ok := dayWords(day)
	if !ok {
		return sayDate(string(day))
	}
	said := spoken{words: words}
	said.add(recordingName("day", string(day)))
	return said, nil
}

// partWords says the half of a day.
func partWords(part Part) (string, bool) {
	switch part {
	case Morning:
		return "mattina", true
	case Afternoon:
		return "pomeriggio", true
	}
	return "", false
}

// halfDayWords says «domani mattina»; this morning is «questa mattina».
func halfDayWords(day Day, part Part) (string, bool) {
	name, ok1 := dayWords(day)
	half, ok2 := partWords(part)
	if day == Today && part == Morning {
		name = "questa"
	}
	return name + " " + half, ok1 && ok2
}

// sayHalfDay says «domani mattina», and «lunedì ventidue febbraio, mattina» of
// a day that is more than six days ahead.
func sayHalfDay(value string) (spoken, error) {
	day, part, _ := strings.Cut(value, " ")
	half, ok := partWords(Part(part))
	if !ok {
		return spoken{}, fmt.Errorf("speech: %q is not a half-day such as \"tomorrow morning\"", value)
	}
	if words, ok := halfDayWords(Day(day), Part(part)); ok {
		said := spoken{words: words}
		said.add(recordingName("half", day, part))
		return said, nil
	}
	said, err := sayDate(day)
	said.words += ", " + half
	said.add(recordingName("half", part))
	return said, err
}

// sayHalfDayHours says «domani mattina, dalle nove alle dodici e trenta».
func sayHalfDayHours(value string) (spoken, error) {
	parts := strings.Split(value, " ")
	if len(parts) != 4 {
		return spoken{}, fmt.Errorf("speech: a half-day with its hours is written as \"tomorrow morning 09:00 12:30\"")
	}
	said, err := sayHalfDay(parts[0] + " " + parts[1])
	if err != nil {
		return spoken{}, err
	}
	said.words += ","
	return said.between(parts[2], parts[3])
}

func dayVocabulary() []Piece {
	var list []Piece
	for _, day := range append([]Day{Today, Tomorrow}, weekdays()...) {
		words, _ := dayWords(day)
		list = append(list, Piece{Recording: recordingName("day", string(day)), Text: words})
	}
	for _, day := range append([]Day{Today, Tomorrow}, weekdays()...) {
		for _, part := range []Part{Morning, Afternoon} {
			words, _ := halfDayWords(day, part)
			list = append(list, Piece{Recording: recordingName("half", string(day), string(part)), Text: words + ","})
		}
	}
	for _, part := range []Part{Morning, Afternoon} {
		words, _ := partWords(part)
		list = append(list, Piece{Recording: recordingName("half", string(part)), Text: words + ","})
	}
	for day := 1; day <= 31; day++ {
		list = append(list, Piece{Recording: recordingName("day", strconv.Itoa(day)), Text: dayOfMonthWords(day)})
	}
	for month := 1; month <= 12; month++ {
		list = append(list, Piece{Recording: recordingName("month", strconv.Itoa(month)), Text: monthWords(month) + "."})
	}
	return list
}
