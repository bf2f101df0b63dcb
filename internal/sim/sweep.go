package sim

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Register is how many citizens a studio for the worlds of Draw has.
const Register = 280

// Swept is what came of many worlds.
type Swept struct {
	Worlds    int           `json:"worlds"`
	Events    int64         `json:"events"` // that happened in them
	Telephone time.Duration `json:"-"`      // how much time passed in them
	Took      time.Duration `json:"-"`
	Workers   int           `json:"workers"`
	// Failed are the worlds in which something was not as it must be: the
	// first ones by seed, with what it was. Each error names the command that
	// plays its world again.
	Failed []Failure `json:"failed,omitempty"`
	Wrong  int       `json:"wrong"` // how many failed, in all
}

// Failure is a world in which something was not as it must be.
type Failure struct {
	Seed uint64 `json:"seed"`
	What string `json:"what"`
}

// mostFailures bounds the failures that are kept.
const mostFailures = 20

// Each is the processor time that a world took, in the mean.
func (s Swept) Each() time.Duration {
	if s.Worlds == 0 {
		return 0
	}
	return s.Took * time.Duration(s.Workers) / time.Duration(s.Worlds)
}

// Sweep plays the worlds of the seeds from first on, so many of them, on so many
// processors (0: all). progress, which may be nil, hears now and then how many
// have been played; it must not wait. An ended context ends the sweep early,
// without an error: Worlds tells how far it came.
func (s *Studio) Sweep(ctx context.Context, first uint64, seeds, workers int, progress func(played int)) Swept {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	swept := Swept{Workers: workers}
	began := time.Now()
	var next, played atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= int64(seeds) {
					return
				}
				w := s.New(Draw(first + uint64(i)))
				err := w.Run()
				mu.Lock()
				swept.Worlds++
				swept.Events += int64(w.events)
				swept.Telephone += w.clock.Now().Sub(w.Start)
				if err != nil {
					swept.Failed = append(swept.Failed, Failure{w.Seed, err.Error()})
				}
				mu.Unlock()
				if n := played.Add(1); progress != nil && n%100 == 0 {
					mu.Lock()
					progress(int(n))
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	swept.Took = time.Since(began)
	swept.tidy()
	return swept
}

// tidy keeps the first failures, by seed.
func (s *Swept) tidy() {
	s.Wrong = len(s.Failed)
	slices.SortFunc(s.Failed, func(a, b Failure) int { return cmp.Compare(a.Seed, b.Seed) })
	if len(s.Failed) > mostFailures {
		s.Failed = s.Failed[:mostFailures:mostFailures]
	}
}

// thrownIn names the functions in which a panic was thrown that is being caught, the
// innermost first.
func thrownIn() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	const deepest = 4
	var in []string
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case f.Function == "runtime.gopanic": // thrown once more on the way out: what is below counts
			in = in[:0]
		case strings.HasPrefix(f.Function, "richiamo/") && len(in) < deepest:
			in = append(in, fmt.Sprintf("%s (%s:%d)", path.Base(f.Function), filepath.Base(f.File), f.Line))
		}
	}
	return strings.Join(in, " < ")
}
