package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// mostAbove is how much the median may be above the dialplan's, and mostP99
	// the 99th percentile, in milliseconds.
	mostAbove = 5
	mostP99   = 50

	// lanes is how many calls of each kind are measured at once.
	lanes = 2
	// soon is how long the prompt is heard until the key ends.
	soon = 300 * time.Millisecond
	// warmUps is how many keys of each kind are not measured.
	warmUps = 5
	// backgroundRate is the load: short calls through Richiamo that begin in a second.
	backgroundRate = 10
)

type latencyFigures struct {
	Idle      twoSpreads `json:"idle"`
	UnderLoad twoSpreads `json:"under_load"`
	Load      int        `json:"load_calls_per_second"`
}

type twoSpreads struct {
	Dialplan Spread `json:"dialplan"`
	Richiamo Spread `json:"richiamo"`
}

// latency measures from the end of a key to the first audible packet of the next
// prompt, first with nothing else to do, then beside other calls.
func latency(ctx context.Context, o *Options, s *stage) (*Report, error) {
	if _, err := s.answers(ctx, warmUps); err != nil {
		return nil, err
	}
	f := latencyFigures{Load: backgroundRate}
	var err error
	o.Say("latency: %d keys of each kind, nothing else going on", o.Keys)
	if f.Idle, err = s.answers(ctx, o.Keys); err != nil {
		return nil, err
	}
	o.Say("latency: %d keys of each kind, beside %d calls a second", o.Keys, backgroundRate)
	if f.UnderLoad, err = s.answersUnderLoad(ctx, o.Keys); err != nil {
		return nil, err
	}
	return &Report{
		About:   "milliseconds from the end of a key to the first audible packet of the next prompt; Richiamo saves the call in between",
		Figures: f,
		table: [][]string{
			{"", "keys", "p50", "p90", "p99", "max"},
			f.Idle.Dialplan.row("dialplan"), f.Idle.Richiamo.row("Richiamo"),
			f.UnderLoad.Dialplan.row(fmt.Sprintf("dialplan, beside %d calls/s", f.Load)),
			f.UnderLoad.Richiamo.row(fmt.Sprintf("Richiamo, beside %d calls/s", f.Load)),
		},
		Targets: []Target{
			target("median above the dialplan's", f.Idle.Richiamo.P50-f.Idle.Dialplan.P50, mostAbove, " ms"),
			target("99th percentile", f.Idle.Richiamo.P99, mostP99, " ms"),
			target("median above the dialplan's, under load", f.UnderLoad.Richiamo.P50-f.UnderLoad.Dialplan.P50, mostAbove, " ms"),
			target("99th percentile, under load", f.UnderLoad.Richiamo.P99, mostP99, " ms"),
		},
	}, nil
}

// answersUnderLoad measures while other calls go on.
func (s *stage) answersUnderLoad(ctx context.Context, keys int) (twoSpreads, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		load   sync.WaitGroup
		loaded error
		over   = make(chan struct{})
	)
	load.Go(func() {
		for loaded == nil {
			select {
			case <-over:
				return
			default:
				_, loaded = s.many(ctx, byRichiamo, backgroundRate, backgroundRate)
			}
		}
	})
	t, err := s.answers(ctx, keys)
	close(over)
	load.Wait()
	if loaded != nil {
		loaded = fmt.Errorf("the calls beside: %w", loaded)
	}
	return t, errors.Join(err, loaded)
}

// answers measures so many keys of each kind, side by side.
func (s *stage) answers(ctx context.Context, keys int) (twoSpreads, error) {
	var (
		mu    sync.Mutex
		all   sync.WaitGroup
		times = map[kind][]time.Duration{}
		left  = map[kind]int{byDialplan: keys, byRichiamo: keys}
		errs  []error
	)
	next := func(k kind) bool {
		mu.Lock()
		defer mu.Unlock()
		left[k]--
		return left[k] >= 0 && len(errs) == 0
	}
	for _, k := range []kind{byDialplan, byRichiamo} {
		for range lanes {
			all.Go(func() {
				for next(k) {
					took, err := s.answer(ctx, k)
					mu.Lock()
					times[k] = append(times[k], took)
					if err != nil {
						errs = append(errs, fmt.Errorf("a call by the %s: %w; %s", k, err, s.log()))
					}
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	return twoSpreads{spread(times[byDialplan]), spread(times[byRichiamo])}, errors.Join(errs...)
}

// answer makes one call and measures from the end of its key.
func (s *stage) answer(ctx context.Context, k kind) (took time.Duration, err error) {
	c, err := s.hear(ctx, k)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Hangup()) }()
	if err := cut(ctx, c, soon); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if took, err = c.FirstVoiceAfter(ctx, c.Mark()); err != nil {
		return 0, err
	}
	return took, c.WaitHeard(ctx, string(reply))
}
