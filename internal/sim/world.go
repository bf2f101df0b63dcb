package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/citizen"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/sim/town"
	"richiamo/prompts"
)

// Studio is what all worlds share: the voice and the register. It may be used by
// several goroutines.
type Studio struct {
	voice *town.Voice
	all   *register
}

// NewStudio reads the voice and invents citizens for worlds of up to so many.
func NewStudio(citizens int) (*Studio, error) {
	voice, err := town.LoadVoice(prompts.FS(), "it")
	if err != nil {
		return nil, err
	}
	if citizens > maxPeople {
		return nil, fmt.Errorf("sim: at most %d citizens can be invented", maxPeople)
	}
	all, err := newRegister(citizens)
	return &Studio{voice: voice, all: all}, err
}

// World is one play. It is used once, by one goroutine.
type World struct {
	Plan
	// Trace, if set, gets the history as text.
	Trace io.Writer
	// Moved, if set, hears of every transition of a ticket or agent.
	Moved func(at time.Time, m dispatch.Move)

	voice    *town.Voice
	register *register
	setup    flow.Setup
	serve    dispatch.Config

	clock    *town.Clock
	dice     town.Dice
	exchange *town.Exchange
	stores   *memstore.Stores

	processes    []*process
	born         time.Time // when the newest process started
	running      *process  // whose turn it is
	listener     *process  // who hears the exchange
	restartAfter time.Duration
	ids          int

	citizens []*town.Citizen
	homes    []*town.Home
	agents   []*town.Agent
	expected int // first calls and hand-overs that are still to come
	wanted   map[string]wishing
	standing map[*standing]bool

	backEnd
	*faults
	*checks
}

// New makes a world of a plan. It is still to be run.
func (s *Studio) New(p Plan) *World {
	if p.Round == 0 {
		p.Round = time.Second
	}
	if p.Events == 0 {
		p.Events = 200_000
	}
	if p.Long == 0 {
		p.Long = 30 * 24 * time.Hour
	}
	w := &World{
		Plan: p, voice: s.voice, register: s.all, setup: p.Setup, serve: p.Serve,
		clock: town.NewClock(p.Start), dice: town.NewDice(p.Seed, 1), restartAfter: p.RestartAfter, wanted: map[string]wishing{},
		standing: map[*standing]bool{}, backEnd: backEnd{selves: map[int]bool{}},
	}
	w.stores = memstore.New(w.clock.Now)
	w.faults = newFaults(w)
	w.checks = newChecks(w)
	w.exchange = town.NewExchange(w.clock, w.voice, town.Watch{
		Rang: w.rang, Hangs: w.hangs, Ended: w.ended, Spoke: w.spoke, Late: w.behind, Joins: w.joins, Op: w.op, Fails: w.trunk, Who: w.who,
	})
	w.people()
	return w
}

// people lets the citizens and agents of the plan in.
func (w *World) people() {
	for i, two := range w.Plan.Homes {
		h := &town.Home{Number: number(i), Two: two}
		w.homes, w.byNumber[h.Number] = append(w.homes, h), h
	}
	if n := w.serve.CheckNumber; !n.Withheld() {
		own := &town.Home{Number: n.Reveal(), Two: true}
		own.People = []*town.Citizen{{
			Name: "own", Temper: town.Temper{NoKeys: true, Answers: 2 * time.Second, Patience: time.Minute, Talks: time.Minute},
			Home: own, Clock: w.clock, Dice: w.dice, Exchange: w.exchange,
		}}
		w.byNumber[own.Number] = own
	}
	for i, c := range w.Callers {
		n := w.person(i)
		who, home := w.register.people[n], w.homes[c.Home]
		year, day := born(n)
		if c.Born != 0 {
			year = c.Born
		}
		person := &town.Citizen{
			Name: fmt.Sprintf("c%d", i), Temper: c.Temper, Home: home, Keys: who.Code.Keypad().Reveal(),
			Dials: service, Card: who.Card.Reveal()[citizen.CardLen-5:], Born: fmt.Sprintf("%02d01%04d", day, year),
			Clock: w.clock, Dice: w.dice, Exchange: w.exchange,
		}
		if c.Neighbour {
			person.Dials = neighbourService
		}
		home.People = append(home.People, person)
		w.citizens = append(w.citizens, person)
	}
	for i, s := range w.Plan.Agents {
		w.agents = append(w.agents, &town.Agent{
			Name: fmt.Sprintf("a%d", i), Manner: s.Manner, Clock: w.clock, Dice: w.dice, Office: office{w}, Wish: w.wish, Pace: w.pace,
		})
	}
}

// person is who of the register the i-th caller is: one after the other, or, in
// a short world, anybody.
func (w *World) person(i int) int {
	if w.Light {
		return i
	}
	return (i*97 + int(w.Seed%1009)*31) % len(w.register.people)
}

// number is the telephone number of a home, invented: an area code of Milan.
func number(home int) string { return fmt.Sprintf("02%07d", 1000000+home) }

// campaign is what citizens of a world register for.
const campaign = "vaccino"

