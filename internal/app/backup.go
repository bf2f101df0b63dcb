package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"richiamo/internal/config"
	"richiamo/internal/redisstore"
)

// The names of backups tell when they were made, so that their alphabetic order is
// that of time; what is not whole yet has a name of another form.
const (
	backupPrefix = "richiamo-"
	backupSuffix = ".backup"
	backupTime   = "20060102T150405Z"
	partPattern  = ".richiamo-*.part"
)

// BackupName is the name of a backup that is made now.
func BackupName(now time.Time) string {
	return backupPrefix + now.UTC().Format(backupTime) + backupSuffix
}

// Backup writes what Redis holds of promises into a file that does not exist yet:
// whole and on disk, or not at all. It may be made beside the service. tell hears
// from time to time how many records there are.
func Backup(ctx context.Context, cfg *config.Config, path string, tell func(records int)) (s redisstore.Summary, size int64, err error) {
	if _, err := os.Lstat(path); err == nil {
		return s, 0, fmt.Errorf("%s exists already: name another file", path)
	}
	part, err := os.CreateTemp(filepath.Dir(path), partPattern) // mode 0600
	if err != nil {
		return s, 0, roomFor(fmt.Errorf("make a file for the backup: %w", err))
	}
	defer os.Remove(part.Name()) // harmless once it is renamed
	defer part.Close()
	o := RedisOptions(cfg)
	if b := cfg.Backup; b.Username != "" {
		o.Username, o.Password = b.Username, b.Password.Reveal()
	}
	if s, err = redisstore.Backup(ctx, o, part, tell); err != nil {
		return s, 0, roomFor(err)
	}
	info, err := part.Stat()
	if err == nil {
		size = info.Size()
		err = part.Sync()
	}
	if err == nil {
		err = part.Close()
	}
	if err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return s, 0, roomFor(fmt.Errorf("write the backup: %w", err))
	}
	return s, size, nil
}

// roomFor says what to do about a disk that is full.
func roomFor(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w; make room in the folder of the backups, or keep fewer", err)
	}
	return err
}

// syncDir has a renamed file be found after a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// CheckBackup tells what a backup holds, without Redis, or why it can't be
// restored.
func CheckBackup(cfg *config.Config, path string) (redisstore.Summary, error) {
	file, err := os.Open(path)
	if err != nil {
		return redisstore.Summary{}, fmt.Errorf("open the backup: %w", err)
	}
	defer file.Close()
	return redisstore.Check(RedisOptions(cfg), file)
}

// Restore puts a backup back into Redis, in place of what the tenants have there
// if it is to be replaced. No Richiamo may serve on this Redis meanwhile.
func Restore(ctx context.Context, cfg *config.Config, path string, replace bool, tell func(records int)) (redisstore.Summary, error) {
	file, err := os.Open(path)
	if err != nil {
		return redisstore.Summary{}, fmt.Errorf("open the backup: %w", err)
	}
	defer file.Close()
	return redisstore.Restore(ctx, RedisOptions(cfg), file, replace, tell)
}

// How soon a backup that failed is tried again, and how long one that is much
// larger than the newest is kept in any case: a Redis that was emptied by mistake
// must not push out what it can be restored from before somebody notices.
const (
	backupAgain = 5 * time.Minute
	backupGrace = 7 * 24 * time.Hour
)

// backups makes a backup whenever the newest is old enough. Nobody waits for it,
// and nothing stops when it fails.
func (a *App) backups(ctx context.Context) {
	if a.cfg.Backup.Directory == "" {
		return
	}
	a.metrics.BackupMade(time.Time{})
	for wait := time.Duration(0); sleep(ctx, wait); wait = a.backup(ctx) {
	}
}

