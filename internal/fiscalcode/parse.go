package fiscalcode

import (
	"strings"
	"unicode/utf8"
)

// Months of birth, January first, and the letters that stand for the digits 0
// to 9 in the case of omocodia (D.M. 13813/1976).
const (
	monthLetters = "ABCDEHLMPRST"
	digitLetters = "LMNPQRSTUV"
)

// Parse reads a code of any kind. Small letters and white space around the code
// are accepted. The error is a *Rejection with the first reason found.
func Parse(s string) (Code, error) { return parse(s, false) }

// ParseTrustingPlace is Parse, but takes a place of birth that the table of
// places lacks on trust if its form is right. It is for codes that come from an
// authority's own register: comuni are founded every year, and the register may
// know them before the table does.
func ParseTrustingPlace(s string) (Code, error) { return parse(s, true) }

func parse(s string, trustPlace bool) (Code, error) {
	s = strings.Trim(s, " \t\r\n")
	if s == "" {
		return Code{}, reject(Empty)
	}
	// A text with characters of several bytes may be long in bytes and right in
	// characters; its fault is then the character, not the length.
	length := len(s)
	if length > personalLen || !isASCII(s) {
		length = utf8.RuneCountInString(s)
	}
	// Eleven characters that begin with a letter are a codice fiscale cut short.
	if length != personalLen && (length != provisionalLen || !isDigit(s[0])) {
		return Code{}, reject(WrongLength)
	}
	if at := firstForeign(s); at > 0 {
		return Code{}, rejectAt(at)
	}
	code := pack(upper(s))
	var err error
	switch b, n := code.bytes(); {
	case n == provisionalLen:
		err = checkProvisional(b[:n])
	case isDigit(b[3]) && (string(b[:3]) == "STP" || string(b[:3]) == "ENI"):
		err = checkForeigner(b)
	default:
		err = checkPersonal(b, trustPlace)
	}
	if err != nil {
		return Code{}, err
	}
	return code, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// firstForeign finds the first character that is in no code at all, counted
// from 1; 0 means that there is none.
func firstForeign(s string) int {
	at := 0
	for _, r := range s {
		at++
		letter := 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
		if !letter && (r < '0' || r > '9') {
			return at
		}
	}
	return 0
}

// upper is for ASCII only: strings.ToUpper would turn the long s and the
// dotless i of Unicode into letters that were never given.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// checkPersonal holds b against every rule of a 16-character codice fiscale.
func checkPersonal(b [16]byte, trustPlace bool) error {
	for i, c := range b {
		if !mayStand(c, i) {
			return rejectAt(i + 1)
		}
	}
	if want, _ := CheckCharacter(string(b[:15])); want != b[15] {
		return reject(CheckWrong)
	}
	if !namePattern(b[0], b[1], b[2]) || !namePattern(b[3], b[4], b[5]) {
		return reject(NamePattern)
	}
	facts := factsOf(b)
	if !facts.possibleDate() {
		return reject(ImpossibleDate)
	}
	if !trustPlace && !PlaceKnown(facts.Place) {
		return reject(PlaceUnknown)
	}
	return nil
}

// mayStand says whether c can be the character at index i (from 0) of a
// codice fiscale.
func mayStand(c byte, i int) bool {
	switch i {
	case 6, 7, 9, 10, 12, 13, 14:
		return isDigit(c) || strings.IndexByte(digitLetters, c) >= 0
	case 8:
		return strings.IndexByte(monthLetters, c) >= 0
	case 11:
		return strings.IndexByte(placeLetters, c) >= 0
	default:
		return isUpper(c)
	}
}

// namePattern says whether three letters can come from a name: consonants come
// first, then vowels, then X to fill up. "AXX" is the one-letter name A.
func namePattern(a, b, c byte) bool {
	switch {
	case isVowel(b):
		return isVowel(c) || c == 'X'
	case isVowel(a):
		return b == 'X' && c == 'X'
	default:
		return true
	}
}

func isVowel(c byte) bool { return strings.IndexByte("AEIOU", c) >= 0 }

// checkForeigner holds b against the form of STP and ENI codes: three digits of
// the region (010 Piemonte to 200 Sardegna), three of the local health
// authority, seven of a serial number. They have no check character.
func checkForeigner(b [16]byte) error {
	for i, c := range b[3:] {
		if !isDigit(c) {
			return rejectAt(i + 4)
		}
	}
	if region := string(b[3:6]); region < "010" || region > "200" {
		return reject(RegionUnknown)
	}
	return nil
}

// checkProvisional holds b against the form of a provisional code: eleven
// digits, the last of which is the check digit of a partita IVA.
func checkProvisional(b []byte) error {
	zeros := true
	for i, c := range b {
		if !isDigit(c) {
			return rejectAt(i + 1)
		}
		zeros = zeros && c == '0'
	}
	if zeros {
		// It would pass the check digit, and is what a form full of zeros gives.
		return reject(NeverIssued)
	}
	if checkDigit(b[:provisionalLen-1]) != b[provisionalLen-1] {
		return reject(CheckWrong)
	}
	return nil
}

// checkDigit is the Luhn sum over ten digits: every second one doubled, its
// digits added.
func checkDigit(b []byte) byte {
	sum := 0
	for i, c := range b {
		v := int(c - '0')
		if i%2 == 1 {
			v *= 2
			if v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return byte('0' + (10-sum%10)%10)
}

// oddValues holds the value of each character at an odd position (counted from
// 1) as a letter, A = 0; a digit has the value of the letter of the same rank
// (0 as A, 9 as J). At even positions the value is the rank itself.
const oddValues = "BAFHJNPRTVCESULDGIMOQKWZYX"

// CheckCharacter computes the sixteenth character from the first fifteen, which
// must be digits and capital letters; ok is false if they are not.
func CheckCharacter(fifteen string) (check byte, ok bool) {
	if len(fifteen) != personalLen-1 {
		return 0, false
	}
	sum := 0
	for i := range len(fifteen) {
		c := fifteen[i]
		var rank byte
		switch {
		case isDigit(c):
			rank = c - '0'
		case isUpper(c):
			rank = c - 'A'
		default:
			return 0, false
		}
		if i%2 == 0 { // an odd position, counted from 1
			rank = oddValues[rank] - 'A'
		}
		sum += int(rank)
	}
	return byte('A' + sum%26), true
}
