package snapshot

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"richiamo/internal/citizen"
	"richiamo/internal/fiscalcode"
)

// ErrEmpty is the error of a question to a folder into which nothing has been
// imported yet.
var ErrEmpty = errors.New(`no registry has been imported yet: run "richiamo registry import"`)

// Registry answers who a caller is, from the snapshot that counts in its
// folder. Many may ask at once, also while a new snapshot is taken up.
type Registry struct {
	dir string
	key []byte

	reload sync.Mutex // one Reload at a time

	mu     sync.RWMutex // held for reading while a question is answered
	file   *file        // nil before the first import
	loaded manifest     // of file
}

// Open opens the registry in a folder, sealed with a key of KeySize bytes. A
// folder without a registry opens too, is empty, and takes up the first import
// at the next Reload.
func Open(dir string, key []byte) (*Registry, error) {
	if len(key) != KeySize {
		return nil, ErrKeySize
	}
	r := &Registry{dir: dir, key: slices.Clone(key)}
	if _, err := r.Reload(); err != nil {
		return nil, err
	}
	return r, nil
}

// Reload takes up the snapshot that counts now, if it is another than the one
// that serves, and says whether it did. After an error the old one serves on.
// While it loads, both indexes are in memory.
func (r *Registry) Reload() (changed bool, err error) {
	r.reload.Lock()
	defer r.reload.Unlock()
	// A snapshot may be replaced between the reading of the manifest and the
	// opening of the file; then the manifest has changed too, and is read again.
	for range 3 {
		m, err := readManifest(r.dir)
		if err != nil {
			return false, err
		}
		if m == r.loaded {
			return false, nil
		}
		if m.Snapshot == "" {
			return false, ErrEmpty
		}
		next, err := openFile(filepath.Join(r.dir, m.Snapshot), r.key)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		r.swap(next, m)
		return true, nil
	}
	return false, ErrDamaged
}

// swap waits for the questions that are being answered, then closes the old
// file.
func (r *Registry) swap(next *file, m manifest) {
	r.mu.Lock()
	old := r.file
	r.file, r.loaded = next, m
	r.mu.Unlock()
	if old != nil {
		_ = old.os.Close() // only ever read
	}
}

// Watch calls Reload at every interval until ctx ends. It reports each snapshot
// that was taken up (err nil, with its rows) and each error once as long as it
// stays the same.
func (r *Registry) Watch(ctx context.Context, every time.Duration, report func(rows int, err error)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		changed, err := r.Reload()
		switch {
		case err != nil && err.Error() != last:
			last = err.Error()
			report(r.Len(), err)
		case err == nil && changed:
			report(r.Len(), nil)
		}
		if err == nil {
			last = ""
		}
	}
}

// Close closes the files; later questions get ErrEmpty.
func (r *Registry) Close() error {
	r.swap(nil, manifest{})
	return nil
}

// Len is the number of citizens.
func (r *Registry) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.file == nil {
		return 0
	}
	return r.file.index.Len()
}

// IndexBytes is the memory that the index takes.
func (r *Registry) IndexBytes() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.file == nil {
		return 0
	}
	return r.file.index.Bytes()
}

// Find gives the rows with exactly these keys, as citizen.Index does. Rows are
// numbered anew by every import.
func (r *Registry) Find(keys fiscalcode.Keys) []citizen.Candidate {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.file == nil {
		return nil
	}
	return r.file.index.Find(keys)
}

// FindNear gives the rows one slip away from these keys, as citizen.Index does.
func (r *Registry) FindNear(keys fiscalcode.Keys) []citizen.Candidate {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.file == nil {
		return nil
	}
	return r.file.index.FindNear(keys)
}

// Identify recognises a caller by keys and second datum, as citizen.Decide
// does. It looks one slip around the keys whether or not somebody has exactly
// these, so that a question takes the same work for every stranger. The error
// says that the question could not be answered, never that nobody was found.
func (r *Registry) Identify(keys fiscalcode.Keys, second citizen.Second) (citizen.Citizen, citizen.Outcome, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.file == nil {
		return citizen.Citizen{}, citizen.NotFound, ErrEmpty
	}
	candidates := append(r.file.index.Find(keys), r.file.index.FindNear(keys)...)
	matches := make([]citizen.Match, len(candidates))
	for i, candidate := range candidates {
		c, err := r.file.record(candidate.Row)
		if err != nil {
			return citizen.Citizen{}, citizen.NotFound, err
		}
		matches[i] = citizen.Match{Citizen: c, Slip: candidate.Slip}
	}
	person, outcome := citizen.Decide(matches, second)
	return person, outcome, nil
}

// ByCode finds the citizen with exactly this code, for those who hold the code
// itself and have shown who they are in another way: a portal, a pharmacy.
func (r *Registry) ByCode(code fiscalcode.Code) (person citizen.Citizen, found bool, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.file == nil {
		return citizen.Citizen{}, false, ErrEmpty
	}
	for _, candidate := range r.file.index.Find(code.Keypad()) {
		c, err := r.file.record(candidate.Row)
		if err != nil {
			return citizen.Citizen{}, false, err
		}
		if c.Code == code {
			return c, true, nil
		}
	}
	return citizen.Citizen{}, false, nil
}
