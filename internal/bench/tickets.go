package bench

import (
	"context"
	"fmt"
	"strings"
)

// The size of the call center that planner and rebuild are measured with.
const largest = "1,000,000 open tickets, 2,600 agents"

// figures finds one measure by its name, and asks for the units that are shown.
func figures(found []Measure, name string, units ...string) (map[string]float64, error) {
	for _, m := range found {
		if m.Name != name {
			continue
		}
		for _, unit := range units {
			if _, ok := m.Figures[unit]; !ok {
				return nil, fmt.Errorf("the benchmark %s of %s tells no %s", name, m.Room, unit)
			}
		}
		return m.Figures, nil
	}
	return nil, fmt.Errorf("there is no benchmark %s", name)
}

// planner is what a decision takes, and a ticket that waits for one.
func planner(ctx context.Context, o *Options) (*Report, error) {
	o.Say("planner: go test -bench (a minute)")
	found, err := o.measure(ctx, "-bench", "^Benchmark(Decide|Memory)$", "-benchtime", "5s", "./internal/plan")
	if err != nil {
		return nil, err
	}
	decide, err := figures(found, "Decide", "p50-µs", "p99-µs", "max-µs")
	if err != nil {
		return nil, err
	}
	memory, err := figures(found, "Memory", "bytes/ticket")
	if err != nil {
		return nil, err
	}
	return &Report{
		About: "one thing happens, and it is decided what follows; " + largest, Machine: here(), Figures: found,
		table: [][]string{
			{"", "median µs", "99th percentile µs", "longest µs", "bytes a ticket"},
			{"decision", cell(decide["p50-µs"]), cell(decide["p99-µs"]), cell(decide["max-µs"]), cell(memory["bytes/ticket"])},
		},
		Targets: []Target{
			target("decision, median", decide["p50-µs"], 100, " µs"),
			target("decision, 99th percentile", decide["p99-µs"], 1000, " µs"),
			target("memory of an open ticket in the process", memory["bytes/ticket"], 1024, " B"),
		},
	}, nil
}

// moves is how many moves of tickets Redis takes.
func moves(ctx context.Context, o *Options) (*Report, error) {
	o.Say("moves: go test -bench (half a minute)")
	found, err := o.measure(ctx, "-bench", "^BenchmarkTransitions$", "-benchtime", "8s", "./internal/redisstore")
	if err != nil {
		return nil, err
	}
	r := &Report{
		About:   "tickets moved on Redis, each on disk before it is answered, in turns with a bare compare-and-swap of the same size",
		Machine: here(), Figures: found,
		table: [][]string{{"at once", "bare swaps/s", "moves/s", "of bare", "claims with agent and ledgers/s", "of bare"}},
	}
	for _, at := range []string{"1", "50", "200"} {
		f, err := figures(found, "Transitions/conns="+at, "bare/s", "transitions/s", "transitions/bare", "claims/s", "claims/bare")
		if err != nil {
			return nil, err
		}
		r.table = append(r.table, []string{at, cell(f["bare/s"]), cell(f["transitions/s"]), share(f["transitions/bare"]), cell(f["claims/s"]), share(f["claims/bare"])})
		r.Targets = append(r.Targets, floor("moves of bare swaps, "+at+" at once", f["transitions/bare"], 0.5, ""))
	}
	return r, nil
}

// rebuild is how long a new planner takes to know what its predecessor knew.
func rebuild(ctx context.Context, o *Options) (*Report, error) {
	o.Say("rebuild: go test -bench (a minute, most of it to fill Redis)")
	found, err := o.measure(ctx, "-bench", "^BenchmarkRebuild$", "-benchtime", "5s", "./internal/redisstore")
	if err != nil {
		return nil, err
	}
	f, err := figures(found, "Rebuild", "s/rebuild", "redis-B/ticket", "longest-command-ms")
	if err != nil {
		return nil, err
	}
	return &Report{
		About: "a new planner reads what its predecessor knew from Redis; " + largest, Machine: here(), Figures: found,
		table: [][]string{
			{"", "read and on the board s", "Redis held up ms", "Redis bytes a ticket"},
			{"rebuild", fmt.Sprintf("%.1f", f["s/rebuild"]), fmt.Sprintf("%.1f", f["longest-command-ms"]), cell(f["redis-B/ticket"])},
		},
		Targets: []Target{
			target("rebuild after the loss of a planner", f["s/rebuild"], 10, " s"),
			target("memory of an open ticket in Redis", f["redis-B/ticket"], 1536, " B"),
		},
	}, nil
}

// jobs sets tickets beside the queue of another project.
func jobs(ctx context.Context, o *Options) (*Report, error) {
	o.Say("jobs: go test -bench (a minute)")
	found, err := o.measure(ctx, "-bench", "^BenchmarkJobs$", "-benchtime", "20s", "./internal/redisstore")
	if err != nil {
		return nil, err
	}
	r := &Report{
		About: "jobs for a given time: handed in, claimed, done, one in twenty done again; the same Redis, everything on disk before it is answered. " +
			"Tickets: once, whoever asks twice, and never by two; asynq: at least once",
		Machine: here(), Figures: found,
		table: [][]string{{"", "handed in/s", "claimed and done/s", "all/s"}},
	}
	ratio := 0.0
	for _, who := range []string{"tickets", "asynq"} {
		f, err := figures(found, "Jobs", who+"-handed-in/s", who+"-worked/s", who+"-jobs/s", "tickets/asynq")
		if err != nil {
			return nil, err
		}
		r.table = append(r.table, []string{who, cell(f[who+"-handed-in/s"]), cell(f[who+"-worked/s"]), cell(f[who+"-jobs/s"])})
		ratio = f["tickets/asynq"]
	}
	r.Targets = []Target{floor("jobs a second, of asynq's", ratio, 1, "")}
	return r, nil
}

// cell writes a figure without its fraction, in groups of three.
func cell(figure float64) string {
	digits := fmt.Sprintf("%.0f", figure)
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}

func share(ratio float64) string { return fmt.Sprintf("%.0f %%", ratio*100) }
