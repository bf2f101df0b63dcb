package doctor

import (
	"os"
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
	n, newest, err := app.Backups(e.cfg)
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
	e.newestBackup(n, newest, time.Since(newest), runs)
}

// newestBackup judges how old the newest backup is.
func (e *examination) newestBackup(n int, newest time.Time, age time.Duration, runs bool) {
	const cure = "look into the log of the service for \"no backup was made\"; \"richiamo backup\" makes one at once"
	dir, every := e.cfg.Backup.Directory, e.cfg.Backup.Every
	switch {
	case n == 0 && runs:
		e.fail("backups", cure, "there is none in %s", dir)
	case n == 0:
		e.ok("backups", "none in %s yet; the service makes the first when it starts", dir)
	case runs && age > 2*every:
		e.fail("backups", cure, "the newest of %d in %s was made %v ago; one is to be made every %v", n, dir, age.Round(time.Minute), every)
	default:
		e.ok("backups", "%d in %s, the newest of %s UTC", n, dir, newest.UTC().Format("Mon 2 Jan 15:04"))
	}
}
