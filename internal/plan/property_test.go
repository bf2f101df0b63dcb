package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// A world is a queue that lives through random events: what the board decides is
// compared with what the reference decides, and carried out.
type world struct {
	*testing.T
	rng   *rand.Rand
	now   time.Time
	cfg   plan.Config
	board *plan.Board
	ref   *reference
	born  int
	seen  map[plan.Verb]int
}

func newWorld(t *testing.T, seed uint64, change func(*plan.Config)) *world {
	w := &world{T: t, rng: rand.New(rand.NewPCG(seed, 1)), now: noon.Add(-4 * time.Hour), cfg: config(), seen: map[plan.Verb]int{}}
	spans := []queue.Span{{From: queue.Clock(9, 0), To: queue.Clock(13, 0)}, {From: queue.Clock(14, 0), To: queue.Clock(20, 0)}}
	w.cfg.Window = queue.Window{Zone: time.UTC, Hours: map[time.Weekday][]queue.Span{time.Wednesday: spans, time.Thursday: spans}}
	w.cfg.Office = w.cfg.Window.Staffed(5)
	w.cfg.Lines, w.cfg.AutoLines, w.cfg.Queues = 8, 3, []string{"persone", "prelievi"}
	w.cfg.Policy = queue.DefaultPolicy().Every(5 * time.Minute)
	change(&w.cfg)
	w.board = boardOf("demo", w.cfg, w.now, nil, nil)
	w.ref = &reference{
		cfg: w.cfg, tickets: map[string]queue.Ticket{}, agents: map[string]agent.Agent{},
		silent: map[string]time.Time{}, told: map[string]time.Time{}, looks: map[string]looked{},
	}
	skills := [][]string{nil, {"persone"}, {"persone", "de"}, {"prelievi", "persone"}, {"prelievi"}, nil}
	for i, s := range skills {
		w.putAgent(agent.Agent{ID: fmt.Sprintf("a%d", i), State: agent.Ready, Idle: w.now.Add(time.Duration(i) * time.Minute), Skills: s})
	}
	return w
}

// put keeps a ticket in the next version, on the board and for the reference.
func (w *world) put(t queue.Ticket) {
	t.Version++
	w.board.Put(t)
	old := w.ref.tickets[t.ID]
	if old.State != t.State || old.Agent != t.Agent {
		delete(w.ref.told, t.ID)
	}
	w.ref.tickets[t.ID] = t
	if !t.State.Open() {
		delete(w.ref.tickets, t.ID)
	}
}

func (w *world) putAgent(a agent.Agent) {
	a.Version++
	w.board.PutAgent(a)
	w.ref.agents[a.ID] = a
}

func (w *world) told(id string) {
	w.board.Told(id, w.now)
	w.ref.told[id] = w.now
}

// hear lets a call fall silent, or be heard again.
func (w *world) hear() {
	for call := range w.ref.silent {
		if w.rng.IntN(20) == 0 || !w.live(call) {
			delete(w.ref.silent, call)
		}
	}
	if calls := w.board.OnLine("asterisk"); len(calls) > 0 && w.rng.IntN(10) == 0 {
		call := calls[w.rng.IntN(len(calls))]
		if w.ref.silent[call].IsZero() {
			w.ref.silent[call] = w.now
		}
	}
	silent := map[string]bool{}
	for call := range w.ref.silent {
		silent[call] = true
	}
	w.board.Heard(w.now, silent)
}

// live tells whether a call is one that should be alive.
func (w *world) live(call string) bool { return slices.Contains(w.board.OnLine("asterisk"), call) }

