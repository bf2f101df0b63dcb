package plan

import (
	"math"
	"time"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// A seat is an open ticket on the board and its place in every index. It is the
// one copy of the ticket that there is.
type seat struct {
	ticket queue.Ticket

	// In the tree of its group.
	group       *group // nil: in none, citizen and agent speak
	left, right *seat
	place       int64  // the instant that decides the order
	ready       int64  // from when it may be chosen
	first       int64  // the earliest ready of this one and all below
	near        uint32 // how many of this one and all below count for an estimate
	size        uint32 // how many this one and all below are
	weight      uint32 // the higher, the nearer to the root

	counts bool // for an estimate: its next call is not far away
	taken  bool // decided about in the look that goes on

	ripens, watched spot  // in the heaps
	look            int64 // when it is looked after next: its promise, its turn, its call

	samePhone, sameCitizen *seat // the next one of the same number, of the same citizen
}

// instant is a time as a number that is compared quickly. The zero time is
// before all others, and a day that is not known never comes.
func instant(t time.Time) int64 {
	switch {
	case t.IsZero():
		return math.MinInt64
	case t.Year() > 2200: // NoDate; nanoseconds in 64 bits end in 2262
		return never
	}
	return t.UnixNano()
}

// weigh gives the priority of an id in a tree: FNV-1a, stirred so that ids that
// differ little have weights that differ much.
func weigh(id string) uint32 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	return uint32(h >> 32)
}

// tree is the one in which the seat is.
func (s *seat) tree() *tree {
	if s.ticket.State == queue.Waiting {
		return &s.group.line
	}
	return &s.group.calls
}

// waits tells whether the citizen is on the line and nobody is reserved.
func (s *seat) waits() bool { return s.ticket.State == queue.Waiting && s.ticket.Agent == "" }

// toCall tells whether the citizen is to be called.
func (s *seat) toCall() bool {
	return s.ticket.State == queue.Pending || s.ticket.State == queue.Due
}

// dialled tells whether a call of ours is up for the ticket.
func (s *seat) dialled() bool {
	n := len(s.ticket.Attempts)
	return s.ticket.State.OnLine() && n > 0 && s.ticket.Attempts[n-1].Ended.IsZero()
}

// readiness tells from when a seat may be chosen. Who is on the line with us
// can't be called: until then all calls to the number are left out of the order,
// so that nobody looks at them in vain.
func (b *Board) readiness(s *seat) int64 {
	switch {
	case s.taken:
	case s.waits() && !b.isSilent(s):
		return instant(s.ticket.NotBefore)
	case s.toCall() && b.engaged[s.ticket.Phone] == 0:
		return instant(s.ticket.NotBefore)
	}
	return never
}

// refresh brings a seat up to date in its tree.
func (b *Board) refresh(s *seat) {
	ready := b.readiness(s)
	if s.group == nil || s.ready == ready {
		return
	}
	s.ready = ready
	s.tree().update(s)
}

// engage counts a call up or down at a number. Nobody is ever called at a number
// that is not known, so it is not engaged.
func (b *Board) engage(n phone.Number, by int) {
	if n.Withheld() {
		return
	}
	before := b.engaged[n]
	add(b.engaged, n, by)
	if before == 0 || b.engaged[n] == 0 {
		for s := b.phones[n]; s != nil; s = s.samePhone {
			b.refresh(s)
		}
	}
}

// occupy counts what a ticket on the line occupies, up or down.
func (b *Board) occupy(s *seat, by int) {
	if !s.ticket.State.OnLine() {
		return
	}
	b.engage(s.ticket.Phone, by)
	if s.dialled() {
		b.lines += by
		if s.auto() {
			b.auto += by
		}
	}
}

// auto tells whether the call that is up needs nobody.
func (s *seat) auto() bool { return !s.ticket.NeedsAgent || s.notice() }

// notice tells whether the call that is up only says that another will be late.
func (s *seat) notice() bool {
	n := len(s.ticket.Attempts)
	return n > 0 && s.ticket.Attempts[n-1].Kind == queue.Notice && s.ticket.Attempts[n-1].Ended.IsZero()
}

// enter puts a seat into every index of its ticket.
func (b *Board) enter(s *seat) {
	t := &s.ticket
	s.place, s.ready = instant(t.Place()), never
	if t.State != queue.Connected {
		s.group = b.group(t)
		s.group.count(s, 1)
	} else {
		b.talking[s] = struct{}{}
	}
	b.sleep(s)
	b.watch(s)
	if s.group != nil && b.planting == nil {
		s.ready = b.readiness(s)
		s.tree().insert(s)
	}
	b.link(s)
	b.occupy(s, 1)
	b.tally(t, 1)
	if t.State.OnLine() && t.Call != "" {
		b.calls[t.Call] = append(b.calls[t.Call], s)
		if len(b.calls[t.Call]) > 1 {
			b.doubled[t.Call] = struct{}{}
		}
	}
	b.fly(s)
}

