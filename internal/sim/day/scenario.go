package day

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Scenario is a day as it is planned. Its figures are of the whole call center;
// Scale plays a part of it.
type Scenario struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Story string `json:"story"` // what day it was, and where the figures are from

	Start  time.Time `json:"start"` // when the offices open, or the first call comes
	Hours  float64   `json:"hours"` // for which citizens call
	Opens  int       `json:"opens"` // the offices, hour of the day
	Closes int       `json:"closes"`
	// CallsPerHour is the mean over Hours; Profile says how it is spread over
	// them: the weight of each hour, the last one standing for all later ones.
	CallsPerHour float64   `json:"calls_per_hour"`
	Profile      []float64 `json:"profile"`

	Agents int           `json:"agents"`
	Handle time.Duration `json:"handle"` // a citizen, wrap-up included
	// Person is the share of callers who want a person; the others serve
	// themselves by keypad.
	Person float64 `json:"person"`
	// Accept is the share of those waiting who take a callback where it is
	// offered.
	Accept   float64       `json:"accept"`
	Patience time.Duration `json:"patience"` // on hold, about
	Redials  int           `json:"redials"`  // of somebody who was not helped, at most

	// What only some days have; ways.go tells how it is played.
	Ways     [2]Mode   `json:"ways"`              // which are compared; zero: HoldOnly and Callbacks
	Backlog  int       `json:"backlog,omitempty"` // registrants handed over to be called, instead of callers
	Lines    int       `json:"lines,omitempty"`   // on which those are called
	Counters []Counter `json:"counters,omitempty"`
	Shut     [2]int    `json:"shut,omitzero"` // the hours of the day from and till which the register is shut
	Beside   *Beside   `json:"beside,omitempty"`
	Need     *Need     `json:"need,omitempty"`      // the backlog is to be called by agents, the oldest first
	RedFlags int       `json:"red_flags,omitempty"` // citizens with a symptom that can't wait
	BackEnd  *BackEnd  `json:"back_end,omitempty"`  // nil: it is never slow

	Scale float64 `json:"scale"` // of calls and agents: 0.1 plays a tenth
	Seed  uint64  `json:"seed"`
}

// ErrScenario is in the error of a scenario that can't be played.
var ErrScenario = errors.New("day: not a scenario that can be played")

// rome is the clock of all scenarios.
func rome() *time.Location {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return time.UTC
	}
	return zone
}

// at is an hour of a day in Italy.
func at(y int, m time.Month, d, h int) time.Time { return time.Date(y, m, d, h, 0, 0, 0, rome()) }

// usual is what most days have in common.
func usual() Scenario {
	return Scenario{
		Opens: 8, Closes: 20, Handle: 5 * time.Minute, Person: 0.85, Accept: 0.75,
		Patience: 8 * time.Minute, Redials: 4, Scale: 0.05, Seed: 1, Ways: [2]Mode{HoldOnly, Callbacks},
	}
}

// Scenarios lists the days that there are.
func Scenarios() []Scenario { return slices.Concat(rushes(), special(), others()) }

// rushes are days of callers who want a person, and nothing else.
func rushes() []Scenario {
	usual := usual()
	over80s, weekend, opening, quiet, closing := usual, usual, usual, usual, usual
	over80s.Name, over80s.Title = "over-80s-day", "Lombardy, 15 February 2021: those over eighty may register"
	over80s.Story = "40,000 calls in the six hours from 13:00, 430 agents (regional call center, as reported that day)"
	over80s.Start, over80s.Hours, over80s.CallsPerHour, over80s.Agents = at(2021, time.February, 15, 13), 6, 6700, 430
	over80s.Profile = []float64{1.5, 1.2, 1, 0.9, 0.8, 0.6}

	weekend.Name, weekend.Title = "weekend", "Lombardy, the Saturday before: questions of all kinds"
	weekend.Story = "28,000 calls on the weekend of 13 and 14 February 2021: 14,000 on each day; agents assumed: a weekend crew of 120"
	weekend.Start, weekend.Hours, weekend.CallsPerHour, weekend.Agents = at(2021, time.February, 13, 8), 12, 14000.0/12, 120
	weekend.Scale = 0.1
	weekend.Profile = []float64{0.8, 1.3, 1.5, 1.3, 1, 0.8, 0.9, 1, 1, 0.9, 0.8, 0.7}

	opening.Name, opening.Title = "opening-day", "Lazio, 1 February 2021: everybody at the hour of opening"
	opening.Story = "44,000 bookings on the day, a third of them assumed by telephone; lines from 8:00; agents assumed: 250"
	opening.Start, opening.Hours, opening.CallsPerHour, opening.Agents = at(2021, time.February, 1, 8), 10, 2600, 250
	opening.Profile = []float64{3.5, 2, 1.2, 0.8, 0.6, 0.5, 0.5, 0.4, 0.3, 0.2}

	quiet.Name, quiet.Title = "quiet-day", "a day on which staff and calls fit"
	quiet.Story = "assumed: 1,500 calls an hour, 150 agents, spread as on any working day"
	quiet.Start, quiet.Hours, quiet.CallsPerHour, quiet.Agents = at(2021, time.March, 3, 8), 10, 1500, 150
	quiet.Scale = 0.1
	quiet.Profile = []float64{1, 1.3, 1.3, 1.1, 0.8, 0.8, 0.9, 1, 1, 0.8}

	closing.Name, closing.Title = "closing-time", "the last hours of a day with a full queue"
	closing.Story = "assumed: 2,400 calls an hour from 16:00, 150 agents, closing at 18:00 with the queue still full"
	closing.Start, closing.Hours, closing.Closes, closing.CallsPerHour, closing.Agents = at(2021, time.March, 3, 16), 2, 18, 2400, 150
	closing.Scale = 0.2
	closing.Profile = []float64{1, 1}
	return []Scenario{over80s, weekend, opening, quiet, closing}
}

