package sim_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"richiamo/internal/memstore"
	"richiamo/internal/sim"
)

// TestRegressions plays the worlds again in which something was found that was not
// as it must be. What was found stands beside the seed; a world changes when what is
// drawn does, so the faults that were behind it are in the scenarios of TestFaults
// too, where they can be.
func TestRegressions(t *testing.T) {
	t.Parallel()
	s, err := studio()
	require.NoError(t, err)
	for seed, found := range map[uint64]string{
		25:    "a number was dialled in whose own call we still said goodbye: busy, at the citizen's cost",
		46:    "attempts of tickets that were done with did not count for the cap of the number",
		85:    "a call that ended while the store was away was kept as going on for ever",
		236:   "a trunk check that was withdrawn had the planner look again and again, in no time",
		434:   "a line that says goodbye was not counted among the lines in use",
		1139:  "a recording that could not be begun left the caller in silence for ever",
		1285:  "a call that had its last words still to say was hung up by the process that took it up",
		3324:  "a process that had been replaced while it stood still was taken for the one that serves",
		8070:  "a caller had the turn before an earlier promise whose line had just become free",
		87603: "a turn that was told once more while the agent rang was taken for the next agent's",
		24810: "a house in which nobody lives was rung, at a number with a wrong figure, and the world broke down",
		79868: "a call of ours that was rescued was taken for one that rings still, and its citizen hung up for nobody to talk to",
		91829: "a telephone that was refused in the moment in which its call was taken up rang again",
		8900:  "an agent in a talk without a ticket was reserved to help in another talk",
	} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, s.New(sim.Draw(seed)).Run(), "found once: %s", found)
		})
	}
}

// TestPanicIsAFailureOfItsSeed: a panic in one world of many names its seed, how to
// play it again and where it was, and the others go on.
func TestPanicIsAFailureOfItsSeed(t *testing.T) {
	t.Parallel()
	s, err := studio()
	require.NoError(t, err)
	p := sim.Draw(3)
	p.Returns = []sim.Return{{Caller: len(p.Callers)}} // there is nobody to be handed over
	err = s.New(p).Run()
	require.ErrorContains(t, err, "seed 3: panic: runtime error: index out of range")
	require.ErrorContains(t, err, "in sim.(*World).handOver (world.go:")
	require.ErrorContains(t, err, "richiamo simulate --seed 3 --trace")
}

// TestRegressionsOfFaults plays scenarios again in which a verb that was disturbed
// in the middle showed something that was not as it must be.
func TestRegressionsOfFaults(t *testing.T) {
	t.Parallel()
	s, err := studio()
	require.NoError(t, err)
	for _, r := range []struct {
		scenario string
		verb     memstore.Verb
		nth      int
		kind     sim.Kind
		found    string
	}{
		{"talk with wishes", memstore.DoCommit, 8, sim.CrashBefore, "nobody had heard that an agent speaks, who was then given another citizen"},
		{"talk with wishes", memstore.DoCommit, 13, sim.CrashAfter, "the same of an agent to whom a citizen was handed over"},
		{"talk with wishes", memstore.DoSave, 5, sim.CrashAfter, "that an agent speaks was told late, and took the citizen back from whom it was handed over to"},
		{"talk with wishes", "line join", 11, sim.FreezeBefore, "a process that stood still took an agent out of a talk that was another one's by then"},
		{"killed while it rings", "line create", 2, sim.FailedVerb, "a telephone that rang was believed not to, and answered into silence"},
		{"killed while it rings", memstore.DoOpen, 1, sim.FreezeAfter, "a process that read slowly never came up"},
		{"promise without keys", "line record", 1, sim.FailedVerb, "a recording that could not be begun left the caller in silence"},
	} {
		t.Run(fmt.Sprintf("%s/%s/%d/%s", r.scenario, r.verb, r.nth, r.kind), func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(scenarios(), func(sc scenario) bool { return sc.name == r.scenario })
			require.GreaterOrEqual(t, i, 0)
			p := scenarios()[i].fresh()
			p.Faults = append(p.Faults, sim.Disturbance{Kind: r.kind, Verb: r.verb, Nth: r.nth, For: stillFor})
			require.NoError(t, s.New(p).Run(), "found once: %s", r.found)
		})
	}
}
