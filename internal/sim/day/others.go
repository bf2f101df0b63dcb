package day

import (
	"time"

	"richiamo/internal/queue"
	"richiamo/internal/sim"
	"richiamo/internal/sim/town"
)

// others are the days on which it matters who is served first, or from when on.
func others() []Scenario {
	return []Scenario{orderOfNeed(), beforeOpening(), milanoCor(), sharedBackEnd()}
}

// beforeOpening is a day on which citizens call before anybody is there.
func beforeOpening() Scenario {
	s := usual()
	s.Name, s.Title = "before-opening", "Lazio, 1 February 2021: who calls before the line opens"
	s.Story = "portal and telephone were unreachable at 8:00; 44,000 bookings on the day. Here the line answers from 5:00 and takes numbers: who wants a person " +
		"chooses a half-day, or calls again in the half hour after 8:00, as everybody must without callbacks. " +
		"Assumed: 26,000 first calls from 5:00 to 18:00, a fifth of them before 8:00; 250 agents"
	s.Start, s.Hours, s.CallsPerHour, s.Agents = at(2021, time.February, 1, 5), 13, 2000, 250
	s.Profile = []float64{0.3, 0.8, 1.5, 2.6, 1.6, 1.1, 0.8, 0.7, 0.6, 0.6, 0.6, 0.6, 0.6}
	return s
}

// milanoCor is a day on which a text message makes people call.
func milanoCor() Scenario {
	s := usual()
	s.Name, s.Title = "milano-cor", "Milan, October 2020: a text message that is not understood"
	s.Story = "3,433 people were sent a text in a day, 2,026 of them had symptoms; «utente non trovato», and a swab that was due only after ten days; " +
		"900 patients a day could be spoken with: 15 agents for 12 hours, 12 minutes each. " +
		"Assumed: a third of all call, and 41, one in fifty of those with symptoms, have one that can't wait: " +
		"they hold the line like everybody, or are handed over by the family doctor and go first"
	s.Start, s.Hours, s.CallsPerHour, s.Agents, s.Handle = at(2020, time.October, 27, 9), 10, 114.4, 15, 12*time.Minute
	s.Profile = []float64{1.6, 1.4, 1.2, 1, 0.9, 0.8, 0.8, 0.8, 0.8, 0.7}
	s.Person, s.RedFlags, s.Scale = 0.95, 41, 1
	return s
}

// BackEnd is what agents, self-service and the web share.
type BackEnd struct {
	Fits int       `json:"fits"` // who use it at full speed, at once
	Web  []float64 `json:"web"`  // who would from the web, in each hour of the day played; the last one stands for all later ones
}

// webStay is how long a booking on the web takes if nothing is slow.
const webStay = 10 * time.Minute

// sharedBackEnd is a day on which agents, citizens and the web slow each other down.
func sharedBackEnd() Scenario {
	s := usual()
	s.Name, s.Title = "shared-back-end", "Tuscany, January 2023: operators and web on one slow back end"
	s.Story = "the booking back end, shared by 2,600 operators, went down under the online load, and the web was shut from 9 to 13. Played with its time shared out equally " +
		"(Kleinrock, Journal of the ACM 14(2), 1967): above 110 at once everybody takes longer in proportion, agents with a citizen too; a caller's own few questions are not slowed. " +
		"Operators first: a caller who serves themselves is let in while there is room beside them, and else promised a call, or waits for a person; the web waits for what is left. " +
		"Assumed: 1,500 calls an hour, half want a person, 100 agents; on the web 60 at once from 9 to 13, 20 before and 25 later, 10 minutes each if nothing is slow"
	s.Start, s.Hours, s.CallsPerHour, s.Agents, s.Person = at(2023, time.January, 16, 8), 10, 1500, 100, 0.5
	s.BackEnd, s.Ways = &BackEnd{110, []float64{20, 60, 60, 60, 60, 25}}, [2]Mode{Unguarded, Guarded}
	s.Scale, s.Profile = 0.1, []float64{1, 1.3, 1.3, 1.1, 0.8, 0.8, 0.9, 1, 1, 0.8}
	return s
}