// backup makes one if it is due, and gives how long to wait for the next.
func (a *App) backup(ctx context.Context) (wait time.Duration) {
	c := a.cfg.Backup
	dir, began := string(c.Directory), time.Now()
	made, err := backupsIn(dir, began)
	if err != nil {
		return a.noBackup(err)
	}
	newest := newestOf(made)
	a.metrics.BackupMade(newest)
	if wait = c.Every - began.Sub(newest); wait > 0 {
		return wait
	}
	path := filepath.Join(dir, BackupName(began))
	s, size, err := Backup(ctx, a.cfg, path, nil)
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		wait = a.noBackup(err)
	default:
		wait = c.Every
		a.metrics.BackupMade(began)
		a.log.Info("backup made", "file", path, "records", s.Counts.All(), "mb", size>>20, "took", time.Since(began))
	}
	// After one that failed too: what is removed may be the room that it lacked.
	if err := a.prune(time.Now()); err != nil {
		a.log.Warn("old backups are not removed", "dir", dir, "error", err)
	}
	return wait
}

// noBackup tells why none was made, and gives how long to wait before it is tried
// again.
func (a *App) noBackup(err error) (wait time.Duration) {
	a.metrics.BackupFailed()
	wait = min(backupAgain, a.cfg.Backup.Every)
	a.log.Error("no backup was made", "dir", string(a.cfg.Backup.Directory), "wait", wait.String(), "error", err)
	return wait
}

// madeBackup is a backup that lies in the folder.
type madeBackup struct {
	path  string
	at    time.Time // as its name says
	ahead bool      // of now: it was made while the clock was wrong
	size  int64
}

// backupsIn lists the backups of a folder, the oldest first. One whose time is still
// to come counts as older than all others: it is not known when it was made, and
// must neither be in the way of the next nor outlast it. What else lies there is not
// looked at.
func backupsIn(dir string, now time.Time) (made []madeBackup, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the backups: %w", err)
	}
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), backupPrefix)
		text, ends := strings.CutSuffix(text, backupSuffix)
		at, err := time.Parse(backupTime, text)
		if !ok || !ends || err != nil {
			continue
		}
		if info, err := e.Info(); err == nil {
			made = append(made, madeBackup{filepath.Join(dir, e.Name()), at, at.After(now), info.Size()})
		}
	}
	slices.SortFunc(made, func(a, b madeBackup) int {
		switch {
		case a.ahead == b.ahead:
			return a.at.Compare(b.at)
		case a.ahead:
			return -1
		}
		return 1
	})
	return made, nil
}

// MadeBackups are the backups in the folder of the configuration.
type MadeBackups struct {
	N      int
	Newest time.Time // when it was made; zero: there is none, or none whose time has come
	Size   int64     // of the newest, in bytes
}

// Backups looks into the folder of the configuration.
func Backups(cfg *config.Config) (MadeBackups, error) {
	made, err := backupsIn(string(cfg.Backup.Directory), time.Now())
	m := MadeBackups{N: len(made), Newest: newestOf(made)}
	if m.N > 0 {
		m.Size = made[m.N-1].size
	}
	return m, err
}

func newestOf(made []madeBackup) time.Time {
	if n := len(made); n > 0 && !made[n-1].ahead {
		return made[n-1].at
	}
	return time.Time{}
}

// prune removes the oldest backups, so that as many are left as are kept, and what
// processes that died have left half written.
func (a *App) prune(now time.Time) error {
	dir := string(a.cfg.Backup.Directory)
	made, err := backupsIn(dir, now)
	if err != nil {
		return err
	}
	var failed []error
	remove := func(path string) {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	spared := 0
	for _, b := range made[:max(0, len(made)-a.cfg.Backup.Keep)] {
		if b.size > 2*made[len(made)-1].size && now.Sub(b.at) < backupGrace {
			spared++
			continue
		}
		remove(b.path)
	}
	if spared > 0 {
		a.log.Warn("the newest backup is much smaller than earlier ones, which are kept for a week: was Redis emptied?",
			"dir", dir, "spared", spared)
	}
	for _, path := range deadParts(dir, now) {
		remove(path)
	}
	return errors.Join(failed...)
}

// deadParts are the backups in a folder that nobody writes any more.
func deadParts(dir string, now time.Time) (paths []string) {
	entries, _ := os.ReadDir(dir) // what is not seen now is next time
	for _, e := range entries {
		if ours, _ := filepath.Match(partPattern, e.Name()); !ours { // the pattern is a good one
			continue
		}
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()).Abs() > backupDead {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}

// backupDead is after how long without a write nobody writes a file any more.
const backupDead = time.Hour
