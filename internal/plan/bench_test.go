package plan_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// The size of the worst day: a region's open tickets, and its call center.
const (
	million = 1_000_000
	team    = 2_600
)

// A crowd is open tickets as a worst day leaves them: most wait for a call that
// is due, some for later days, some had been called already; agents of 40 sets of
// skills.
type crowd struct {
	rng     *rand.Rand
	now     time.Time
	cfg     plan.Config
	tickets []queue.Ticket
	agents  []agent.Agent
	born    int
}

func newCrowd(b testing.TB, tickets int) *crowd {
	c := &crowd{rng: rand.New(rand.NewPCG(1, 2)), now: noon, cfg: config()}
	c.cfg.Lines, c.cfg.AutoLines, c.cfg.Queues = 4000, 600, []string{"persone", "prelievi", "visite"}
	for i := range team {
		var skills []string
		if i%10 > 2 {
			skills = []string{c.cfg.Queues[i%3], c.cfg.Queues[i%2], []string{"persone", "de", "sl", "fr"}[i%4], []string{"persone", "en", "ar"}[i%7%3]}
		}
		c.agents = append(c.agents, agent.Agent{
			ID: fmt.Sprintf("agent-%04d", i), Tenant: "regione", State: agent.Ready, Idle: noon.Add(-time.Duration(i) * time.Second),
			Skills: skills, Version: 1, Handle: time.Duration(60+i%120) * time.Second,
		})
	}
	for range tickets {
		c.tickets = append(c.tickets, c.ticket(b))
	}
	return c
}

// ticket is a citizen who asked to be called at some time in the last days.
func (c *crowd) ticket(b testing.TB) queue.Ticket {
	c.born++
	n, err := phone.Parse(fmt.Sprintf("02%08d", 10_000_000+c.born))
	require.NoError(b, err)
	languages := []string{"it", "it", "it", "it", "it", "it", "de", "sl", "fr", "en"}
	x := queue.Ticket{
		ID: fmt.Sprintf("%016x", c.rng.Uint64()), Tenant: "regione", Queue: c.cfg.Queues[c.rng.IntN(3)], Purpose: queue.WantsPerson,
		Citizen: fmt.Sprintf("AAAAAA%02dA%02dA%03dX", c.born/100_000%100, c.born/1000%100, c.born%1000), Language: languages[c.rng.IntN(len(languages))],
		Channel: "phone", NeedsAgent: c.rng.IntN(20) > 0,
	}
	arrived := c.now.Add(-time.Duration(c.rng.IntN(3*86400)) * time.Second)
	terms := queue.Terms{Phone: n, Word: fmt.Sprintf("%03d", c.rng.IntN(1000)), NotBefore: arrived.Add(time.Minute)}
	switch {
	case !x.NeedsAgent:
		x.Purpose = queue.Verification
	case c.rng.IntN(4) == 0:
		terms.NotBefore = c.now.Add(time.Duration(c.rng.IntN(3*86400)) * time.Second)
		terms.From, terms.To = terms.NotBefore, terms.NotBefore.Add(time.Hour)
	}
	x, err = x.Promise(arrived, terms)
	require.NoError(b, err)
	x.Version = 1
	if c.rng.IntN(6) == 0 && !c.now.Before(x.NotBefore) { // was called once, and not reached
		x, _ = x.Ripen(c.now)
		x, _ = x.ClaimFirst(arrived.Add(time.Hour), "asterisk")
		x, err = x.AttemptEnded(arrived.Add(time.Hour), 1, queue.Result{Outcome: queue.NoAnswer, Cause: 19}, queue.Judge{Policy: c.cfg.Policy.Every(time.Hour)})
		require.NoError(b, err)
	}
	return x
}

// settle lets the board decide until it has nothing more to do at once.
func (c *crowd) settle(board *plan.Board) {
	for {
		decisions, more := board.Decide(c.now, plan.Facts{})
		apply(board, decisions)
		for _, d := range decisions {
			board.Told(d.Ticket.ID, c.now)
		}
		if !more && len(decisions) == 0 {
			return
		}
	}
}

// BenchmarkDecide is the steady state of the worst day: a million open tickets,
// all agents busy. A talk ends, a citizen asks to be called, a call is not
// answered; each time it is decided what follows. The time is that of taking in
// what happened, deciding, and putting what was decided on the board.
func BenchmarkDecide(b *testing.B) {
	c := newCrowd(b, million)
	board := boardOf("regione", c.cfg, c.now, c.tickets, c.agents)
	c.tickets = nil
	c.settle(board)
	runtime.GC()
	var took []time.Duration
	decided := 0
	for b.Loop() {
		c.now = c.now.Add(20 * time.Millisecond)
		tickets, agents := c.event(b, board)
		began := time.Now()
		for _, x := range tickets {
			board.Put(x)
		}
		for _, a := range agents {
			board.PutAgent(a)
		}
		decisions, _ := board.Decide(c.now, plan.Facts{})
		apply(board, decisions)
		took = append(took, time.Since(began))
		decided += len(decisions)
		for _, d := range decisions {
			board.Told(d.Ticket.ID, c.now)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
	b.ReportMetric(float64(took[len(took)-1].Nanoseconds())/1000, "max-µs")
	b.ReportMetric(float64(decided)/float64(len(took)), "decisions/op")
}

// event is one thing that happens: of ten, four talks end, two citizens are not
// reached, two press 1, two new ones ask to be called.
func (c *crowd) event(b *testing.B, board *plan.Board) (tickets []queue.Ticket, agents []agent.Agent) {
	kind := c.rng.IntN(10)
	if kind >= 8 {
		return []queue.Ticket{c.ticket(b)}, nil
	}
	for range 100 {
		a, _ := board.Agent(c.agents[c.rng.IntN(team)].ID)
		x, ok := board.Ticket(a.Ticket)
		switch {
		case !ok:
			continue
		case x.State == queue.Connected:
			x, _ = x.Talked(c.now)
			a, _ = a.HangUp(c.now, x.ID)
			a, _ = a.Set(c.now, agent.Ready, "")
		case x.State == queue.Dialling && kind < 3:
			x, _ = x.AttemptEnded(c.now, len(x.Attempts), queue.Result{Outcome: queue.Busy}, c.cfg.Judge(x, nil))
			a, _ = a.Release(c.now, x.ID)
		default:
			x, _ = x.Connected(c.now, a.ID)
			a = a.Take(c.now, x.ID)
		}
		x.Version++
		a.Version++
		return []queue.Ticket{x}, []agent.Agent{a}
	}
	return nil, nil
}

// BenchmarkRebuild makes the board anew of a million tickets, as a planner does
// that takes over.
func BenchmarkRebuild(b *testing.B) {
	c := newCrowd(b, million)
	for b.Loop() {
		board := boardOf("regione", c.cfg, c.now, c.tickets, c.agents)
		require.Equal(b, million, board.Len())
	}
}

// BenchmarkMemory is what a ticket takes on the board, all indexes included.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		c := newCrowd(b, 0)
		before := heap()
		board := boardOf("regione", c.cfg, c.now, nil, c.agents)
		for range million {
			board.Put(c.ticket(b))
		}
		b.ReportMetric(float64(heap()-before)/million, "bytes/ticket")
		runtime.KeepAlive(board)
	}
}

// heap is how much is in use once nothing is in it that nobody needs.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
