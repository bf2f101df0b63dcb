package dispatch_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

var noon = time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC)

func number(t testing.TB, s string) phone.Number {
	t.Helper()
	n, err := phone.Parse(s)
	require.NoError(t, err)
	return n
}

func config() dispatch.Config {
	c := dispatch.Defaults()
	c.Window = queue.Window{Always: true, Zone: time.UTC}
	return c
}

// A scene is a snapshot that a table builds step by step.
type scene struct {
	t testing.TB
	dispatch.Snapshot
}

func newScene(t testing.TB) *scene {
	return &scene{t: t, Snapshot: dispatch.Snapshot{
		Silent: map[string]time.Time{}, Told: map[string]time.Time{}, Out: map[string]bool{},
	}}
}

func (s *scene) ready(ids ...string) *scene {
	for i, id := range ids {
		s.Agents = append(s.Agents, agent.Agent{ID: id, Tenant: "demo", State: agent.Ready, Idle: noon.Add(time.Duration(i-60) * time.Minute)})
	}
	return s
}

func (s *scene) add(x queue.Ticket, err error) *scene {
	s.t.Helper()
	require.NoError(s.t, err)
	s.Tickets = append(s.Tickets, x)
	slices.SortFunc(s.Tickets, queue.Compare)
	return s
}

// waiting is a caller who came so many seconds after noon minus an hour.
func (s *scene) waiting(id string, second int) *scene {
	at := noon.Add(-time.Hour + time.Duration(second)*time.Second)
	return s.add(queue.Ticket{ID: id, Tenant: "demo", Queue: "persone", Call: "in-" + id, Node: "asterisk"}.Enter(at))
}

// promised is a callback asked for at that time, due since then.
func (s *scene) promised(id, number string, second int, change ...func(*queue.Ticket)) *scene {
	at := noon.Add(-time.Hour + time.Duration(second)*time.Second)
	x := queue.Ticket{ID: id, Tenant: "demo", Queue: "persone", NeedsAgent: true}
	for _, c := range change {
		c(&x)
	}
	n, err := phone.Parse(number)
	require.NoError(s.t, err)
	return s.add(x.Promise(at, queue.Terms{Phone: n, NotBefore: at}))
}

// claimed is a callback that is being dialled with an agent.
func (s *scene) claimed(id, number, agentID string, at time.Time) *scene {
	s.promised(id, number, 0)
	i := slices.IndexFunc(s.Tickets, func(x queue.Ticket) bool { return x.ID == id })
	due, err := s.Tickets[i].Ripen(at)
	require.NoError(s.t, err)
	s.Tickets[i], err = due.Claim(at, "asterisk", agentID)
	require.NoError(s.t, err)
	for j := range s.Agents {
		if s.Agents[j].ID == agentID {
			s.Agents[j], err = s.Agents[j].Reserve(at, id)
			require.NoError(s.t, err)
		}
	}
	return s
}

func alone(x *queue.Ticket) { x.NeedsAgent = false; x.Purpose = queue.Verification }

