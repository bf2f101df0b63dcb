package sim_test

import (
	"bytes"
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/sim"
	"richiamo/internal/sim/town"
)

// stillFor is how long a process stands still: longer than a telephone rings.
const stillFor = 100 * time.Second

// every has each use of each verb disturbed, and not the first and the last alone.
var every = flag.Bool("every", false, "disturb every use of every verb in TestFaults")

// scenario is a story in which every verb of the stores and every command to the
// exchange is made to fail, and is died before and after.
type scenario struct {
	name string
	plan func(*sim.Plan)
	// seen must stand in the history when nothing goes wrong: the story is the
	// one that its name says.
	seen []string
}

// calm is a citizen who makes no mistakes and answers the telephone.
func calm(wants town.Want, callback float64) town.Temper {
	return town.Temper{
		Wants: wants, Callback: callback, Thinks: time.Second, Patience: time.Hour, Talks: 20 * time.Minute,
		Answers: 5 * time.Second, Redials: 2, RedialAfter: 30 * time.Second,
	}
}

// worker is an agent who answers and talks for half a minute.
func worker() town.Manner {
	return town.Manner{Answers: 2 * time.Second, Handles: 30 * time.Second, WritesUp: 3 * time.Second}
}

// base is what all scenarios have: one citizen, nobody at work yet.
func base() sim.Plan {
	c := dispatch.Defaults()
	c.Node, c.Window = sim.Node, queue.Window{Always: true, Zone: time.UTC}
	c.Policy = c.Policy.Every(30 * time.Second)
	c.OfferAtOnce, c.MinDelay, c.Starts = true, 5*time.Second, time.Date(2027, 3, 4, 9, 0, 0, 0, time.UTC)
	return sim.Plan{
		Seed: 1, Start: time.Date(2027, 3, 3, 10, 0, 0, 0, time.UTC), Serve: c, Setup: sim.DemoSetup(),
		Lag: 20 * time.Millisecond, RestartAfter: 2 * time.Second, Homes: []bool{false},
		Callers: []sim.Caller{{Temper: calm(town.WantPerson, 1)}},
	}
}

