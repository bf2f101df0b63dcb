package plan

import (
	"slices"
	"time"

	"richiamo/internal/queue"
)

// Superseded lists calls of ours whose citizen has called us meanwhile, and is on
// the line still.
func (b *Board) Superseded() []string {
	var calls []string
	for _, row := range b.calls {
		for _, s := range row {
			if n := len(s.ticket.Attempts); n > 0 && s.ticket.Attempts[n-1].Outcome == queue.Superseded {
				calls = append(calls, s.ticket.Attempts[n-1].Call)
			}
		}
	}
	slices.Sort(calls)
	return calls
}

// OnLine lists the calls of an exchange that should be alive, in order.
func (b *Board) OnLine(node string) []string {
	var calls []string
	for call, row := range b.calls {
		if row[0].ticket.Node == node {
			calls = append(calls, call)
		}
	}
	slices.Sort(calls)
	return calls
}

// Heard takes note of which calls that should be alive are not. It remembers
// since when.
func (b *Board) Heard(now time.Time, silent map[string]bool) {
	for s := range b.silent {
		if !silent[s.ticket.Call] {
			delete(b.silent, s)
			b.refresh(s)
		}
	}
	for call := range silent {
		for _, s := range b.calls[call] {
			if !b.isSilent(s) {
				b.silent[s] = instant(now)
				b.silentAt = min(b.silentAt, b.lostAt(s))
				b.refresh(s)
			}
		}
	}
}

func (b *Board) isSilent(s *seat) bool {
	_, silent := b.silent[s]
	return silent
}

// Told takes note of when the effect of a decision about a ticket was asked for:
// it is asked for again when it was not taken up.
func (b *Board) Told(id string, now time.Time) {
	s := b.seats[id]
	if s == nil || !s.ticket.State.OnLine() {
		return
	}
	in := s.watched.heap()
	b.lift(&s.watched)
	s.look = instant(now.Add(b.cfg.Again))
	switch in {
	case turns:
		b.fit(s)
	case waiting:
		b.heaps[waiting].push(s)
	}
}
