package town

import "time"

// Clock is virtual time: a list of what is still to happen, in its order. Time
// does not pass, it goes from one event to the next. What happens at the same
// instant happens in the order in which it was asked for, so the same world is
// the same every time.
type Clock struct {
	now  time.Time
	heap []event
	seq  uint64
}

type event struct {
	at  time.Time
	seq uint64
	do  func()
}

// NewClock is a clock that shows the given time.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// Now is the virtual time.
func (c *Clock) Now() time.Time { return c.now }

// After has something done later. A time that is past is now.
func (c *Clock) After(d time.Duration, do func()) { c.At(c.now.Add(d), do) }

// At is After for an instant.
func (c *Clock) At(at time.Time, do func()) {
	if at.Before(c.now) {
		at = c.now
	}
	c.seq++
	c.heap = append(c.heap, event{at, c.seq, do})
	for i := len(c.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !c.less(i, up) {
			break
		}
		c.heap[i], c.heap[up] = c.heap[up], c.heap[i]
		i = up
	}
}

func (c *Clock) less(i, j int) bool {
	a, b := &c.heap[i], &c.heap[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.seq < b.seq
}

// Next is when the next event happens; false: nothing does any more.
func (c *Clock) Next() (time.Time, bool) {
	if len(c.heap) == 0 {
		return time.Time{}, false
	}
	return c.heap[0].at, true
}

// Step lets the next event happen. It returns false if there is none.
func (c *Clock) Step() bool {
	if len(c.heap) == 0 {
		return false
	}
	next := c.heap[0]
	last := len(c.heap) - 1
	c.heap[0] = c.heap[last]
	c.heap[last] = event{} // lets go of what it holds
	c.heap = c.heap[:last]
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < last && c.less(down, least) {
				least = down
			}
		}
		if least == i {
			break
		}
		c.heap[i], c.heap[least] = c.heap[least], c.heap[i]
		i = least
	}
	c.now = next.at
	next.do()
	return true
}
