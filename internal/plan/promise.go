package plan

import (
	"time"

	"richiamo/internal/queue"
)

// When a promise is looked after: from a little before its end, and then again
// and again, since what is ahead changes.
const (
	lookEarly = 5 * time.Minute
	lookAgain = 30 * time.Second
)

// watch puts a ticket among those that are looked after because of what was said
// to the citizen.
func (b *Board) watch(s *seat) {
	t := &s.ticket
	switch {
	case s.waits():
		b.heaps[waiting].push(s)
	case !s.toCall() || !t.NeedsAgent || t.To.IsZero():
	case t.Replans > 0 && !t.Noticed():
		s.look = b.at
		b.heaps[promises].push(s)
	default:
		s.look = instant(t.To.Add(-lookEarly))
		b.heaps[promises].push(s)
	}
}

// keepPromises gives calls that will come later than was said another time, and
// has that said to the citizen.
func (l *look) keepPromises() {
	looked := l.heaps[promises].until(instant(l.now), mostPromises)
	l.more = l.more || len(looked) == mostPromises
	for _, s := range sorted(looked) {
		if s.taken || l.full() || l.replan(s) || l.notice(s) {
			continue
		}
		l.lift(&s.watched)
		s.look = instant(l.now.Add(lookAgain))
		l.heaps[promises].push(s)
	}
}

// replan moves a promise that slips. While nothing honest can be said of the
// wait, the old time stands. A call that is put off is not promised for a time before
// it can be made.
func (l *look) replan(s *seat) bool {
	wait, known := l.Wait(s.ticket, l.now)
	if !known {
		return false
	}
	turn, ok := l.hours.After(l.now, wait)
	if turn.Before(s.ticket.NotBefore) {
		turn = s.ticket.NotBefore
	}
	if !ok || !s.ticket.Slipping(l.now, turn) {
		return false
	}
	from, to := queue.Promised(l.now, max(wait, l.hours.Between(l.now, s.ticket.NotBefore)), true, l.hours)
	t, err := s.ticket.Replan(l.now, from, to)
	return l.changed(Replan, WhyLate, s, t, err)
}

// notice places the short call that says so, once.
func (l *look) notice(s *seat) bool {
	t := s.ticket
	if t.Replans == 0 || t.Noticed() || !l.mayDial(false) || s.ready > instant(l.now) || t.Phone.Dialable() != nil || l.next(s) {
		return false
	}
	claimed, err := t.ClaimNotice(l.now, l.cfg.Node)
	if !l.changed(Notice, WhyLate, s, claimed, err) {
		return false
	}
	l.place(s, true)
	return true
}

// next tells whether the promised call itself can be placed now.
func (l *look) next(s *seat) bool {
	return s.group.next() != nil && s.group.calls.next(instant(l.now)) == s
}
