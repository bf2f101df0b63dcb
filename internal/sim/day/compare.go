package day

import (
	"context"
	"sync"

	"richiamo/internal/sim"
)

// Comparison is a day played in both ways, in their order.
type Comparison struct {
	Scenario Scenario  `json:"scenario"`
	Played   [2]Played `json:"played"`
	// Need is how many agents of the whole call center would reach the target in
	// each way; 0: more than four times those of the scenario, or not looked for.
	Need [2]int `json:"agents_needed"`
}

// The target that agents are counted for: so many of the citizens who want a
// person speak with one the same day, and so many of the promises are kept in time.
const (
	TargetSameDay = 0.95
	TargetKept    = 0.95
)

// reaches tells whether a day reaches the target.
func (p Played) reaches() bool {
	return p.SameDay >= TargetSameDay && (p.Promises == 0 || p.Kept >= TargetKept)
}

// Compare plays a day in both ways, and looks for the agents that would be
// needed. progress, which may be nil, is told what is being played.
func Compare(ctx context.Context, studio *sim.Studio, s Scenario, progress func(what string)) (Comparison, error) {
	var speaking sync.Mutex // both are played at once, and told of one after the other
	tell := func(what string) {
		if progress != nil {
			speaking.Lock()
			defer speaking.Unlock()
			progress(what)
		}
	}
	c := Comparison{Scenario: s}
	errs := [2]error{}
	var both sync.WaitGroup
	for i, mode := range s.Ways {
		both.Go(func() { c.Played[i], c.Need[i], errs[i] = c.search(ctx, studio, mode, tell) })
	}
	both.Wait()
	for _, err := range errs {
		if err != nil {
			return Comparison{}, err
		}
	}
	return c, nil
}

// searchSteps is how exactly the agents are looked for: to a sixteenth of twice
// those of the scenario.
const searchSteps = 4

// search plays a day as it is planned, and then with more and fewer agents.
func (c *Comparison) search(ctx context.Context, studio *sim.Studio, mode Mode, progress func(string)) (planned Played, need int, err error) {
	progress(string(mode) + ": the day as planned")
	planned, err = Play(ctx, studio, c.Scenario, mode)
	if err != nil {
		return planned, 0, err
	}
	if !c.Scenario.searches() {
		return planned, 0, nil
	}
	low, high := 0, c.Scenario.Agents // it does not with low, it does with high
	for ok := planned.reaches(); !ok; {
		low, high = high, high*2
		if high > 4*c.Scenario.Agents {
			return planned, 0, nil
		}
		if ok, err = c.enough(ctx, studio, mode, high, progress); err != nil {
			return planned, 0, err
		}
	}
	for range searchSteps {
		middle := (low + high) / 2
		if middle == low || float64(middle)*c.Scenario.Scale < 1 {
			break
		}
		ok, err := c.enough(ctx, studio, mode, middle, progress)
		if err != nil {
			return planned, 0, err
		}
		if ok {
			high = middle
		} else {
			low = middle
		}
	}
	return planned, high, nil
}

func (c *Comparison) enough(ctx context.Context, studio *sim.Studio, mode Mode, agents int, progress func(string)) (bool, error) {
	progress(string(mode) + ": would " + thousands(agents) + " agents do?")
	s := c.Scenario
	s.Agents = agents
	p, err := Play(ctx, studio, s, mode)
	return err == nil && p.reaches(), err
}
