package plan

import (
	"math"
	"slices"
)

// never is later than every instant: what is ready then is not chosen.
const never = math.MaxInt64

// A tree keeps the seats of one kind in the order of their turn. It is a treap:
// a search tree by place, and a heap by a hash of the id, so that it is balanced
// without dice and every process builds the same one. Each seat knows, of itself
// and all below it, the earliest that may be chosen and how many count for an
// estimate. So the first in the order who may be chosen now, and how many are
// before somebody, are found on one way down, however many wait.
type tree struct{ root *seat }

// before tells whether s has its turn before o, as queue.Before does.
func (s *seat) before(o *seat) bool {
	if s.place != o.place {
		return s.place < o.place
	}
	return s.ticket.ID < o.ticket.ID
}

// sum takes together what a seat knows of itself and of those below it.
func (s *seat) sum() *seat {
	s.first, s.near, s.size = s.ready, 0, 1
	if s.counts {
		s.near = 1
	}
	if l := s.left; l != nil {
		s.first, s.near, s.size = min(s.first, l.first), s.near+l.near, s.size+l.size
	}
	if r := s.right; r != nil {
		s.first, s.near, s.size = min(s.first, r.first), s.near+r.near, s.size+r.size
	}
	return s
}

func (t *tree) insert(s *seat) {
	s.left, s.right = nil, nil
	t.root = insert(t.root, s)
}

func insert(at, s *seat) *seat {
	switch {
	case at == nil:
		return s.sum()
	case s.weight > at.weight:
		s.left, s.right = split(at, s)
		return s.sum()
	case s.before(at):
		at.left = insert(at.left, s)
	default:
		at.right = insert(at.right, s)
	}
	return at.sum()
}

// split parts what is before s from what is after.
func split(at, s *seat) (before, after *seat) {
	if at == nil {
		return nil, nil
	}
	if at.before(s) {
		before, after = split(at.right, s)
		at.right = before
		return at.sum(), after
	}
	before, after = split(at.left, s)
	at.left = after
	return before, at.sum()
}

func (t *tree) remove(s *seat) {
	t.root = remove(t.root, s)
	s.left, s.right = nil, nil
}

func remove(at, s *seat) *seat {
	switch {
	case at == nil:
		return nil
	case at == s:
		return merge(s.left, s.right)
	case s.before(at):
		at.left = remove(at.left, s)
	default:
		at.right = remove(at.right, s)
	}
	return at.sum()
}

// merge joins two trees of which all of the first is before all of the second.
func merge(a, b *seat) *seat {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.weight > b.weight:
		a.right = merge(a.right, b)
		return a.sum()
	}
	b.left = merge(a, b.left)
	return b.sum()
}

// update takes note that a seat has changed what is summed up.
func (t *tree) update(s *seat) { update(t.root, s) }

func update(at, s *seat) {
	switch {
	case at == nil:
		return
	case at == s:
	case s.before(at):
		update(at.left, s)
	default:
		update(at.right, s)
	}
	at.sum()
}

// next finds the first in the order that may be chosen at an instant, or nil.
func (t *tree) next(now int64) *seat {
	at := t.root
	for at != nil && at.first <= now {
		switch {
		case at.left != nil && at.left.first <= now:
			at = at.left
		case at.ready <= now:
			return at
		default:
			at = at.right
		}
	}
	return nil
}

// ahead counts those before s that count for an estimate. s may be in the tree
// or not.
func (t *tree) ahead(s *seat) int {
	n := 0
	for at := t.root; at != nil; {
		if !at.before(s) {
			at = at.left
			continue
		}
		if at.counts {
			n++
		}
		if at.left != nil {
			n += int(at.left.near)
		}
		at = at.right
	}
	return n
}

// competing counts those before s that may be chosen at an instant, and stops at
// most of them: it costs as much as it finds.
func (t *tree) competing(s *seat, now int64, most int) int {
	n := 0
	t.root.walk(func(at *seat) bool { return at.first <= now }, func(at *seat) bool {
		if n >= most || !at.before(s) {
			return false
		}
		if at.ready <= now {
			n++
		}
		return true
	})
	return n
}

// walk shows a tree in order, below the seats that enter allows, until see
// returns false.
func (s *seat) walk(enter, see func(*seat) bool) bool {
	return s == nil || !enter(s) || s.left.walk(enter, see) && see(s) && s.right.walk(enter, see)
}

// A sprout becomes a tree of seats that are added in order, without comparing
// them: it is the way down on the right, from the root. What is lighter than the
// next seat will be on its left, and is complete.
type sprout []*seat

func (way *sprout) add(s *seat) {
	row := *way
	s.left, s.right = nil, nil
	n := len(row)
	for n > 0 && row[n-1].weight < s.weight {
		n--
		s.left = row[n].sum()
	}
	if n > 0 {
		row[n-1].right = s
	}
	*way = append(row[:n], s)
}

// grown is the tree.
func (way sprout) grown() tree {
	for _, s := range slices.Backward(way) {
		s.sum()
	}
	return tree{way[0]}
}