// told writes decisions as lines that a table can hold.
func told(decisions []dispatch.Decision) (lines []string) {
	for _, d := range decisions {
		line := fmt.Sprintf("%s %s: %s", d.Verb, d.Ticket.ID, d.Reason)
		for _, a := range d.Agents {
			line += fmt.Sprintf(", %s %s", a.ID, a.State)
		}
		if len(d.Tickets) > 0 {
			line += " -> " + string(d.Ticket.State)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestPlan(t *testing.T) {
	t.Parallel()
	german := func(x *queue.Ticket) { x.Language = "de" }
	tests := []struct {
		name  string
		scene func(*scene)
		cfg   func(*dispatch.Config)
		want  []string
	}{
		{"nothing to do", func(s *scene) { s.ready("anna") }, nil, nil},
		{"the first in the order, by the longest idle", func(s *scene) { s.ready("anna", "bruno").waiting("b", 2).waiting("a", 1) }, nil,
			[]string{"turn a: first-in-order, anna reserved -> waiting", "turn b: first-in-order, bruno reserved -> waiting"}},
		{"callers and callbacks in one order", func(s *scene) {
			s.ready("anna").waiting("late", 2).promised("early", "0212345678", 1)
		}, nil, []string{"dial early: first-in-order, anna reserved -> dialling"}},
		{"a callback does not jump ahead", func(s *scene) {
			s.ready("anna").waiting("early", 1).promised("late", "0212345678", 2)
		}, nil, []string{"turn early: first-in-order, anna reserved -> waiting", "ripen late: time-has-come -> due"}},
		{"no agent, nobody dialled", func(s *scene) { s.promised("a", "0212345678", 1) }, nil,
			[]string{"ripen a: time-has-come -> due"}},
		{"outside the window nobody is dialled", func(s *scene) { s.ready("anna").promised("a", "0212345678", 1).promised("v", "0276543210", 2, alone) },
			func(c *dispatch.Config) { c.Window = queue.Window{Zone: time.UTC} }, nil},
		{"outside the window callers are served", func(s *scene) { s.ready("anna").waiting("a", 1) },
			func(c *dispatch.Config) { c.Window = queue.Window{Zone: time.UTC} },
			[]string{"turn a: first-in-order, anna reserved -> waiting"}},
		{"not before its time", func(s *scene) { s.ready("anna").promised("a", "0212345678", 3601) }, nil, nil},
		{"not before a day that is not known", func(s *scene) {
			s.ready("anna").promised("a", "0212345678", 1)
			s.Tickets[0].NotBefore = queue.NoDate()
		}, nil, nil},
		{"the day is known now", func(s *scene) {
			s.ready("anna").promised("a", "0212345678", 1)
			s.Tickets[0].NotBefore = queue.NoDate()
		}, func(c *dispatch.Config) { c.Starts = noon.AddDate(0, 0, 9) }, []string{"ripen a: date-known -> pending"}},
		{"who can't serve a language is left to the next", func(s *scene) {
			s.ready("anna")
			s.Agents[0].Skills = []string{"persone"}
			s.promised("d", "0212345678", 1, german).waiting("i", 2)
		}, nil, []string{"ripen d: time-has-come -> due", "turn i: first-in-order, anna reserved -> waiting"}},
		{"a call that needs no agent", func(s *scene) { s.promised("v", "0212345678", 1, alone) }, nil,
			[]string{"dial v: no-agent-needed -> dialling"}},
		{"their share of the lines", func(s *scene) {
			s.promised("v", "0212345678", 1, alone).promised("w", "0276543210", 2, alone)
		}, func(c *dispatch.Config) { c.AutoLines = 1 },
			[]string{"dial v: no-agent-needed -> dialling", "ripen w: time-has-come -> due"}},
		{"no more calls than lines", func(s *scene) {
			s.ready("anna", "bruno").promised("a", "0212345678", 1).promised("b", "0276543210", 2)
		}, func(c *dispatch.Config) { c.Lines = 1 },
			[]string{"dial a: first-in-order, anna reserved -> dialling", "ripen b: time-has-come -> due"}},
		{"an exchange that takes no calls", func(s *scene) { s.ready("anna").promised("a", "0212345678", 1).waiting("b", 2); s.Hold = true }, nil,
			[]string{"ripen a: time-has-come -> due", "turn b: first-in-order, anna reserved -> waiting"}},
		{"husband and wife, one telephone: one after the other", func(s *scene) {
			s.promised("v", "0212345678", 1, alone).promised("w", "0212345678", 2, alone)
		}, nil, []string{"dial v: no-agent-needed -> dialling", "ripen w: time-has-come -> due"}},
		{"three attempts at a number in a day", func(s *scene) {
			s.promised("v", "0212345678", 1, alone, func(x *queue.Ticket) {
				for i := range 3 {
					x.Attempts = append(x.Attempts, queue.Attempt{N: i + 1, At: noon.Add(-23 * time.Hour), Ended: noon.Add(-23 * time.Hour), Counts: true})
				}
			})
		}, nil, []string{"ripen v: time-has-come -> due"}},
		{"a number that may not be dialled", func(s *scene) { s.ready("anna").promised("a", "899123456", 1) }, nil,
			[]string{"give-up a: not-dialable -> exhausted"}},
		{"agents who were passed on without a ticket", func(s *scene) { s.ready("anna").waiting("a", 1); s.Out["anna"] = true }, nil, nil},
		{"a claim whose call is not seen is placed again", func(s *scene) {
			s.ready("anna").claimed("a", "0212345678", "anna", noon.Add(-5*time.Second))
			s.Silent["a-1"] = noon.Add(-5 * time.Second)
		}, nil, []string{"dial a: not-taken-up-yet"}},
		{"but not every time", func(s *scene) {
			s.ready("anna").claimed("a", "0212345678", "anna", noon.Add(-5*time.Second))
			s.Silent["a-1"], s.Told["a"] = noon.Add(-5*time.Second), noon.Add(-time.Second)
		}, nil, nil},
		{"a dialled call that is gone: our fault", func(s *scene) {
			s.ready("anna").claimed("a", "0212345678", "anna", noon.Add(-time.Minute))
			s.Silent["a-1"] = noon.Add(-20 * time.Second)
		}, nil, []string{"recover a: call-lost, anna ready -> pending"}},
		{"a caller who is not seen gets no agent", func(s *scene) { s.ready("anna").waiting("a", 1); s.Silent["in-a"] = noon }, nil, nil},
		{"an agent whose ticket is closed", func(s *scene) {
			s.ready("anna")
			s.Agents[0], _ = s.Agents[0].Reserve(noon, "gone")
		}, nil, []string{"mend : agent-without-ticket, anna ready"}},
		{"a talk whose ticket is closed", func(s *scene) {
			s.ready("anna")
			s.Agents[0] = s.Agents[0].Take(noon, "gone")
		}, nil, []string{"mend : agent-without-ticket, anna wrap-up"}},
		{"one call, two tickets", func(s *scene) {
			s.waiting("a", 1).waiting("b", 2)
			s.Tickets[1].Call = s.Tickets[0].Call
		}, nil, []string{"mend b: doubled -> withdrawn"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, c := newScene(t), config()
			tt.scene(s)
			if tt.cfg != nil {
				tt.cfg(&c)
			}
			assert.Equal(t, tt.want, told(dispatch.Plan(s.Snapshot, noon, c)))
		})
	}
}

// TestPlanTurn follows the turn of a waiting caller who does not take it.
func TestPlanTurn(t *testing.T) {
	t.Parallel()
	s, c := newScene(t).ready("anna").waiting("a", 1), config()
	apply := func(decisions []dispatch.Decision) {
		for _, d := range decisions {
			for _, x := range d.Tickets {
				s.Tickets[slices.IndexFunc(s.Tickets, func(o queue.Ticket) bool { return o.ID == x.ID })] = x
			}
			for _, x := range d.Agents {
				s.Agents[slices.IndexFunc(s.Agents, func(o agent.Agent) bool { return o.ID == x.ID })] = x
			}
		}
	}
	steps := []struct {
		after time.Duration
		want  []string
	}{
		{0, []string{"turn a: first-in-order, anna reserved -> waiting"}},
		{c.Again, []string{"turn a: not-taken-up-yet"}},
		{c.TurnLimit, []string{"mend a: turn-not-taken, anna ready -> waiting"}},
		{c.TurnLimit + c.TurnRest - 1, nil},
		{c.TurnLimit + c.TurnRest, []string{"turn a: first-in-order, anna reserved -> waiting"}},
	}
	for _, step := range steps {
		got := dispatch.Plan(s.Snapshot, noon.Add(step.after), c)
		require.Equal(t, step.want, told(got), "after %s", step.after)
		apply(got)
	}
	var err error
	s.Agents[0], err = s.Agents[0].Set(noon.Add(time.Minute), agent.Away, "")
	require.NoError(t, err)
	got := dispatch.Plan(s.Snapshot, noon.Add(time.Minute), c)
	require.Equal(t, []string{"mend a: agent-gone -> waiting"}, told(got), "an agent who left gives the caller back")
	apply(got)

	s.Agents[0], _ = s.Agents[0].Set(noon, agent.Ready, "")
	apply(dispatch.Plan(s.Snapshot, noon.Add(time.Minute), c))
	s.Agents[0], err = s.Agents[0].Ring(noon.Add(time.Minute), "a")
	require.NoError(t, err)
	assert.Empty(t, dispatch.Plan(s.Snapshot, noon.Add(time.Minute), c))
	got = dispatch.Plan(s.Snapshot, noon.Add(time.Minute+c.RingLimit), c)
	assert.Equal(t, []string{"mend a: rings-too-long, anna ready -> waiting"}, told(got))
}

// TestPlanProperties lets a queue live through random events under Plan and
// looks, after each plan, whether what must always hold does.
func TestPlanProperties(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: noon, cfg: config(), s: newScene(t)}
			w.cfg.Window = queue.Window{Zone: time.UTC, Hours: map[time.Weekday][]queue.Span{
				time.Wednesday: {{From: queue.Clock(9, 0), To: queue.Clock(13, 0)}, {From: queue.Clock(14, 0), To: queue.Clock(20, 0)}},
			}}
			w.cfg.Lines, w.cfg.AutoLines = 8, 3
			w.s.ready("a0", "a1", "a2", "a3", "a4")
			for range 300 {
				w.happen()
				w.plan()
			}
		})
	}
}

