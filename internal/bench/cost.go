package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// mostRatio is how much processor time a call through Richiamo may take, all
// programs together, against the same call in the dialplan. A bare client of the
// exchange's interface, which saves nothing, has been measured at 1.67.
const mostRatio = 1.8

// settle is how long the programs are left alone before their time is read.
const settle = 500 * time.Millisecond

// costFigures are seconds of processor time for 1000 calls.
type costFigures struct {
	Calls    int          `json:"calls_of_each_kind"`
	Rate     int          `json:"calls_per_second"`
	Dialplan perThousand  `json:"dialplan"`
	Richiamo perThousand  `json:"richiamo"`
	Ratio    float64      `json:"ratio"`
	Rounds   []roundOfTwo `json:"rounds"`
}

type perThousand struct {
	Asterisk float64 `json:"asterisk_s"`
	Richiamo float64 `json:"richiamo_s"`
	Redis    float64 `json:"redis_s"`
	Sum      float64 `json:"sum_s"`
}

type roundOfTwo struct {
	Dialplan perThousand `json:"dialplan"`
	Richiamo perThousand `json:"richiamo"`
	Ratio    float64     `json:"ratio"`
}

// forThousand scales what some calls used. Of a call in the dialplan only
// Asterisk's time counts.
func forThousand(u usage, calls int, k kind) perThousand {
	if k == byDialplan {
		u.richiamo, u.redis = 0, 0
	}
	s := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(calls) }
	return perThousand{s(u.asterisk), s(u.richiamo), s(u.redis), s(u.sum())}
}

// cost makes the same short calls in the dialplan and through Richiamo, in turn,
// so that what else the machine does falls on both.
func cost(ctx context.Context, o *Options, s *stage) (*Report, error) {
	each := max(1, o.Calls/o.Rounds)
	o.Say("cost: warming up")
	for _, k := range []kind{byDialplan, byRichiamo} {
		if _, err := s.measure(ctx, k, 2*o.Rate, o.Rate); err != nil {
			return nil, err
		}
	}
	f := costFigures{Calls: each * o.Rounds, Rate: o.Rate}
	total := map[kind]usage{}
	for round := range o.Rounds {
		of := map[kind]perThousand{}
		for _, k := range []kind{byDialplan, byRichiamo} {
			o.Say("cost: round %d of %d, %d calls by the %s", round+1, o.Rounds, each, k)
			u, err := s.measure(ctx, k, each, o.Rate)
			if err != nil {
				return nil, err
			}
			total[k] = total[k].plus(u)
			of[k] = forThousand(u, each, k)
		}
		f.Rounds = append(f.Rounds, roundOfTwo{of[byDialplan], of[byRichiamo], of[byRichiamo].Sum / of[byDialplan].Sum})
	}
	f.Dialplan = forThousand(total[byDialplan], f.Calls, byDialplan)
	f.Richiamo = forThousand(total[byRichiamo], f.Calls, byRichiamo)
	f.Ratio = f.Richiamo.Sum / f.Dialplan.Sum
	return f.report(), nil
}

func (f costFigures) report() *Report {
	row := func(name string, p perThousand, ratio float64) []string {
		cells := []string{name}
		for _, v := range []float64{p.Asterisk, p.Richiamo, p.Redis, p.Sum, ratio} {
			cells = append(cells, fmt.Sprintf("%.2f", v))
		}
		return cells
	}
	r := &Report{
		About: fmt.Sprintf("processor seconds of 1000 short calls (answer, 2 s prompt cut by a key after %.2f s, 1 s prompt, hang-up), %d of each kind, %d a second",
			keyAfter.Seconds(), f.Calls, f.Rate),
		Figures: f,
		table:   [][]string{{"", "Asterisk", "Richiamo", "Redis", "sum", "ratio"}},
		Targets: []Target{target("ratio of the sum to the dialplan", f.Ratio, mostRatio, "")},
	}
	for i, round := range f.Rounds {
		r.table = append(r.table,
			row(fmt.Sprintf("dialplan, round %d", i+1), round.Dialplan, 1),
			row(fmt.Sprintf("Richiamo, round %d", i+1), round.Richiamo, round.Ratio))
	}
	r.table = append(r.table, row("dialplan", f.Dialplan, 1), row("Richiamo", f.Richiamo, f.Ratio))
	return r
}

// measure makes calls and tells what they used. Every call must have been served.
func (s *stage) measure(ctx context.Context, k kind, calls, rate int) (usage, error) {
	if err := pause(ctx, settle); err != nil {
		return usage{}, err
	}
	before, err := s.usage()
	if err != nil {
		return usage{}, err
	}
	failed, why := s.many(ctx, k, calls, rate)
	if err := pause(ctx, settle); err != nil {
		return usage{}, err
	}
	after, err := s.usage()
	if why != nil {
		return usage{}, errors.Join(fmt.Errorf("%d of %d calls by the %s failed: %w; %s", failed, calls, k, why, s.log()), err)
	}
	return after.minus(before), err
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
