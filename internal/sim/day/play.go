package day

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
	"richiamo/internal/sim"
	"richiamo/internal/sim/town"
)

// Played is what came of a day. Times are minutes.
type Played struct {
	Mode   Mode `json:"mode"`
	Agents int  `json:"agents"` // of the whole call center

	Citizens  int     `json:"citizens"`  // who wanted a person
	Calls     int     `json:"calls"`     // made by all, redials included
	Redials   int     `json:"redials"`   // because a call led nowhere
	Abandoned float64 `json:"abandoned"` // share of the calls for a person that were hung up before anybody answered, and without a promise
	Reached   float64 `json:"reached"`   // share of the citizens who spoke with somebody
	SameDay   float64 `json:"same_day"`  // share of the citizens who did before the offices closed

	Holders   Waits   `json:"holders"`  // on the line, of those who were answered
	Called    Waits   `json:"called"`   // from the first word in the queue to the talk, of those called back
	Through   Waits   `json:"through"`  // from the first call to the first talk, of all who were reached
	OnHold    float64 `json:"on_hold"`  // minutes that all citizens together spent holding
	Promises  int     `json:"promises"` // of a call
	Kept      float64 `json:"kept"`     // share of them kept: the telephone rang by the end of the time said, or in its turn where none was
	MostLines int     `json:"most_lines"`
	Busy      float64 `json:"busy"` // share of the agents' time in talks, while citizens call

	Registered map[string]int `json:"registered"` // citizens, by the channel through which they came
	Backlog    progress       `json:"backlog,omitzero"`
	Groups     []Group        `json:"groups,omitempty"` // of citizens who are counted apart
	Order      Order          `json:"order,omitzero"`   // of those groups, where need decides
	Shared     shared         `json:"shared_back_end,omitzero"`
	Closed     int            `json:"closed"` // calls in which the offices were closed, and no call was wanted instead

	Waiting  []int     `json:"waiting"`  // callers on hold, every Step
	Promised []int     `json:"promised"` // calls still to be made, every Step
	Served   []float64 `json:"served"`   // share who spoke with somebody the same day, by the Span of their first call; -1: too few
}

// Waits is how long people waited, in minutes.
type Waits struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	Max float64 `json:"max"`
}

// The grain of what is drawn over the day: Step of how many wait, Span of what
// became of those who called first in it, where there were not too few.
const (
	Step   = 10 * time.Minute
	Span   = 30 * time.Minute
	fewest = 5
)

// spans is how many there are while citizens call.
func (s Scenario) spans() int { return int(math.Ceil(s.Hours / Span.Hours())) }

// Play plays a day in one way. An ended context ends it with its error.
func Play(ctx context.Context, studio *sim.Studio, s Scenario, mode Mode) (Played, error) {
	if err := s.Check(); err != nil {
		return Played{}, err
	}
	plan, groups := s.plan(mode)
	c := &count{Scenario: s, state: map[string]int{}, groups: groups}
	c.w = studio.New(plan)
	c.w.Moved = c.moved
	c.own = len(c.w.Callers)
	for i, z := range c.w.Callers {
		if z.Neighbour {
			c.own = i
			break
		}
	}
	c.w.Every(Step, func(now time.Time) {
		c.step(now)
		if ctx.Err() != nil {
			c.w.Stop(ctx.Err())
		}
	})
	if err := c.w.Run(); err != nil {
		return Played{}, fmt.Errorf("day %s, %s: %w", s.Name, mode, err)
	}
	p := c.played()
	p.Mode, p.Agents = mode, s.Agents
	return p, nil
}

// plan is the world of a day, and who of its callers is counted apart.
func (s Scenario) plan(mode Mode) (sim.Plan, []group) {
	d := town.NewDice(s.Seed, 3)
	p := sim.Plan{Seed: s.Seed, Start: s.Start, Serve: s.serve(mode), Setup: sim.DemoSetup(), Lag: 40 * time.Millisecond,
		RestartAfter: time.Second, Light: true, Events: 1 << 40, Round: 2 * time.Second, Long: 21 * 24 * time.Hour}
	s.staff(&p)
	s.arrive(&p, d, mode)
	s.awaited(&p, d, mode)
	s.enrolled(&p, d)
	s.closed(&p)
	s.shares(&p, mode)
	groups := append(s.inNeed(&p, d, mode), s.flagged(&p, d, mode)...)
	s.beside(&p, mode)
	return p, groups
}

