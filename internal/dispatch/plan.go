package dispatch

import (
	"maps"
	"slices"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Config is how a tenant's citizens are served.
type Config struct {
	Queue    string // the name of the queue that callers enter
	Language string // the tenant's, which every agent speaks
	Node     string // the exchange that dials

	Window queue.Window // when citizens are called
	// Starts is when those are called who asked to be once it is their turn;
	// zero: not known yet.
	Starts time.Time
	Policy queue.Policy // how those are called again who were not reached

	// Lines is how many calls of ours may be up at a time, AutoLines how many
	// of them may be calls that need no agent, so that reminders and
	// verifications leave room for people.
	Lines, AutoLines int
	// PerNumber is how many attempts a number may have had in 24 hours before
	// it is left alone; 0: any. Our own faults are not counted.
	PerNumber int

	// MinDelay is from a promise to its first call: the line must be free.
	MinDelay time.Duration
	// OfferFrom is the expected wait from which a callback is offered before
	// the music; OfferAtOnce offers it whenever no agent is ready.
	OfferFrom   time.Duration
	OfferAtOnce bool
	// Handle is how long a citizen is taken to need before agents have talked;
	// Setup how long it takes to connect the two.
	Handle, Setup time.Duration

	// TurnLimit is how long an agent stays reserved for a waiting caller who
	// does not take the turn (who is keying a number, say); TurnRest how long
	// others go first then.
	TurnLimit, TurnRest time.Duration
	// RingLimit is after how long an agent who is said to be ringing is not.
	RingLimit time.Duration
	// Grace is how long a call may not be seen alive before it is lost.
	Grace time.Duration
	// Again is how often an effect is repeated that was not taken up.
	Again time.Duration
}

// Defaults is a configuration for one exchange and one queue. The window is
// still to be set.
func Defaults() Config {
	return Config{
		Queue: "persone", Language: "it", Node: "asterisk",
		Policy: queue.DefaultPolicy(),
		Lines:  100, AutoLines: 30, PerNumber: 3,
		MinDelay: time.Minute, OfferFrom: 3 * time.Minute,
		Handle: queue.SeedHandle, Setup: queue.SeedSetup,
		TurnLimit: 20 * time.Second, TurnRest: 10 * time.Second, RingLimit: time.Minute,
		Grace: 20 * time.Second, Again: 2 * time.Second,
	}
}

// Snapshot is what Plan knows.
type Snapshot struct {
	Tickets []queue.Ticket // the open ones, in order (queue.Compare)
	Agents  []agent.Agent
	// Silent holds the calls of this exchange that should be alive and are
	// not, with the time from which that was so.
	Silent map[string]time.Time
	// Told holds when a ticket's effect was last asked for.
	Told map[string]time.Time
	// Hold is true while the exchange takes no calls: nobody is claimed for a
	// call that can't be placed.
	Hold bool
	// Out holds agents who speak with a citizen without a ticket, because the
	// store was away.
	Out map[string]bool
}

// Verb is what a decision does.
type Verb string

// The decisions of Plan.
const (
	Ripen   Verb = "ripen"   // a promised call becomes due
	Turn    Verb = "turn"    // an agent for a caller on the line
	Dial    Verb = "dial"    // a citizen's call is placed
	GiveUp  Verb = "give-up" // a ticket that must not be dialled goes to a person
	Recover Verb = "recover" // a ticket whose call is gone goes on
	Mend    Verb = "mend"    // ticket and agent that do not fit each other are parted
)

// Why Plan decides; the other reasons are those of package queue.
const (
	// WhyFirst: the first in the order for whom somebody is there.
	WhyFirst = "first-in-order"
	// WhyAutomatic: a call that needs no agent.
	WhyAutomatic = "no-agent-needed"
	// WhyRepeat: decided before, and not taken up yet.
	WhyRepeat = "not-taken-up-yet"
	// WhyNoTicket: the ticket of an agent is closed, or is another agent's.
	WhyNoTicket = "agent-without-ticket"
	// WhyRingsTooLong: nobody reported how the ringing ended.
	WhyRingsTooLong = "rings-too-long"
)

// Decision is one step: tickets and agents as they become, to be committed
// together, and then the effect that its verb has on the telephone. Without
// tickets to write it is an effect that is repeated.
type Decision struct {
	Verb    Verb
	Reason  string
	Ticket  queue.Ticket   // the one that it is about; no ID where only an agent is mended
	Tickets []queue.Ticket // to write
	Agents  []agent.Agent  // to write
}

// Plan decides what to do now. No ticket and no agent is in two of its
// decisions, so they can be carried out in any order; the order is that of the
// tickets.
//
// What always holds: callers on the line and callbacks are served in one order,
// skipped only where nobody free can serve them; a citizen is dialled only in the
// window, only with an agent reserved where one is needed, never on a line that
// is in use, never beyond the lines that there are.
func Plan(s Snapshot, now time.Time, c Config) []Decision {
	p := newPlanner(s, now, c)
	p.mendTickets()
	p.mendAgents()
	for _, t := range s.Tickets {
		if !p.touched[t.ID] {
			p.serve(t)
		}
	}
	return p.decisions
}

type planner struct {
	Snapshot
	Config
	now       time.Time
	open      bool // the window
	decisions []Decision
	touched   map[string]bool // tickets that are decided about

	tickets map[string]queue.Ticket // by id
	agents  map[string]agent.Agent
	free    []agent.Agent // who can be given a citizen

	lines, auto int                   // calls of ours that are up
	engaged     map[phone.Number]bool // numbers on the line
	tried       map[phone.Number]int  // attempts in the last 24 hours
}

func newPlanner(s Snapshot, now time.Time, c Config) *planner {
	p := &planner{
		Snapshot: s, Config: c, now: now, open: c.Window.Contains(now),
		touched: map[string]bool{}, tickets: make(map[string]queue.Ticket, len(s.Tickets)),
		agents: make(map[string]agent.Agent, len(s.Agents)), engaged: map[phone.Number]bool{}, tried: map[phone.Number]int{},
	}
	for _, a := range s.Agents {
		p.agents[a.ID] = a
		if !s.Out[a.ID] && a.Free(now) {
			p.free = append(p.free, a)
		}
	}
	for _, t := range s.Tickets {
		p.tickets[t.ID] = t
		p.count(t)
	}
	return p
}

// count takes note of what a ticket occupies.
func (p *planner) count(t queue.Ticket) {
	if t.State.OnLine() {
		p.engaged[t.Phone] = true
		if n := len(t.Attempts); n > 0 && t.Attempts[n-1].Ended.IsZero() {
			p.lines++
			if !t.NeedsAgent {
				p.auto++
			}
		}
	}
	for _, a := range t.Attempts {
		if a.Counts && p.now.Sub(a.At) < 24*time.Hour {
			p.tried[t.Phone]++
		}
	}
}

func (p *planner) decide(d Decision) {
	p.decisions = append(p.decisions, d)
	if d.Ticket.ID != "" {
		p.touched[d.Ticket.ID] = true
	}
}

// changed decides for a ticket that becomes t, with the agents that change with
// it. A transition that is not possible is no decision: the snapshot is older
// than what happened.
func (p *planner) changed(v Verb, why string, t queue.Ticket, err error, agents ...agent.Agent) bool {
	if err != nil {
		return false
	}
	p.decide(Decision{Verb: v, Reason: why, Ticket: t, Tickets: []queue.Ticket{t}, Agents: agents})
	for _, a := range agents {
		p.agents[a.ID] = a
		p.free = slices.DeleteFunc(p.free, func(f agent.Agent) bool { return f.ID == a.ID })
	}
	return true
}

// serve gives a ticket what is due to it.
func (p *planner) serve(t queue.Ticket) {
	switch t.State {
	case queue.Waiting:
		p.serveWaiting(t)
	case queue.Dialling:
		if !p.Silent[t.Call].IsZero() { // claimed, and the call never began, or has ended unheard
			p.repeat(Dial, t)
		}
	case queue.Pending, queue.Due:
		p.serveCallback(t)
	}
}

func (p *planner) serveWaiting(t queue.Ticket) {
	switch {
	case !p.Silent[t.Call].IsZero():
	case t.Agent != "":
		if p.agents[t.Agent].State == agent.Reserved {
			p.repeat(Turn, t)
		}
	case !p.now.Before(t.NotBefore):
		if a, ok := p.next(t); ok {
			reserved, err := t.Reserve(p.now, a.ID)
			p.changed(Turn, WhyFirst, reserved, err, a)
		}
	}
}

// repeat asks for an effect once more, if it was not asked for a moment ago.
func (p *planner) repeat(v Verb, t queue.Ticket) {
	if p.now.Sub(p.Told[t.ID]) >= p.Again {
		p.decide(Decision{Verb: v, Reason: WhyRepeat, Ticket: t})
	}
}

// next reserves whoever takes t, if somebody free can.
func (p *planner) next(t queue.Ticket) (agent.Agent, bool) {
	needs := []string{t.Queue}
	if t.Language != "" && t.Language != p.Language {
		needs = append(needs, t.Language)
	}
	i := agent.Next(p.free, p.now, needs...)
	if i < 0 {
		return agent.Agent{}, false
	}
	a, err := p.free[i].Reserve(p.now, t.ID)
	return a, err == nil
}

func (p *planner) serveCallback(t queue.Ticket) {
	if t.NotBefore.Equal(queue.NoDate()) && !p.Starts.IsZero() {
		fixed, err := t.Fix(p.now, p.Starts)
		p.changed(Ripen, string(fixed.Reason), fixed, err)
		return
	}
	if !p.open || p.now.Before(t.NotBefore) {
		return
	}
	due, err := t.Ripen(p.now)
	if err != nil {
		return
	}
	if p.mayDial(due) && p.dial(due) {
		return
	}
	if t.State == queue.Pending {
		p.changed(Ripen, string(due.Reason), due, nil)
	}
}

// mayDial tells whether there is a line for the call, and nobody on it at the
// other end: who is speaking with us can't be called, and husband and wife are
// called one after the other.
func (p *planner) mayDial(t queue.Ticket) bool {
	return !p.Hold && p.lines < p.Lines && (t.NeedsAgent || p.auto < p.AutoLines) && !p.engaged[t.Phone] &&
		(p.PerNumber == 0 || p.tried[t.Phone] < p.PerNumber)
}

// dial claims a due ticket, with the agent whom it needs. Whether the number
// may be dialled is looked at once more, now that it would be.
func (p *planner) dial(t queue.Ticket) bool {
	var by agent.Agent
	var agents []agent.Agent
	why := WhyAutomatic
	if t.NeedsAgent {
		a, ok := p.next(t)
		if !ok {
			return false
		}
		by, why, agents = a, WhyFirst, []agent.Agent{a}
	}
	if t.Phone.Dialable() != nil {
		gone, err := t.GiveUp(p.now, queue.ReasonNoNumber)
		return p.changed(GiveUp, string(queue.ReasonNoNumber), gone, err)
	}
	claimed, err := t.Claim(p.now, p.Node, by.ID)
	if !p.changed(Dial, why, claimed, err, agents...) {
		return false
	}
	p.count(claimed)
	return true
}

// mendTickets goes on with tickets whose call is gone, and takes from waiting
// callers the turn that they do not take.
func (p *planner) mendTickets() {
	waiting := map[string]bool{} // calls
	for _, t := range p.Snapshot.Tickets {
		since, silent := p.Silent[t.Call]
		switch {
		case !t.State.OnLine():
		case silent && p.now.Sub(since) >= p.Grace:
			lost, err := t.Lost(p.now, p.Policy)
			p.changed(Recover, string(queue.ReasonLost), lost, err, p.parted(t)...)
		case t.State != queue.Waiting:
		case waiting[t.Call]:
			gone, err := t.Withdraw(p.now, queue.ReasonDoubled)
			p.changed(Mend, string(queue.ReasonDoubled), gone, err, p.parted(t)...)
		default:
			waiting[t.Call] = true
			if t.Agent != "" {
				p.mendTurn(t)
			}
		}
	}
}

// mendTurn looks after a waiting caller who has an agent.
func (p *planner) mendTurn(t queue.Ticket) {
	a := p.agents[t.Agent]
	age := p.now.Sub(a.Since)
	switch {
	case a.Ticket != t.ID || !a.State.Serving():
		passed, err := t.PassOver(p.now, p.now, queue.ReasonAgentGone)
		p.changed(Mend, string(queue.ReasonAgentGone), passed, err)
	case a.State == agent.Reserved && age >= p.TurnLimit:
		passed, err := t.PassOver(p.now, p.now.Add(p.TurnRest), queue.ReasonNotTaken)
		p.changed(Mend, string(queue.ReasonNotTaken), passed, err, p.parted(t)...)
	case a.State == agent.Ringing && age >= p.RingLimit:
		if missed, err := a.Miss(p.now, t.ID, 0); err == nil {
			first, err := t.Missed(p.now)
			p.changed(Mend, WhyRingsTooLong, first, err, missed)
		}
	}
}

// parted is the agent of a ticket without it.
func (p *planner) parted(t queue.Ticket) []agent.Agent {
	a, ok := p.agents[t.Agent]
	if !ok {
		return nil
	}
	if a, ok = part(a, t.ID, p.now); !ok {
		return nil
	}
	return []agent.Agent{a}
}

// part takes a ticket from the agent who serves it: a talk is over, a
// reservation is off.
func part(a agent.Agent, ticket string, now time.Time) (agent.Agent, bool) {
	var err error
	if a.State == agent.Talking {
		a, err = a.HangUp(now, ticket)
	} else {
		a, err = a.Release(now, ticket)
	}
	return a, err == nil
}

// mendAgents lets agents go whose ticket is closed, or is not theirs.
func (p *planner) mendAgents() {
	for _, id := range slices.Sorted(maps.Keys(p.agents)) {
		a := p.agents[id]
		t := p.tickets[a.Ticket]
		fits := t.Agent == a.ID && t.State.OnLine() && (a.State == agent.Talking) == (t.State == queue.Connected)
		if !a.State.Serving() || p.touched[a.Ticket] || fits {
			continue
		}
		if free, ok := part(a, a.Ticket, p.now); ok {
			p.decide(Decision{Verb: Mend, Reason: WhyNoTicket, Agents: []agent.Agent{free}})
		}
	}
}
