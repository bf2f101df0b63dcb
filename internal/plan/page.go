package plan

import (
	"time"

	"richiamo/internal/queue"
)

// Mark is a place in the order, of a ticket that may be gone. The zero Mark is
// before everybody.
type Mark struct {
	At time.Time // queue.Ticket.Place
	ID string
}

// Placed is an open ticket and its position in its queue, from 1.
type Placed struct {
	Ticket   queue.Ticket
	Position int
}

// Page lists open tickets in the order in which they have their turn: up to most,
// of one queue or, where name is empty, of all, behind a mark. It costs as much as
// it lists, and what the tickets cost of those who speak with an agent, however
// many others are open.
func (b *Board) Page(name string, behind Mark, most int) []Placed {
	mark := &seat{place: instant(behind.At), ticket: queue.Ticket{ID: behind.ID}}
	var row []*seat
	before := map[string]int{} // in each queue, up to the mark
	for _, g := range b.groups {
		if name != "" && name != g.queue {
			continue
		}
		for _, t := range []*tree{&g.line, &g.calls} {
			before[g.queue] += t.upTo(mark)
			row = t.root.behind(mark, len(row)+most, row)
		}
	}
	for s := range b.talking {
		switch {
		case name != "" && name != s.ticket.Queue:
		case mark.before(s):
			row = append(row, s)
		default:
			before[s.ticket.Queue]++
		}
	}
	sorted(row)
	page := make([]Placed, 0, min(most, len(row)))
	for _, s := range row[:cap(page)] {
		before[s.ticket.Queue]++
		page = append(page, Placed{s.ticket, before[s.ticket.Queue]})
	}
	return page
}

// upTo counts the seats of a tree that are not behind a mark.
func (t *tree) upTo(mark *seat) int {
	n := 0
	for at := t.root; at != nil; {
		if mark.before(at) {
			at = at.left
			continue
		}
		n++
		if at.left != nil {
			n += int(at.left.size)
		}
		at = at.right
	}
	return n
}

// behind adds the seats behind a mark to a row, in order, until there are so many
// in it.
func (s *seat) behind(mark *seat, most int, row []*seat) []*seat {
	if s == nil || len(row) >= most {
		return row
	}
	if !mark.before(s) {
		return s.right.behind(mark, most, row)
	}
	if row = s.left.behind(mark, most, row); len(row) < most {
		row = s.right.behind(mark, most, append(row, s))
	}
	return row
}
