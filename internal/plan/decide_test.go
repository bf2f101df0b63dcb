package plan_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

var noon = time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC)

func number(t testing.TB, s string) phone.Number {
	t.Helper()
	n, err := phone.Parse(s)
	require.NoError(t, err)
	return n
}

func config() plan.Config {
	c := plan.Defaults()
	c.Window = queue.Window{Always: true, Zone: time.UTC}
	return c
}

// A scene is tickets and agents that a table builds step by step, and what else
// is known.
type scene struct {
	t       testing.TB
	cfg     plan.Config
	tickets []queue.Ticket // in order
	agents  []agent.Agent
	silent  map[string]time.Time // calls that are not alive
	told    map[string]time.Time
	aside   map[string]bool
	facts   plan.Facts
}

func newScene(t testing.TB) *scene {
	return &scene{t: t, cfg: config(), silent: map[string]time.Time{}, told: map[string]time.Time{}, aside: map[string]bool{}}
}

func (s *scene) ready(ids ...string) *scene {
	for i, id := range ids {
		s.agents = append(s.agents, agent.Agent{ID: id, Tenant: "demo", State: agent.Ready, Idle: noon.Add(time.Duration(i-60) * time.Minute)})
	}
	return s
}

func (s *scene) add(x queue.Ticket, err error) *scene {
	s.t.Helper()
	require.NoError(s.t, err)
	s.tickets = append(s.tickets, x)
	slices.SortFunc(s.tickets, queue.Compare)
	return s
}

func second(n int) time.Time { return noon.Add(-time.Hour + time.Duration(n)*time.Second) }

// waiting is a caller who came so many seconds after noon minus an hour.
func (s *scene) waiting(id string, n int, change ...func(*queue.Ticket)) *scene {
	x := queue.Ticket{ID: id, Tenant: "demo", Queue: "persone", Call: "in-" + id, Node: "asterisk"}
	for _, c := range change {
		c(&x)
	}
	return s.add(x.Enter(second(n)))
}

// promised is a callback asked for at that time, due since then.
func (s *scene) promised(id, number string, n int, change ...func(*queue.Ticket)) *scene {
	x := queue.Ticket{ID: id, Tenant: "demo", Queue: "persone", NeedsAgent: true}
	terms := queue.Terms{NotBefore: second(n)}
	for _, c := range change {
		c(&x)
	}
	terms.From, terms.To, terms.Slot = x.From, x.To, x.Slot
	var err error
	terms.Phone, err = phone.Parse(number)
	require.NoError(s.t, err)
	return s.add(x.Promise(second(n), terms))
}

// claimed is a callback that is being dialled with an agent.
func (s *scene) claimed(id, number, agentID string, at time.Time) *scene {
	s.promised(id, number, 0)
	i := slices.IndexFunc(s.tickets, func(x queue.Ticket) bool { return x.ID == id })
	due, err := s.tickets[i].Ripen(at)
	require.NoError(s.t, err)
	s.tickets[i], err = due.Claim(at, "asterisk", agentID)
	require.NoError(s.t, err)
	for j := range s.agents {
		if s.agents[j].ID == agentID {
			s.agents[j], err = s.agents[j].Reserve(at, id)
			require.NoError(s.t, err)
		}
	}
	return s
}

// board sets it all up.
func (s *scene) board() *plan.Board {
	b := boardOf("demo", s.cfg, noon, s.tickets, s.agents)
	since := map[time.Time]map[string]bool{}
	all := map[string]bool{}
	for call, at := range s.silent {
		if since[at] == nil {
			since[at] = map[string]bool{}
		}
		since[at][call] = true
	}
	for _, at := range slices.SortedFunc(keys(since), time.Time.Compare) {
		for call := range since[at] {
			all[call] = true
		}
		b.Heard(at, all)
	}
	for id, at := range s.told {
		b.Told(id, at)
	}
	b.SetAside(s.aside)
	return b
}

func keys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// decide decides at a time, and carries it out.
func (s *scene) decide(b *plan.Board, now time.Time) []string {
	decisions, more := b.Decide(now, s.facts)
	require.False(s.t, more)
	apply(b, decisions)
	return told(decisions)
}

// apply puts what was decided on the board, as a store that commits it would.
func apply(b *plan.Board, decisions []plan.Decision) {
	for _, d := range decisions {
		for _, x := range d.Tickets {
			x.Version++
			b.Put(x)
		}
		for _, a := range d.Agents {
			a.Version++
			b.PutAgent(a)
		}
	}
}

