package doctor

import (
	"os"
	"syscall"
	"time"

	"richiamo/internal/app"
)

// backups looks whether there is one that is young enough, and a place for the
// next. A service that runs has made one.
func (e *examination) backups(runs bool) {
	dir := string(e.cfg.Backup.Directory)
	if dir == "" {
		e.warn("backups", "name a folder on another disk as \"backup.directory\"", "none are made: what is promised is lost when Redis is emptied or its disk fails")
		return
	}
	made, err := app.Backups(e.cfg)
	if err != nil {
		e.fail("backups", "make the folder, for the service alone: install -d -m 700", "%v", err)
		return
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		e.fail("backups", "let the user of the service write there", "%v", err)
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	e.newestBackup(made, time.Since(made.Newest), runs)
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) == nil {
		e.roomForBackup(made, fs.Bavail*uint64(fs.Bsize)>>20)
	}
}

// roomForBackup judges whether the next one has room: MB free.
func (e *examination) roomForBackup(made app.MadeBackups, free uint64) {
	dir, needs := e.cfg.Backup.Directory, uint64(made.Size)>>20+1
	if free < needs {
		e.fail("backups disk", "make room, or lower \"backup.keep\"", "%d MB are free in %s, and a backup has %d MB", free, dir, needs)
		return
	}
	e.ok("backups disk", "%d MB are free in %s", free, dir)
}

// newestBackup judges how old the newest backup is.
func (e *examination) newestBackup(made app.MadeBackups, age time.Duration, runs bool) {
	const cure = "look into the log of the service for \"no backup was made\"; \"richiamo backup\" makes one at once"
	dir, every := e.cfg.Backup.Directory, e.cfg.Backup.Every
	switch {
	case made.N == 0 && runs:
		e.fail("backups", cure, "there is none in %s", dir)
	case made.N == 0:
		e.ok("backups", "none in %s yet; the service makes the first when it starts", dir)
	case made.Newest.IsZero():
		e.fail("backups", "set the clock, and take the files away whose names tell a time to come", "when those in %s were made is not known: their time is still to come", dir)
	case runs && age > 2*every:
		e.fail("backups", cure, "the newest of %d in %s was made %v ago; one is to be made every %v", made.N, dir, age.Round(time.Minute), every)
	default:
		e.ok("backups", "%d in %s, the newest of %s UTC", made.N, dir, made.Newest.UTC().Format("Mon 2 Jan 15:04"))
	}
}
