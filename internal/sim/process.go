package sim

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/call"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/phone"
)

// process is the service as it runs once: it can die at every verb of the stores
// and every command to the exchange, and then another one takes over.
type process struct {
	w       *World
	n       int
	tickets *dispatch.Tickets
	loop    *dispatch.Loop
	runner  *call.Runner

	dead      bool
	owns      bool      // the exchange was given to it
	frozen    time.Time // until when it does nothing
	listened  bool      // to the exchange, and nobody else does since
	connected bool      // and has compared what there is
	planning  bool
	sweeps    int
	dirty     bool // something was committed since the planner looked
	looked    time.Time
	wakeAt    time.Time
	yield     func(time.Duration) bool // stands still; see freeze.go
}

// crashed is thrown through a process that dies.
type crashed struct{ p *process }

var errAway = errors.New("sim: the exchange is away")

// start starts a process, which takes the exchange as soon as the stores let it.
func (w *World) start() {
	p := &process{w: w, n: len(w.processes) + 1}
	w.processes, w.born = append(w.processes, p), w.clock.Now()
	w.tell("process %d starts", p.n)
	p.tickets = dispatch.New(w.ticketStore(), w.stores.Blocks, w.stores.Sweeps, w.offices(), dispatch.Options{
		Now: w.clock.Now, NewID: w.newID, Dice: w.dice.IntN, Moved: w.moved,
	})
	p.runner = call.NewRunner(call.Config{
		Node: node, Scripts: flow.Scripts(), Rescue: flow.ScriptRescue,
		Host: p, Line: w.exchange, Store: w.stores.Calls, Nodes: w.stores.Calls,
		Outside: asking{w, desk.New(desk.Config{
			Tickets: p.tickets, Registrations: w.stores.Registrations, Limits: w.stores.Limits,
			Recordings: recordings{w}, Secret: []byte("a secret of the simulation"),
			Tenants: w.desks(),
		})},
		AfterKey: 500 * time.Millisecond, AfterAnswer: time.Second, BeforeEnd: time.Second,
		Now: w.clock.Now, Beside: p.beside,
	})
	p.loop = dispatch.NewLoop(p.tickets, w.stores.Leases, telephone{p}, node, func(_ string, d dispatch.Decision) { w.decided(p, d) })
	p.take(100 * time.Millisecond)
}

// take takes the exchange, again and again until it is given.
func (p *process) take(wait time.Duration) {
	p.do(func() {
		if err := p.runner.Start(context.Background()); err != nil {
			p.later(wait, func() { p.take(min(2*wait, 2*time.Second)) })
			return
		}
		p.owns = true
		p.staff()
	})
}

// staff makes the agents known, and connects.
func (p *process) staff() {
	for _, of := range p.w.tenants() {
		team := make([]agent.Agent, 0, len(p.w.agents))
		for _, a := range p.w.agents {
			if p.w.employer(a.Name) == of {
				team = append(team, agent.Agent{ID: a.Name})
			}
		}
		if err := p.tickets.Staff(context.Background(), of, team); err != nil {
			p.later(time.Second, p.staff)
			return
		}
	}
	p.connect()
}

// connect connects with the exchange, compares what it has, and begins to plan.
func (p *process) connect() {
	again := func() { p.later(500*time.Millisecond, p.connect) }
	if !p.w.exchange.Up() {
		again()
		return
	}
	p.listened = true
	p.w.exchange.Listen(p.event)
	p.w.replaced(p)
	channels, err := p.w.exchange.Channels(context.Background())
	if err == nil {
		err = p.runner.Connected(context.Background(), channels)
	}
	if err != nil {
		p.w.exchange.Listen(nil)
		p.w.listener = nil
		again()
		return
	}
	p.connected, p.dirty = p.listened, true // another one may have come while this one stood still
	p.planning = true
	p.later(notesAfter, p.readNotes)
	p.sweeps++
	p.sweep(p.sweeps)
}

// How often the service compares what it knows with the exchange, and when it
// asks for the numbers that were noted while nobody served.
const (
	sweepEvery = 10 * time.Second
	notesAfter = 15 * time.Second
	notesEvery = time.Minute
)

// sweep compares what the process knows of calls with what the exchange has,
// again and again while it is connected. In a quiet night it is done seldom.
func (p *process) sweep(n int) {
	if !p.connected || n != p.sweeps {
		return
	}
	if channels, err := p.w.exchange.Channels(context.Background()); err == nil {
		_ = p.runner.Sweep(context.Background(), channels) // what it can't read now, it reads in ten seconds
	}
	every := max(sweepEvery, p.w.stride())
	if p.w.Light {
		every = 12 * sweepEvery
	}
	p.later(every, func() { p.sweep(n) })
}

// disconnected is the exchange having died: its calls go on in memory until it
// is back and they can be compared.
func (p *process) disconnected() {
	p.connected = false
	p.later(500*time.Millisecond, p.connect)
}

// event takes something that happened at the exchange.
func (p *process) event(e call.Event) { p.do(func() { p.runner.Event(e) }) }