// shares puts the back end behind agents, citizens and the web.
func (s Scenario) shares(p *sim.Plan, mode Mode) {
	if s.BackEnd == nil {
		return
	}
	p.BackEnd = &sim.BackEnd{Fits: s.backEnd(), Guarded: mode == Guarded, Stay: webStay}
	web := s.BackEnd.Web
	for h := range 24 - s.Start.Hour() {
		p.BackEnd.Web[s.Start.Hour()+h] = web[min(h, len(web)-1)] * s.Scale
	}
}

// flagged adds those with a symptom that can't wait, at the same minutes in each way:
// as it used to be they call and hold the line, with callbacks their family doctor hands
// them over.
func (s Scenario) flagged(p *sim.Plan, d town.Dice, mode Mode) []group {
	if s.RedFlags == 0 {
		return nil
	}
	g := group{name: "a symptom that can't wait"}
	for range int(float64(s.RedFlags)*s.Scale + 0.5) {
		t, after := s.temper(d, mode), d.Between(0, time.Duration(s.Hours*float64(time.Hour)))
		t.Wants, t.Redials = town.WantPerson, 4
		t.Away, t.Engaged = 0.02, 0.02 // who is told that a doctor calls stays by the telephone
		g.add(len(p.Callers), after)
		c := sim.Caller{Temper: t, Home: len(p.Homes), After: after}
		if mode == Callbacks {
			c.After = -1
			p.Returns = append(p.Returns, sim.Return{Caller: len(p.Callers), After: after, Channel: "gp", Class: queue.RedFlag})
		}
		p.Homes, p.Callers = append(p.Homes, false), append(p.Callers, c)
	}
	return []group{g}
}

// shared is what came of a day on which a back end is shared.
type shared struct {
	// Talk is how long a citizen took an agent, in the mean, in minutes.
	Talk float64 `json:"talk,omitempty"`
	// Web is how many wanted to use the back end from the web at once, at the most.
	Web int `json:"web,omitempty"`
	// Selves is how many citizens wanted to serve themselves; Alone the share who did so
	// the same day, Helped the share who did or spoke with a person.
	Selves int     `json:"selves,omitempty"`
	Alone  float64 `json:"alone,omitempty"`
	Helped float64 `json:"helped,omitempty"`
	// ByStep is Talk of the talks that ended in each Span before each Step; -1: too few.
	ByStep []float64 `json:"talk_by_step,omitempty"`
}

// talked is how long agents have spoken, in how many talks.
type talked struct {
	talk  time.Duration
	talks int
}

// talked adds up the talks of the authority's agents.
func (c *count) talked() (sum talked) {
	for _, a := range c.w.Agents()[:c.agents()] {
		sum.talk, sum.talks = sum.talk+a.Talk, sum.talks+a.Talks
	}
	return sum
}

// mean is the mean of the talks since an earlier sum, in minutes; -1: too few.
func (t talked) mean(since talked) float64 {
	if t.talks-since.talks < fewest {
		return -1
	}
	return (t.talk - since.talk).Minutes() / float64(t.talks-since.talks)
}

// shared sums up what became of agents and self-service on one back end.
func (c *count) shared() (p shared) {
	if c.BackEnd == nil {
		return p
	}
	for _, z := range c.w.Citizens()[:c.own] {
		if z.Wants != town.WantRegister || z.FirstCall.IsZero() {
			continue
		}
		p.Selves++
		saved := !z.FirstSaved.IsZero() && !z.FirstSaved.After(c.closing())
		spoken := !z.FirstTalk.IsZero() && !z.FirstTalk.After(c.closing())
		if saved {
			p.Alone++
		}
		if saved || spoken {
			p.Helped++
		}
	}
	p.Web, p.Talk = int(c.w.WebMost()+0.5), max(0, c.talked().mean(talked{}))
	const back = int(Span / Step)
	for i := range c.talks {
		since := talked{}
		if i >= back {
			since = c.talks[i-back]
		}
		p.ByStep = append(p.ByStep, c.talks[i].mean(since))
	}
	p.Alone, p.Helped = share(p.Alone, p.Selves), share(p.Helped, p.Selves)
	return p
}
