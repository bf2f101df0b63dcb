package plan

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// Board is a tenant's open tickets and agents. It is not safe for concurrent
// use. The tickets that it returns share their attempts and requests with it:
// they are read, and changed by the methods of queue.Ticket, which copy.
type Board struct {
	tenant string
	cfg    Config
	queues []string
	hours  queue.Window // when agents are there and citizens may be called
	at     int64        // the latest instant that it was asked about

	seats    map[string]*seat       // by id
	spare    []*seat                // that are nobody's
	phones   map[phone.Number]*seat // the first of each row
	citizens map[string]*seat       // the first of each row
	also     map[string][]*seat     // by a citizen whose request joined another's
	// Numbers and citizens with more than one ticket.
	sharedPhones   map[phone.Number]struct{}
	sharedCitizens map[string]struct{}
	calls          map[string][]*seat // by live call
	closed         map[string]queue.Ticket
	words          map[string]string // one copy of what is written in many tickets

	groups []*group // in the order of their needs
	crews  map[string]*crew
	roster []*crew
	people map[string]*person

	serving  map[string][]*person // by the ticket that they serve, or help with
	heaps    [heapNames]heap
	planting *Planting // not nil: the trees are built afterwards, all seats at once

	lines, auto int                  // calls of ours that are up
	engaged     map[phone.Number]int // calls up at a number
	slots       map[queue.HalfDay]int
	states      map[queue.State]int
	classes     map[queue.Class]int
	capped      int             // put off, because they were called as often as a day allows
	flights     map[*seat]*crew // citizens being called before an agent is reserved
	checked     int64           // when the trunk was last found good

	aside   map[string]bool      // agents not to be chosen
	resting map[*person]struct{} // ready, but not yet again
	doubled map[string]struct{}  // live calls of several tickets
	talking map[*seat]struct{}   // speaking with an agent: in no tree
	misfits map[*seat]struct{}   // waiting, with an agent who is not theirs
	strays  map[*person]struct{} // serving, without a ticket that says so
	silent  map[*seat]int64      // on the line by a call that is not alive, since when
	// silentAt is when one of the silent is to be looked at, at the earliest.
	silentAt int64
}

// A group is the tickets that the same agents can serve, or that need none.
type group struct {
	queue, language string // language empty: the tenant's
	agent           bool   // needs one
	line            tree   // on the line
	calls           tree   // to be called, or being called
	crews           []*crew
	onLine, toCall  int
}

// Horizon is how far ahead a callback must be due to stand before a caller who
// asks now.
const Horizon = 30 * time.Minute

// maxClosed bounds the closed tickets that are remembered.
const maxClosed = 1000

// empty is a board without tickets and agents.
func empty(tenant string, cfg Config, now time.Time) *Board {
	b := &Board{
		tenant: tenant, cfg: cfg, queues: slices.Clone(cfg.Queues), hours: cfg.Hours(), at: instant(now), silentAt: never,
		also: map[string][]*seat{}, sharedPhones: map[phone.Number]struct{}{}, sharedCitizens: map[string]struct{}{},
		calls: map[string][]*seat{}, closed: map[string]queue.Ticket{}, words: map[string]string{},
		crews: map[string]*crew{}, people: map[string]*person{}, serving: map[string][]*person{},
		engaged: map[phone.Number]int{}, slots: map[queue.HalfDay]int{}, states: map[queue.State]int{}, classes: map[queue.Class]int{}, flights: map[*seat]*crew{},
		talking: map[*seat]struct{}{}, resting: map[*person]struct{}{}, doubled: map[string]struct{}{}, misfits: map[*seat]struct{}{},
		strays: map[*person]struct{}{}, silent: map[*seat]int64{},
	}
	if !slices.Contains(b.queues, cfg.Queue) {
		b.queues = append(b.queues, cfg.Queue)
	}
	for name := range b.heaps {
		b.heaps[name] = heap{name: heapName(name), by: func(s *seat) int64 { return s.look }}
	}
	ripe := func(s *seat) int64 { return instant(s.ticket.NotBefore) }
	b.heaps[far].by, b.heaps[asleep].by = ripe, ripe
	b.heaps[undated].by = func(s *seat) int64 { return s.place }
	return b
}