// leave takes a seat out of every index.
func (b *Board) leave(s *seat) {
	t := &s.ticket
	b.land(s)
	if t.State.OnLine() && t.Call != "" {
		switch left := without(b.calls[t.Call], s); len(left) {
		case 0:
			delete(b.calls, t.Call)
		case 1:
			delete(b.doubled, t.Call)
			fallthrough
		default:
			b.calls[t.Call] = left
		}
	}
	b.tally(t, -1)
	b.occupy(s, -1)
	b.unlink(s)
	b.lift(&s.ripens)
	b.lift(&s.watched)
	if s.group != nil {
		s.tree().remove(s)
		s.group.count(s, -1)
		s.group = nil
	}
	delete(b.talking, s)
	delete(b.misfits, s)
}

// tally counts a ticket in or out.
func (b *Board) tally(t *queue.Ticket, by int) {
	add(b.states, t.State, by)
	add(b.classes, t.Class, by)
	if t.Slot != "" && promised(t) {
		add(b.slots, t.Slot, by)
	}
	if t.Reason == queue.ReasonCapped {
		b.capped += by
	}
}

// promised tells whether an agent is to call, or is about to.
func promised(t *queue.Ticket) bool {
	return t.NeedsAgent && (t.State == queue.Pending || t.State == queue.Due || t.State == queue.Dialling)
}

func add[K comparable](m map[K]int, k K, by int) {
	if m[k] += by; m[k] == 0 {
		delete(m, k)
	}
}

// without takes one out of a row, on a copy.
func without[T comparable](all []T, one T) []T {
	for i, o := range all {
		if o == one {
			return append(all[:i:i], all[i+1:]...)
		}
	}
	return all
}

// sleep puts a promised call among those that ripen: the ones whose day is not
// known, the far ones, which no estimate counts yet, and the others.
func (b *Board) sleep(s *seat) {
	s.counts = true
	if s.ticket.State != queue.Pending {
		return
	}
	switch at := instant(s.ticket.NotBefore); {
	case at == never:
		s.counts = false
		b.heaps[undated].push(s)
	case at > b.at+int64(Horizon):
		s.counts = false
		b.heaps[far].push(s)
	default:
		b.heaps[asleep].push(s)
	}
}

// link finds a seat by number and by citizen, also by one whose request has
// joined it.
func (b *Board) link(s *seat) {
	t := &s.ticket
	if !t.Phone.Withheld() {
		if s.samePhone, b.phones[t.Phone] = b.phones[t.Phone], s; s.samePhone != nil {
			b.sharedPhones[t.Phone] = struct{}{}
		}
	}
	if t.Citizen != "" {
		if s.sameCitizen, b.citizens[t.Citizen] = b.citizens[t.Citizen], s; s.sameCitizen != nil {
			b.sharedCitizens[t.Citizen] = struct{}{}
		}
	}
	for _, r := range t.Also {
		if r.Citizen != "" && r.Citizen != t.Citizen {
			b.also[r.Citizen] = append(without(b.also[r.Citizen], s), s)
		}
	}
}

func (b *Board) unlink(s *seat) {
	t := &s.ticket
	if !t.Phone.Withheld() {
		head := b.phones[t.Phone]
		at := &head
		for *at != s {
			at = &(*at).samePhone
		}
		*at = s.samePhone
		keep(b.phones, t.Phone, head)
		if head == nil || head.samePhone == nil {
			delete(b.sharedPhones, t.Phone)
		}
	}
	if t.Citizen != "" {
		head := b.citizens[t.Citizen]
		at := &head
		for *at != s {
			at = &(*at).sameCitizen
		}
		*at = s.sameCitizen
		keep(b.citizens, t.Citizen, head)
		if head == nil || head.sameCitizen == nil {
			delete(b.sharedCitizens, t.Citizen)
		}
	}
	s.samePhone, s.sameCitizen = nil, nil
	for _, r := range t.Also {
		if left := without(b.also[r.Citizen], s); len(left) > 0 {
			b.also[r.Citizen] = left
		} else {
			delete(b.also, r.Citizen)
		}
	}
}

// keep stores the first of a row, or forgets an empty one.
func keep[K comparable](m map[K]*seat, k K, first *seat) {
	if first == nil {
		delete(m, k)
		return
	}
	m[k] = first
}
