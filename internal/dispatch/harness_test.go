package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// exchange is dispatch.Calls: it remembers what it was asked for, and which
// calls are alive.
type exchange struct {
	mu     sync.Mutex
	live   map[string]bool
	turns  map[string]string // ticket -> agent
	placed map[string]int    // call -> how often it was asked for
	began  []queue.Ticket    // calls that began
	broken bool

	cancelled, closed []string // calls, in order
}

func newExchange() *exchange {
	return &exchange{live: map[string]bool{}, turns: map[string]string{}, placed: map[string]int{}}
}

var errExchange = errors.New("the exchange does not answer")

func (x *exchange) Turn(_ context.Context, _, call, ticket, agentID string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.broken || !x.live[call] {
		return errExchange
	}
	x.turns[ticket] = agentID
	return nil
}

func (x *exchange) Place(_ context.Context, t queue.Ticket) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.placed[t.Call]++
	if x.broken {
		return errExchange
	}
	for _, b := range x.began {
		if b.Call == t.Call {
			return nil // asked twice, done once
		}
	}
	x.began, x.live[t.Call] = append(x.began, t), true
	return nil
}

func (x *exchange) Cancel(_ context.Context, call string) {
	x.set(func() {
		delete(x.live, call)
		x.cancelled = append(x.cancelled, call)
	})
}

func (x *exchange) Close(_ context.Context, call string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.live[call] {
		return dispatch.ErrNotFound
	}
	x.closed = append(x.closed, call)
	return nil
}

func (x *exchange) Live(call string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.live[call]
}

func (x *exchange) set(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}

func (x *exchange) ring(call string)   { x.set(func() { x.live[call] = true }) }
func (x *exchange) hangUp(call string) { x.set(func() { delete(x.live, call) }) }

// calls lists the calls that began, in order.
func (x *exchange) calls() (calls []string) {
	x.set(func() {
		for _, t := range x.began {
			calls = append(calls, t.Call)
		}
	})
	return calls
}

func (x *exchange) turn(ticket string) (agentID string) {
	x.set(func() { agentID = x.turns[ticket] })
	return agentID
}

// neverCall is dispatch.Blocks.
type neverCall struct {
	mu      sync.Mutex
	numbers map[phone.Number]bool
}

func (n *neverCall) set(number phone.Number, blocked bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.numbers[number] = blocked
	return nil
}

func (n *neverCall) Block(_ context.Context, _ string, number phone.Number) error {
	return n.set(number, true)
}

func (n *neverCall) Unblock(_ context.Context, _ string, number phone.Number) error {
	return n.set(number, false)
}

func (n *neverCall) Blocked(_ context.Context, _ string, number phone.Number) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.numbers[number], nil
}

// house is a running dispatch over a memory store.
type house struct {
	*testing.T
	ctx     context.Context
	stores  *memstore.Stores
	blocks  *neverCall
	calls   *exchange
	tickets *dispatch.Tickets
	loop    *dispatch.Loop
	cfg     dispatch.Config

	mu       sync.Mutex
	moves    []dispatch.Move
	alarms   []string // "kind on", "kind off"
	measures []dispatch.Measure
}

// heard are the alarms that there were.
func (h *house) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.alarms)
}

func newHouse(t *testing.T, agents ...string) *house {
	h := &house{
		T: t, ctx: t.Context(), stores: memstore.New(nil), blocks: &neverCall{numbers: map[phone.Number]bool{}},
		calls: newExchange(), cfg: config(),
	}
	h.cfg.MinDelay = time.Second
	h.cfg.Policy = queue.DefaultPolicy().Every(30 * time.Second)
	h.cfg.OfferAtOnce = true
	h.start()
	var team []agent.Agent
	for _, id := range agents {
		team = append(team, agent.Agent{ID: id})
	}
	require.NoError(t, h.tickets.Staff(h.ctx, "demo", team))
	return h
}

// start begins a process; stop or kill ends it.
func (h *house) start() {
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	h.tickets = dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{
		NewID: func() string { return fmt.Sprintf("t%016x", rng.Uint64()) },
		Dice:  rng.IntN,
		Moved: func(m dispatch.Move) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.moves = append(h.moves, m)
		},
		Alarm: func(_, kind string, on bool) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.alarms = append(h.alarms, kind+map[bool]string{true: " on", false: " off"}[on])
		},
		Measured: func(m dispatch.Measure) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.measures = append(h.measures, m)
		},
	})
	h.loop = dispatch.NewLoop(h.tickets, h.stores.Leases, h.calls, "p", nil)
	h.loop.Start()
}

func (h *house) wait(d time.Duration) {
	time.Sleep(d) // of the bubble: virtual time, nobody waits
	synctest.Wait()
}

func (h *house) enter(call string) queue.Ticket {
	h.Helper()
	h.calls.ring(call)
	x, err := h.tickets.Enter(h.ctx, dispatch.Entry{
		Tenant: "demo", Key: call + ".1", Call: call, Purpose: queue.WantsPerson, Phone: number(h, "0212345678"), At: time.Now(),
	})
	require.NoError(h, err)
	synctest.Wait()
	return x
}

func (h *house) promise(x queue.Ticket) queue.Ticket {
	h.Helper()
	p, err := h.tickets.Promise(h.ctx, dispatch.Asked{
		Tenant: "demo", Key: x.Call + ".2", Ticket: x.ID, Purpose: queue.WantsPerson, Phone: number(h, "0212345678"), At: time.Now(),
	})
	require.NoError(h, err)
	if x.Call != "" {
		h.calls.hangUp(x.Call)
	}
	synctest.Wait()
	return p
}

func (h *house) set(id string, s agent.State) agent.Agent {
	h.Helper()
	a, err := h.tickets.SetAgentState(h.ctx, "demo", id, s, "")
	require.NoError(h, err)
	synctest.Wait()
	return a
}

func (h *house) ticket(id string) queue.Ticket {
	h.Helper()
	x, err := h.tickets.Ticket(h.ctx, "demo", id)
	require.NoError(h, err)
	return x
}

func (h *house) open() []queue.Ticket {
	h.Helper()
	open, err := h.tickets.InTurn(h.ctx, "demo", "", dispatch.Mark{}, 1000)
	require.NoError(h, err)
	tickets := make([]queue.Ticket, 0, len(open))
	for _, x := range open {
		tickets = append(tickets, x.Ticket)
	}
	return tickets
}

func (h *house) agent(id string) agent.Agent {
	h.Helper()
	team, err := h.tickets.Agents(h.ctx, "demo")
	require.NoError(h, err)
	for _, a := range team {
		if a.ID == id {
			return a
		}
	}
	require.Fail(h, "no such agent")
	return agent.Agent{}
}

func (h *house) ended(x queue.Ticket, o queue.Outcome) queue.Ticket {
	h.Helper()
	n := len(x.Attempts)
	h.calls.hangUp(x.Call)
	require.NoError(h, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, n, queue.Result{Outcome: o}, time.Now()))
	synctest.Wait()
	return h.ticket(x.ID)
}

func in(t *testing.T, f func(*testing.T)) { t.Helper(); t.Parallel(); synctest.Test(t, f) }
