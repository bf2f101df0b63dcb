package citizen_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"richiamo/internal/fiscalcode"
)

// population invents people, the same ones for the same seed: names out of
// syllables with the unequal frequencies of real ones, births from 1911 to 2025,
// places by size. Nobody of them exists.
type population struct {
	dice                *rand.Rand
	surnames, givens    []string
	surnamePick, places *rand.Zipf
	givenPick           *rand.Zipf
	placeCodes          []string
}

func newPopulation(seed uint64) *population {
	dice := rand.New(rand.NewPCG(seed, 1936))
	p := &population{dice: dice}
	syllables := strings.Fields("ba be bi bo ca ce chi co cu da de di do fa fe fi fo ga ge ghi go gra la le li lo lu ma me mi mo mu na ne ni no pa pe pi po pre ra re ri ro ru sa se si so sta ta te ti to tra va ve vi vo za zi zo rossi bian fer ris col man bel gal mar")
	word := func(n int) string {
		var w strings.Builder
		for range n {
			w.WriteString(syllables[dice.IntN(len(syllables))])
		}
		return strings.ToUpper(w.String())
	}
	for range 40_000 {
		p.surnames = append(p.surnames, word(2+dice.IntN(3)))
	}
	for range 4_000 {
		p.givens = append(p.givens, word(2+dice.IntN(2)))
	}
	for _, letter := range "ABCDEFGHILMZ" {
		for n := range 1000 {
			if code := string(letter) + strconv.Itoa(1000 + n)[1:]; fiscalcode.PlaceKnown(code) {
				p.placeCodes = append(p.placeCodes, code)
			}
		}
	}
	dice.Shuffle(len(p.placeCodes), func(i, j int) { p.placeCodes[i], p.placeCodes[j] = p.placeCodes[j], p.placeCodes[i] })
	p.surnamePick = rand.NewZipf(dice, 1.05, 20, uint64(len(p.surnames)-1))
	p.givenPick = rand.NewZipf(dice, 1.2, 8, uint64(len(p.givens)-1))
	p.places = rand.NewZipf(dice, 1.1, 4, uint64(len(p.placeCodes)-1))
	return p
}

// person is one invented row of a register.
type person struct{ code, surname, given, birth, card, phone string }

func (p *population) next(t testing.TB) person {
	surname, given := p.surnames[p.surnamePick.Uint64()], p.givens[p.givenPick.Uint64()]
	year, month, day := 1911+p.dice.IntN(115), 1+p.dice.IntN(12), 1+p.dice.IntN(28)
	codeDay := day
	if p.dice.IntN(2) == 0 {
		codeDay += 40
	}
	b := make([]byte, 0, 16)
	b = append(b, letters(surname, false)...)
	b = append(b, letters(given, true)...)
	b = append(b, two(year%100)...)
	b = append(b, "ABCDEHLMPRST"[month-1])
	b = append(b, two(codeDay)...)
	b = append(b, p.placeCodes[p.places.Uint64()]...)
	check, ok := fiscalcode.CheckCharacter(string(b))
	require.True(t, ok)
	number := strconv.Itoa(100_000_000 + p.dice.IntN(900_000_000))
	number = [...]string{"02" + number[:8], "3" + number, "035" + number[:6]}[p.dice.IntN(3)]
	card := "80380000030" + strconv.Itoa(1_000_000_000 + p.dice.IntN(1_000_000_000))[1:]
	return person{string(append(b, check)), surname, given, strconv.Itoa(year) + "-" + two(month) + "-" + two(day), card, number}
}

func (p person) appendRow(b []byte) []byte {
	for _, s := range [...]string{p.code, p.surname, p.given, p.birth, p.card, "MILANO", "it"} {
		b = append(append(b, s...), ',')
	}
	return append(append(b, p.phone...), '\n')
}

func two(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

// letters are the three letters that a code takes of a name.
func letters(name string, given bool) []byte {
	var consonants, vowels []byte
	for _, c := range []byte(name) {
		if strings.IndexByte("AEIOU", c) >= 0 {
			vowels = append(vowels, c)
		} else {
			consonants = append(consonants, c)
		}
	}
	if given && len(consonants) > 3 {
		consonants = append(consonants[:1], consonants[2:]...)
	}
	return append(append(consonants, vowels...), "XXX"...)[:3]
}