// Find gives the scenario of a name.
func Find(name string) (Scenario, bool) {
	all := Scenarios()
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return all[i], true
}

// Check tells what is wrong with a scenario, if something is.
func (s Scenario) Check() error {
	for _, c := range []struct {
		ok   bool
		what string
	}{
		{s.Hours > 0 && s.Hours <= 24, "hours: more than 0, at most 24"},
		{s.CallsPerHour > 0 || s.Backlog > 0, "calls per hour: more than 0"},
		{s.Backlog == 0 || s.lines() >= 1, "not one line is left at this scale"},
		{s.Ways[0] != "" && s.Ways[1] != "", "which two ways are compared is not said"},
		{s.Agents > 0, "agents: more than 0"},
		{s.Handle >= 10*time.Second && s.Handle <= time.Hour, "handle: from 10s to 1h"},
		{s.Scale > 0 && s.Scale <= 1, "scale: more than 0, at most 1"},
		{s.Person >= 0 && s.Person <= 1 && s.Accept >= 0 && s.Accept <= 1, "shares: from 0 to 1"},
		{s.calls() <= mostCalls, fmt.Sprintf("at most %d calls can be played; a smaller scale plays a part of the day", mostCalls)},
		{s.agents() >= 1, "not one agent is left at this scale"},
		{s.BackEnd == nil || s.backEnd() >= 1, "nothing is left of the back end at this scale"},
	} {
		if !c.ok {
			return fmt.Errorf("%w: %s", ErrScenario, c.what)
		}
	}
	return nil
}

// mostCalls bounds a play: memory and patience.
const mostCalls = 200_000

// Callers is how many citizens a play of the scenario may have.
func (s Scenario) Callers() int { return s.calls() + s.calls()/5 + s.enrols() + 1000 }

// calls is how many citizens call first, or are called.
func (s Scenario) calls() int {
	calls := s.CallsPerHour
	if s.Beside != nil {
		calls += s.Beside.CallsPerHour
	}
	people := calls*s.Hours + float64(s.Backlog+s.RedFlags)
	if s.Need != nil {
		people += float64(s.Need.Later * s.Need.Days)
	}
	return int(people * s.Scale)
}

func (s Scenario) lines() int  { return int(float64(s.Lines)*s.Scale + 0.5) }
func (s Scenario) agents() int { return int(float64(s.Agents)*s.Scale + 0.5) }

func (s Scenario) backEnd() int { return int(float64(s.BackEnd.Fits)*s.Scale + 0.5) }

// early is how long after the start the offices open; 0 where they are open then.
func (s Scenario) early() time.Duration {
	return max(0, time.Duration(s.Opens-s.Start.Hour())*time.Hour)
}

// closing is when the offices close on the day.
func (s Scenario) closing() time.Time {
	return time.Date(s.Start.Year(), s.Start.Month(), s.Start.Day(), s.Closes, 0, 0, 0, s.Start.Location())
}

// weight is how much of the mean rate there is in an hour of the day played.
func (s Scenario) weight(hour int) float64 {
	if len(s.Profile) == 0 {
		return 1
	}
	return s.Profile[min(hour, len(s.Profile)-1)]
}