// Put takes a ticket as it is kept; what is older than the board's is dropped.
func (b *Board) Put(t queue.Ticket) {
	old, known := b.Ticket(t.ID)
	if known {
		if old.Version >= t.Version {
			return
		}
		t.Arrived = old.Arrived // the place never changes, whatever a store makes of fractions of a second
	}
	b.replace(t)
}

// replace takes a ticket as it is.
func (b *Board) replace(t queue.Ticket) {
	s := b.seats[t.ID]
	if s != nil {
		b.leave(s)
	}
	if t.State.Open() {
		b.seat(s, &t)
	} else {
		b.vacate(s)
		b.close(t)
	}
	b.judge(b.serving[t.ID])
}

// seat puts a ticket into its seat, or into a new one.
func (b *Board) seat(s *seat, t *queue.Ticket) {
	delete(b.closed, t.ID)
	fresh := s == nil
	if fresh {
		s = b.spareSeat()
		s.weight = weigh(t.ID)
	}
	if t.State != s.ticket.State || t.Agent != s.ticket.Agent {
		s.look = 0
	}
	if t.Call != s.ticket.Call || !t.State.OnLine() {
		delete(b.silent, s)
	}
	id := s.ticket.ID
	s.ticket = *t
	b.intern(&s.ticket)
	if fresh {
		b.seats[t.ID] = s
	} else {
		s.ticket.ID = id // the one under which it is found
	}
	if fresh && b.planting != nil {
		b.planting.seats = append(b.planting.seats, s)
	}
	b.enter(s)
	b.fit(s)
}

// spareSeat is a seat for a new ticket.
func (b *Board) spareSeat() *seat {
	last := len(b.spare) - 1
	if last < 0 {
		return new(seat)
	}
	s := b.spare[last]
	b.spare = b.spare[:last]
	return s
}

// vacate gives a seat that has left every index to whoever comes next: the seats
// of a board that was planted are one piece of memory, and so are there as long as
// the board.
func (b *Board) vacate(s *seat) {
	if s == nil {
		return
	}
	delete(b.silent, s)
	delete(b.seats, s.ticket.ID)
	*s = seat{}
	if b.planting == nil { // which goes through all seats once more
		b.spare = append(b.spare, s)
	}
}

// close remembers a ticket that is done with, for a while.
func (b *Board) close(t queue.Ticket) {
	if len(b.closed) >= maxClosed {
		clear(b.closed)
	}
	b.closed[t.ID] = t
	if n := len(t.Attempts); t.Purpose == queue.TrunkCheck && n > 0 && t.Attempts[n-1].Outcome == queue.Delivered {
		b.checked = max(b.checked, instant(t.Updated))
	}
}

// Forget drops a ticket, open or closed, that is not kept any more.
func (b *Board) Forget(id string) {
	delete(b.closed, id)
	if s := b.seats[id]; s != nil {
		b.leave(s)
		b.vacate(s)
		b.judge(b.serving[id])
	}
}

// intern lets a ticket share the texts that many tickets have.
func (b *Board) intern(t *queue.Ticket) {
	for _, text := range []*string{
		&t.Tenant, &t.Queue, (*string)(&t.Purpose), (*string)(&t.State), (*string)(&t.Reason), (*string)(&t.Class),
		(*string)(&t.Slot), &t.Language, &t.Channel, &t.Agent, &t.Node,
	} {
		if *text == "" {
			continue
		}
		word, ok := b.words[*text]
		if !ok {
			word = strings.Clone(*text)
			b.words[word] = word
		}
		*text = word
	}
}

// PutAgent takes an agent as it is kept; what is older than the board's is
// dropped.
func (b *Board) PutAgent(a agent.Agent) {
	p, known := b.people[a.ID]
	if known && p.agent.Version >= a.Version {
		return
	}
	b.reagent(a)
}

