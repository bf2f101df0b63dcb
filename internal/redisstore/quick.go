package redisstore

import (
	"bytes"
	"encoding/json"
	"math"

	"richiamo/internal/queue"
)

// A quick reader takes ordinary tickets apart by themselves: a CBOR map of small
// numbers to texts, whole numbers and truths. That is what nearly all of a million
// tickets are, and it takes half of the time that a decoder for everything needs,
// which looks up types at run time and makes a new text for each of the words that
// all tickets have in common. What is not ordinary (attempts, requests that
// joined, a field of a later program, the JSON of an earlier one) is left to that
// decoder, from its beginning.
type quick struct {
	words  map[string]string // one copy of each word
	packed packedTicket      // the ticket that is being read
	rest   []byte            // of it
	odd    bool              // something was met that is not ordinary
}

func newQuick() *quick { return &quick{words: map[string]string{}} }

// openTicket is openPacked for one of many tickets.
func (q *quick) openTicket(s *sealer, value string, t *queue.Ticket, place string) error {
	_, err := s.unseal(value, place, func(body []byte) error {
		if q.ticket(body) {
			return q.packed.unpack(t)
		}
		if bytes.HasPrefix(body, []byte{'{'}) {
			return json.Unmarshal(body, t)
		}
		q.packed = packedTicket{}
		if err := s.unpacker.Unmarshal(body, &q.packed); err != nil {
			return err
		}
		return q.packed.unpack(t)
	})
	return err
}

// ticket reads a packed ticket, if it is an ordinary one.
func (q *quick) ticket(packed []byte) (ok bool) {
	q.packed, q.rest, q.odd = packedTicket{}, packed, false
	for fields := q.number(cborMap); fields > 0 && !q.odd; fields-- {
		q.field(q.number(cborUnsigned))
	}
	return !q.odd && len(q.rest) == 0
}

// field reads what stands under a number, see packedTicket.
func (q *quick) field(number uint64) {
	switch p := &q.packed; number {
	case 1:
		p.ID = q.text()
	case 2:
		p.Tenant = q.word()
	case 3:
		p.Queue = q.word()
	case 4:
		p.Purpose = queue.Purpose(q.word())
	case 5:
		p.State = queue.State(q.word())
	case 6:
		p.Reason = queue.Reason(q.word())
	case 7:
		p.Arrived = q.stamp()
	case 8:
		p.Class = queue.Class(q.word())
	case 9:
		p.NotBefore = q.stamp()
	case 10:
		p.From = q.stamp()
	case 11:
		p.To = q.stamp()
	case 12:
		p.Slot = queue.HalfDay(q.word())
	case 13:
		p.Replans = q.small()
	case 14:
		p.Phone = q.text()
	case 15:
		p.Citizen = q.text()
	case 18:
		p.Word = q.word()
	case 19:
		p.Language = q.word()
	case 20:
		p.Note = q.text()
	case 21:
		p.Channel = q.word()
	case 22:
		p.NoKeys = q.truth()
	case 23:
		p.NeedsAgent = q.truth()
	case 24:
		p.Call = q.text()
	case 25:
		p.Agent = q.word()
	case 28:
		p.Token = q.count()
	case 29:
		p.Node = q.word()
	case 30:
		p.Claimed = q.stamp()
	case 31:
		p.Since = q.stamp()
	case 32:
		p.Updated = q.stamp()
	case 33:
		p.Version = q.count()
	case 34:
		p.Resume = q.stamp()
	case 37:
		p.Slipped = q.small()
	case 38:
		p.Asked = q.small()
	default:
		q.odd = true
	}
}

// The kinds of what CBOR holds, RFC 8949 section 3.1, in the uppermost three bits
// of the first byte.
const (
	cborUnsigned = 0
	cborText     = 3
	cborMap      = 5
	cborFalse    = 0xf4
	cborTrue     = 0xf5
)

// number reads the number with which something of a kind begins: its value, its
// length.
func (q *quick) number(kind byte) uint64 {
	if len(q.rest) == 0 || q.rest[0]>>5 != kind {
		q.odd = true
		return 0
	}
	n := uint64(q.rest[0] & 31)
	q.rest = q.rest[1:]
	if n < 24 { // it is short, and stands there itself
		return n
	}
	size := 1 << (n - 24) // otherwise in so many bytes
	if size > 8 || size > len(q.rest) {
		q.odd = true
		return 0
	}
	n = 0
	for _, b := range q.rest[:size] {
		n = n<<8 | uint64(b)
	}
	q.rest = q.rest[size:]
	return n
}

// bytes reads a text, which is good until the next ticket.
func (q *quick) bytes() []byte {
	n := q.number(cborText)
	if n > uint64(len(q.rest)) {
		q.odd = true
		return nil
	}
	text := q.rest[:n]
	q.rest = q.rest[n:]
	return text
}

func (q *quick) text() string { return string(q.bytes()) }

// word is a text that many tickets have.
func (q *quick) word() string {
	text := q.bytes()
	word, known := q.words[string(text)]
	if !known {
		word = string(text)
		q.words[word] = word
	}
	return word
}

// whole reads a whole number that is not below zero.
func (q *quick) whole() int64 {
	n := q.number(cborUnsigned)
	if n > math.MaxInt64 {
		q.odd = true
		return 0
	}
	return int64(n)
}

func (q *quick) stamp() stamp { return stamp(q.whole()) }

func (q *quick) count() int { return int(q.whole()) }

func (q *quick) small() int32 {
	n := q.whole()
	if n > math.MaxInt32 {
		q.odd = true
		return 0
	}
	return int32(n)
}

func (q *quick) truth() bool {
	if len(q.rest) == 0 || q.rest[0] != cborTrue && q.rest[0] != cborFalse {
		q.odd = true
		return false
	}
	on := q.rest[0] == cborTrue
	q.rest = q.rest[1:]
	return on
}
