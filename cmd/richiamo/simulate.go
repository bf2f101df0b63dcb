package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"richiamo/internal/sim"
	"richiamo/internal/sim/day"
)

func simulateCommand() command {
	return command{name: "simulate", summary: "play a day of a call center, with and without callbacks", run: runSimulate}
}

const simulateHelp = `Usage: richiamo simulate SCENARIO [FLAGS]
       richiamo simulate --seed N --trace
       richiamo simulate --seeds N [--seed FIRST]

Plays a day in virtual time, with the real queue, planner and conversations and with
invented citizens: once where whoever wants a person has to hold the line, and once
with callbacks. Prints both side by side, and how many agents would be needed. Four
days compare something else: landline-backlog when those are called again who were
not reached, order-of-need whether the oldest are called first, two-authorities one that
is alone with one beside an overloaded neighbour, shared-back-end a slow back end that is
open to all with one that lets agents in first.

Scenarios:
%s
Not yet to be played:
%s
  --agents N          agents of the whole call center
  --calls-per-hour N  first calls, in the mean of the hours
  --hours N           for how long citizens call
  --handle TIME       a citizen takes an agent, wrap-up included (5m)
  --person SHARE      of the callers who want a person, 0 to 1 (0.85)
  --accept SHARE      of those waiting who take a callback, 0 to 1 (0.75)
  --patience TIME     on hold, about (8m)
  --scale SHARE       of calls and agents that is played; 1 plays the whole day
  --seed N            other citizens, the same day (1)
  --svg FILE          draw a chart
  --json FILE         write all figures

To look into the service itself, with everything that can go wrong:

  --seed N --trace    play the short world of a seed and print its history; this is what a
                      failing test names
  --seeds N           play the worlds of so many seeds, from --seed on

Exit code 0: done; 1: a world in which something was not as it must be, or a file that
could not be written; 2: the words of the command are off.

Examples:
  richiamo simulate over-80s-day
  richiamo simulate over-80s-day --agents 550 --svg chart.svg
  richiamo simulate landline-backlog --seed 3 --svg days.svg
  richiamo simulate order-of-need --scale 0.1 --svg order.svg
  richiamo simulate quiet-day --calls-per-hour 1800 --scale 0.3 --json figures.json
  richiamo simulate --seed 42 --trace
`

// simulation is what the words of the command ask for.
type simulation struct {
	scenario   day.Scenario
	seed       uint64
	seeds      int
	trace      bool
	svg, jsonF string
}

func simulateUsage() string {
	var list, not strings.Builder
	for _, s := range day.Scenarios() {
		fmt.Fprintf(&list, "  %-16s %s\n", s.Name, s.Title)
	}
	for _, what := range day.NotPlayable() {
		fmt.Fprintf(&not, "  - %s\n", strings.ReplaceAll(what, "\n", "\n    "))
	}
	return fmt.Sprintf(simulateHelp, list.String(), not.String())
}

func runSimulate(ctx context.Context, args []string, std stdio) int {
	do, err := readSimulation(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(std.out, simulateUsage())
		return exitOK
	case err != nil:
		fmt.Fprintf(std.err, "richiamo simulate: %v\n\n%s", err, simulateUsage())
		return exitUsage
	}
	debug.SetGCPercent(400) // worlds are all garbage in the end, and the machine is theirs
	switch {
	case do.trace:
		err = do.history(std)
	case do.seeds > 0:
		err = do.sweep(ctx, std)
	default:
		err = do.compare(ctx, std)
	}
	if err != nil {
		fmt.Fprintln(std.err, "richiamo simulate:", err)
		return exitFailed
	}
	return exitOK
}

