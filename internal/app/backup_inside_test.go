package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/config"
	"richiamo/internal/lab"
	"richiamo/internal/redisstore"
	"richiamo/internal/telemetry"
)

// folder is an App that has nothing but a folder for backups.
func folder(t *testing.T, keep int) *App {
	t.Helper()
	cfg := &config.Config{Backup: config.Backup{Directory: config.File(t.TempDir()), Every: time.Hour, Keep: keep}}
	return &App{cfg: cfg, log: telemetry.NewLogger(io.Discard, "error", "text"), metrics: telemetry.NewMetrics("test")}
}

// lay puts a file of a size into the folder, made so long ago, and gives its name.
func lay(t *testing.T, a *App, ago time.Duration, size int) string {
	t.Helper()
	name := BackupName(time.Now().Add(-ago))
	require.NoError(t, os.WriteFile(filepath.Join(string(a.cfg.Backup.Directory), name), make([]byte, size), 0o600))
	return name
}

func names(t *testing.T, a *App) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(string(a.cfg.Backup.Directory))
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestOldBackupsAreRemoved(t *testing.T) {
	t.Parallel()
	a := folder(t, 3)
	var laid []string
	for i := range 5 {
		laid = append(laid, lay(t, a, time.Duration(5-i)*time.Hour, 100))
	}
	dir := string(a.cfg.Backup.Directory)
	for _, other := range []string{"notes.txt", "richiamo-.backup", "richiamo-20270230T000000Z.backup", ".richiamo-1.part", ".richiamo-2.part"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, other), nil, 0o600))
	}
	old := time.Now().Add(-2 * backupDead)
	require.NoError(t, os.Chtimes(filepath.Join(dir, ".richiamo-1.part"), old, old))
	n, newest, err := Backups(a.cfg)
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	assert.WithinDuration(t, time.Now().Add(-time.Hour), newest, time.Minute)
	made, err := backupsIn(dir)
	require.NoError(t, err)
	require.NoError(t, a.prune(made, 100))
	assert.ElementsMatch(t, []string{".richiamo-2.part", "notes.txt", "richiamo-.backup", "richiamo-20270230T000000Z.backup", laid[3], laid[4]},
		names(t, a), "two, and the new one is the third")
}

// A Redis that was emptied makes small backups: they do not push out the good ones
// before a week has gone.
func TestSmallBackupsDoNotPushOutLargeOnes(t *testing.T) {
	t.Parallel()
	a := folder(t, 2)
	lay(t, a, 8*24*time.Hour, 1000)
	large := lay(t, a, 3*24*time.Hour, 1000)
	for i := range 6 {
		lay(t, a, time.Duration(6-i)*time.Hour, 10)
	}
	made, err := backupsIn(string(a.cfg.Backup.Directory))
	require.NoError(t, err)
	require.NoError(t, a.prune(made, 10))
	left := names(t, a)
	require.Len(t, left, 2, "%v", left)
	assert.Equal(t, large, left[0])
}

// A folder that is gone or full stops nothing: it is told, counted and tried
// again; and there is nothing half written in it.
func TestBackupsThatFail(t *testing.T) {
	t.Parallel()
	a := folder(t, 2)
	require.NoError(t, os.Remove(string(a.cfg.Backup.Directory)))
	assert.Equal(t, backupAgain, a.backup(t.Context()))

	r, err := lab.StartRedis(t.Context(), lab.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(r.Stop)
	a = folder(t, 2)
	a.cfg.Redis.Socket = config.File(r.Socket)
	a.cfg.Tenants = []config.Tenant{{ID: "demo"}}
	assert.Equal(t, backupAgain, a.backup(t.Context()), "an empty Redis is no backup")
	assert.Empty(t, names(t, a))

	stores, err := redisstore.Open(t.Context(), RedisOptions(a.cfg)) // claims it
	require.NoError(t, err)
	require.NoError(t, stores.Close())
	assert.Equal(t, a.cfg.Backup.Every, a.backup(t.Context()))
	require.Len(t, names(t, a), 1)
	again := a.backup(t.Context())
	assert.InDelta(t, a.cfg.Backup.Every.Minutes(), again.Minutes(), 1, "not before its time")
	assert.Len(t, names(t, a), 1)

	_, _, err = Backup(t.Context(), a.cfg, "/dev/full/x", nil)
	require.Error(t, err)
	require.ErrorContains(t, roomFor(fmt.Errorf("write: %w", fullDisk(t))), "make room")
}

// fullDisk is what a full disk answers.
func fullDisk(t *testing.T) error {
	t.Helper()
	file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer file.Close()
	_, err = file.Write([]byte("x"))
	require.Error(t, err)
	return err
}