// happen lets time go by and one thing happen.
func (w *world) happen() {
	w.now = w.now.Add(time.Duration(w.rng.IntN(90)) * time.Second)
	if w.rng.IntN(200) == 0 {
		w.now = w.now.Add(time.Hour)
	}
	w.hear()
	w.born++
	x := queue.Ticket{
		ID: fmt.Sprintf("t%04x", w.rng.IntN(1<<16)<<12|w.born), Queue: w.cfg.Queues[w.rng.IntN(2)], NeedsAgent: true,
		Language: []string{"", "it", "de"}[w.rng.IntN(3)], Class: []queue.Class{queue.Normal, queue.Normal, queue.Frail, queue.RedFlag}[w.rng.IntN(4)],
	}
	terms := queue.Terms{Phone: number(w, fmt.Sprintf("02%08d", 10000000+w.rng.IntN(25))), NotBefore: w.now.Add(time.Duration(w.rng.IntN(90)-10) * time.Minute)}
	kind := w.rng.IntN(10)
	if kind <= 1 && w.count(func(t queue.Ticket) bool { return t.State == queue.Waiting }) > 25 {
		kind = 9 // one look does not tell more to close
	}
	switch kind {
	case 0, 1:
		x.Call, x.Node, x.Phone = "in-"+x.ID, "asterisk", terms.Phone
		if calls := w.board.OnLine("asterisk"); len(calls) > 0 && w.rng.IntN(20) == 0 && w.ref.silent[calls[0]].IsZero() {
			x.Call = calls[0]
		}
		if w.rng.IntN(3) == 0 {
			x.Phone = phone.Number{}
		}
		x, _ = x.Enter(w.now)
		w.put(x)
	case 2, 3:
		if w.rng.IntN(4) == 0 && w.count(func(t queue.Ticket) bool { return !t.To.IsZero() }) < 12 { // one look does not look after more
			terms.From, terms.To = terms.NotBefore, terms.NotBefore.Add(time.Duration(w.rng.IntN(30))*time.Minute)
		}
		if w.rng.IntN(20) == 0 {
			terms.Phone = number(w, "899123456")
		}
		x, _ = x.Promise(w.now, terms)
		w.put(x)
	case 4, 5:
		if w.rng.IntN(2) == 0 {
			w.moveAgent()
			return
		}
		x.NeedsAgent = false
		x, _ = x.Promise(w.now, terms)
		w.put(x)
	default:
		w.move()
		w.move()
	}
}

func (w *world) count(which func(queue.Ticket) bool) (n int) {
	for _, t := range w.ref.tickets {
		if which(t) {
			n++
		}
	}
	return n
}

func (w *world) moveAgent() {
	a := w.ref.agents[fmt.Sprintf("a%d", w.rng.IntN(len(w.ref.agents)))]
	switch w.rng.IntN(4) {
	case 0:
		a, _ = a.Set(w.now, agent.Paused, "")
	case 1:
		a = a.Reach(w.now, w.rng.IntN(2) == 0)
	case 2:
		a.Skills = [][]string{nil, {"persone"}, {"de", "persone"}}[w.rng.IntN(3)]
	default:
		a, _ = a.Set(w.now, agent.Ready, "")
	}
	w.putAgent(a)
}

// move brings a random ticket, and its agent, one step on.
func (w *world) move() {
	ids := slices.Sorted(maps.Keys(w.ref.tickets))
	if len(ids) == 0 {
		return
	}
	x := w.ref.tickets[ids[w.rng.IntN(len(ids))]]
	a, staffed := w.ref.agents[x.Agent]
	before := a
	outcomes := []queue.Outcome{queue.Busy, queue.NoAnswer, queue.OurFault, queue.NoKey, queue.Delivered, queue.WrongNumber}
	switch {
	case x.State == queue.Connected:
		x, _ = x.Talked(w.now)
		a, _ = a.HangUp(w.now, x.ID)
		a, _ = a.Set(w.now, agent.Ready, "")
	case x.State.OnLine() && staffed && w.rng.IntN(2) == 0:
		x, _ = x.Connected(w.now, x.Agent)
		a = a.Take(w.now, x.ID)
	case x.State == queue.Dialling && w.rng.IntN(4) == 0 && x.NeedsAgent:
		x, _ = x.Wait(w.now)
	case x.State == queue.Dialling:
		r := queue.Result{Outcome: outcomes[w.rng.IntN(len(outcomes))]}
		x, _ = x.AttemptEnded(w.now, len(x.Attempts), r, w.cfg.Judge(x, nil))
		a, _ = a.Release(w.now, x.ID)
	case x.State == queue.Waiting && staffed && w.rng.IntN(2) == 0:
		a, _ = a.Ring(w.now, x.ID)
	case x.State == queue.Waiting && staffed:
		x, _ = x.Missed(w.now)
		a, _ = a.Miss(w.now, x.ID, 0)
	case x.State == queue.Waiting && w.rng.IntN(4) == 0:
		x, _ = x.Leave(w.now)
	case x.State == queue.Pending && w.rng.IntN(8) == 0:
		x, _ = x.Rejoin(w.now, "again-"+x.ID, "asterisk")
	}
	w.put(x)
	if staffed && before.State != agent.Away {
		w.putAgent(a)
	}
}

