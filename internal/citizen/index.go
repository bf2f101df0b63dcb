package citizen

import (
	"errors"
	"slices"

	"richiamo/internal/fiscalcode"
)

// Slip is how what was keyed differs from a citizen's code.
type Slip uint8

// Exact is no slip at all; the others are the four that are searched for.
const (
	Exact Slip = iota
	WrongKey
	MissingKey
	DoubledKey
	SwappedKeys
)

// String names the slip, for metrics.
func (s Slip) String() string {
	switch s {
	case Exact:
		return "exact"
	case WrongKey:
		return "wrong key"
	case MissingKey:
		return "missing key"
	case DoubledKey:
		return "doubled key"
	default:
		return "swapped keys"
	}
}

// Candidate is a row of the register whose code fits what was keyed.
type Candidate struct {
	Row  int
	Slip Slip
}

// The lengths in keys of the codes that a register holds.
const (
	longCode  = 16 // codice fiscale, STP, ENI
	shortCode = 11 // provisional code
)

// stride is the number of keys behind one entry of an Index's directory: eight
// cache lines, so that a lookup touches at most four of them.
const stride = 64

// Index finds rows by keys. It holds eight bytes a row and a directory of an
// eighth of a byte: about 81 MB for ten million citizens. It never changes and
// may be read by many at once.
type Index struct {
	ordinals  []uint64 // fiscalcode.Keys.Ordinal of each row, ascending
	directory []uint64 // every stride-th of them; small enough to stay in the processor's cache
}

// ErrUnsorted is the error of NewIndex.
var ErrUnsorted = errors.New("the keys of an index must be in ascending order")

// NewIndex makes an index of the ordinals of the rows' keys, row 0 first, in
// ascending order; equal ones are allowed. It keeps the slice.
func NewIndex(ordinals []uint64) (*Index, error) {
	if !slices.IsSorted(ordinals) {
		return nil, ErrUnsorted
	}
	directory := make([]uint64, 0, len(ordinals)/stride+1)
	for i := 0; i < len(ordinals); i += stride {
		directory = append(directory, ordinals[i])
	}
	return &Index{ordinals, directory}, nil
}

// Len is the number of rows.
func (x *Index) Len() int { return len(x.ordinals) }

// Bytes is the memory that the index takes.
func (x *Index) Bytes() int { return 8 * (cap(x.ordinals) + cap(x.directory)) }

// Find gives the rows whose keys are exactly these, in ascending order.
func (x *Index) Find(keys fiscalcode.Keys) []Candidate {
	return x.add(nil, keys.Ordinal(), Exact)
}

// add appends the rows of one ordinal.
func (x *Index) add(found []Candidate, ordinal uint64, slip Slip) []Candidate {
	// The first directory entry that is not less stands at or behind the first
	// row with this ordinal; that row is in the stride before it, or is itself.
	block := lowerBound(x.directory, ordinal)
	from, to := max(0, block-1)*stride, min(block*stride, len(x.ordinals))
	for row := from + lowerBound(x.ordinals[from:to], ordinal); row < len(x.ordinals) && x.ordinals[row] == ordinal; row++ {
		found = append(found, Candidate{row, slip})
	}
	return found
}

// lowerBound is the index of the first element that is not less than v. (The
// loop of slices.BinarySearch costs about twice as much here: it compares
// through a generic function.)
func lowerBound(sorted []uint64, v uint64) int {
	low, n := 0, len(sorted)
	for n > 0 {
		half := n / 2
		if sorted[low+half] < v {
			low += half + 1
			n -= half + 1
		} else {
			n = half
		}
	}
	return low
}

// FindNear gives the rows whose keys would have become these by one slip of
// the caller: a wrong key, a missing one, one pressed twice, or two neighbours
// swapped. Rows with exactly these keys are not among them, and no row is there
// twice. Such a row is a guess until a second datum confirms it: of strangers
// to a register of ten million, one in a hundred is one wrong key away from
// somebody.
func (x *Index) FindNear(keys fiscalcode.Keys) []Candidate {
	e := newEntry(keys)
	switch e.n {
	case longCode, shortCode:
		return x.findSwapped(x.findWrong(nil, e), e)
	case longCode - 1, shortCode - 1:
		return x.findMissing(e)
	case longCode + 1, shortCode + 1:
		return x.findDoubled(e)
	default:
		return nil
	}
}

// entry is keys taken apart: the digits and the value of a 1 at each place.
type entry struct {
	ordinal uint64
	n       int
	digit   [fiscalcode.MaxKeys]uint64
	place   [fiscalcode.MaxKeys]uint64
}

func newEntry(keys fiscalcode.Keys) entry {
	e := entry{ordinal: keys.Ordinal(), n: keys.Len()}
	rest, place := e.ordinal, uint64(1)
	for i := e.n - 1; i >= 0; i-- {
		e.digit[i], e.place[i] = rest%10, place
		rest /= 10
		place *= 10
	}
	return e
}

func (x *Index) findWrong(found []Candidate, e entry) []Candidate {
	for i := range e.n {
		without := e.ordinal - e.digit[i]*e.place[i]
		for d := range uint64(10) {
			if d != e.digit[i] {
				found = x.add(found, without+d*e.place[i], WrongKey)
			}
		}
	}
	return found
}

func (x *Index) findSwapped(found []Candidate, e entry) []Candidate {
	for i := 1; i < e.n; i++ {
		a, b := e.digit[i-1], e.digit[i]
		if a != b {
			swapped := e.ordinal - a*e.place[i-1] - b*e.place[i] + b*e.place[i-1] + a*e.place[i]
			found = x.add(found, swapped, SwappedKeys)
		}
	}
	return found
}

// findMissing tries each key at each gap. A key equal to the one before the gap
// gives the same as the gap before that key, and is tried there.
func (x *Index) findMissing(e entry) []Candidate {
	var found []Candidate
	for gap := 0; gap <= e.n; gap++ {
		place := uint64(1)
		if gap < e.n {
			place = e.place[gap] * 10
		}
		behind := e.ordinal % place
		head := (e.ordinal - behind) * 10
		for d := range uint64(10) {
			if gap == 0 || d != e.digit[gap-1] {
				found = x.add(found, head+d*place+behind, MissingKey)
			}
		}
	}
	return found
}

// findDoubled leaves out one of each run of equal keys.
func (x *Index) findDoubled(e entry) []Candidate {
	var found []Candidate
	for i := 1; i < e.n; i++ {
		if e.digit[i] != e.digit[i-1] || (i+1 < e.n && e.digit[i+1] == e.digit[i]) {
			continue
		}
		behind := e.ordinal % e.place[i]
		found = x.add(found, e.ordinal/(e.place[i]*10)*e.place[i]+behind, DoubledKey)
	}
	return found
}
