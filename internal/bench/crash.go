package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"richiamo/internal/sip"
)

// mostSilence is how long it may take, for 99 of 100 callers, from the start of
// the new process until they hear their question again, in milliseconds.
const mostSilence = 2000

// dialRate is how many calls begin in a second before the crash.
const dialRate = 25

type crashFigures struct {
	Up    int    `json:"calls_up"`
	Kills int    `json:"kills"`
	Again Spread `json:"restart_to_question"`
	Lost  int    `json:"lost"`
}

// crash kills the process while all its callers hear a question, starts it again
// at once, and follows each call to its end.
func crash(ctx context.Context, o *Options, s *stage) (*Report, error) {
	f := crashFigures{Up: o.Up, Kills: o.Kills}
	var (
		times []time.Duration
		why   error
	)
	for kill := range o.Kills {
		o.Say("crash: %d of %d, with %d calls up", kill+1, o.Kills, o.Up)
		took, lost, err := s.crashOnce(ctx, o.Up)
		if took == nil {
			return nil, err
		}
		times, f.Lost, why = append(times, took...), f.Lost+lost, errors.Join(why, err)
	}
	f.Again = spread(times)
	r := &Report{
		About:   fmt.Sprintf("milliseconds from the start of the new process to the repeated question; killed %d times with %d calls up", f.Kills, f.Up),
		Figures: f,
		table:   [][]string{{"", "calls", "p50", "p90", "p99", "max"}, f.Again.row("question heard again")},
		Targets: []Target{target("99th percentile", f.Again.P99, mostSilence, " ms"), target("calls lost", float64(f.Lost), 0, "")},
	}
	if why != nil {
		o.Say("crash: what went wrong: %v; %s", why, s.log())
	}
	return r, nil
}

// crashOnce returns how long those who were served waited, and how many were
// not. It returns no times when there was no crash to speak of.
func (s *stage) crashOnce(ctx context.Context, up int) (times []time.Duration, lost int, err error) {
	calls, err := s.gather(ctx, up)
	if err != nil {
		return nil, 0, err
	}
	s.Kill()
	began := time.Now()
	if err := s.Serve(ctx); err != nil {
		return nil, 0, err
	}
	var (
		mu   sync.Mutex
		all  sync.WaitGroup
		errs []error
	)
	times = make([]time.Duration, 0, up)
	for _, c := range calls {
		all.Go(func() {
			took, err := s.again(ctx, c, began)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				lost++
				errs = append(errs, err)
				return
			}
			times = append(times, took)
		})
	}
	all.Wait()
	return times, lost, errors.Join(errs...)
}

// gather brings calls up and returns when all of them hear the question.
func (s *stage) gather(ctx context.Context, up int) ([]*sip.Call, error) {
	var (
		mu    sync.Mutex
		all   sync.WaitGroup
		calls []*sip.Call
		errs  []error
	)
	tick := time.NewTicker(time.Second / dialRate)
	defer tick.Stop()
	for range up {
		<-tick.C
		all.Go(func() {
			c, err := s.hear(ctx, byRichiamo)
			mu.Lock()
			defer mu.Unlock()
			calls, errs = append(calls, c), append(errs, err)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("before the crash: %w; %s", err, s.log())
	}
	for _, c := range calls {
		if c.Hears().Recording != string(question) {
			return nil, errors.New("before the crash: not all calls hear the question; the machine is too slow for so many")
		}
	}
	return calls, nil
}

// again waits until a call hears its question from the start, and answers it.
func (s *stage) again(ctx context.Context, c *sip.Call, since time.Time) (time.Duration, error) {
	hearing, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	took, err := c.FirstVoiceAfter(hearing, since)
	if err != nil {
		return 0, errors.Join(err, c.Hangup())
	}
	if h := c.Hears(); h.Recording != string(question) || h.Offset > time.Since(since) {
		return 0, errors.Join(fmt.Errorf("something else is heard: %q", h.Recording), c.Hangup())
	}
	if err := cut(ctx, c, soon); err != nil {
		return 0, errors.Join(err, c.Hangup())
	}
	return took, s.served(ctx, c, question)
}
