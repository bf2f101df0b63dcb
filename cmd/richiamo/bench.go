package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"richiamo/internal/bench"
)

func benchCommand() command {
	return command{name: "bench", summary: "measure what calls cost and how fast they are", run: runBench}
}

const benchHelp = `Usage: richiamo bench [--dir DIR] [--only NAME,NAME...] [--calls N] [--rate N] [--profile FILE]

Measures on an Asterisk and a Redis of its own, prints tables with the figures and
their targets, and writes one JSON file a benchmark:

  cost     processor time of a short call, in the dialplan and through Richiamo
  latency  from the end of a key to the next word, on both
  crash    kill -9 with 100 calls up: how soon each hears its question again
  planner  a million open tickets and 2,600 agents: one decision, and a ticket's memory
  moves    transitions of tickets on Redis beside a bare compare-and-swap
  rebuild  a planner that begins anew with a million tickets; their memory in Redis
  jobs     the same work as jobs of hibiken/asynq on the same Redis
  days     100,000 simulated days with everything that can go wrong (ten minutes)
  rooms    the benchmarks of the source itself; needs Go and the source tree

  --dir DIR       where the files go (var/bench)
  --only NAMES    only these benchmarks
  --calls N       cost: so many calls of each kind (800)
  --rate N        cost: so many begin in a second (20)
  --profile FILE  cost: a processor profile of Richiamo, for "go tool pprof"

Exit code 0: all was measured, whether or not a target was missed, since machines
differ; 1: something could not be measured, or a call of cost or latency was not
served. A call that crash loses is a target missed, and told.

Examples:
  richiamo bench
  richiamo bench --only cost --calls 200
  richiamo bench --only cost --profile cost.pprof
`

func runBench(ctx context.Context, args []string, std stdio) int {
	// The process that is measured is this program too: bench serve --config FILE.
	if len(args) == 3 && args[0] == "serve" && args[1] == "--config" {
		if err := bench.Serve(ctx, args[2], std.err); err != nil {
			fmt.Fprintln(std.err, "richiamo bench serve:", err)
			return exitFailed
		}
		return exitOK
	}
	began := time.Now()
	o := bench.Options{Out: std.out, Say: func(format string, args ...any) {
		fmt.Fprintf(std.err, "%6.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Dir, "dir", "var/bench", "")
	flags.IntVar(&o.Calls, "calls", 0, "")
	flags.IntVar(&o.Rate, "rate", 0, "")
	flags.StringVar(&o.Profile, "profile", "", "")
	only := flags.String("only", "", "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(std.out, benchHelp)
		return exitOK
	case err == nil && (flags.NArg() > 0 || o.Calls < 0 || o.Rate < 0):
		err = errors.New("flags only, and no negative numbers")
		fallthrough
	case err != nil:
		fmt.Fprintf(std.err, "richiamo bench: %v\n\n%s", err, benchHelp)
		return exitUsage
	}
	if *only != "" {
		o.Only = strings.Split(*only, ",")
	}
	self, err := os.Executable()
	if err == nil {
		o.Program = []string{self, "bench"}
		err = bench.Run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(std.err, "richiamo bench:", err)
		return exitFailed
	}
	return exitOK
}