type world struct {
	t    *testing.T
	rng  *rand.Rand
	now  time.Time
	cfg  dispatch.Config
	s    *scene
	born int
}

// happen lets time go by and one thing happen.
func (w *world) happen() {
	w.now = w.now.Add(time.Duration(w.rng.IntN(60)) * time.Second)
	w.born++
	id, second := fmt.Sprintf("t%03d", w.born), int(w.now.Sub(noon.Add(-time.Hour)).Seconds())
	number := fmt.Sprintf("02%08d", 10000000+w.rng.IntN(25))
	switch w.rng.IntN(8) {
	case 0:
		w.s.waiting(id, second)
	case 1, 2:
		w.s.promised(id, number, second)
	case 3:
		w.s.promised(id, number, second, alone)
	default:
		w.move()
	}
}

// move brings a random ticket, and its agent, one step on.
func (w *world) move() {
	if len(w.s.Tickets) == 0 {
		return
	}
	i := w.rng.IntN(len(w.s.Tickets))
	x := w.s.Tickets[i]
	j := slices.IndexFunc(w.s.Agents, func(a agent.Agent) bool { return a.ID == x.Agent })
	outcomes := []queue.Outcome{queue.Busy, queue.NoAnswer, queue.OurFault, queue.NoKey, queue.Delivered, queue.WrongNumber}
	switch {
	case x.State == queue.Connected:
		x, _ = x.Talked(w.now)
		w.s.Agents[j], _ = w.s.Agents[j].HangUp(w.now, x.ID)
		w.s.Agents[j], _ = w.s.Agents[j].Set(w.now, agent.Ready, "")
	case x.State.OnLine() && j >= 0 && w.rng.IntN(2) == 0:
		x, _ = x.Connected(w.now, x.Agent)
		w.s.Agents[j], _ = w.s.Agents[j].Talk(w.now, x.ID)
	case x.State == queue.Dialling:
		x, _ = x.AttemptEnded(w.now, len(x.Attempts), queue.Result{Outcome: outcomes[w.rng.IntN(len(outcomes))]}, w.cfg.Policy)
		if j >= 0 {
			w.s.Agents[j], _ = w.s.Agents[j].Release(w.now, x.ID)
		}
	case x.State == queue.Waiting && j >= 0:
		x, _ = x.Missed(w.now)
		w.s.Agents[j], _ = w.s.Agents[j].Miss(w.now, x.ID, 0)
		if w.s.Agents[j].State == agent.Paused {
			w.s.Agents[j], _ = w.s.Agents[j].Set(w.now, agent.Ready, "")
		}
	case x.State == queue.Waiting && w.rng.IntN(4) == 0:
		x, _ = x.Withdraw(w.now, queue.ReasonLeft)
	case x.State.OnLine():
		w.s.Silent[x.Call] = w.now.Add(-time.Hour)
	}
	w.s.Tickets[i] = x
	w.s.Tickets = slices.DeleteFunc(w.s.Tickets, func(x queue.Ticket) bool { return !x.State.Open() })
}

