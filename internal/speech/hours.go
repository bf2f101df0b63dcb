package speech

import (
	"fmt"
	"strconv"
	"strings"
)

// hourWords says an hour of the 24-hour clock with its preposition: "alle
// nove", and the hours that have a name or an article of their own. from
// chooses «dalle» in place of «alle».
func hourWords(hour int, from bool) string {
	a, da := "alle "+numberWords(hour), "dalle "+numberWords(hour)
	switch hour {
	case 0:
		a, da = "a mezzanotte", "da mezzanotte"
	case 1:
		a, da = "all'una", "dall'una"
	case 12:
		a, da = "a mezzogiorno", "da mezzogiorno"
	}
	if from {
		return da
	}
	return a
}

// timeWords says a time as public notices do: «alle nove e trenta», «alle
// nove e cinque», never the word "minuti" and never «e mezza».
func timeWords(t Time, from bool) string {
	words := hourWords(t.Hour, from)
	if t.Minute > 0 {
		words += " e " + numberWords(t.Minute)
	}
	return words
}

// sayTime composes a time. Full and half hours are one recording, because
// they are what a promise is made of; other minutes follow the hour.
func sayTime(t Time, from bool) (spoken, error) {
	if _, err := parseTime(t.String()); err != nil {
		return spoken{}, err
	}
	prefix := "clock-at"
	if from {
		prefix = "clock-from"
	}
	said := spoken{words: timeWords(t, from)}
	hour := strconv.Itoa(t.Hour)
	switch t.Minute {
	case 0:
		said.add(recordingName(prefix, hour))
	case 30:
		said.add(recordingName(prefix, hour, "30"))
	default:
		said.add(recordingName(prefix, hour))
		said.add(recordingName("clock-minute", strconv.Itoa(t.Minute)))
	}
	return said, nil
}

// sayClockRange says «oggi dalle dieci e trenta alle undici».
func sayClockRange(value string) (spoken, error) {
	parts := strings.Split(value, " ")
	if len(parts) != 3 {
		return spoken{}, fmt.Errorf("speech: a range of the clock is written as \"today 10:30 11:00\"")
	}
	said, err := sayDay(Day(parts[0]))
	if err != nil {
		return spoken{}, err
	}
	for i, text := range parts[1:] {
		t, err := parseTime(text)
		if err != nil {
			return spoken{}, err
		}
		time, err := sayTime(t, i == 0)
		if err != nil {
			return spoken{}, err
		}
		said.join(time)
	}
	return said, nil
}

// waitWords says a range of minutes, as a caller on hold counts time.
func waitWords(low, high int) (string, bool) {
	switch [2]int{low, high} {
	case [2]int{0, 5}:
		return "meno di cinque minuti", true
	case [2]int{45, 60}:
		return "da quarantacinque minuti a un'ora", true
	case [2]int{60, 90}:
		return "da un'ora a un'ora e mezza", true
	case [2]int{90, 0}:
		return "più di un'ora e mezza", true
	}
	for _, w := range waits() {
		if w.low == low && w.high == high {
			return "da " + numberWords(low) + " a " + numberWords(high) + " minuti", true
		}
	}
	return "", false
}

func sayWait(value string) (spoken, error) {
	low, high, _ := strings.Cut(value, "-")
	for _, w := range waits() {
		if EstimateRange(w.low, w.high).Value == value {
			words, _ := waitWords(w.low, w.high)
			said := spoken{words: words}
			said.add(waitRecording(low, high))
			return said, nil
		}
	}
	return spoken{}, fmt.Errorf("speech: %q is not one of the waits that are said; use EstimateFor", value)
}

func waitRecording(low, high string) Recording {
	if high == "" {
		high = "more"
	}
	return recordingName("wait", low, high)
}

func hourVocabulary() []Piece {
	var list []Piece
	for hour := range 24 {
		h := strconv.Itoa(hour)
		for _, minute := range []int{0, 30} {
			suffix := ""
			if minute > 0 {
				suffix = "-30"
			}
			list = append(list,
				Piece{Recording: recordingName("clock-from", h) + Recording(suffix), Text: timeWords(At(hour, minute), true) + ","},
				Piece{Recording: recordingName("clock-at", h) + Recording(suffix), Text: timeWords(At(hour, minute), false) + "."})
		}
	}
	for minute := 1; minute < 60; minute++ {
		if minute != 30 {
			list = append(list, Piece{Recording: recordingName("clock-minute", strconv.Itoa(minute)), Text: "e " + numberWords(minute) + "."})
		}
	}
	for _, w := range waits() {
		words, _ := waitWords(w.low, w.high)
		low, high, _ := strings.Cut(EstimateRange(w.low, w.high).Value, "-")
		list = append(list, Piece{Recording: waitRecording(low, high), Text: words + "."})
	}
	return list
}