// staff lets the agents in.
func (s Scenario) staff(p *sim.Plan) {
	for range s.agents() {
		writes := s.Handle / 10
		p.Agents = append(p.Agents, sim.Shift{From: s.early(), Manner: town.Manner{
			Answers: 3 * time.Second, Handles: s.Handle - writes, WritesUp: writes, Misses: 0.01,
		}})
	}
}

// arrive lets the citizens in who call.
func (s Scenario) arrive(p *sim.Plan, d town.Dice, mode Mode) {
	for _, after := range s.arrivals(d) {
		p.Callers = append(p.Callers, sim.Caller{Temper: s.temper(d, mode), Home: len(p.Homes), After: after})
		p.Homes = append(p.Homes, false)
	}
}

// arrivals draws when citizens call first.
func (s Scenario) arrivals(d town.Dice) (at []time.Duration) {
	if s.CallsPerHour <= 0 {
		return nil
	}
	total := 0.0
	for h := range int(math.Ceil(s.Hours)) {
		total += s.weight(h) * min(1, s.Hours-float64(h))
	}
	for t := 0.0; ; {
		rate := s.CallsPerHour * s.Scale * s.weight(int(t)) * s.Hours / total
		if t += d.ExpFloat64() / rate; t >= s.Hours {
			return at
		}
		at = append(at, time.Duration(t*float64(time.Hour)))
	}
}

// temper draws a citizen. The draws are the same in both modes, so that the two
// days have the same people.
func (s Scenario) temper(d town.Dice, mode Mode) town.Temper {
	t := town.Temper{
		Wants: town.WantRegister, Thinks: d.Between(time.Second, 4*time.Second), Patience: d.Around(s.Patience, 0.7),
		Talks: 4 * s.Handle, Redials: d.IntN(s.Redials + 1), RedialAfter: d.Between(time.Minute, 10*time.Minute),
		Answers: d.Between(5*time.Second, 20*time.Second), Away: 0.08, Engaged: 0.05, Early: 0.3, Slip: 0.01, Dumb: 0.01,
	}
	if d.Chance(s.Person) {
		t.Wants = town.WantPerson
	}
	if mode != HoldOnly {
		t.Callback = s.Accept
	}
	if early := s.early(); early > 0 {
		t.Opens = s.Start.Add(early)
	}
	return t
}

// serve is how the tenant serves.
func (s Scenario) serve(mode Mode) dispatch.Config {
	c := dispatch.Defaults()
	c.Node, c.Queue = sim.Node, "persone"
	c.Handle = s.Handle
	c.Window = queue.Window{Zone: rome(), Hours: map[time.Weekday][]queue.Span{}}
	for day := time.Sunday; day <= time.Saturday; day++ {
		c.Window.Hours[day] = []queue.Span{{From: queue.Clock(s.Opens, 0), To: queue.Clock(s.Closes, 0)}}
	}
	c.Lines = max(10, s.agents())
	if mode == HoldOnly {
		c.OfferFrom = 1000 * time.Hour
	}
	return c
}

// count is what is counted while a day is played.
type count struct {
	Scenario
	w   *sim.World
	own int // citizens of the authority itself: the first ones

	groups []group
	talks  []talked // every Step

	state    map[string]int // tickets in each state
	called   []float64
	waiting  []int
	promised []int
	busy     time.Duration // of all agents, by the end of the hours in which citizens call
	counted  bool
}

// moved counts a transition.
func (c *count) moved(_ time.Time, m dispatch.Move) {
	if m.Purpose == "" || m.Tenant != sim.Tenant {
		return
	}
	c.state[m.From]--
	c.state[m.To]++
	if queue.State(m.From) == queue.Dialling && queue.State(m.To) == queue.Connected {
		c.called = append(c.called, m.Waited.Minutes())
	}
}