// desks is what the desk knows of each authority: they have the same citizens and
// the same campaign here, and nothing else in common.
func (w *World) desks() map[string]desk.Tenant {
	all := map[string]desk.Tenant{}
	for _, of := range w.tenants() {
		all[of] = w.deskTenant()
	}
	return all
}

// deskTenant is what the desk knows of an authority.
func (w *World) deskTenant() desk.Tenant {
	until, _ := citizen.NewDate(1941, 12, 31) // a date that exists
	if w.Light {
		until, _ = citizen.NewDate(1999, 12, 31)
	}
	zone := w.serve.Window.Zone
	if zone == nil {
		zone = time.UTC
	}
	return desk.Tenant{
		Registry: guarded{w.register, w}, Campaign: campaign, BornUntil: until, FrailUntil: w.FrailUntil, Zone: zone, Tries: desk.DefaultTries(),
	}
}

// Run plays the world until everything is settled, and returns the first thing
// that was not as it must be. A panic in the world is such a thing: others that are
// played beside it go on, and its seed is told.
func (w *World) Run() (err error) {
	defer w.letGo()
	defer func() {
		if thrown := recover(); thrown != nil {
			w.wrong("panic: %v, in %s", thrown, thrownIn())
			err = w.verdict()
		}
	}()
	w.play()
	return w.verdict()
}

// play goes from event to event.
func (w *World) play() {
	w.begin()
	limit := w.Start.Add(w.Long)
	for w.fault == nil {
		if at, ok := w.clock.Next(); !ok || at.After(limit) {
			w.wrong("not settled after %s: %s", w.Long, w.unsettled())
			break
		}
		w.clock.Step()
		if w.events++; w.events > w.Events {
			w.wrong("not settled after %d events: %s", w.events, w.unsettled())
		}
		w.always()
		if w.done {
			break
		}
	}
	if w.fault == nil {
		w.finally()
	}
}

// verdict is the first thing that was not as it must be, with how to see it again.
func (w *World) verdict() error {
	switch {
	case w.fault != nil && w.drawn:
		return fmt.Errorf("seed %d: %w (replay: richiamo simulate --seed %d --trace)", w.Seed, w.fault, w.Seed)
	case w.fault != nil:
		return w.fault
	}
	return nil
}

// Every has something done at equal intervals, until the world is over.
func (w *World) Every(d time.Duration, do func(now time.Time)) {
	w.clock.After(d, func() {
		do(w.clock.Now())
		w.Every(d, do)
	})
}

// Stop ends the world before its time; Run returns why.
func (w *World) Stop(why error) { w.wrong("%w", why) }

// Citizens are those of the plan, in its order.
func (w *World) Citizens() []*town.Citizen { return w.citizens }

// Agents are those of the plan, in its order.
func (w *World) Agents() []*town.Agent { return w.agents }

// Exchange is the exchange of the world.
func (w *World) Exchange() *town.Exchange { return w.exchange }

// Tickets are all tickets, as they are kept.
func (w *World) Tickets() []queue.Ticket {
	w.look()
	return slices.SortedFunc(maps.Values(w.tickets), queue.Compare)
}

// begin puts on the clock what the plan knows beforehand.
func (w *World) begin() {
	if w.Trace != nil {
		w.exchange.Told = w.tell
		for _, c := range w.citizens {
			c.Told = w.tell
		}
	}
	w.start()
	for i, s := range w.Plan.Agents {
		w.clock.After(s.From+time.Second, w.agents[i].LogIn)
		if s.Till > 0 {
			w.clock.After(s.Till, w.agents[i].LogOut)
		}
	}
	for i, c := range w.Callers {
		if c.After >= 0 {
			w.expected++
			w.clock.After(c.After+2*time.Second, func() { w.expected--; w.citizens[i].Dial() })
		}
	}
	for i, r := range w.Returns {
		w.expected++
		w.clock.After(r.After+2*time.Second, func() { w.handOver(i, r) })
	}
	for i, e := range w.Enrols {
		w.expected++
		w.clock.After(e.After+2*time.Second, func() { w.enrol(i, e) })
	}
	w.disturb()
	if w.BackEnd != nil {
		w.clock.After(webEvery, w.browse)
	}
	w.clock.After(watchEvery, w.watch)
}

// enrol is another system registering the i-th citizen after those who call, until
// it is taken.
func (w *World) enrol(i int, e Enrol) {
	who, err := w.register.people[w.person(len(w.Callers)+i)], errNobody
	w.asked(func(*process) {
		_, _, err = w.stores.Registrations.Add(context.Background(), desk.Registration{
			Tenant: tenant, Campaign: campaign, Citizen: who.Code.Reveal(), Channel: e.Channel,
			Phone: number(len(w.homes) + i), At: w.clock.Now(),
		})
	})
	if err != nil {
		w.clock.After(5*time.Second, func() { w.enrol(i, e) })
		return
	}
	w.expected--
}

// Registered counts the registrations of each channel.
func (w *World) Registered() map[string]int {
	counts := map[string]int{}
	w.inspect(func() {
		all, _, _ := w.stores.Registrations.Page(context.Background(), tenant, "", 1<<30)
		for _, r := range all {
			counts[r.Channel]++
		}
	})
	return counts
}

