package day

import (
	"cmp"
	"slices"
	"time"

	"richiamo/internal/citizen"
	"richiamo/internal/sim"
	"richiamo/internal/sim/town"
)

// Need is a backlog of people who are not equally in need.
type Need struct {
	Hundred float64 `json:"hundred"` // the share of centenarians
	Ninety  float64 `json:"ninety"`  // of those from 90 to 99; all others are from 80 to 89
	Later   int     `json:"later"`   // who are handed over on each of the Days after the first
	Days    int     `json:"days"`
}

// orderOfNeed is a backlog that is called by too few agents.
func orderOfNeed() Scenario {
	s := usual()
	s.Name, s.Title = "order-of-need", "Lombardy, 29 March 2021: registrants who wait for a call, the oldest first"
	s.Story = "«the order of registration is not the order of vaccination»: first the centenarians, 4,000 of 726,000, then those over ninety. The 50,000 of landline-backlog wait for a call " +
		"by a person. Of an order of need there are the order in which the list is handed over, and half an hour's head start in it for whoever was born by 1931 " +
		"(frail_born_until): the list is handed over from the oldest down, or as it came. " +
		"Assumed: one in seven from 90 to 99; 400 more on each of the next three days, handed over as they come; 120 agents, 9 to 20 on working days; at home as in landline-backlog"
	s.Start, s.Hours, s.Opens, s.Backlog, s.Lines, s.Agents = at(2021, time.March, 29, 9), 11, 9, 50_000, 120, 120
	s.Need = &Need{Hundred: 4000.0 / 726_000, Ninety: 1.0 / 7, Later: 400, Days: 3}
	s.Scale, s.Ways = 0.025, [2]Mode{InOrder, ByNeed}
	return s
}

// The groups of a day in order of need.
const (
	hundreds = iota
	nineties
	eighties
	laterOver90
	laterUnder90
)

// youngest is the last year in which somebody was born who is in a group, on
// 29 March 2021: citizens are born in January.
func youngest(group int) int { return [...]int{1921, 1931, 1941}[group] }

// handedIn is how long it takes to hand a list over.
const handedIn = 10 * time.Minute

// inNeed adds a backlog of people of all ages who are called by agents: in the order in
// which they came, or handed over from the oldest down, and whoever is over ninety with
// the head start of the frail.
func (s Scenario) inNeed(p *sim.Plan, d town.Dice, mode Mode) []group {
	if s.Need == nil {
		return nil
	}
	groups := []group{
		hundreds: {name: "centenarians"}, nineties: {name: "from 90 to 99"}, eighties: {name: "from 80 to 89"},
		laterOver90: {name: "over 90, came later"}, laterUnder90: {name: "from 80 to 89, came later"},
	}
	type person struct {
		group, born int
		temper      town.Temper
	}
	draw := func(n int) (all []person) {
		for i := range n {
			g := eighties
			switch at := (float64(i) + 0.5) / float64(n); { // as many of each as there are, in no order
			case at < s.Need.Hundred:
				g = hundreds
			case at < s.Need.Hundred+s.Need.Ninety:
				g = nineties
			}
			all = append(all, person{g, youngest(g) - d.IntN(10), s.elder(d, mode)})
		}
		d.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all
	}
	add := func(who person, after time.Duration) {
		i := len(p.Callers)
		groups[who.group].add(i, after)
		p.Homes = append(p.Homes, false)
		p.Callers = append(p.Callers, sim.Caller{Temper: who.temper, Home: i, After: -1, Born: who.born})
		p.Returns = append(p.Returns, sim.Return{Caller: i, After: after, Channel: "portal"})
	}
	list := draw(int(float64(s.Backlog) * s.Scale))
	if mode == ByNeed {
		slices.SortStableFunc(list, func(a, b person) int { return cmp.Compare(a.born, b.born) })
		p.FrailUntil, _ = citizen.NewDate(youngest(nineties), 1, 31) // a date that exists
	}
	for i, who := range list {
		add(who, handedIn*time.Duration(i)/time.Duration(len(list)))
	}
	for day := range s.Need.Days {
		for _, who := range draw(int(float64(s.Need.Later) * s.Scale)) {
			who.group = map[int]int{hundreds: laterOver90, nineties: laterOver90, eighties: laterUnder90}[who.group]
			add(who, time.Duration(day+1)*24*time.Hour+d.Between(0, 11*time.Hour))
		}
	}
	return groups
}

