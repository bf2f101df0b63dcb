package sim

import (
	"errors"
	"fmt"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
)

// register is the citizens of a simulation, all invented.
type register struct {
	people []citizen.Citizen
	keys   map[fiscalcode.Keys]int
	codes  map[fiscalcode.Code]int
}

// guarded is desk.Registry of one world: the register, which may be shut, with the
// years of birth that the plan gives.
type guarded struct {
	*register
	w *World
}

var errShut = errors.New("sim: the register is shut")

func (g guarded) shut() bool { return g.w.clock.Now().Before(g.w.shutTill) }

// person is the citizen of a row.
func (g guarded) person(row int) citizen.Citizen {
	c := g.people[row]
	if !g.w.Light || row >= len(g.w.Callers) || g.w.Callers[row].Born == 0 {
		return c // in other worlds rows are not those of the plan
	}
	_, day := born(row)
	c.BirthDate, _ = citizen.NewDate(g.w.Callers[row].Born, 1, day) // a date that exists
	return c
}

// Identify implements desk.Registry. Whoever is found uses the back end from then on.
func (g guarded) Identify(keys fiscalcode.Keys, second citizen.Second) (citizen.Citizen, citizen.Outcome, error) {
	if g.shut() || g.w.crowded() {
		return citizen.Citizen{}, 0, errShut
	}
	var matches []citizen.Match
	found := g.Find(keys)
	for _, c := range found {
		matches = append(matches, citizen.Match{Citizen: g.person(c.Row), Slip: c.Slip})
	}
	who, outcome := citizen.Decide(matches, second)
	if outcome == citizen.Found {
		g.w.uses(found[0].Row)
	}
	return who, outcome, nil
}

// ByCode implements desk.Registry.
func (g guarded) ByCode(code fiscalcode.Code) (person citizen.Citizen, found bool, err error) {
	if g.shut() {
		return citizen.Citizen{}, false, errShut
	}
	row, ok := g.codes[code]
	if !ok {
		return citizen.Citizen{}, false, nil
	}
	return g.person(row), true, nil
}

// consonants are those of surnames: three of them stand for one.
const consonants = "BCDFGLMNPQRSTVZ"

// maxPeople is how many different citizens can be invented.
const maxPeople = len(consonants) * len(consonants) * len(consonants) * birthdays

// birthdays are the different dates of birth: ten Januaries of 28 days.
const birthdays = 280

// invent makes the n-th citizen: a codice fiscale of consonants that no name has.
func invent(n int) (citizen.Citizen, error) {
	letter := func(n int) byte { return consonants[n%len(consonants)] }
	surname := n / birthdays
	letters := string([]byte{letter(surname / len(consonants) / len(consonants)), letter(surname / len(consonants)), letter(surname)})
	year, day := born(n)
	fifteen := fmt.Sprintf("%sXZX%02dA%02dF205", letters, year-1900, day)
	check, _ := fiscalcode.CheckCharacter(fifteen)
	code, err := fiscalcode.Parse(fifteen + string(check))
	if err != nil {
		return citizen.Citizen{}, fmt.Errorf("invent citizen %d: %w", n, err)
	}
	born, err := citizen.NewDate(year, 1, day)
	if err != nil {
		return citizen.Citizen{}, fmt.Errorf("invent citizen %d: %w", n, err)
	}
	card, err := citizen.ParseCard(fmt.Sprintf("80380000%012d", n*37+11))
	if err != nil {
		return citizen.Citizen{}, fmt.Errorf("invent citizen %d: %w", n, err)
	}
	return citizen.Citizen{Code: code, BirthDate: born, Card: card, Language: "it"}, nil
}

// born is the birthday of the n-th citizen.
func born(n int) (year, day int) { return 1936 + n/28%10, 1 + n%28 }

// newRegister invents so many citizens.
func newRegister(n int) (*register, error) {
	r := &register{keys: make(map[fiscalcode.Keys]int, n), codes: make(map[fiscalcode.Code]int, n)}
	for i := range n {
		c, err := invent(i)
		if err != nil {
			return nil, err
		}
		r.keys[c.Code.Keypad()], r.codes[c.Code] = i, i
		r.people = append(r.people, c)
	}
	return r, nil
}

// Find implements desk.Registry.
func (r *register) Find(keys fiscalcode.Keys) []citizen.Candidate {
	if i, ok := r.keys[keys]; ok {
		return []citizen.Candidate{{Row: i, Slip: citizen.Exact}}
	}
	return nil
}

// FindNear implements desk.Registry: nobody is near here.
func (r *register) FindNear(fiscalcode.Keys) []citizen.Candidate { return nil }
