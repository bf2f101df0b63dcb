package app

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/config"
	"richiamo/internal/telemetry"
)

// What the process is told that makes backups onto a disk that is too small: where
// it is, whether it may be mounted, and which Redis is copied.
const (
	diskEnv   = "RICHIAMO_TEST_DISK"
	mountEnv  = "RICHIAMO_TEST_MOUNT"
	socketEnv = "RICHIAMO_TEST_SOCKET"
)

// A backup is of voices, which are kept a third larger than they are; the disk has
// room for two and a half.
const (
	voices     = 24
	voiceSize  = 40 << 10
	backupSize = voices * voiceSize * 4 / 3
	diskSize   = backupSize * 5 / 2
)

// The disk of the backups is full, really. It is told; what is there stays, and
// nothing half made is left; the next try finds the room that a process that died
// had taken, or that the operator gives back by keeping fewer.
//
// A process in a mount namespace of its own has a small disk. Where the machine
// grants no such thing its files are bounded instead, which breaks a backup off in
// the middle too.
func TestTheDiskOfTheBackupsIsFull(t *testing.T) {
	if dir := os.Getenv(diskEnv); dir != "" {
		onSmallDisk(t, dir)
		return
	}
	t.Parallel()
	a := folder(t, 9)
	withRedis(t, a)
	stores := used(t, a)
	for i := range voices {
		require.NoError(t, stores.Recordings.Put(t.Context(), "demo", fmt.Sprint(i), bytes.Repeat([]byte{1}, voiceSize)))
	}
	play := func(granted *syscall.SysProcAttr) (says string, err error) {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), diskEnv+"="+string(a.cfg.Backup.Directory), socketEnv+"="+string(a.cfg.Redis.Socket))
		if granted != nil {
			c.Env = append(c.Env, mountEnv+"=1")
		}
		c.SysProcAttr = granted
		out, err := c.CombinedOutput()
		return string(out), err
	}
	says, err := play(&syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	})
	if refused := syscall.Errno(0); errors.As(err, &refused) {
		says, err = play(nil)
	}
	require.NoError(t, err, says)
	assert.Contains(t, says, "PASS")
}

// onSmallDisk is what the other process does.
func onSmallDisk(t *testing.T, dir string) {
	t.Helper()
	small := os.Getenv(mountEnv) != "" && syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", diskSize)) == nil
	var log bytes.Buffer
	a := &App{
		cfg: &config.Config{
			Redis:   config.Redis{Socket: config.File(os.Getenv(socketEnv))},
			Backup:  config.Backup{Directory: config.File(dir), Every: time.Hour, Keep: 9},
			Tenants: []config.Tenant{{ID: "demo"}},
		},
		log: telemetry.NewLogger(&log, "error", "text"), metrics: telemetry.NewMetrics("test"),
	}
	made := func() {
		t.Helper()
		require.Equal(t, a.cfg.Backup.Every, a.backup(t.Context()), log.String())
	}
	fails := func(why string) {
		t.Helper()
		log.Reset()
		require.Equal(t, backupAgain, a.backup(t.Context()))
		assert.Contains(t, log.String(), why)
	}
	// whole makes sure that these, and nothing else, are there and can be restored.
	whole := func(all ...string) {
		t.Helper()
		assert.Equal(t, all, names(t, a))
		for _, name := range all {
			got, err := CheckBackup(a.cfg, filepath.Join(dir, name))
			require.NoError(t, err, name)
			assert.Equal(t, voices, got.Counts.Recordings, name)
		}
	}
	// past has the newest be so old that the next is due.
	past := func(ago time.Duration) string {
		t.Helper()
		all := names(t, a)
		name := BackupName(time.Now().Add(-ago))
		require.NoError(t, os.Rename(filepath.Join(dir, all[len(all)-1]), filepath.Join(dir, name)))
		return name
	}

	made()
	first := past(5 * time.Hour)
	if !small {
		signal.Ignore(syscall.SIGXFSZ)
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: backupSize / 2, Max: backupSize}))
		fails("file too large")
		whole(first)
		return
	}
	dead := filepath.Join(dir, ".richiamo-1.part")
	require.NoError(t, os.WriteFile(dead, make([]byte, backupSize), 0o600))
	old := time.Now().Add(-2 * backupDead)
	require.NoError(t, os.Chtimes(dead, old, old))
	fails("no space left on device; make room")
	whole(first)
	made()
	second := past(4 * time.Hour)
	fails("no space left on device; make room")
	whole(first, second)

	a.cfg.Backup.Keep = 1
	fails("or keep fewer")
	whole(second)
	made()
	whole(names(t, a)[0])
	assert.NotEqual(t, second, names(t, a)[0])
}
