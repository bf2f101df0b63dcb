package bench

import (
	"context"
	"fmt"
	"runtime/debug"

	"richiamo/internal/sim"
)

// worlds is how many short days are simulated.
const worlds = 100_000

// days plays simulated days with everything that can go wrong, and looks for one
// in which something was not as it must be.
func days(ctx context.Context, o *Options) (*Report, error) {
	studio, err := sim.NewStudio(sim.Register)
	if err != nil {
		return nil, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // the worlds are small, and there is room
	const tell = worlds / 10
	swept := studio.Sweep(ctx, 0, worlds, 0, func(played int) {
		if played%tell == 0 {
			o.Say("days: %d of %d worlds", played, worlds)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, f := range swept.Failed {
		o.Say("days: %s", f.What)
	}
	return &Report{
		About:   "short worlds of citizens, agents and faults in virtual time, the invariants looked at after every event",
		Machine: here(), Figures: swept,
		table: [][]string{
			{"worlds", "events", "hours on the clock", "seconds", "ms a world, one processor", "gone wrong"},
			{fmt.Sprint(swept.Worlds), fmt.Sprint(swept.Events), fmt.Sprintf("%.0f", swept.Telephone.Hours()),
				fmt.Sprintf("%.0f", swept.Took.Seconds()), fmt.Sprintf("%.1f", 1000*swept.Each().Seconds()), fmt.Sprint(swept.Wrong)},
		},
		Targets: []Target{target("worlds gone wrong", float64(swept.Wrong), 0, "")},
	}, nil
}