func (w *world) plan() {
	for pass := 0; ; pass++ {
		require.Less(w.t, pass, 20, "plans must come to rest")
		decisions := dispatch.Plan(w.s.Snapshot, w.now, w.cfg)
		w.check(decisions)
		wrote := false
		for _, d := range decisions {
			wrote = wrote || len(d.Tickets)+len(d.Agents) > 0
			for _, x := range d.Tickets {
				w.s.Tickets[slices.IndexFunc(w.s.Tickets, func(o queue.Ticket) bool { return o.ID == x.ID })] = x
			}
			for _, a := range d.Agents {
				w.s.Agents[slices.IndexFunc(w.s.Agents, func(o agent.Agent) bool { return o.ID == a.ID })] = a
			}
		}
		w.s.Tickets = slices.DeleteFunc(w.s.Tickets, func(x queue.Ticket) bool { return !x.State.Open() })
		w.invariants()
		if !wrote {
			w.nobodyIsForgotten()
			return
		}
	}
}

// check looks at one plan.
func (w *world) check(decisions []dispatch.Decision) {
	tickets, agents := map[string]bool{}, map[string]bool{}
	last := map[bool]queue.Ticket{} // the last one served, by needing an agent
	for _, d := range decisions {
		if d.Ticket.ID != "" {
			require.False(w.t, tickets[d.Ticket.ID], "a ticket is decided about once")
			tickets[d.Ticket.ID] = true
		}
		for _, a := range d.Agents {
			require.False(w.t, agents[a.ID], "an agent is decided about once")
			agents[a.ID] = true
		}
		require.NotEmpty(w.t, d.Reason)
		if len(d.Tickets) == 0 || (d.Verb != dispatch.Dial && d.Verb != dispatch.Turn) {
			continue
		}
		served := d.Ticket
		require.True(w.t, last[served.NeedsAgent].ID == "" || queue.Before(last[served.NeedsAgent], served), "in order")
		last[served.NeedsAgent] = served
		require.False(w.t, w.now.Before(served.NotBefore))
		if d.Verb == dispatch.Dial {
			require.True(w.t, w.cfg.Window.Contains(w.now), "nobody is dialled outside the window")
			require.NoError(w.t, served.Phone.Dialable())
		}
		if served.NeedsAgent {
			require.Len(w.t, d.Agents, 1)
			require.Equal(w.t, agent.Reserved, d.Agents[0].State)
			require.Equal(w.t, served.ID, d.Agents[0].Ticket)
			require.Equal(w.t, served.Agent, d.Agents[0].ID)
		}
	}
}

