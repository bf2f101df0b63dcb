package snapshot

import (
	"bufio"
	"cmp"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// A run is a piece of the register, sorted, on disk until it is merged with the
// others: sealed blocks, each behind its length. The key of the runs is made
// for one import and never leaves memory, so what a killed import leaves behind
// can't be read by anybody.
const (
	runRows      = 1 << 18 // rows that a worker gathers before it writes a run
	runBlockSize = 1 << 16 // unsealed; a block ends with a whole row
	rowHead      = 8 + 4 + 2
)

// piece is one row within a gathering.
type piece struct {
	ordinal  uint64
	line     uint32
	at, size uint32 // in the arena
}

// gathering collects rows in memory.
type gathering struct {
	pieces []piece
	arena  []byte
}

func (g *gathering) add(ordinal uint64, line uint32, record []byte) {
	g.pieces = append(g.pieces, piece{ordinal, line, uint32(len(g.arena)), uint32(len(record))})
	g.arena = append(g.arena, record...)
}

func (g *gathering) clear() { g.pieces, g.arena = g.pieces[:0], g.arena[:0] }

func (g *gathering) sort() {
	slices.SortFunc(g.pieces, func(a, b piece) int {
		if a.ordinal != b.ordinal {
			return cmp.Compare(a.ordinal, b.ordinal)
		}
		return cmp.Compare(a.line, b.line)
	})
}

// runSeal seals the runs of one import.
type runSeal struct{ aead cipher.AEAD }

func newRunSeal() (runSeal, error) {
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return runSeal{}, fmt.Errorf("make a key for the import's own files: %w", err)
	}
	aead, err := newGCM(key)
	return runSeal{aead}, err
}

// write sorts g and writes it as run number n, and empties g.
func (s runSeal) write(to io.Writer, n int, g *gathering) error {
	g.sort()
	var plain, sealed []byte
	blocks := uint64(0)
	flush := func() error {
		sealed = binary.BigEndian.AppendUint32(sealed[:0], uint32(len(plain)+tagSize))
		sealed = s.aead.Seal(sealed, nonce(uint32(n), blocks), plain, nil)
		blocks++
		plain = plain[:0]
		_, err := to.Write(sealed)
		return err
	}
	for _, p := range g.pieces {
		plain = binary.BigEndian.AppendUint64(plain, p.ordinal)
		plain = binary.BigEndian.AppendUint32(plain, p.line)
		plain = binary.BigEndian.AppendUint16(plain, uint16(p.size))
		plain = append(plain, g.arena[p.at:p.at+p.size]...)
		if len(plain) >= runBlockSize-maxRecord-rowHead {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	g.clear()
	if len(plain) == 0 {
		return nil
	}
	return flush()
}

// runReader reads a run row by row. ordinal, line and record are those of the
// row it stands at; record is good until the next step.
type runReader struct {
	seal    runSeal
	number  int
	file    *os.File
	from    *bufio.Reader
	blocks  uint64
	buffer  []byte
	rest    []byte
	ordinal uint64
	line    uint32
	record  []byte
}

func (s runSeal) open(path string, n int) (*runReader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read a piece of the import: %w", err)
	}
	return &runReader{seal: s, number: n, file: file, from: bufio.NewReaderSize(file, runBlockSize)}, nil
}

// step goes to the next row; ok is false behind the last.
func (r *runReader) step() (ok bool, err error) {
	if len(r.rest) == 0 {
		if ok, err := r.fill(); !ok || err != nil {
			return false, err
		}
	}
	r.ordinal = binary.BigEndian.Uint64(r.rest)
	r.line = binary.BigEndian.Uint32(r.rest[8:])
	size := int(binary.BigEndian.Uint16(r.rest[12:]))
	r.record = r.rest[rowHead : rowHead+size]
	r.rest = r.rest[rowHead+size:]
	return true, nil
}

func (r *runReader) fill() (ok bool, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r.from, head[:]); errors.Is(err, io.EOF) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("read a piece of the import: %w", err)
	}
	size := int(binary.BigEndian.Uint32(head[:]))
	if size > runBlockSize+tagSize {
		return false, fmt.Errorf("read a piece of the import: %w", ErrDamaged)
	}
	r.buffer = slices.Grow(r.buffer[:0], size)[:size]
	if _, err := io.ReadFull(r.from, r.buffer); err != nil {
		return false, fmt.Errorf("read a piece of the import: %w", err)
	}
	r.rest, err = r.seal.aead.Open(r.buffer[:0], nonce(uint32(r.number), r.blocks), r.buffer, nil)
	if err != nil {
		return false, fmt.Errorf("read a piece of the import: %w", ErrDamaged)
	}
	r.blocks++
	return len(r.rest) > 0, nil
}

// merge goes through the rows of several runs in ascending order of ordinal and
// then line. It is a heap of the readers by the row that each stands at.
type merge struct{ heap []*runReader }

func newMerge(readers []*runReader) (*merge, error) {
	m := &merge{}
	for _, r := range readers {
		ok, err := r.step()
		if err != nil {
			return nil, err
		}
		if ok {
			m.heap = append(m.heap, r)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	return m, nil
}

// top is the reader at the next row, nil when there is none.
func (m *merge) top() *runReader {
	if len(m.heap) == 0 {
		return nil
	}
	return m.heap[0]
}

// next leaves the row of top.
func (m *merge) next() error {
	ok, err := m.heap[0].step()
	if err != nil {
		return err
	}
	if !ok {
		last := len(m.heap) - 1
		m.heap[0] = m.heap[last]
		m.heap = m.heap[:last]
	}
	m.sink(0)
	return nil
}

func (m *merge) less(i, j int) bool {
	a, b := m.heap[i], m.heap[j]
	if a.ordinal != b.ordinal {
		return a.ordinal < b.ordinal
	}
	return a.line < b.line
}

func (m *merge) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(m.heap) {
			return
		}
		if child+1 < len(m.heap) && m.less(child+1, child) {
			child++
		}
		if !m.less(child, i) {
			return
		}
		m.heap[i], m.heap[child] = m.heap[child], m.heap[i]
		i = child
	}
}