// told writes decisions as lines that a table can hold.
func told(decisions []plan.Decision) (lines []string) {
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

func alone(x *queue.Ticket)  { x.NeedsAgent = false; x.Purpose = queue.Verification }
func german(x *queue.Ticket) { x.Language = "de" }
func noKeys(x *queue.Ticket) { x.NoKeys = true }

// never is a window that does not open.
func never(c *plan.Config) { c.Window = queue.Window{Zone: time.UTC} }

func TestDecide(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		scene func(*scene)
		cfg   func(*plan.Config)
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
		{"who is frail has a head start", func(s *scene) {
			s.ready("anna").waiting("a", 1).waiting("b", 900, func(x *queue.Ticket) { x.Class = queue.Frail })
		}, nil, []string{"turn b: first-in-order, anna reserved -> waiting"}},
		{"but nobody starves", func(s *scene) {
			s.ready("anna").waiting("a", 1).waiting("b", 1900, func(x *queue.Ticket) { x.Class = queue.Frail })
		}, nil, []string{"turn a: first-in-order, anna reserved -> waiting"}},
		{"no agent, nobody dialled", func(s *scene) { s.promised("a", "0212345678", 1) }, nil,
			[]string{"ripen a: time-has-come -> due"}},
		{"outside the window nobody is dialled", func(s *scene) { s.ready("anna").promised("a", "0212345678", 1).promised("v", "0276543210", 2, alone) },
			never, nil},
		{"outside the window callers are served", func(s *scene) { s.ready("anna").waiting("a", 1) }, never,
			[]string{"turn a: first-in-order, anna reserved -> waiting"}},
		{"not before its time", func(s *scene) { s.ready("anna").promised("a", "0212345678", 3601) }, nil, nil},
		{"not before a day that is not known", func(s *scene) {
			s.ready("anna").promised("a", "0212345678", 1)
			s.tickets[0].NotBefore = queue.NoDate()
		}, nil, nil},
		{"the day is known now", func(s *scene) {
			s.ready("anna").promised("a", "0212345678", 1)
			s.tickets[0].NotBefore = queue.NoDate()
		}, func(c *plan.Config) { c.Starts = noon.AddDate(0, 0, 9) }, []string{"ripen a: date-known -> pending"}},
		{"who can't serve a language is left to the next", func(s *scene) {
			s.ready("anna")
			s.agents[0].Skills = []string{"persone"}
			s.promised("d", "0212345678", 1, german).waiting("i", 2)
		}, nil, []string{"turn i: first-in-order, anna reserved -> waiting", "ripen d: time-has-come -> due"}},
		{"who speaks a language is kept for nobody", func(s *scene) {
			s.ready("anna", "bruno")
			s.agents[0].Skills = []string{"persone", "de"}
			s.agents[1].Skills = []string{"persone"}
			s.waiting("i", 1).waiting("d", 2, german)
		}, nil, []string{"turn i: first-in-order, anna reserved -> waiting"}},
		{"a call that needs no agent", func(s *scene) { s.promised("v", "0212345678", 1, alone) }, nil,
			[]string{"dial v: no-agent-needed -> dialling"}},
		{"their share of the lines", func(s *scene) {
			s.promised("v", "0212345678", 1, alone).promised("w", "0276543210", 2, alone)
		}, func(c *plan.Config) { c.AutoLines = 1 },
			[]string{"dial v: no-agent-needed -> dialling", "ripen w: time-has-come -> due"}},
		{"no more calls than lines", func(s *scene) {
			s.ready("anna", "bruno").promised("a", "0212345678", 1).promised("b", "0276543210", 2)
		}, func(c *plan.Config) { c.Lines = 1 },
			[]string{"dial a: first-in-order, anna reserved -> dialling", "ripen b: time-has-come -> due"}},
		{"an exchange that takes no calls", func(s *scene) {
			s.ready("anna").promised("a", "0212345678", 1).waiting("b", 2)
			s.facts.Hold = true
		}, nil, []string{"turn b: first-in-order, anna reserved -> waiting", "ripen a: time-has-come -> due"}},
		{"one call to see whether it takes calls again", func(s *scene) {
			s.ready("anna", "bruno").promised("a", "0212345678", 1).promised("b", "0276543210", 2)
			s.facts.Hold, s.facts.Probe = true, true
		}, nil, []string{"dial a: first-in-order, anna reserved -> dialling", "ripen b: time-has-come -> due"}},
		{"husband and wife, one telephone: one after the other", func(s *scene) {
			s.promised("v", "0212345678", 1, alone).promised("w", "0212345678", 2, alone)
		}, nil, []string{"dial v: no-agent-needed -> dialling", "ripen w: time-has-come -> due"}},
		{"who is on the line with us is not called", func(s *scene) {
			s.promised("v", "0212345678", 1, alone).waiting("a", 2, func(x *queue.Ticket) { x.Phone = number(s.t, "0212345678") })
		}, nil, []string{"ripen v: time-has-come -> due"}},
		{"a number that may not be dialled", func(s *scene) { s.ready("anna").promised("a", "899123456", 1) }, nil,
			[]string{"give-up a: not-dialable -> exhausted"}},
		{"agents who are not to be chosen", func(s *scene) { s.ready("anna").waiting("a", 1); s.aside["anna"] = true }, nil, nil},
		{"a telephone that does not answer its probe", func(s *scene) {
			s.ready("anna").waiting("a", 1)
			s.agents[0] = s.agents[0].Reach(noon, false)
		}, nil, nil},
		{"a claim whose call is not seen is placed again", func(s *scene) {
			s.ready("anna").claimed("a", "0212345678", "anna", noon.Add(-5*time.Second))
			s.silent["a-1"] = noon.Add(-5 * time.Second)
		}, nil, []string{"dial a: not-taken-up-yet"}},
		{"but not every time", func(s *scene) {
			s.ready("anna").claimed("a", "0212345678", "anna", noon.Add(-5*time.Second))
			s.silent["a-1"], s.told["a"] = noon.Add(-5*time.Second), noon.Add(-time.Second)
		}, nil, nil},
		{"a dialled call that is gone: our fault", func(s *scene) {
			s.ready("anna").claimed("a", "0212345678", "anna", noon.Add(-time.Minute))
			s.silent["a-1"] = noon.Add(-20 * time.Second)
		}, nil, []string{"recover a: call-lost, anna ready -> pending"}},
		{"a caller who is not seen gets no agent", func(s *scene) { s.ready("anna").waiting("a", 1); s.silent["in-a"] = noon }, nil, nil},
		{"an agent whose ticket is closed", func(s *scene) {
			s.ready("anna")
			s.agents[0], _ = s.agents[0].Reserve(noon, "gone")
		}, nil, []string{"mend : agent-without-ticket, anna ready"}},
		{"a talk whose ticket is closed", func(s *scene) {
			s.ready("anna")
			s.agents[0] = s.agents[0].Take(noon, "gone")
		}, nil, []string{"mend : agent-without-ticket, anna wrap-up"}},
		{"a helper serves the ticket of another", func(s *scene) {
			s.ready("anna", "bruno").waiting("a", 1)
			s.tickets[0], _ = s.tickets[0].Connected(noon, "anna")
			s.agents[0] = s.agents[0].Take(noon, "a")
			s.agents[1], _ = s.agents[1].Help(noon, "a")
		}, nil, nil},
		{"one call, two tickets", func(s *scene) {
			s.waiting("a", 1).waiting("b", 2)
			s.tickets[1].Call = s.tickets[0].Call
		}, nil, []string{"mend b: doubled -> withdrawn"}},
		{"the offices close: callers are called back, who has an agent is served", func(s *scene) {
			s.ready("anna").waiting("a", 1).waiting("b", 2).waiting("c", 3)
			s.told["b"] = noon.Add(-time.Second)
		}, never, []string{"turn a: first-in-order, anna reserved -> waiting", "close c: offices-closed"}},
		{"a supervisor empties the line", func(s *scene) {
			s.waiting("a", 1).waiting("b", 3700)
			s.facts.Swept = map[string]time.Time{"persone": noon}
		}, nil, []string{"close a: swept"}},
		{"who came long ago and has called again since is not sent home", func(s *scene) {
			s.waiting("a", 1).waiting("b", 2).waiting("c", 3)
			s.facts.Swept = map[string]time.Time{"persone": noon.Add(-time.Minute), "visite": noon}
			s.tickets[0].Since = noon.Add(-2 * time.Minute)
			s.tickets[1].Since = noon.Add(-30 * time.Second)
			s.tickets[1].Arrived = noon.Add(-3 * time.Hour)
			s.tickets[2].Since = noon.Add(-30 * time.Second)
		}, nil, []string{"close a: swept"}},
		{"citizen first: as many as agents are free", func(s *scene) {
			s.ready("anna", "bruno").promised("a", "0212345678", 1).promised("b", "0276543210", 2).promised("c", "0287654321", 3)
		}, func(c *plan.Config) { c.CitizenFirst = true },
			[]string{"dial a: first-in-order -> dialling", "dial b: first-in-order -> dialling", "ripen c: time-has-come -> due"}},
		{"citizen first, but not who can't press keys", func(s *scene) {
			s.ready("anna").promised("a", "0212345678", 1, noKeys)
		}, func(c *plan.Config) { c.CitizenFirst = true }, []string{"dial a: first-in-order, anna reserved -> dialling"}},
		{"the first call of a day tries the trunk", func(s *scene) { s.ready("anna").promised("a", "0212345678", 1) },
			func(c *plan.Config) { c.CheckNumber, _ = phone.Parse("0298765432") },
			[]string{"check check-demo-2027-03-03-1: first-call-of-the-day -> pending", "ripen a: time-has-come -> due"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			if tt.cfg != nil {
				tt.cfg(&s.cfg)
			}
			tt.scene(s)
			decisions, more := s.board().Decide(noon, s.facts)
			assert.Equal(t, tt.want, told(decisions))
			assert.False(t, more)
		})
	}
}
