package telemetry

import "strings"

const mask = "***"

// scrub replaces what looks like a codice fiscale or a telephone number.
// It errs on the side of masking.
//
// Looked for, between characters that are neither letter nor figure: the 16
// characters of a codice fiscale (letters of omocodia included), of an STP or
// ENI code, the keys of one (16 figures), a provisional code (11 figures); and a
// number: 0 or 3 and 5 to 12 more figures (landlines and mobiles in national
// form, 0039...), 39 and 8 or more, + and 6 or more. Figures of a number may
// stand in groups with a single space, hyphen, point or slash between. Times of
// day, dates, Unix times and the ids that this house gives do not look so.
func scrub(s string) string {
	if !suspicious(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if i > 0 && isWordByte(s[i-1]) {
			b.WriteByte(s[i])
			i++
			continue
		}
		end := codeAt(s, i)
		if end == 0 {
			end = numberAt(s, i)
		}
		if end == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		b.WriteString(mask)
		i = end
	}
	return b.String()
}

// suspicious is a quick look: six figures in all are in anything that scrub
// could replace.
func suspicious(s string) bool {
	figures := 0
	for i := range len(s) {
		if isFigure(s[i]) || strings.IndexByte("LMNPQRSTUVlmnpqrstuv", s[i]) >= 0 {
			if figures++; figures == 6 {
				return true
			}
		}
	}
	return false
}

// codeAt gives the end of a code that begins at i, or 0.
func codeAt(s string, i int) int {
	end := i
	for end < len(s) && isWordByte(s[end]) {
		end++
	}
	word := strings.ToUpper(s[i:end])
	if len(word) != 16 {
		return 0
	}
	if (strings.HasPrefix(word, "STP") || strings.HasPrefix(word, "ENI") || isFigure(word[0])) && allFigures(word[3:]) {
		return end
	}
	for j := range len(word) {
		const digitPlaces = "0000001101100" // of the first 13 characters: 1 where a figure stands
		wantsFigure := j >= 12 && j < 15 || j < len(digitPlaces) && digitPlaces[j] == '1'
		switch {
		case wantsFigure && !isFigure(word[j]) && strings.IndexByte("LMNPQRSTUV", word[j]) < 0:
			return 0
		case !wantsFigure && isFigure(word[j]):
			return 0
		}
	}
	return end
}

// numberAt gives the end of a telephone number or provisional code that begins
// at i, or 0.
func numberAt(s string, i int) int {
	start := i
	if s[i] == '+' {
		i++
	}
	var digits []byte
	end, groups := i, 1
	for j := i; j < len(s); j++ {
		if isFigure(s[j]) {
			digits, end = append(digits, s[j]), j+1
			continue
		}
		if j == end && j+1 < len(s) && isFigure(s[j+1]) && len(digits) > 0 && strings.IndexByte(" -./", s[j]) >= 0 {
			groups++
			continue
		}
		break
	}
	if end < len(s) && isWordByte(s[end]) || len(digits) > 16 {
		return 0
	}
	if looksLikeNumber(string(digits), s[start] == '+', groups) {
		return end
	}
	return 0
}

func looksLikeNumber(digits string, plus bool, groups int) bool {
	switch n := len(digits); {
	case plus:
		return n >= 6
	case n < 6:
		return false
	case n == 11 && groups == 1: // also a provisional code
		return true
	case digits[0] == '0' || digits[0] == '3':
		return groups <= 6
	}
	return false
}

func isFigure(c byte) bool { return '0' <= c && c <= '9' }

func isWordByte(c byte) bool {
	return isFigure(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

func allFigures(s string) bool { return strings.Trim(s, "0123456789") == "" }
