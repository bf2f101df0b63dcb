package fiscalcode

import "strings"

// Places of birth bear the codes of the cadastre (codici Belfiore): a letter A
// to I, L or M and three digits for a comune, Z and three digits for a foreign
// state. The table holds all that were ever valid for births since the unity of
// Italy, 10,063 of them: 9,841 comuni, of which 1,945 have ceased (merged, or
// ceded in 1947), and 222 states, six of which are gone. The ceased ones
// matter most here: many of the oldest citizens were born there.
//
// State of the data: 22 January 2024, the newest foundation in it; M438 is the
// highest code of a comune. Sources: Archivio dei comuni of ANPR (Ministero
// dell'Interno) and Agenzia delle Entrate, CC BY 4.0; ISTAT, units of foreign
// territory and ceased states, CC BY 3.0 IT.

// placeLetters are the letters that begin a place's code, in the table's order.
const placeLetters = "ABCDEFGHILMZ"

// PlaceKnown says whether code, a letter and three digits, was ever the code of
// a comune or a foreign state.
func PlaceKnown(code string) bool {
	if len(code) != 4 || !isDigit(code[1]) || !isDigit(code[2]) || !isDigit(code[3]) {
		return false
	}
	letter := strings.IndexByte(placeLetters, code[0])
	if letter < 0 {
		return false
	}
	number := int(code[1]-'0')*100 + int(code[2]-'0')*10 + int(code[3]-'0')
	digit := places[letter*placeDigits+number/4]
	bits := digit - '0'
	if digit >= 'a' {
		bits = digit - 'a' + 10
	}
	return bits&(8>>(number%4)) != 0
}

// placeDigits is the number of hexadecimal digits per letter: a thousand codes,
// four to a digit, the lowest code in the highest bit.
const placeDigits = 250

// places is the table, 250 digits for each of placeLetters.
const places = "" +
	// A: 961 places
	"7ffffffdfbffffffffbfffffffffffffff7beff7fffdfffdff" +
	"ffffffff7fffffffffffffffffffffffffffffff9fffff7fff" +
	"fffffefffffffffffffffffffffffffffffffbdfffffffffff" +
	"ffeff4fff7ffffffff7ffffffffffffffffff7fffffeffffff" +
	"7ffdfff9fffffff7ffeefdffffffbfbffdcffffffffdffffff" +
	// B: 937 places
	"7ffffeff7fffdffffffffedfffffbeffdfffefffffdffffffe" +
	"ffffffdebffffdfffeffffffefefffc68b1bfff7efdfffffff" +
	"ffe7f7ffffffafff7feffffffffffffffffff77dffffffffff" +
	"fffffeffffffffefffffefffe7ffffffffffdffffffffffffb" +
	"fffefffffbffbfffffffffffffffbfffcfff7efbfff7fbdfff" +
	// C: 922 places
	"7f068a9666dffdffffffff76fffbfffffffffdfeffcfffffff" +
	"fff7fbff9effff97ffffffffffffff7f7fffffffff6bffdffe" +
	"efefefffbfffeff7f7fbffdfefffffffffffffffffcfffffff" +
	"ffffffffffc1ffff7fffeffbffffffffff7ffffffffeffffff" +
	"df7fffffffefbffefffffeffeffbffffffffeffffffffbbfff" +
	// D: 955 places
	"3ffffeffc7fffef7fcffffffffdfefffbfffffffffffdffdff" +
	"ffffffffff7fffffffeffffffff7ffffffffff9ffffffbffff" +
	"fffffffffffffffffffffffff7effffff9fffff7fffff7ffff" +
	"ffffffdffffeffdffffffef7ffffffffffffffbfffffdfffff" +
	"fffffdfffffffffffffffffbf77fdfffbf7fffafffffefff7f" +
	// E: 954 places
	"7bfffffffffdffffffffffffbff7ffefffbffffbffffffdfdb" +
	"fffffffefffffdf7effffffdf7ffefffffffff7bdffffe7fff" +
	"fffffffffffffbfffffffffffffebfffffffbff7bffeefffef" +
	"fff7ffffffffdfffedfffffffffffffffbfffff7ffefffffff" +
	"fffffdfffffbffffffffbdffffffff7fffffffffffbffffff7" +
	// F: 942 places
	"7fffffffddffffffffffffdfefffffffbffdffffedffc7fffb" +
	"ffffffffd7fbffffffffffffffffffbfffff3ffffdfffff3ff" +
	"fffbdbffeef6efffffffffdfffffffbfdfefffdfffeefeffff" +
	"dffbfffdffefffdfffbff7feffffffffffffff7fffffddeff7" +
	"7bffff7ffffffffffffffffffeffffffffd7fffeffffffffff" +
	// G: 945 places
	"7ffbffeffdffffefffffffeffb7fffffffffffffdff7ffffff" +
	"ffffffffeefbffffbfffffffffffffbdfffffeef6dfff7ffff" +
	"fbfbfeffffffffffdfbffffffbfffffecffffdffffffffffff" +
	"fffffffffffff6fffffefffffffffffbffffffffffffffffff" +
	"ffffffffeffbffbff7ffe3f30ffffdffffdfff7dffeffffffd" +
	// H: 944 places
	"7bfffffe7fbfefffffefffffffffb7ffff1b7fff7fffffffff" +
	"ffbeffdfdbfff7fffffffffffff9fdffffffffffff5dffffff" +
	"ffffffffeffffffefbffefffefffff75dffffffffeffffffef" +
	"ffefbfffffffffffefffffff7ffffffffffffffcbffffff7ff" +
	"fffbfff7fffffbffffffffffff7ffffeffffffff6bfffeffbf" +
	// I: 948 places
	"77fefffff7efdeffefeb7fffaffefffffffbdbff7fffffffdf" +
	"fff7fff6ffffffffe7fffffeffffffebeffffffffdfff7fffa" +
	"fffbfffffffffffffffffffffff7ffbfffffffffffffffdfff" +
	"ffffffffffffffff7feffbeffff7ffffffffffeffffffff3ff" +
	"fddfffffffffffffffffffdffffffdfffdfffffbfdfffffffe" +
	// L: 951 places
	"3ffffffeffffffffffffffffffffffffbffffeffffffffffff" +
	"fffffddfffdffeffd7fffffff7ffffffffffff7ddbffffffff" +
	"fff7ffffff9dfffffffefffefffdffefff79ffffffffffff7f" +
	"7fffeffffbfffffffffff7fffff7fffffffffffffdffffffff" +
	"effffffffffff3f9effbfffff9fffffffff7ffdfdfff7ffff3" +
	// M: 382 places
	"3b77ffffffffef7fffffffffbfffffffffbfdfeefffeffffff" +
	"fbfe0000000007fffffffffb7f9dffffffffffffffffffffff" +
	"fffffffffe0000000000000000000000000000000000000000" +
	"00000000000000000000000000000000000000000000000000" +
	"00000000000000000000000000000000000000000000000000" +
	// Z: 222 places
	"0000000000000000000000000ffffff7ff38ee7fc000000000" +
	"9ff7dbfcfcf3fff0000000000e7fffe7ffffddf74080000000" +
	"f8000000000000000000000007f7b92ffc0000000000000000" +
	"fefe000000000000000000000981493aff0000000000000000" +
	"00000000000000000000000000100000000000000000000000"