func scenarios() []scenario {
	later := sim.Shift{Manner: worker(), From: 3 * time.Minute}
	return []scenario{
		{"register", func(p *sim.Plan) {
			p.Agents, p.Callers[0].Wants = []sim.Shift{later}, town.WantRegister
		}, []string{"hears receipt.say"}},
		{"not before their turn", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Seed, p.Callers[0].Wants = 6, town.WantRegister
		}, []string{"hears preregister.since-promise", "return.hello"}},
		{"person", func(p *sim.Plan) {
			p.Agents = []sim.Shift{{Manner: worker()}}
		}, []string{"connected"}},
		{"promise and return call", func(p *sim.Plan) { p.Agents = []sim.Shift{later} },
			[]string{"hears callback.word", "hears return.hello", "connected"}},
		{"promise without keys", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Callers[0].NoKeys, p.Callers[0].Speaks = true, 5*time.Second
		}, []string{"hears nokey.heard", "hears return.hello-no-keys", "connected"}},
		{"calls again while it rings", func(p *sim.Plan) {
			p.Agents, p.Homes = []sim.Shift{later}, []bool{true}
			p.Callers[0].Away = 1
			p.Callers = append(p.Callers, sim.Caller{Temper: calm(town.WantPerson, 0), After: 3*time.Minute + 12*time.Second})
		}, []string{"t1-1 rings", "rejoined", "t1-1 is hung up", "hears recall.dialling", "connected"}},
		{"calls again while it is promised", func(p *sim.Plan) {
			p.Agents, p.Homes = []sim.Shift{later}, []bool{true}
			p.Callers = append(p.Callers, sim.Caller{Temper: calm(town.WantPerson, 0), After: 2 * time.Minute})
		}, []string{"rejoined"}},
		{"agent misses, then the next", func(p *sim.Plan) {
			p.Agents = []sim.Shift{{Manner: worker()}, {Manner: worker()}}
			p.Agents[0].Misses = 1
		}, []string{"agent-missed", "connected"}},
		{"agent's phone refuses", func(p *sim.Plan) {
			p.Agents = []sim.Shift{{Manner: worker()}, {Manner: worker()}}
			p.Agents[0].Rejects = 1
		}, []string{"agent-missed", "connected"}},
		{"busy, then answered", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Callers[0].FirstEngaged = 1
		}, []string{"is refused (17, 486)", "connected"}},
		{"verification from the portal", func(p *sim.Plan) {
			p.Agents, p.Callers[0].After = []sim.Shift{later}, -1
			p.Returns = []sim.Return{{Caller: 0}}
		}, []string{"hears verify.confirmed"}},
		{"registered, then verified", func(p *sim.Plan) {
			p.Agents, p.Callers[0].Wants = []sim.Shift{later}, town.WantRegister
			p.Returns = []sim.Return{{Caller: 0, After: 4 * time.Minute}}
		}, []string{"hears receipt.say", "hears verify.confirmed"}},
		{"the register is away", func(p *sim.Plan) {
			p.Agents, p.Callers[0].Wants = []sim.Shift{later}, town.WantRegister
			p.Faults = []sim.Disturbance{{Kind: sim.RegisterAway, At: time.Second, For: 10 * time.Minute}}
		}, []string{"hears down.registry", "connected"}},
		{"finds the keys while speaking", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Callers[0].NoKeys, p.Callers[0].Speaks, p.Callers[0].Finds = true, 10*time.Second, true
			p.Callers[0].Wants = town.WantRegister
		}, []string{"hears nokey.start", "hears receipt.say"}},
		{"given up", func(p *sim.Plan) {
			p.Agents = []sim.Shift{{Manner: worker()}}
			p.Faults = []sim.Disturbance{{Kind: sim.VoiceAway, At: time.Second, For: 10 * time.Second}}
		}, []string{"is given back", "the exchange's notebook", "connected"}},
		{"never again", func(p *sim.Plan) {
			p.Agents = []sim.Shift{{Manner: worker(), From: 3 * time.Minute, Till: 5 * time.Minute}, {Manner: worker(), From: 12 * time.Minute}}
			p.Homes, p.Callers[0].Stranger = []bool{true}, 1
			p.Callers = append(p.Callers, sim.Caller{Temper: calm(town.WantPerson, 1), After: 6 * time.Minute})
		}, []string{"hears wrong.blocked", "t3 is promised"}},
		{"talk with wishes", func(p *sim.Plan) {
			p.Agents = []sim.Shift{{Manner: worker()}, {Manner: worker()}, {Manner: worker()}}
			p.Agents[0].Wishes, p.Agents[1].Wishes, p.Agents[2].Wishes = 1, 1, 1
			p.Agents[0].Handles, p.Agents[1].Handles, p.Agents[2].Handles = 2*time.Minute, 2*time.Minute, 2*time.Minute
			p.Callers = append(p.Callers, sim.Caller{Temper: calm(town.WantPerson, 0), Home: 1, After: time.Minute},
				sim.Caller{Temper: calm(town.WantPerson, 0), Home: 2, After: 3 * time.Minute})
			p.Homes = []bool{false, false, false}
		}, []string{"wants: "}},
		{"sent home by the supervisor", func(p *sim.Plan) {
			p.Agents, p.Callers[0].Temper = []sim.Shift{later}, calm(town.WantPerson, 0)
			p.Faults = []sim.Disturbance{{Kind: sim.Sweeps, At: 90 * time.Second}}
		}, []string{"hears closing.waiting", "swept", "connected"}},
		{"citizen first", func(p *sim.Plan) {
			p.Agents, p.Serve.CitizenFirst = []sim.Shift{later}, true
		}, []string{"hears return.hello", "connected"}},
		{"the trunk is tried first", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Serve.CheckNumber, _ = phone.Parse("0290000000")
		}, []string{"trunk-check", "connected"}},
		{"killed while it rings", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Callers[0].Answers = 25 * time.Second
			p.Faults = []sim.Disturbance{{Kind: sim.ProcessDies, At: 3*time.Minute + 20*time.Second}}
		}, []string{"is killed", "connected"}},
		{"killed in the talk", func(p *sim.Plan) {
			p.Agents = []sim.Shift{{Manner: worker()}}
			p.Faults = []sim.Disturbance{{Kind: sim.ProcessDies, At: 40 * time.Second}}
		}, []string{"is killed", "talked"}},
		{"exchange dies in the talk", func(p *sim.Plan) {
			p.Agents = []sim.Shift{{Manner: worker()}}
			p.Faults = []sim.Disturbance{{Kind: sim.ExchangeDies, At: 40 * time.Second, For: 3 * time.Second}}
		}, []string{"the exchange dies"}},
		{"killed before it rings", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Faults = []sim.Disturbance{{Kind: sim.CrashBefore, Verb: "line create", Nth: 1}}
		}, []string{"dies", "connected"}},
		{"a save gets lost", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Faults = []sim.Disturbance{{Kind: sim.LostVerb, Verb: memstore.DoSave, Nth: 3}}
		}, []string{"failed-but-done", "connected"}},
		{"two processes", func(p *sim.Plan) {
			p.Agents = []sim.Shift{later}
			p.Faults = []sim.Disturbance{{Kind: sim.TwoProcesses, At: 3*time.Minute + 5*time.Second}}
		}, []string{"process 2 starts", "connected"}},
	}
}

