package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// parsed is what a worker has to say of a block.
type parsed struct {
	number   int
	problems []Problem
	buffer   []byte
}

// read turns the file into sorted runs: one goroutine cuts it into blocks, the
// workers parse them and write runs, and the results are reported in the order
// of the file.
func (im *importer) read(ctx context.Context, csv io.Reader) error {
	lines := &lineReader{from: io.TeeReader(csv, counter{&im.bytes})}
	first, err := lines.firstLine()
	if err != nil {
		return err
	}
	head, err := parseHeader(first)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	blocks := make(chan block)
	results := make(chan parsed)
	buffers := 2*im.workers + 2
	free := make(chan []byte, buffers)
	for range buffers {
		free <- make([]byte, blockSize)
	}
	group.Go(func() error {
		defer close(blocks)
		return lines.run(ctx, blocks, free)
	})
	var working sync.WaitGroup
	working.Add(im.workers)
	for range im.workers {
		group.Go(func() error {
			defer working.Done()
			return im.parseBlocks(ctx, head, blocks, results)
		})
	}
	group.Go(func() error {
		working.Wait()
		close(results)
		return nil
	})
	group.Go(func() error {
		im.reportInOrder(results, free)
		return nil
	})
	return group.Wait()
}

// reportInOrder reports the problems of the blocks in the order of the file.
func (im *importer) reportInOrder(results <-chan parsed, free chan<- []byte) {
	waiting := map[int][]Problem{}
	next := 0
	for p := range results {
		free <- p.buffer // there is room for every buffer
		waiting[p.number] = p.problems
		for problems, ok := waiting[next]; ok; problems, ok = waiting[next] {
			for _, problem := range problems {
				im.Report(problem)
			}
			delete(waiting, next)
			next++
		}
	}
}

// parseBlocks is one worker: it parses blocks and writes a run whenever it has
// gathered enough rows.
func (im *importer) parseBlocks(ctx context.Context, head header, blocks <-chan block, results chan<- parsed) error {
	parser := &rowParser{header: head, trustPlace: im.TrustPlaces}
	rows := &gathering{}
	for b := range blocks {
		problems := im.parseBlock(parser, b, rows)
		select {
		case results <- parsed{b.number, problems, b.buffer}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if len(rows.pieces) >= im.runRows {
			if err := im.writeRun(rows); err != nil {
				return err
			}
		}
	}
	if len(rows.pieces) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	return im.writeRun(rows)
}

func (im *importer) parseBlock(parser *rowParser, b block, rows *gathering) (problems []Problem) {
	read := int64(0)
	for text, number := b.text, b.line; len(text) > 0; number++ {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		text = rest
		line = trimReturn(line)
		if len(line) == 0 {
			continue
		}
		read++
		if len(line) > maxLine {
			problems = append(problems, Problem{number, errLineLong.Error()})
			continue
		}
		at := len(rows.arena)
		arena, keys, err := parser.parse(line, rows.arena)
		rows.arena = arena
		if err != nil {
			problems = append(problems, Problem{number, err.Error()})
			continue
		}
		rows.pieces = append(rows.pieces, piece{keys.Ordinal(), uint32(number), uint32(at), uint32(len(arena) - at)})
	}
	im.rows.Add(read)
	im.bad.Add(int64(len(problems)))
	return problems
}

func (im *importer) writeRun(rows *gathering) error {
	im.mu.Lock()
	number := len(im.runs)
	path := filepath.Join(im.work, fmt.Sprintf("run-%d", number))
	im.runs = append(im.runs, path)
	im.mu.Unlock()
	file, err := im.create(path)
	if err != nil {
		return fmt.Errorf("write a piece of the import: %w", err)
	}
	err = im.seal.write(file, number, rows)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write a piece of the import: %w", err)
	}
	return nil
}

// counter counts the bytes that pass.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}
