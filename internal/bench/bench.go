// Package bench measures what Richiamo costs and how fast it is, on a real
// Asterisk, a real Redis and with the binary as a process of its own, and holds
// the figures against their targets:
//
//	cost     the processor time of a short call, as pure dialplan and through Richiamo
//	latency  from the end of a key to the next word, on both
//	crash    kill -9 with a hundred calls up: how soon each hears its question again
//	planner  decisions over a million open tickets and 2,600 agents, and what a ticket takes
//	moves    tickets moved from state to state on Redis, against the least that a script can do
//	rebuild  a million open tickets read back by a new planner, and what each takes in Redis
//	jobs     jobs for a given time, against the queue of github.com/hibiken/asynq
//	rooms    the benchmarks that rooms have in their own tests ("go test -bench")
//
// Each prints a table and writes DIR/NAME.json. A target that is missed is
// printed as missed and is no error: machines differ. What can't be measured, or
// a call of cost or latency that was not served as it should be, is one; calls that
// crash loses are its figure.
//
// Where to look: cost.go, latency.go, crash.go and rooms.go are one benchmark
// each, tickets.go those of tickets, which rooms measure too; calls.go is the caller; conversation.go is what Richiamo says in these
// calls, and Serve, the binary that says it; sounds.go makes the recordings;
// report.go prints and writes; processor.go reads what processes have used.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"richiamo/internal/demo"
	"richiamo/internal/sip"
)

// Options say what is measured. The zero value of a number takes its default.
type Options struct {
	Dir     string   // of the JSON files; all that runs lies there too, and is removed
	Only    []string // names of benchmarks; empty: all
	Program []string // the binary with its first words, run as Program... serve --config FILE, which must end in Serve

	Calls  int // cost: calls of each kind, 800
	Rate   int // cost: calls that begin in a second, 20
	Rounds int // cost: how often the two kinds take turns, 4
	Keys   int // latency: keys measured of each kind, idle and under load, 200
	Up     int // crash: calls that are up, 100 (the exchange's ports end at 190)
	Kills  int // crash: how often, 3

	// Profile is a file for the processor profile of the Richiamo that is
	// measured by cost; empty: none, which costs nothing.
	Profile string

	Out io.Writer                        // tables
	Say func(format string, args ...any) // progress
}

// A benchmark is one of those that Run knows.
type benchmark struct {
	name string
	run  func(context.Context, *Options) (*Report, error)
}

func benchmarks() []benchmark {
	return []benchmark{
		{"cost", func(ctx context.Context, o *Options) (*Report, error) {
			return o.onStage(ctx, cost, profileVariable+"="+o.Profile)
		}},
		{"latency", func(ctx context.Context, o *Options) (*Report, error) { return o.onStage(ctx, latency) }},
		{"crash", func(ctx context.Context, o *Options) (*Report, error) {
			return o.onStage(ctx, crash, modeVariable+"=1")
		}},
		{"planner", planner},
		{"moves", moves},
		{"rebuild", rebuild},
		{"jobs", jobs},
		{"days", days},
		{"rooms", rooms},
	}
}

// onStage runs a benchmark on an installation of its own, whose binary has more
// in its environment.
func (o *Options) onStage(ctx context.Context, run func(context.Context, *Options, *stage) (*Report, error), env ...string) (*Report, error) {
	s, err := setUp(ctx, o, env...)
	if err != nil {
		return nil, err
	}
	defer s.tearDown()
	r, err := run(ctx, o, s)
	if err != nil {
		return nil, err
	}
	r.Machine, err = s.machine()
	return r, err
}

// Names are the benchmarks, in the order in which they run.
func Names() []string {
	var names []string
	for _, b := range benchmarks() {
		names = append(names, b.name)
	}
	return names
}

// Run runs the benchmarks one after the other. One that fails does not keep the
// others from running; the errors come back joined.
func Run(ctx context.Context, o Options) error {
	o.defaults()
	for _, name := range o.Only {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("there is no benchmark %q; there are %s", name, strings.Join(Names(), ", "))
		}
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the figures: %w", err)
	}
	var errs []error
	for _, b := range benchmarks() {
		if len(o.Only) > 0 && !slices.Contains(o.Only, b.name) {
			continue
		}
		began := time.Now()
		report, err := b.run(ctx, &o)
		if err == nil {
			report.Benchmark, report.At, report.Seconds = b.name, began.UTC().Truncate(time.Second), time.Since(began).Seconds()
			err = report.publish(o.Out, o.Dir)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("benchmark %s: %w", b.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

func (o *Options) defaults() {
	number := func(n *int, usual int) {
		if *n == 0 {
			*n = usual
		}
	}
	number(&o.Calls, 800)
	number(&o.Rate, 20)
	number(&o.Rounds, 4)
	number(&o.Keys, 200)
	number(&o.Up, 100)
	number(&o.Kills, 3)
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
}

// stage is what a benchmark plays on: an installation and telephones.
type stage struct {
	*demo.Installation
	phone *sip.Phone
	dir   string
}

// setUp starts an installation with the recordings of the benchmarks, and the
// binary on it with more in its environment.
func setUp(ctx context.Context, o *Options, env ...string) (_ *stage, err error) {
	s := &stage{dir: filepath.Join(o.Dir, "run")}
	if err := os.RemoveAll(s.dir); err != nil { // of a run that was killed
		return nil, fmt.Errorf("clear the folder of what runs: %w", err)
	}
	defer func() {
		if err != nil {
			s.tearDown()
		}
	}()
	s.Installation, err = demo.Prepare(ctx, demo.Options{
		Dir: s.dir, Program: o.Program, Env: append(env, "RICHIAMO_LOG_LEVEL=warn"), Say: o.Say,
	})
	if err != nil {
		return nil, err
	}
	if err := s.record(); err != nil {
		return nil, err
	}
	ear, err := sip.NewEar(os.DirFS(filepath.Join(s.Asterisk.SoundsDir, soundsPrefix)))
	if err != nil {
		return nil, err
	}
	// Quiet: the telephones send nothing but keys, so that what is measured is
	// not the reading of their silence.
	s.phone, err = sip.New(sip.Config{Listen: "127.0.0.1:0", Ear: ear, Quiet: true})
	if err != nil {
		return nil, err
	}
	if err := s.Serve(ctx); err != nil {
		return nil, err
	}
	return s, s.WaitReady(ctx)
}

// tearDown ends everything and removes it.
func (s *stage) tearDown() {
	if s.phone != nil {
		_ = s.phone.Close()
	}
	if s.Installation != nil {
		s.Stop()
	}
	_ = os.RemoveAll(s.dir)
}

// machine is what the figures were measured on.
func (s *stage) machine() (Machine, error) {
	m := here()
	m.Asterisk = s.Asterisk.Version
	var err error
	m.Fsync, err = fsync(filepath.Join(s.dir, "redis"))
	return m, err
}

// log is the end of what Richiamo logged, for the error that a call went wrong.
func (s *stage) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "richiamo.log"))
	if err != nil || len(text) == 0 {
		return "Richiamo logged nothing"
	}
	return "the log of Richiamo ends: " + string(text[max(0, len(text)-1000):])
}