// unused are the verbs that calls and the planner have no use for, with the room
// that has.
var unused = map[memstore.Verb]string{
	memstore.DoResign: "a process that ends in order, which a crash is not",
	memstore.DoPage:   "the API lists registrations",
}

// TestFaults goes through every verb of the stores and every command to the
// exchange in every scenario: failed, failed but done, the process dead before it
// and after it, or standing still there while another one takes over, and waking up
// later; at its first use and its last one, or everything at each use with -every
// (66,000 worlds). Everything must hold that always holds.
func TestFaults(t *testing.T) {
	t.Parallel()
	s, err := studio()
	require.NoError(t, err)
	used := map[memstore.Verb]bool{}
	for _, sc := range scenarios() {
		for verb := range sc.play(t, s) {
			used[verb] = true
		}
	}
	for _, op := range ops() {
		assert.True(t, used["line "+memstore.Verb(op)], "no scenario has a command %q", op)
	}
	assert.True(t, used[sim.DoKeep], "no scenario keeps a recording")
	for _, verb := range memstore.Verbs() {
		assert.NotEqual(t, used[verb], unused[verb] != "", "%s: used by a scenario, or in unused with a reason, and not both", verb)
	}
	for _, sc := range scenarios() {
		t.Run(strings.ReplaceAll(sc.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			sc.disturbed(t, s)
		})
	}
}

// ops are all commands to the exchange but call.DoPress, which no conversation has a
// use for so far.
func ops() []call.Op {
	return []call.Op{
		call.DoAnswer, call.DoPlay, call.DoStop, call.DoMusic, call.DoQuiet, call.DoCreate, call.DoDial, call.DoJoin,
		call.DoPart, call.DoRecord, call.DoCease, call.DoHangup, call.DoContinue,
	}
}

func (sc scenario) fresh() sim.Plan {
	p := base()
	sc.plan(&p)
	return p
}

// play plays a scenario in which nothing else goes wrong, and tells how often
// each verb and command was used.
func (sc scenario) play(t *testing.T, s *sim.Studio) map[memstore.Verb]int {
	t.Helper()
	var history bytes.Buffer
	w := s.New(sc.fresh())
	w.Trace = &history
	assert.NoError(t, w.Run(), sc.name)
	for _, words := range sc.seen {
		assert.Contains(t, history.String(), words, "%s", sc.name)
	}
	return w.Used()
}

// disturbed plays a scenario once for each verb, use and fault.
func (sc scenario) disturbed(t *testing.T, s *sim.Studio) {
	used := sc.play(t, s)
	played := 0
	for _, verb := range slices.Sorted(maps.Keys(used)) {
		for _, n := range uses(used[verb]) {
			for _, kind := range kinds(verb, n) {
				p := sc.fresh()
				p.Faults = append(p.Faults, sim.Disturbance{Kind: kind, Verb: verb, Nth: n, For: stillFor})
				played++
				if err := s.New(p).Run(); err != nil {
					t.Errorf("%s, use %d, %s: %v", verb, n, kind, err)
				}
			}
		}
	}
	t.Logf("%d worlds", played)
}

// uses are the uses of a verb that are disturbed.
func uses(n int) (all []int) {
	if *every {
		for i := range n {
			all = append(all, i+1)
		}
		return all
	}
	if n == 1 {
		return []int{1}
	}
	return []int{1, n}
}

// kinds are what befalls the nth use of a verb: everything the first one, and what
// is worst the last one.
func kinds(verb memstore.Verb, n int) []sim.Kind {
	all := []sim.Kind{sim.FailedVerb, sim.LostVerb, sim.CrashBefore, sim.CrashAfter}
	still := []sim.Kind{sim.FreezeBefore, sim.FreezeAfter}
	switch {
	case *every || n == 1 && fences(verb):
		return append(all, still...)
	case n == 1:
		return all
	}
	return []sim.Kind{sim.LostVerb, sim.CrashAfter}
}

// fences tells the verbs and commands at which it matters most that a process which
// stood still does no harm when it goes on.
func fences(verb memstore.Verb) bool {
	switch verb {
	case memstore.DoCommit, memstore.DoSave, memstore.DoMayDial, memstore.DoOpen, "line create", "line dial", "line join":
		return true
	}
	return false
}
