package plan

import (
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// A Planting is a board that is being made of tickets that are still on their
// way: each goes to its seat when it comes, and the trees are built at the end, of
// all seats at once, which takes a fraction of the time that planting one after
// the other would.
type Planting struct {
	board *Board
	seats []*seat // of all tickets that were open when they came
}

// Plant begins a board of what is kept. about is how many tickets are expected:
// their seats, and the maps in which they are found, are made at once. That saves
// the garbage collector more than it saves here: it goes through a heap that grows
// bit by bit each time that it has doubled, and through one that is large from the
// beginning hardly ever. now decides only what is far and what is near; the board
// notices by itself that time goes by.
func Plant(tenant string, cfg Config, now time.Time, agents []agent.Agent, about int) *Planting {
	b := empty(tenant, cfg, now)
	b.seats = make(map[string]*seat, about)
	b.phones = make(map[phone.Number]*seat, about)
	b.citizens = make(map[string]*seat, about)
	b.planting = &Planting{board: b, seats: make([]*seat, 0, about)}
	b.spare = make([]*seat, about)
	for i, seats := 0, make([]seat, about); i < about; i++ {
		b.spare[about-1-i] = &seats[i] // the last is taken first
	}
	for _, a := range agents {
		b.PutAgent(a)
	}
	return b.planting
}

// Put takes tickets as they are kept; closed ones get no seat. The slice may be
// used for others afterwards.
func (p *Planting) Put(tickets []queue.Ticket) {
	b := p.board
	for i := range tickets {
		t := &tickets[i]
		if b.knows(t.ID) || !t.State.Open() {
			b.Put(*t)
			continue
		}
		b.seat(nil, t) // as Put does, but without a copy for each step
		b.judge(b.serving[t.ID])
	}
}

// Board is what all that was put makes. The planting is over.
func (p *Planting) Board() *Board {
	b := p.board
	b.planting = nil
	trees := map[*tree]*sprout{}
	for _, s := range sorted(p.seats) { // they came by arrival: nearly in order
		if s.group == nil { // speaks, or has closed since
			continue
		}
		s.ready = b.readiness(s)
		t := s.tree()
		if trees[t] == nil {
			trees[t] = new(sprout)
		}
		trees[t].add(s)
	}
	for t, s := range trees {
		*t = s.grown()
	}
	p.seats = nil
	return b
}