// reagent takes an agent as he or she is.
func (b *Board) reagent(a agent.Agent) {
	p, known := b.people[a.ID]
	served := ""
	if known {
		served = p.agent.Ticket
		b.withhold(p)
		b.join(p, -1)
		if b.serving[served] = without(b.serving[served], p); len(b.serving[served]) == 0 {
			delete(b.serving, served)
		}
	} else {
		p = &person{aside: b.aside[a.ID]}
		b.people[a.ID] = p
	}
	p.agent, p.crew = a, b.crewOf(a.Skills)
	b.join(p, 1)
	b.offer(p)
	if a.Ticket != "" {
		b.serving[a.Ticket] = append(b.serving[a.Ticket], p)
	}
	b.judge([]*person{p})
	for _, id := range []string{served, a.Ticket} {
		if s := b.seats[id]; s != nil {
			b.fit(s)
		}
	}
}

// SetAside has exactly these agents not chosen, whatever their state says.
func (b *Board) SetAside(ids map[string]bool) {
	if maps.Equal(b.aside, ids) {
		return
	}
	b.aside = maps.Clone(ids)
	for id, p := range b.people {
		if p.aside == ids[id] {
			continue
		}
		b.withhold(p)
		p.aside = ids[id]
		b.offer(p)
	}
}

// fit looks whether a waiting caller's agent is theirs.
func (b *Board) fit(s *seat) {
	delete(b.misfits, s)
	if s.ticket.State != queue.Waiting || s.ticket.Agent == "" {
		return
	}
	b.lift(&s.watched)
	p := b.people[s.ticket.Agent]
	switch {
	case p == nil || p.agent.Ticket != s.ticket.ID || !p.agent.State.Serving():
		b.misfits[s] = struct{}{}
		return
	case p.agent.State == agent.Reserved:
		s.look = min(s.look, instant(p.agent.Since.Add(b.cfg.TurnLimit)))
	case p.agent.State == agent.Ringing:
		s.look = instant(p.agent.Since.Add(b.cfg.RingLimit))
	default:
		return
	}
	b.heaps[turns].push(s)
}

// judge looks whether agents who serve somebody have a ticket that says so.
func (b *Board) judge(people []*person) {
	for _, p := range people {
		delete(b.strays, p)
		if p.agent.State.Serving() && !b.fits(p) {
			b.strays[p] = struct{}{}
		}
	}
}

// fits: the agent's ticket names the agent, and both speak or both do not. Who
// helps another agent serves that one's ticket.
func (b *Board) fits(p *person) bool {
	s := b.seats[p.agent.Ticket]
	if s != nil && p.agent.Helping {
		return s.ticket.State == queue.Connected
	}
	return s != nil && s.ticket.Agent == p.agent.ID && s.ticket.State.OnLine() &&
		(p.agent.State == agent.Talking) == (s.ticket.State == queue.Connected)
}

// group finds or makes the group of a ticket.
func (b *Board) group(t *queue.Ticket) *group {
	language := b.needed(t.Language)
	i, found := slices.BinarySearchFunc(b.groups, t, func(g *group, t *queue.Ticket) int {
		return cmp.Or(strings.Compare(g.queue, t.Queue), strings.Compare(g.language, language), truth(g.agent)-truth(t.NeedsAgent))
	})
	if found {
		return b.groups[i]
	}
	g := &group{queue: t.Queue, language: language, agent: t.NeedsAgent}
	for _, c := range b.roster {
		if g.agent && c.serves(g.queue, g.language) {
			g.crews = append(g.crews, c)
		}
	}
	b.groups = slices.Insert(b.groups, i, g)
	return g
}

// needed is the skill that a citizen's language asks for: none, where it is the
// tenant's.
func (b *Board) needed(language string) string {
	if language == b.cfg.Language {
		return ""
	}
	return language
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (g *group) count(s *seat, by int) {
	if s.ticket.State == queue.Waiting {
		g.onLine += by
	} else {
		g.toCall += by
	}
}
