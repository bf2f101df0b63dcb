package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

const (
	blockSize = 1 << 20 // what one worker parses at a time
	maxLine   = 1 << 16 // no row of a register is longer
)

// block is whole lines of the file, the last one perhaps without its end.
type block struct {
	number int // counted from 0
	line   int // number of the first line in the file, from 1
	text   []byte
	buffer []byte // of which text is a part; goes back to the reader
}

// lineReader cuts a file into blocks at line ends. One goroutine reads, the
// buffers go round.
type lineReader struct {
	from  io.Reader
	carry []byte // the begun line at the end of the last block
	line  int
	done  bool
}

// firstLine reads the header's line, without its end.
func (r *lineReader) firstLine() ([]byte, error) {
	r.line = 1
	for {
		if end := bytes.IndexByte(r.carry, '\n'); end >= 0 {
			line := r.carry[:end]
			r.carry = r.carry[end+1:]
			r.line = 2
			return line, nil
		}
		if r.done {
			line := r.carry
			r.carry = nil
			return line, nil
		}
		if len(r.carry) > maxLine {
			return nil, errLineLong
		}
		chunk := make([]byte, 4096)
		n, err := r.read(chunk)
		if err != nil {
			return nil, err
		}
		r.carry = append(r.carry, chunk[:n]...)
	}
}

// read fills b as far as it can, and marks the end of the file.
func (r *lineReader) read(b []byte) (int, error) {
	n, err := io.ReadFull(r.from, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.done = true
		return n, nil
	}
	if err != nil {
		return n, fmt.Errorf("read the register's file: %w", err)
	}
	return n, nil
}

// run sends the file's blocks and returns at its end. Buffers are taken from
// free, which whoever is done with a block gives back. A line that is longer
// than any row can be is cut, so that memory stays bounded; its pieces are rows
// with wrong fields.
func (r *lineReader) run(ctx context.Context, blocks chan<- block, free <-chan []byte) error {
	for number := 0; !r.done || len(r.carry) > 0; number++ {
		var buffer []byte
		select {
		case buffer = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		used := copy(buffer, r.carry)
		n, err := 0, error(nil)
		if !r.done {
			n, err = r.read(buffer[used:])
		}
		if err != nil {
			return err
		}
		text := buffer[:used+n]
		r.carry = r.carry[:0]
		if !r.done {
			if end := bytes.LastIndexByte(text, '\n'); end >= 0 {
				r.carry = append(r.carry, text[end+1:]...)
				text = text[:end+1]
			}
		}
		b := block{number, r.line, text, buffer}
		r.line += bytes.Count(text, []byte{'\n'})
		select {
		case blocks <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