// plan lets the board decide until nothing more is decided, and compares. Where
// citizens are called first, only what must always hold is looked at.
func (w *world) plan(compare bool) {
	for pass := 0; ; pass++ {
		require.Less(w, pass, 50, "decisions must come to rest")
		decisions, more := w.board.Decide(w.now, plan.Facts{})
		if compare {
			w.compare(w.ref.decide(w.now), decisions, more)
		}
		again, _ := w.board.Decide(w.now, plan.Facts{})
		if compare && !slices.ContainsFunc(decisions, func(d plan.Decision) bool { return d.Verb == plan.Replan || d.Verb == plan.Notice }) {
			require.Equal(w, told(decisions), told(again), "a decision leaves the board as it was")
		}
		w.check(decisions)
		if len(decisions) == 0 {
			w.nobodyIsForgotten()
			return
		}
		for _, d := range decisions {
			for _, x := range d.Tickets {
				w.put(x)
			}
			for _, a := range d.Agents {
				w.putAgent(a)
			}
			if d.Verb == plan.Turn || d.Verb == plan.Dial || d.Verb == plan.Close || d.Verb == plan.Notice {
				w.told(d.Ticket.ID)
			}
			w.seen[d.Verb]++
		}
		w.invariants()
	}
}

// compare: the same decisions in the same order, but for the calls that are
// noted as due, of which one look does not note all.
func (w *world) compare(want, got []plan.Decision, more bool) {
	ripen := func(d plan.Decision) bool { return d.Verb == plan.Ripen }
	if !more {
		require.Len(w, got, len(want), "%v\n%v", told(want), told(got))
	}
	wantOther, gotOther := slices.DeleteFunc(slices.Clone(want), ripen), slices.DeleteFunc(slices.Clone(got), ripen)
	require.Equal(w, told(wantOther), told(gotOther))
	require.Equal(w, wantOther, gotOther)
	for _, d := range got {
		if i := slices.IndexFunc(want, func(o plan.Decision) bool { return o.Ticket.ID == d.Ticket.ID }); ripen(d) {
			require.GreaterOrEqual(w, i, 0)
			require.Equal(w, want[i], d)
		}
	}
}

// check looks at one look's decisions.
func (w *world) check(decisions []plan.Decision) {
	tickets, agents := map[string]bool{}, map[string]bool{}
	var last queue.Ticket // the last one served
	for _, d := range decisions {
		if d.Ticket.ID != "" {
			require.False(w, tickets[d.Ticket.ID], "a ticket is decided about once")
			tickets[d.Ticket.ID] = true
		}
		for _, a := range d.Agents {
			require.False(w, agents[a.ID], "an agent is decided about once")
			agents[a.ID] = true
		}
		require.NotEmpty(w, d.Reason)
		served := d.Ticket
		if d.Verb == plan.Dial || d.Verb == plan.Notice {
			require.True(w, w.cfg.Window.Contains(w.now), "nobody is dialled outside the window")
			require.NoError(w, served.Phone.Dialable())
		}
		if len(d.Tickets) == 0 || (d.Verb != plan.Dial && d.Verb != plan.Turn) {
			continue
		}
		require.True(w, last.ID == "" || queue.Before(last, served), "in order")
		last = served
		require.False(w, w.now.Before(served.NotBefore))
		if served.NeedsAgent && !w.cfg.CitizenFirst {
			require.Len(w, d.Agents, 1)
			require.Equal(w, agent.Reserved, d.Agents[0].State)
			require.Equal(w, served.ID, d.Agents[0].Ticket)
			require.Equal(w, served.Agent, d.Agents[0].ID)
		}
	}
}

