package day

import (
	"slices"
	"time"

	"richiamo/internal/queue"
	"richiamo/internal/sim"
	"richiamo/internal/sim/town"
)

// Mode is how citizens are served.
type Mode string

// What is compared. Most days are played without callbacks and with them; a
// backlog is called again soon after a miss, or at another time of the day, and in the
// order in which it came, or the oldest first; an authority is alone on its installation,
// or beside one that is overloaded; and a slow back end is open to all, or to agents first.
const (
	HoldOnly   Mode = "hold only"
	Callbacks  Mode = "callbacks"
	SoonAgain  Mode = "again soon"
	OtherHour  Mode = "another hour"
	Alone      Mode = "alone"
	Overloaded Mode = "overloaded neighbour"
	InOrder    Mode = "order of arrival"
	ByNeed     Mode = "order of need"
	Unguarded  Mode = "unguarded"
	Guarded    Mode = "operators first"
)

// Counter is where citizens are registered who do not call.
type Counter struct {
	Channel string     `json:"channel"`   // pharmacy, gp
	Halves  [2]int     `json:"halves"`    // how many, in the first part of the day and in the rest
	Parts   [2]float64 `json:"parts_end"` // where each part ends, in hours from the start
}

// Beside is another authority on the same installation.
type Beside struct {
	CallsPerHour float64 `json:"calls_per_hour"`
	Agents       int     `json:"agents"`
}

// special are days of which something else than the rush is told.
func special() []Scenario {
	backlog, counters, shut, beside := usual(), usual(), usual(), usual()
	backlog.Name, backlog.Title = "landline-backlog", "Lombardy, 29 March 2021: landline registrants who wait for their call"
	backlog.Story = "50,000 of the last 165,000 without an appointment had left a landline, where no text message arrives: without calls none of them is confirmed. " +
		"Assumed: 50 lines, 9 to 20 on working days (Easter Monday is none), 3 attempts; half the homes with somebody in, a third out in the morning, the others in the afternoon; " +
		"a quarter of the calls to who is in unanswered, so that about half of all first calls are"
	backlog.Start, backlog.Hours, backlog.Opens, backlog.Backlog, backlog.Lines, backlog.Agents = at(2021, time.March, 29, 9), 11, 9, 50_000, 50, 50
	backlog.Scale, backlog.Ways = 0.02, [2]Mode{SoonAgain, OtherHour}

	counters.Name, counters.Title = "pharmacies", "Lombardy, 15 February 2021: pharmacies and family doctors register too"
	counters.Story = "over-80s-day, and 5,628 citizens whom pharmacies registered by night, 1,141 of them in the first two hours; 514 and 79 by family doctors. " +
		"They come through the API, take no line and no agent, and are counted apart"
	counters.Start, counters.Hours, counters.CallsPerHour, counters.Agents = at(2021, time.February, 15, 13), 6, 6700, 430
	counters.Profile = []float64{1.5, 1.2, 1, 0.9, 0.8, 0.6}
	counters.Counters = []Counter{
		{"pharmacy", [2]int{1141, 5628 - 1141}, [2]float64{2, 7}}, {"gp", [2]int{79, 514 - 79}, [2]float64{2, 7}},
	}

	shut.Name, shut.Title = "register-shut", "Tuscany, January 2023: the back end is shut from 9 to 13"
	shut.Story = "online booking was shut from 9 to 13 to protect 2,600 operators; played with the register, which every conversation asks. " +
		"Assumed: 800 calls an hour, 60 agents, a quarter of the callers want a person; whoever can't be looked up waits for one, or is promised a call"
	shut.Start, shut.Hours, shut.CallsPerHour, shut.Agents, shut.Person = at(2023, time.January, 16, 8), 10, 800, 60, 0.25
	shut.Scale, shut.Shut = 0.1, [2]int{9, 13}
	shut.Profile = []float64{1, 1.3, 1.3, 1.1, 0.8, 0.8, 0.9, 1, 1, 0.8}

	beside.Name, beside.Title = "two-authorities", "one installation for several regions: a quiet authority beside an overloaded one"
	beside.Story = "the national platform of Poste Italiane served several regions; assumed: 1,500 calls an hour and 150 agents here, 4,500 calls an hour and 150 agents next door. " +
		"What is shown is that queues, agents and promises are apart; the machine itself is never short in virtual time"
	beside.Start, beside.Hours, beside.CallsPerHour, beside.Agents = at(2021, time.March, 3, 8), 10, 1500, 150
	beside.Scale, beside.Ways, beside.Beside = 0.05, [2]Mode{Alone, Overloaded}, &Beside{CallsPerHour: 4500, Agents: 150}
	beside.Profile = []float64{1, 1.3, 1.3, 1.1, 0.8, 0.8, 0.9, 1, 1, 0.8}
	return []Scenario{backlog, counters, shut, beside}
}

// NotPlayable names the days, or what is missing of them, that are still to come to the
// simulation, with what they wait for.
func NotPlayable() []string {
	return []string{
		"symptoms and cohabitants asked by keypad in a call of ours (Milano-Cor 2020): there is no such\n" +
			"conversation; milano-cor plays those who call, and those whose symptoms can't wait",
		"a place by keypad (Tuscany 2023): visits are not booked by keys; who serves themselves in\n" +
			"shared-back-end registers",
	}
}

// searches tells whether it is looked for how many agents would do: not where the
// two ways differ in something else than callbacks.
func (s Scenario) searches() bool { return s.Ways == [2]Mode{HoldOnly, Callbacks} }

