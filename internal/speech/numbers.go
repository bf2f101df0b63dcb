package speech

import (
	"fmt"
	"strconv"
)

// maxNumber is the greatest number that can be spoken.
const maxNumber = 1_000_000

// numberWords writes a number from 0 to maxNumber in Italian, as one word but
// for the million. Tens lose their vowel before uno and otto (ventuno,
// ventotto), and so does cento before ottanta but not before uno and otto
// (centouno, centootto, centottanta); tre at the end of a longer word is
// accented (ventitré).
func numberWords(n int) string {
	switch {
	case n < 0 || n > maxNumber:
		return ""
	case n == maxNumber:
		return "un milione"
	case n == 0:
		return "zero"
	case n < 1000:
		return belowThousand(n)
	}
	thousands, rest := n/1000, n%1000
	words := "mille"
	if thousands > 1 {
		words = unaccented(belowThousand(thousands)) + "mila"
	}
	switch {
	case rest == 0:
		return words
	case rest == 3:
		return words + "tré"
	}
	return words + belowThousand(rest)
}

// unaccented takes the accent off a final tré that is not final any more:
// ventitré, ventitremila.
func unaccented(word string) string {
	const accented = "é"
	if len(word) > len(accented) && word[len(word)-len(accented):] == accented {
		return word[:len(word)-len(accented)] + "e"
	}
	return word
}

// belowThousand writes 1 to 999.
func belowThousand(n int) string {
	hundreds, rest := n/100, n%100
	if hundreds == 0 {
		return belowHundred(rest)
	}
	words := "cento"
	if hundreds > 1 {
		words = belowHundred(hundreds) + "cento"
	}
	switch {
	case rest == 0:
		return words
	case rest == 3:
		return words + "tré"
	case rest/10 == 8:
		return words[:len(words)-1] + belowHundred(rest)
	}
	return words + belowHundred(rest)
}

// belowHundred writes 1 to 99.
func belowHundred(n int) string {
	small := [...]string{"", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove",
		"dieci", "undici", "dodici", "tredici", "quattordici", "quindici", "sedici", "diciassette", "diciotto", "diciannove"}
	if n < len(small) {
		return small[n]
	}
	tens := [...]string{"", "", "venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta"}
	word, unit := tens[n/10], n%10
	switch unit {
	case 1, 8:
		return word[:len(word)-1] + small[unit]
	case 3:
		return word + "tré"
	}
	return word + small[unit]
}

// sayNumber composes a number of its hundreds, thousands and what is left:
// 1234 is "mille", "duecento", "trentaquattro".
func sayNumber(n int) (spoken, error) {
	if n < 0 || n > maxNumber {
		return spoken{}, fmt.Errorf("speech: can say numbers from 0 to %d only", maxNumber)
	}
	said := spoken{words: numberWords(n)}
	switch {
	case n == maxNumber:
		said.add("number-million")
	case n == 0:
		said.add("number-0")
	default:
		if thousands := n / 1000; thousands > 1 {
			said.addBelowThousand(thousands)
			said.add("number-thousand")
		} else if thousands == 1 {
			said.add("number-1000")
		}
		said.addBelowThousand(n % 1000)
	}
	return said, nil
}

func (s *spoken) addBelowThousand(n int) {
	if hundreds := n / 100; hundreds > 0 {
		s.add(recordingName("number", strconv.Itoa(hundreds*100)))
	}
	if rest := n % 100; rest > 0 {
		s.add(recordingName("number", strconv.Itoa(rest)))
	}
}

// numberVocabulary lists the recordings that numbers are composed of.
func numberVocabulary() []Piece {
	var list []Piece
	for n := range 100 {
		list = append(list, Piece{Recording: recordingName("number", strconv.Itoa(n)), Text: numberWords(n) + "."})
	}
	for n := 100; n < 1000; n += 100 {
		list = append(list, Piece{Recording: recordingName("number", strconv.Itoa(n)), Text: numberWords(n)})
	}
	return append(list,
		Piece{Recording: "number-1000", Text: "mille"},
		Piece{Recording: "number-thousand", Text: "mila"},
		Piece{Recording: "number-million", Text: "un milione."})
}