// handOver is another system handing a citizen over, until it is taken. Who is frail
// by the register goes first, as with the API.
func (w *World) handOver(i int, r Return) {
	c := w.citizens[r.Caller]
	n, _ := phone.Parse(c.Home.Number) // one of ours
	who := guarded{w.register, w}.person(w.person(r.Caller))
	want := dispatch.ReturnCall{Citizen: who.Code.Reveal(), Phone: n, Purpose: queue.Verification, Channel: "portal", Class: r.Class}
	if r.Channel != "" {
		want.Purpose, want.Channel = queue.WantsPerson, r.Channel
	}
	if r.Class == queue.Normal {
		want.Class = w.deskTenant().Class(who)
	}
	done := false
	w.asked(func(p *process) {
		t, err := p.tickets.CreateReturn(context.Background(), tenant, fmt.Sprintf("return%d", i), want)
		if done = err == nil; done {
			w.promised(t.ID, want.Channel)
		}
	})
	if !done {
		w.clock.After(5*time.Second, func() { w.handOver(i, r) })
		return
	}
	w.expected--
}

// asked lets somebody ask the service for something from outside; nothing happens
// while it is not there.
func (w *World) asked(ask func(p *process)) {
	if p := w.alive(); p != nil && p.planning {
		p.do(func() { ask(p) })
	}
}

// alive is the newest process that lives; nil: none does.
func (w *World) alive() *process {
	for i := len(w.processes) - 1; i >= 0; i-- {
		if p := w.processes[i]; !p.dead {
			return p
		}
	}
	return nil
}

// replaced ends the processes that another one has taken the exchange from.
func (w *World) replaced(by *process) {
	w.listener = by
	for _, p := range w.processes {
		if p != by && !p.dead && p.listened {
			p.connected, p.listened = false, false
			end := w.clock.Now().Add(w.dice.Between(0, 5*time.Second))
			if end.Before(p.frozen) {
				end = p.frozen
			}
			w.clock.At(end, func() { p.die("is replaced and ends") })
		}
	}
}

// stride is after how long the planner looks again if nothing happens: a second,
// and more when all is quiet and nothing is due.
func (w *World) stride() time.Duration {
	if w.exchange.Count() > 0 || w.clock.Now().Sub(w.committed) < 20*time.Second {
		return w.Round
	}
	if w.Light { // to look what is due costs more than to have the planner look
		now := w.clock.Now()
		if opens, ok := w.serve.Window.Next(now); ok && w.Plan.Neighbour == nil { // nobody is called by night
			return min(max(opens.Sub(now), 30*time.Second), 10*time.Minute)
		}
		return 30 * time.Second
	}
	return min(max(w.nextDue(), w.Round), 10*time.Minute)
}

// lag is how long something asked of the outside takes.
func (w *World) lag() time.Duration {
	if w.dice.Chance(w.Slow) {
		return w.dice.Between(200*time.Millisecond, 4*time.Second)
	}
	return w.dice.Between(0, w.Lag)
}

func (w *World) newID() string {
	w.ids++
	return fmt.Sprintf("t%d", w.ids)
}

// tell adds a line to the history.
func (w *World) tell(format string, args ...any) {
	if w.Trace != nil {
		fmt.Fprintf(w.Trace, "%s  %s\n", w.clock.Now().Format("Mon 15:04:05.000"), fmt.Sprintf(format, args...))
	}
}

// office is town.Office: what agents press is asked of the process that lives.
type office struct{ w *World }

var errNobody = errors.New("sim: the service is not there")

// employer is the authority that an agent works for.
func (w *World) employer(name string) string {
	i := slices.IndexFunc(w.agents, func(a *town.Agent) bool { return a.Name == name })
	if i >= 0 && w.Plan.Agents[i].Neighbour {
		return neighbour
	}
	return tenant
}

// State implements town.Office.
func (o office) State(name string) (state string, ok bool) {
	o.w.asked(func(p *process) {
		team, err := p.tickets.Agents(context.Background(), o.w.employer(name))
		for _, a := range team {
			if err == nil && a.ID == name {
				state, ok = string(a.State), true
			}
		}
	})
	return state, ok
}

func (o office) set(name string, s agent.State, reason string) error {
	err := errNobody
	o.w.asked(func(p *process) {
		_, err = p.tickets.SetAgentState(context.Background(), o.w.employer(name), name, s, reason)
	})
	return err
}

// Ready implements town.Office.
func (o office) Ready(name string) error { return o.set(name, agent.Ready, "") }

// Pause implements town.Office.
func (o office) Pause(name string) error { return o.set(name, agent.Paused, "coffee") }

// Away implements town.Office.
func (o office) Away(name string) error { return o.set(name, agent.Away, "") }

// WroteUp implements town.Office.
func (o office) WroteUp(name string) error {
	err := errNobody
	o.w.asked(func(p *process) {
		_, err = p.tickets.WroteUp(context.Background(), o.w.employer(name), name, "helped", "")
	})
	return err
}