// group is citizens who are counted apart: their places among the callers, and from
// when on each waited.
type group struct {
	name    string
	callers []int
	since   []time.Duration
}

func (g *group) add(caller int, since time.Duration) {
	g.callers, g.since = append(g.callers, caller), append(g.since, since)
}

// Group is what became of citizens who are counted apart.
type Group struct {
	Name    string  `json:"name"`
	N       int     `json:"n"`
	Reached float64 `json:"reached"` // share who spoke with a person
	SameDay float64 `json:"same_day"`
	// Talk is from the first call or the handing over to the talk, Rung to the first
	// ringing of their telephone, in minutes.
	Talk Waits `json:"talk"`
	Rung Waits `json:"rung"`
	// ByHour is the share whose telephone had rung by the end of each hour.
	ByHour []float64 `json:"by_hour,omitempty"`

	rung []time.Duration // after the start, in order
}

// apart are the callers who are in a group.
func (c *count) apart() map[int]bool {
	all := map[int]bool{}
	for _, g := range c.groups {
		for _, i := range g.callers {
			all[i] = true
		}
	}
	return all
}

// grouped sums up the groups.
func (c *count) grouped() (all []Group) {
	if len(c.groups) == 0 {
		return nil
	}
	first := map[string]time.Duration{} // of each number: when it was first rung
	for _, t := range c.w.Tickets() {
		if len(t.Attempts) > 0 {
			first[t.Phone.Reveal()] = t.Attempts[0].At.Sub(c.Start)
		}
	}
	for _, g := range c.groups {
		all = append(all, c.sum(g, first))
	}
	return all
}

// sum sums up a group.
func (c *count) sum(g group, first map[string]time.Duration) Group {
	out := Group{Name: g.name, N: len(g.callers)}
	var talk, rung []float64
	for i, caller := range g.callers {
		z := c.w.Citizens()[caller]
		if !z.FirstTalk.IsZero() {
			talk = append(talk, (z.FirstTalk.Sub(c.Start) - g.since[i]).Minutes())
			if !z.FirstTalk.After(c.closing()) {
				out.SameDay++
			}
		}
		if at, ok := first[z.Home.Number]; ok {
			out.rung = append(out.rung, at)
			rung = append(rung, (at - g.since[i]).Minutes())
		}
	}
	slices.Sort(out.rung)
	out.Reached, out.SameDay = share(float64(len(talk)), out.N), share(out.SameDay, out.N)
	out.Talk, out.Rung = waits(talk), waits(rung)
	if c.Need != nil && len(out.rung) > 0 {
		for h := time.Hour; h < out.rung[len(out.rung)-1]+time.Hour; h += time.Hour {
			by, _ := slices.BinarySearch(out.rung, h)
			out.ByHour = append(out.ByHour, share(float64(by), out.N))
		}
	}
	return out
}

// before is the share of all pairs, one of the first and one of the second, in which the
// first one's telephone rang first: a half is chance.
func before(first, second []time.Duration) float64 {
	pairs := 0.0
	for _, at := range first {
		earlier, _ := slices.BinarySearch(second, at)
		pairs += float64(len(second) - earlier)
	}
	return share(pairs, len(first)*len(second))
}

// Order is how far the order of need was kept: each is a share of pairs.
type Order struct {
	HundredFirst float64 `json:"hundred_first"` // centenarians before those from 90 to 99
	NinetyFirst  float64 `json:"ninety_first"`  // those over 90 before those from 80 to 89
	LaterFirst   float64 `json:"later_first"`   // those over 90 who came later before those from 80 to 89 who were there
}

// ordered measures the order of the groups of a day in order of need.
func ordered(of []Group) Order {
	rung := func(groups ...int) (all []time.Duration) {
		for _, g := range groups {
			all = append(all, of[g].rung...)
		}
		slices.Sort(all)
		return all
	}
	return Order{
		HundredFirst: before(rung(hundreds), rung(nineties)),
		NinetyFirst:  before(rung(hundreds, nineties), rung(eighties)),
		LaterFirst:   before(rung(laterOver90), rung(eighties)),
	}
}