// readSimulation reads the words of the command.
func readSimulation(args []string) (do simulation, err error) {
	known := false
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		if do.scenario, known = day.Find(args[0]); !known {
			return do, fmt.Errorf("there is no scenario %q", args[0])
		}
		args = args[1:]
	}
	s := &do.scenario
	flags := flag.NewFlagSet("simulate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&s.Agents, "agents", s.Agents, "")
	flags.Float64Var(&s.CallsPerHour, "calls-per-hour", s.CallsPerHour, "")
	flags.Float64Var(&s.Hours, "hours", s.Hours, "")
	flags.DurationVar(&s.Handle, "handle", s.Handle, "")
	flags.Float64Var(&s.Person, "person", s.Person, "")
	flags.Float64Var(&s.Accept, "accept", s.Accept, "")
	flags.DurationVar(&s.Patience, "patience", s.Patience, "")
	flags.Float64Var(&s.Scale, "scale", s.Scale, "")
	flags.Uint64Var(&do.seed, "seed", 1, "")
	flags.IntVar(&do.seeds, "seeds", 0, "")
	flags.BoolVar(&do.trace, "trace", false, "")
	flags.StringVar(&do.svg, "svg", "", "")
	flags.StringVar(&do.jsonF, "json", "", "")
	if err := flags.Parse(args); err != nil {
		return do, err
	}
	switch {
	case flags.NArg() > 0:
		return do, fmt.Errorf("%q: flags only after the scenario", flags.Arg(0))
	case !known && !do.trace && do.seeds <= 0:
		return do, errors.New("which day? Name a scenario, or --seed with --trace, or --seeds")
	case known && (do.trace || do.seeds > 0):
		return do, errors.New("--trace and --seeds are for short worlds, without a scenario")
	case known:
		s.Seed = do.seed
		return do, s.Check()
	}
	return do, nil
}

// history plays one world and prints what happens in it.
func (do simulation) history(std stdio) error {
	studio, err := sim.NewStudio(sim.Register)
	if err != nil {
		return err
	}
	w := studio.New(sim.Draw(do.seed))
	w.Trace = std.out
	if err := w.Run(); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "seed %d: everything was as it must be\n", do.seed)
	return nil
}

// sweep plays many worlds and tells which of them went wrong.
func (do simulation) sweep(ctx context.Context, std stdio) error {
	studio, err := sim.NewStudio(sim.Register)
	if err != nil {
		return err
	}
	began := time.Now()
	swept := studio.Sweep(ctx, do.seed, do.seeds, 0, func(played int) {
		if played%1000 == 0 {
			fmt.Fprintf(std.err, "%6.1f s  %d of %d worlds\n", time.Since(began).Seconds(), played, do.seeds)
		}
	})
	for _, f := range swept.Failed {
		fmt.Fprintln(std.out, f.What)
	}
	fmt.Fprintf(std.out, "%d worlds, %d events, %.0f hours of telephone in %.1f s: %.2f ms a world on one processor; %d worlds went wrong\n",
		swept.Worlds, swept.Events, swept.Telephone.Hours(), swept.Took.Seconds(), 1000*swept.Each().Seconds(), swept.Wrong)
	if swept.Wrong > 0 {
		return errors.New("something was not as it must be")
	}
	return ctx.Err()
}

// compare plays a day in both ways.
func (do simulation) compare(ctx context.Context, std stdio) error {
	studio, err := sim.NewStudio(do.scenario.Callers())
	if err != nil {
		return err
	}
	began := time.Now()
	c, err := day.Compare(ctx, studio, do.scenario, func(what string) {
		fmt.Fprintf(std.err, "%6.1f s  %s\n", time.Since(began).Seconds(), what)
	})
	if err != nil {
		return err
	}
	if err := c.Table(std.out); err != nil {
		return err
	}
	if do.svg != "" {
		if err := writeTo(do.svg, c.Chart); err != nil {
			return err
		}
	}
	if do.jsonF != "" {
		return writeTo(do.jsonF, func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(c)
		})
	}
	return nil
}

// writeTo writes a file, whole or not at all to be believed.
func writeTo(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