// invariants look at the world after a look was carried out.
func (w *world) invariants() {
	lines, auto := 0, 0
	engaged, held := map[phone.Number]string{}, map[string]string{}
	for _, x := range w.ref.tickets {
		if x.State == queue.Dialling {
			lines++
			if !x.NeedsAgent || x.Attempts[len(x.Attempts)-1].Kind == queue.Notice {
				auto++
			}
			if !x.Phone.Withheld() {
				require.Empty(w, engaged[x.Phone], "one call of ours to a number at a time")
				engaged[x.Phone] = x.ID
			}
		}
		_, silent := w.ref.silent[x.Call]
		if x.Agent != "" && x.State != queue.Dialling && !silent { // an agent who has gone is missed when there is an answer
			require.Empty(w, held[x.Agent], "an agent serves one citizen")
			held[x.Agent] = x.ID
		}
	}
	require.LessOrEqual(w, lines, w.cfg.Lines)
	require.LessOrEqual(w, auto, w.cfg.AutoLines)
	require.Equal(w, len(w.ref.tickets), w.board.Len())
}

// nobodyIsForgotten: once there is nothing more to decide, while an agent is
// free nobody waits who could be served.
func (w *world) nobodyIsForgotten() {
	team := slices.Collect(maps.Values(w.ref.agents))
	for _, x := range w.ref.tickets {
		needs := []string{x.Queue}
		if x.Language != "it" {
			needs = append(needs, x.Language)
		}
		_, silent := w.ref.silent[x.Call]
		if x.State == queue.Waiting && x.Agent == "" && !w.now.Before(x.NotBefore) && !silent {
			require.Negative(w, agent.Next(team, w.now, needs...), "a caller waits while an agent is free")
		}
	}
}

// TestAgainstReference lives through random days and compares every decision
// with that of a scan over everything.
func TestAgainstReference(t *testing.T) {
	t.Parallel()
	seen := map[plan.Verb]int{}
	for seed := range uint64(8) {
		w := newWorld(t, seed, func(*plan.Config) {})
		for range 350 {
			w.happen()
			w.plan(true)
			w.rebuilt()
		}
		for verb, n := range w.seen {
			seen[verb] += n
		}
	}
	for _, v := range []plan.Verb{plan.Ripen, plan.Turn, plan.Dial, plan.GiveUp, plan.Recover, plan.Mend, plan.Close, plan.Replan, plan.Notice} {
		require.NotZero(t, seen[v], "%s never happened", v)
	}
}

// rebuilt: now and then the board is lost, and made anew of what is kept.
func (w *world) rebuilt() {
	if w.rng.IntN(50) > 0 {
		return
	}
	w.board = boardOf("demo", w.cfg, w.now, slices.Collect(maps.Values(w.ref.tickets)), slices.Collect(maps.Values(w.ref.agents)))
	clear(w.ref.told)
	clear(w.ref.silent)
	clear(w.ref.looks)
}

// TestCitizenFirst: never more calls in flight than agents who are free for them.
func TestCitizenFirst(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed, func(c *plan.Config) { c.CitizenFirst, c.Lines = true, 20 })
			for range 400 {
				w.happen()
				w.plan(false)
				w.rebuilt()
			}
			require.NotZero(t, w.seen[plan.Dial])
		})
	}
}
