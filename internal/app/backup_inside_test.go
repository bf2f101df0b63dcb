package app

import (
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
	dir := filepath.Join(t.TempDir(), "of [1]*") // what a pattern would mistake
	require.NoError(t, os.Mkdir(dir, 0o700))
	cfg := &config.Config{Backup: config.Backup{Directory: config.File(dir), Every: time.Hour, Keep: keep}}
	return &App{cfg: cfg, log: telemetry.NewLogger(io.Discard, "error", "text"), metrics: telemetry.NewMetrics("test")}
}

// withRedis gives an App a Redis of its own, which nobody has used.
func withRedis(t *testing.T, a *App) {
	t.Helper()
	r, err := lab.StartRedis(t.Context(), lab.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(r.Stop)
	a.cfg.Redis.Socket = config.File(r.Socket)
	a.cfg.Tenants = []config.Tenant{{ID: "demo"}}
}

// used opens the stores of an App, so that its Redis is not empty any more.
func used(t *testing.T, a *App) *redisstore.Stores {
	t.Helper()
	stores, err := redisstore.Open(t.Context(), RedisOptions(a.cfg))
	require.NoError(t, err)
	t.Cleanup(func() { _ = stores.Close() })
	return stores
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
	made, err := Backups(a.cfg)
	require.NoError(t, err)
	assert.Equal(t, 5, made.N)
	assert.EqualValues(t, 100, made.Size)
	assert.WithinDuration(t, time.Now().Add(-time.Hour), made.Newest, time.Minute)
	require.NoError(t, a.prune(time.Now()))
	assert.ElementsMatch(t, []string{".richiamo-2.part", "notes.txt", "richiamo-.backup", "richiamo-20270230T000000Z.backup", laid[2], laid[3], laid[4]},
		names(t, a))
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
	require.NoError(t, a.prune(time.Now()))
	left := names(t, a)
	require.Len(t, left, 3, "%v", left)
	assert.Equal(t, large, left[0])
}

// A clock that was set too far ahead, and back again, leaves backups whose time is
// still to come: they do not keep the next from being made, and go first.
func TestBackupsOfTomorrow(t *testing.T) {
	t.Parallel()
	a := folder(t, 2)
	withRedis(t, a)
	used(t, a)
	lay(t, a, -48*time.Hour, 100)
	later := lay(t, a, -49*time.Hour, 100)
	made, err := Backups(a.cfg)
	require.NoError(t, err)
	assert.Equal(t, 2, made.N)
	assert.Zero(t, made.Newest, "when they were made is not known")

	assert.Equal(t, a.cfg.Backup.Every, a.backup(t.Context()))
	left := names(t, a)
	require.Len(t, left, 2)
	assert.Equal(t, later, left[1])
	made, err = Backups(a.cfg)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), made.Newest, time.Minute)
}

// A folder that is gone stops nothing: it is told, counted and tried again.
func TestBackupsThatFail(t *testing.T) {
	t.Parallel()
	a := folder(t, 2)
	require.NoError(t, os.Remove(string(a.cfg.Backup.Directory)))
	assert.Equal(t, backupAgain, a.backup(t.Context()))

	a = folder(t, 2)
	withRedis(t, a)
	assert.Equal(t, backupAgain, a.backup(t.Context()), "an empty Redis is no backup")
	assert.Empty(t, names(t, a))

	used(t, a)
	assert.Equal(t, a.cfg.Backup.Every, a.backup(t.Context()))
	require.Len(t, names(t, a), 1)
	again := a.backup(t.Context())
	assert.InDelta(t, a.cfg.Backup.Every.Minutes(), again.Minutes(), 1, "not before its time")
	assert.Len(t, names(t, a), 1)
}
