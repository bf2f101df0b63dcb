package speech

import (
	"fmt"
	"strconv"
	"strings"
)

// A preposition is how a time stands in its sentence, and the beginning of the
// names of its recordings.
type preposition string

const (
	at   preposition = "clock-at"   // «alle nove»
	from preposition = "clock-from" // «dalle nove»
	by   preposition = "clock-by"   // «entro le nove»
)

func prepositions() []preposition { return []preposition{from, at, by} }

// forms are the three shapes of a preposition: before an hour, before «una», and
// before the hours that have a name.
func (p preposition) forms() (hour, one, named string) {
	switch p {
	case from:
		return "dalle ", "dall'", "da "
	case by:
		return "entro le ", "entro l'", "entro "
	}
	return "alle ", "all'", "a "
}

// hourWords says an hour of the 24-hour clock with its preposition: "alle
// nove", and the hours that have a name or an article of their own.
func hourWords(hour int, p preposition) string {
	plain, one, named := p.forms()
	switch hour {
	case 0:
		return named + "mezzanotte"
	case 1:
		return one + "una"
	case 12:
		return named + "mezzogiorno"
	}
	return plain + numberWords(hour)
}

// timeWords says a time as public notices do: «alle nove e trenta», «alle
// nove e cinque», never the word "minuti" and never «e mezza».
func timeWords(t Time, p preposition) string {
	words := hourWords(t.Hour, p)
	if t == At(12, 30) { // the end of a morning: «mezzogiorno e trenta» is not said
		plain, _, _ := p.forms()
		words = plain + "dodici"
	}
	if t.Minute > 0 {
		words += " e " + numberWords(t.Minute)
	}
	return words
}

// sayTime composes a time. Full and half hours are one recording, because
// they are what a promise is made of; other minutes follow the hour.
func sayTime(t Time, p preposition) (spoken, error) {
	if _, err := parseTime(t.String()); err != nil {
		return spoken{}, err
	}
	prefix := string(p)
	said := spoken{words: timeWords(t, p)}
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

// sayClockRange says «oggi dalle dieci e trenta alle undici», or «oggi entro le
// undici».
func sayClockRange(value string) (spoken, error) {
	parts := strings.Split(value, " ")
	if len(parts) != 2 && len(parts) != 3 {
		return spoken{}, fmt.Errorf("speech: a range of the clock is written as \"today 10:30 11:00\" or \"today 11:00\"")
	}
	said, err := sayDay(Day(parts[0]))
	if err != nil {
		return spoken{}, err
	}
	if len(parts) == 2 {
		return said.with(parts[1], by)
	}
	return said.between(parts[1], parts[2])
}

// between adds two times, as "09:00" and "12:30", to the day that has been said.
func (s spoken) between(begin, end string) (spoken, error) {
	s, err := s.with(begin, from)
	if err != nil {
		return spoken{}, err
	}
	return s.with(end, at)
}

// with adds a time to the day that has been said.
func (s spoken) with(text string, p preposition) (spoken, error) {
	t, err := parseTime(text)
	if err != nil {
		return spoken{}, err
	}
	time, err := sayTime(t, p)
	if err != nil {
		return spoken{}, err
	}
	s.join(time)
	return s, nil
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
			for _, p := range prepositions() {
				end := "."
				if p == from {
					end = ","
				}
				list = append(list, Piece{Recording: recordingName(string(p), h) + Recording(suffix), Text: timeWords(At(hour, minute), p) + end})
			}
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
