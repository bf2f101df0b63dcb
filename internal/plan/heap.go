package plan

// A heap keeps seats by an instant, the earliest on top. A seat is in one heap of
// each kind of reason at most, and knows its place there.
type heap struct {
	name  heapName
	by    func(*seat) int64
	seats []*seat
}

// heapName names a heap of the board.
type heapName uint8

// The heaps. Those before watched are of calls that are still to ripen, the others
// of what was said to a citizen, or asked for, and is looked after.
const (
	undated  heapName = iota + 1 // promised for a day that is not known
	far                          // promised for later than an estimate looks
	asleep                       // promised for soon
	promises                     // to be called, at a time that was said
	turns                        // on the line, with an agent reserved or ringing
	waiting                      // on the line without one
	heapNames
	watched = promises
)

// spot is a place in a heap, 0 for none: the heap in the uppermost four bits, the
// index in the others. A seat has two of them, and there are a million seats.
type spot uint32

const spotBits = 28

func at(h heapName, i int) spot { return spot(h)<<spotBits | spot(i) }

func (s spot) heap() heapName { return heapName(s >> spotBits) }

func (s spot) index() int { return int(s & (1<<spotBits - 1)) }

// spot is the seat's place among the heaps to which one belongs.
func (s *seat) spot(n heapName) *spot {
	if n < watched {
		return &s.ripens
	}
	return &s.watched
}

func (h *heap) put(i int, s *seat) {
	h.seats[i] = s
	*s.spot(h.name) = at(h.name, i)
}

func (h *heap) push(s *seat) {
	h.seats = append(h.seats, s)
	h.up(len(h.seats)-1, s)
}

func (h *heap) up(i int, s *seat) {
	for key := h.by(s); i > 0; {
		above := (i - 1) / 2
		if h.by(h.seats[above]) <= key {
			break
		}
		h.put(i, h.seats[above])
		i = above
	}
	h.put(i, s)
}

func (h *heap) down(i int, s *seat) {
	for key := h.by(s); ; {
		below := 2*i + 1
		if below >= len(h.seats) {
			break
		}
		if right := below + 1; right < len(h.seats) && h.by(h.seats[right]) < h.by(h.seats[below]) {
			below = right
		}
		if key <= h.by(h.seats[below]) {
			break
		}
		h.put(i, h.seats[below])
		i = below
	}
	h.put(i, s)
}

// lift takes a seat out of the heap in which it is, if it is in one.
func (b *Board) lift(from *spot) {
	if *from == 0 {
		return
	}
	h, i := &b.heaps[from.heap()], from.index()
	*from = 0
	last := len(h.seats) - 1
	moved := h.seats[last]
	h.seats[last] = nil
	h.seats = h.seats[:last]
	switch {
	case i == last:
	case i > 0 && h.by(moved) < h.by(h.seats[(i-1)/2]):
		h.up(i, moved)
	default:
		h.down(i, moved)
	}
}

// top is the earliest, or nil.
func (h *heap) top() *seat {
	if len(h.seats) == 0 {
		return nil
	}
	return h.seats[0]
}

// until lists up to most seats whose instant is not after now.
func (h *heap) until(now int64, most int) []*seat {
	var found []*seat
	next := []int{0}
	for len(next) > 0 && len(found) < most {
		i := next[0]
		next = next[1:]
		if i < len(h.seats) && h.by(h.seats[i]) <= now {
			found = append(found, h.seats[i])
			next = append(next, 2*i+1, 2*i+2)
		}
	}
	return found
}