// invariants look at the world after a plan was carried out.
func (w *world) invariants() {
	lines, auto := 0, 0
	engaged, held := map[phone.Number]string{}, map[string]string{}
	for _, x := range w.s.Tickets {
		if x.State == queue.Dialling {
			lines++
			if !x.NeedsAgent {
				auto++
			}
		}
		if x.State.OnLine() && !x.Phone.Withheld() {
			require.Empty(w.t, engaged[x.Phone], "one call to a number at a time")
			engaged[x.Phone] = x.ID
		}
		if x.Agent != "" {
			require.Empty(w.t, held[x.Agent], "an agent serves one citizen")
			held[x.Agent] = x.ID
		}
	}
	require.LessOrEqual(w.t, lines, w.cfg.Lines)
	require.LessOrEqual(w.t, auto, w.cfg.AutoLines)
	for _, a := range w.s.Agents {
		if a.State.Serving() {
			require.Equal(w.t, a.Ticket, held[a.ID], "an agent who serves has a ticket that says so")
		}
	}
}

// nobodyIsForgotten: once there is nothing more to decide, while an agent is free nobody waits who could be served.
func (w *world) nobodyIsForgotten() {
	if agent.Next(w.s.Agents, w.now, "persone") < 0 {
		return
	}
	for _, x := range w.s.Tickets {
		if x.State == queue.Waiting && x.Agent == "" && !w.now.Before(x.NotBefore) && w.s.Silent[x.Call].IsZero() {
			require.Fail(w.t, "a caller waits while an agent is free")
		}
	}
}