// beside does something beside the calls, a moment later: what is asked of the
// outside takes its time.
func (p *process) beside(after time.Duration, do func()) {
	p.w.clock.After(after+p.w.lag(), func() { p.do(do) })
}

// later does something of the process itself later.
func (p *process) later(after time.Duration, do func()) {
	p.w.clock.After(after, func() { p.do(do) })
}

// do lets the process do something and then whatever follows from it now. It may
// die in it.
func (p *process) do(f func()) {
	w := p.w
	if p.dead {
		return
	}
	if w.clock.Now().Before(p.frozen) {
		w.clock.At(p.frozen, func() { p.do(f) })
		return
	}
	if w.running != nil {
		w.clock.After(0, func() { p.do(f) }) // one thing after the other
		return
	}
	if w.freezes > 0 {
		p.doFreezing(f)
		return
	}
	defer p.mayDie()
	w.running = p
	f()
	p.work()
}

// mayDie ends what a process does, and the process if it died in it.
func (p *process) mayDie() {
	p.w.running = nil
	if thrown := recover(); thrown != nil {
		if c, ok := thrown.(crashed); !ok || c.p != p {
			panic(thrown)
		}
		p.die("dies")
	}
}

// mostTurns is how often the planner may look at one instant, because something
// was committed in its look or after it.
const mostTurns = 200

// work does what there is to do now, and sees to it that the process is woken
// when there is more.
func (p *process) work() {
	if !p.owns {
		return
	}
	for turns := 1; ; turns++ {
		if p.runner.Err() != nil {
			p.die("has lost the exchange and ends")
			return
		}
		if turns > mostTurns {
			p.w.wrong("process %d finds no end: each look of the planner leads to another", p.n)
			return
		}
		p.runner.Work()
		if !p.planning || !p.dirty || p.runner.Err() != nil {
			if p.runner.Err() == nil {
				break
			}
			continue
		}
		p.round()
	}
	at := p.looked.Add(p.w.stride())
	if !p.planning {
		at = p.w.clock.Now().Add(time.Hour)
	}
	if due := p.runner.NextDue(); !due.IsZero() && due.Before(at) {
		at = due
	}
	if p.wakeAt.After(p.w.clock.Now()) && !at.Before(p.wakeAt) {
		return
	}
	p.wakeAt = at
	p.w.clock.At(at, func() {
		if p.wakeAt.Equal(at) {
			p.do(p.wake)
		}
	})
}

// wake looks at what is due.
func (p *process) wake() {
	if p.planning && !p.w.clock.Now().Before(p.looked.Add(p.w.stride())) {
		p.dirty = true
	}
}

// round lets the planner look once.
func (p *process) round() {
	p.dirty, p.looked = false, p.w.clock.Now()
	p.loop.Round(context.Background())
}

// die ends the process. What it was doing is over; its callers stay on the line.
func (p *process) die(how string) {
	if p.dead {
		return
	}
	w := p.w
	p.dead = true
	w.tell("process %d %s", p.n, how)
	if w.listener == p {
		w.exchange.Listen(nil)
		w.listener = nil
	}
	if w.alive() == nil {
		w.clock.After(w.restartAfter, func() {
			if w.alive() == nil {
				w.start()
			}
		})
	}
}

// readNotes makes callbacks of the numbers that the exchange has noted.
func (p *process) readNotes() {
	notes := p.w.exchange.Notes()
	if !p.connected || len(notes) == 0 {
		return
	}
	p.later(notesEvery, p.readNotes)
	for _, note := range notes {
		n, err := phone.Parse(note.Number)
		if err != nil {
			continue
		}
		t, err := p.tickets.Noted(context.Background(), tenant, note.Key, n, note.At)
		if err != nil {
			return
		}
		p.w.exchange.Erase(note.Key)
		p.w.promised(t.ID, "the exchange's notebook")
	}
}

// ticketStore is where tickets are kept; with a history, their ways are told.
func (w *World) ticketStore() dispatch.Store {
	if w.Trace == nil {
		return w.stores.Tickets
	}
	return history{w.stores.Tickets, w}
}

// asking tells what conversations ask.
type asking struct {
	w *World
	call.Outside
}

// Answer implements call.Outside.
func (a asking) Answer(ctx context.Context, q call.Question) (json.RawMessage, error) {
	answer, err := a.Outside.Answer(ctx, q)
	if a.w.Trace != nil {
		a.w.tell("  %s asked %s: %v", q.Key, q.Name, err)
	}
	return answer, err
}

// history tells what is committed.
type history struct {
	dispatch.Store
	w *World
}

// Commit implements dispatch.Store.
func (h history) Commit(ctx context.Context, c dispatch.Change) (dispatch.Change, error) {
	kept, err := h.Store.Commit(ctx, c)
	for _, t := range c.Tickets {
		h.w.tell("  %s: %s, agent %q: %v", t, t.Reason, t.Agent, err)
	}
	for _, a := range c.Agents {
		h.w.tell("  agent %s: %s %s: %v", a.ID, a.State, a.Ticket, err)
	}
	return kept, err
}

func (w *World) moved(m dispatch.Move) {
	if w.Moved != nil {
		w.Moved(w.clock.Now(), m)
	}
}
