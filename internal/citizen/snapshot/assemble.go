package snapshot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// batchRows is how many rows go from the merge to the writer at a time.
const batchRows = 4096

// assemble merges the runs into a new snapshot file in the folder, which
// nothing names yet, and gives its name. One goroutine merges, another seals
// and writes.
func (im *importer) assemble(ctx context.Context, rows int) (name string, err error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make the new registry's salt: %w", err)
	}
	name = filePrefix + hex.EncodeToString(salt[:8]) + fileSuffix
	temporary := filepath.Join(im.work, name)
	w, err := newWriter(temporary, im.work, im.key, salt, rows, im.create)
	if err != nil {
		return "", err
	}
	defer w.close()
	const inFlight = 4
	batches, free := make(chan *gathering), make(chan *gathering, inFlight)
	for range inFlight {
		free <- &gathering{}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		return im.mergeRuns(ctx, batches, free)
	})
	group.Go(func() error {
		for b := range batches {
			for _, p := range b.pieces {
				if err := w.add(p.ordinal, b.arena[p.at:p.at+p.size]); err != nil {
					return err
				}
			}
			im.written.Add(int64(len(b.pieces)))
			b.clear()
			free <- b // there is room for all of them
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return "", err
	}
	if err := w.finish(); err != nil {
		return "", err
	}
	if err := os.Rename(temporary, filepath.Join(im.dir, name)); err != nil {
		return "", fmt.Errorf("take up the new registry: %w", err)
	}
	return name, nil
}

// mergeRuns sends the rows of all runs in their final order, without those
// whose code stands in an earlier line.
func (im *importer) mergeRuns(ctx context.Context, batches chan<- *gathering, free <-chan *gathering) error {
	var readers []*runReader
	defer func() {
		for _, r := range readers {
			_ = r.file.Close()
		}
	}()
	for number, path := range im.runs {
		r, err := im.seal.open(path, number)
		if err != nil {
			return err
		}
		readers = append(readers, r)
	}
	m, err := newMerge(readers)
	if err != nil {
		return err
	}
	seen := &sameKeys{}
	for m.top() != nil {
		var b *gathering
		select {
		case b = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		for r := m.top(); r != nil && len(b.pieces) < batchRows; r = m.top() {
			if earlier, again := seen.line(r); again {
				im.duplicates = append(im.duplicates, duplicate{r.line, earlier})
			} else {
				b.add(r.ordinal, r.line, r.record)
			}
			if err := m.next(); err != nil {
				return err
			}
		}
		select {
		case batches <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// sameKeys remembers the codes of the rows with the same keys, which come one
// after the other in the order of their lines; there are seldom two.
type sameKeys struct {
	ordinal uint64
	codes   [][codeSize]byte
	lines   []uint32
}

// line gives the line in which the row's code stood before, if it did.
func (s *sameKeys) line(r *runReader) (earlier uint32, again bool) {
	if r.ordinal != s.ordinal {
		s.ordinal, s.codes, s.lines = r.ordinal, s.codes[:0], s.lines[:0]
	}
	code := [codeSize]byte(r.record)
	for i, known := range s.codes {
		if known == code {
			return s.lines[i], true
		}
	}
	s.codes, s.lines = append(s.codes, code), append(s.lines, r.line)
	return 0, false
}
