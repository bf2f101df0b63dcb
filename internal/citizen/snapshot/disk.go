package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	manifestName = "manifest.json"
	lockName     = "import.lock"
	filePrefix   = "citizens-"
	fileSuffix   = ".snapshot"
	workPrefix   = ".import-"
)

// Errors of the folder.
var (
	ErrBusy     = errors.New("another import into this folder is running: wait for its end")
	ErrDiskFull = errors.New("the disk is full: an import needs about 250 bytes a citizen beside the registry that serves")
)

// outFile is what an import writes to.
type outFile interface {
	Write(b []byte) (int, error)
	WriteAt(b []byte, at int64) (int, error)
	Sync() error
	Close() error
}

// createFunc makes a new file; a test puts one in its place whose disk is full.
type createFunc func(path string) (outFile, error)

func createFile(path string) (outFile, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

// clearer says what to do about errors of the system that can be cured.
func clearer(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w (%w)", ErrDiskFull, err)
	}
	return err
}

// manifest names the snapshot that counts.
type manifest struct {
	Version  int    `json:"version"`
	Snapshot string `json:"snapshot"` // file name in the same folder
	Rows     int64  `json:"rows"`     // for the reader's eye only; the file itself is believed
}

// readManifest gives the zero manifest for a folder without one.
func readManifest(dir string) (manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return manifest{}, nil
	}
	if err != nil {
		return manifest{}, fmt.Errorf("read the registry's manifest: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil || m.Version != version || m.Snapshot != filepath.Base(m.Snapshot) {
		return manifest{}, fmt.Errorf("%s: %w", manifestName, ErrFormat)
	}
	return m, nil
}

// publish makes the written snapshot file the one that counts.
func publish(dir, work string, m manifest, create createFunc) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the registry's manifest: %w", err)
	}
	temporary := filepath.Join(work, manifestName)
	file, err := create(temporary)
	if err != nil {
		return fmt.Errorf("write the registry's manifest: %w", err)
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write the registry's manifest: %w", err)
	}
	// The snapshot's own name must be on disk before the manifest names it.
	if err := syncDir(dir); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(dir, manifestName)); err != nil {
		return fmt.Errorf("take up the new registry: %w", err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("save the registry's folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("save the registry's folder: %w", err)
	}
	return nil
}

// lockDir makes the folder if need be and keeps other imports out of it until
// the lock is closed or the process ends.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the registry's folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the registry's folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("lock the registry's folder: %w", err)
	}
	return lock, nil
}

// sweep removes whatever no manifest names: earlier snapshots, and the work of
// imports that were killed. The caller holds the lock. A process that serves
// from a removed file keeps it open and goes on. What can't be removed now is
// removed by the next import.
func sweep(dir, keep string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		name := e.Name()
		old := strings.HasPrefix(name, filePrefix) && strings.HasSuffix(name, fileSuffix) && name != keep
		if old || strings.HasPrefix(name, workPrefix) {
			_ = os.RemoveAll(filepath.Join(dir, name))
		}
	}
}
