package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Problem is a row that was not loaded, or (Line 1) the header. The reason
// names column and fault and never holds a value.
type Problem struct {
	Line   int
	Reason string
}

// Phase is what an import is doing.
type Phase int32

// The phases in their order.
const (
	Reading Phase = iota // the file, checking and sorting its rows
	Writing              // the new registry
)

// Progress is how far an import has come.
type Progress struct {
	Phase   Phase
	Rows    int64 // of this phase
	Bad     int64 // so far
	Bytes   int64 // read of the file
	Elapsed time.Duration
}

// Options of an import. The zero value serves.
type Options struct {
	// TrustPlaces loads rows whose code names a place of birth that this
	// program does not know, because it was founded lately.
	TrustPlaces bool
	// Report is told of every row that is not loaded: first the bad ones in the
	// order of the file, then those whose code stood in an earlier line. It is
	// called from one goroutine at a time.
	Report func(Problem)
	// Progress is told every second how far the import is.
	Progress func(Progress)

	workers int        // that parse; 0 is one for each processor
	runRows int        // 0 is runRows
	create  createFunc // nil is createFile
}

// Summary is what an import did.
type Summary struct {
	Rows       int64 // read, without header and empty lines
	Loaded     int64
	Bad        int64
	Duplicates int64 // rows whose code stood in an earlier line
}

// ErrNothing is the error of an import without a single good row.
var ErrNothing = errors.New("no row could be loaded; the registry stays as it was")

// Import reads a register's CSV file and makes it the registry of the folder.
// Bad rows are reported and left out. If it returns an error, the folder's
// registry is the one that it was. It needs up to 150 MB of memory and eight
// bytes a citizen, and on disk about 250 bytes a citizen while it works.
func Import(ctx context.Context, dir string, key []byte, csv io.Reader, options Options) (Summary, error) {
	if len(key) != KeySize {
		return Summary{}, ErrKeySize
	}
	if options.create == nil {
		options.create = createFile
	}
	if options.workers == 0 {
		options.workers = runtime.GOMAXPROCS(0)
	}
	if options.runRows == 0 {
		options.runRows = runRows
	}
	if options.Report == nil {
		options.Report = func(Problem) {}
	}
	lock, err := lockDir(dir)
	if err != nil {
		return Summary{}, err
	}
	defer lock.Close()
	serving, err := readManifest(dir)
	if err != nil && !errors.Is(err, ErrFormat) {
		return Summary{}, err
	}
	sweep(dir, serving.Snapshot)
	work, err := os.MkdirTemp(dir, workPrefix)
	if err != nil {
		return Summary{}, fmt.Errorf("make a folder for the import: %w", clearer(err))
	}
	defer os.RemoveAll(work)

	im := &importer{Options: options, dir: dir, work: work, key: key}
	stop := im.tellProgress()
	summary, err := im.run(ctx, csv)
	stop()
	if err != nil {
		return summary, fmt.Errorf("import: %w", clearer(err))
	}
	return summary, nil
}

// importer is one import.
type importer struct {
	Options
	dir, work string
	key       []byte
	seal      runSeal

	phase      atomic.Int32
	bytes      atomic.Int64
	rows       atomic.Int64 // read
	bad        atomic.Int64
	written    atomic.Int64
	duplicates []duplicate

	mu   sync.Mutex
	runs []string // paths; a run's number is its place here
}

// duplicate is a row whose code stood in an earlier line.
type duplicate struct{ line, earlier uint32 }

// tellProgress calls Progress every second until the function that it returns
// is called.
func (im *importer) tellProgress() (stop func()) {
	if im.Progress == nil {
		return func() {}
	}
	began := time.Now()
	ticker := time.NewTicker(time.Second)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			p := Progress{Phase: Phase(im.phase.Load()), Rows: im.rows.Load(), Bad: im.bad.Load(), Bytes: im.bytes.Load(), Elapsed: time.Since(began)}
			if p.Phase == Writing {
				p.Rows = im.written.Load()
			}
			im.Progress(p)
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
		<-ended
	}
}

func (im *importer) run(ctx context.Context, csv io.Reader) (Summary, error) {
	var err error
	if im.seal, err = newRunSeal(); err != nil {
		return Summary{}, err
	}
	if err := im.read(ctx, csv); err != nil {
		return Summary{Rows: im.rows.Load(), Bad: im.bad.Load()}, err
	}
	summary := Summary{Rows: im.rows.Load(), Bad: im.bad.Load()}
	if summary.Rows == summary.Bad {
		return summary, ErrNothing
	}
	im.phase.Store(int32(Writing))
	name, err := im.assemble(ctx, int(summary.Rows-summary.Bad))
	if err != nil {
		return summary, err
	}
	summary.Loaded, summary.Duplicates = im.written.Load(), int64(len(im.duplicates))
	if err := publish(im.dir, im.work, manifest{version, name, summary.Loaded}, im.create); err != nil {
		_ = os.Remove(filepath.Join(im.dir, name))
		return summary, err
	}
	sweep(im.dir, name)
	slices.SortFunc(im.duplicates, func(a, b duplicate) int { return cmp.Compare(a.line, b.line) })
	for _, d := range im.duplicates {
		im.Report(Problem{int(d.line), fmt.Sprintf("fiscal_code: stands in line %d already", d.earlier)})
	}
	return summary, nil
}