// step takes a sample.
func (c *count) step(now time.Time) {
	if now.After(c.closing().Add(Step)) {
		return
	}
	c.waiting = append(c.waiting, c.state[string(queue.Waiting)])
	c.promised = append(c.promised, c.state[string(queue.Pending)]+c.state[string(queue.Due)]+c.state[string(queue.Dialling)])
	c.talks = append(c.talks, c.talked())
	if !c.counted && now.Sub(c.Start).Hours() >= c.Hours {
		c.counted = true
		for _, a := range c.w.Agents()[:c.agents()] {
			c.busy += a.Talk
		}
	}
}

// played sums up.
func (c *count) played() (p Played) {
	p.Called = waits(c.called)
	p.Waiting, p.Promised, p.MostLines = c.waiting, c.promised, c.w.Exchange().Most
	wanted, gaveUp := 0, 0
	closes, apart := c.closing(), c.apart()
	var holders, through []float64
	came, served := make([]int, c.spans()), make([]int, c.spans())
	for i, z := range c.w.Citizens()[:c.own] {
		p.Calls += z.Calls
		p.Redials += z.Redialed
		p.Closed += z.Closed
		p.OnHold += z.Held.Minutes()
		for _, d := range z.Answered {
			holders = append(holders, d.Minutes())
		}
		wanted, gaveUp = wanted+z.Wanted, gaveUp+z.GaveUp
		if apart[i] || !c.needed(z) {
			continue
		}
		p.Citizens++
		span := min(int(z.FirstCall.Sub(c.Start)/Span), len(came)-1)
		came[span]++
		if z.FirstTalk.IsZero() {
			continue
		}
		p.Reached++
		if !z.FirstTalk.After(closes) {
			p.SameDay++
			served[span]++
		}
		through = append(through, z.FirstTalk.Sub(z.FirstCall).Minutes())
	}
	p.Holders, p.Through = waits(holders), waits(through)
	p.Abandoned = share(float64(gaveUp), wanted)
	p.Reached, p.SameDay = share(p.Reached, p.Citizens), share(p.SameDay, p.Citizens)
	p.Busy = share(c.busy.Hours()/(c.Hours-c.early().Hours()), c.agents())
	p.Registered, p.Backlog = c.w.Registered(), c.progressed()
	if p.Groups, p.Shared = c.grouped(), c.shared(); c.Need != nil {
		p.Order = ordered(p.Groups)
	}
	for i := range came {
		if came[i] < fewest {
			p.Served = append(p.Served, -1)
			continue
		}
		p.Served = append(p.Served, share(float64(served[i]), came[i]))
	}
	kept := 0
	for _, t := range c.w.Tickets() {
		if t.Word == "" {
			continue
		}
		p.Promises++
		if at := firstServed(t); !at.IsZero() && (t.To.IsZero() || !at.After(t.To)) {
			kept++
		}
	}
	p.Kept = share(float64(kept), p.Promises)
	return p
}

// needed tells whether a citizen is one who needs a person: who wants one, and, where
// the register is shut, who could not be looked up and was left to one.
func (c *count) needed(z *town.Citizen) bool {
	if c.Backlog > 0 {
		return false
	}
	return z.Wants == town.WantPerson || c.Shut[0] < c.Shut[1] && (z.Wanted > 0 || z.Promised > 0)
}

// firstServed is when a promise was kept: the telephone rang, or an agent was
// there before the citizen had hung up; zero: not yet.
func firstServed(t queue.Ticket) time.Time {
	switch {
	case len(t.Attempts) > 0:
		return t.Attempts[0].At
	case t.State == queue.Done:
		return t.Since
	}
	return time.Time{}
}

func share(of float64, all int) float64 {
	if all == 0 {
		return 0
	}
	return of / float64(all)
}

// waits sorts and describes.
func waits(minutes []float64) Waits {
	if len(minutes) == 0 {
		return Waits{}
	}
	minutes = slices.Clone(minutes)
	slices.SortFunc(minutes, cmp.Compare[float64])
	at := func(share float64) float64 { return minutes[min(int(share*float64(len(minutes))), len(minutes)-1)] }
	return Waits{N: len(minutes), P50: at(0.5), P90: at(0.9), Max: at(1)}
}