// awaited adds the registrants of a backlog, who are handed over in the first
// minutes and called.
func (s Scenario) awaited(p *sim.Plan, d town.Dice, mode Mode) {
	if s.Backlog == 0 {
		return
	}
	for _, weekend := range []time.Weekday{time.Saturday, time.Sunday} {
		delete(p.Serve.Window.Hours, weekend)
	}
	p.Serve.Window.Holidays.National = true
	if s.Need != nil {
		return
	}
	for i := range s.calls() {
		p.Homes = append(p.Homes, false)
		p.Callers = append(p.Callers, sim.Caller{Temper: s.elder(d, mode), Home: i, After: -1})
		p.Returns = append(p.Returns, sim.Return{Caller: i, After: d.Between(0, 10*time.Minute)})
	}
	p.Serve.Lines, p.Serve.AutoLines = s.lines()+s.agents(), s.lines()
	if mode == SoonAgain {
		p.Serve.Policy = p.Serve.Policy.Every(30 * time.Minute)
	}
}

// elder draws a citizen who is called, and is not always at home.
func (s Scenario) elder(d town.Dice, mode Mode) town.Temper {
	t := s.temper(d, mode)
	t.Away = 0.25
	switch {
	case d.Chance(1.0 / 3):
		t.OutFrom, t.OutTill = 8, 14
	case d.Chance(0.25): // a sixth of all
		t.OutFrom, t.OutTill = 14, 20
	}
	return t
}

// enrolled adds those who are registered elsewhere.
func (s Scenario) enrolled(p *sim.Plan, d town.Dice) {
	for _, c := range s.Counters {
		from := 0.0
		for i, n := range c.Halves {
			for range int(float64(n)*s.Scale + 0.5) {
				after := d.Between(time.Duration(from*float64(time.Hour)), time.Duration(c.Parts[i]*float64(time.Hour)))
				p.Enrols = append(p.Enrols, sim.Enrol{Channel: c.Channel, After: after})
			}
			from = c.Parts[i]
		}
	}
}

func (s Scenario) enrols() (n int) {
	for _, c := range s.Counters {
		n += int(float64(c.Halves[0]+c.Halves[1])*s.Scale) + 2
	}
	return n
}

// closed shuts the register.
func (s Scenario) closed(p *sim.Plan) {
	if s.Shut[0] >= s.Shut[1] {
		return
	}
	day := s.Start
	from := time.Date(day.Year(), day.Month(), day.Day(), s.Shut[0], 0, 0, 0, day.Location())
	p.Faults = append(p.Faults, sim.Disturbance{
		Kind: sim.RegisterAway, At: from.Sub(day), For: time.Duration(s.Shut[1]-s.Shut[0]) * time.Hour,
	})
}

// beside adds the neighbour, whose citizens come after those of the authority
// itself, and of dice of their own.
func (s Scenario) beside(p *sim.Plan, mode Mode) {
	if mode != Overloaded {
		return
	}
	other := s
	other.CallsPerHour, other.Agents = s.Beside.CallsPerHour, s.Beside.Agents
	theirs := other.serve(mode)
	p.Neighbour = &theirs
	first := len(p.Agents)
	other.staff(p)
	for i := first; i < len(p.Agents); i++ {
		p.Agents[i].Neighbour = true
	}
	first = len(p.Callers)
	other.arrive(p, town.NewDice(s.Seed, 4), mode)
	for i := first; i < len(p.Callers); i++ {
		p.Callers[i].Neighbour = true
	}
}

// progress is what became of a backlog.
type progress struct {
	// Attempts is how many calls were made to a registrant, in the mean;
	// Confirmed the share whose number was confirmed, Left that of those who were
	// left to people after the last attempt.
	Attempts  float64 `json:"attempts,omitempty"`
	Confirmed float64 `json:"confirmed,omitempty"`
	Left      float64 `json:"left_to_people,omitempty"`
	// Days is from the start to the end of the last call, Half until half of all
	// were confirmed.
	Days float64 `json:"days,omitempty"`
	Half float64 `json:"half_days,omitempty"`
	// ByHour is the share that was confirmed by the end of each hour, Open how
	// many calls were still to be made then.
	ByHour []float64 `json:"by_hour,omitempty"`
	Open   []int     `json:"open,omitempty"`
}

// progressed sums up what became of the calls of a backlog.
func (c *count) progressed() (p progress) {
	var confirmed, ended []time.Duration
	attempts := 0
	for _, t := range c.w.Tickets() {
		if t.Purpose != queue.Verification {
			continue
		}
		attempts += len(t.Attempts)
		ended = append(ended, t.Since.Sub(c.Start))
		switch t.State {
		case queue.Done:
			confirmed = append(confirmed, t.Since.Sub(c.Start))
		case queue.Exhausted:
			p.Left++
		}
	}
	if len(ended) == 0 {
		return p
	}
	slices.Sort(confirmed)
	slices.Sort(ended)
	all := len(ended)
	p.Attempts, p.Confirmed, p.Left = share(float64(attempts), all), share(float64(len(confirmed)), all), share(p.Left, all)
	p.Days = ended[all-1].Hours() / 24
	if half := all / 2; half < len(confirmed) {
		p.Half = confirmed[half].Hours() / 24
	}
	for h := time.Hour; ; h += time.Hour {
		by, _ := slices.BinarySearch(confirmed, h)
		over, _ := slices.BinarySearch(ended, h)
		p.ByHour, p.Open = append(p.ByHour, share(float64(by), all)), append(p.Open, all-over)
		if over == all {
			return p
		}
	}
}
