package speech

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// figureBeat is the shortest time for one figure: two a second can be written
// down by an unhurried hand.
const figureBeat = 500 * time.Millisecond

// groupPause is the silence between groups of figures, in milliseconds. With
// the silence in which a figure ends, 0.4 s are heard.
const groupPause = 300

// sayFigures reads figures one by one, never as pairs: «sette sei», not
// «settantasei», which is easily heard as «sessantasei». The groups are
// apart, and the last figure falls so that the end is heard.
func sayFigures(groups []string) (spoken, error) {
	var said spoken
	var words []string
	for g, group := range groups {
		if group == "" || len(group) > 20 {
			return spoken{}, fmt.Errorf("speech: group %d of the figures has %d of them; 1 to 20 can be read", g+1, len(group))
		}
		if g > 0 {
			said.pause(groupPause)
		}
		var names []string
		for i := range len(group) {
			if group[i] < '0' || group[i] > '9' {
				return spoken{}, fmt.Errorf("speech: group %d of the figures holds something else than 0 to 9", g+1)
			}
			recording := recordingName("digit", group[i:i+1])
			if g == len(groups)-1 && i == len(group)-1 {
				recording += "-end"
			}
			said.add(recording)
			names = append(names, figureWord(group[i]))
		}
		words = append(words, strings.Join(names, " "))
	}
	said.words = strings.Join(words, ", ")
	return said, nil
}

// figureWord is the name of one figure.
func figureWord(c byte) string { return numberWords(int(c - '0')) }

func figureVocabulary() []Piece {
	var list []Piece
	for n := range 10 {
		name := recordingName("digit", strconv.Itoa(n))
		list = append(list,
			Piece{Recording: name, Text: numberWords(n) + ",", Beat: figureBeat},
			Piece{Recording: name + "-end", Text: numberWords(n) + ".", Beat: figureBeat})
	}
	return list
}

// letterWords is how a letter is spelt on an Italian telephone: by cities,
// where the letter has one.
func letterWords(c byte) string {
	words := [...]string{
		"a come Ancona", "bi come Bologna", "ci come Como", "di come Domodossola", "e come Empoli",
		"effe come Firenze", "gi come Genova", "acca come hotel", "i come Imola", "i lunga come jolly",
		"cappa", "elle come Livorno", "emme come Milano", "enne come Napoli", "o come Otranto",
		"pi come Padova", "cu come Quarto", "erre come Roma", "esse come Savona", "ti come Torino",
		"u come Udine", "vu come Venezia", "vu doppia come Washington", "ics", "ipsilon come York", "zeta come Zara",
	}
	return words[c-'a']
}

// saySpelling spells letters and figures, a pause between all of them.
func saySpelling(text string) (spoken, error) {
	var said spoken
	var words []string
	lower := strings.ToLower(text)
	for i := range len(lower) {
		c := lower[i]
		if i > 0 {
			said.pause(groupPause)
		}
		switch {
		case c >= 'a' && c <= 'z':
			said.add(recordingName("letter", lower[i:i+1]))
			words = append(words, letterWords(c))
		case c >= '0' && c <= '9':
			said.add(recordingName("digit", lower[i:i+1]))
			words = append(words, figureWord(c))
		default:
			return spoken{}, fmt.Errorf("speech: character %d of the spelling is neither A to Z nor 0 to 9", i+1)
		}
	}
	if text == "" {
		return spoken{}, fmt.Errorf("speech: nothing to spell")
	}
	said.words = strings.Join(words, ", ")
	return said, nil
}

func letterVocabulary() []Piece {
	var list []Piece
	for c := byte('a'); c <= 'z'; c++ {
		list = append(list, Piece{Recording: recordingName("letter", string(rune(c))), Text: letterWords(c) + "."})
	}
	return list
}
