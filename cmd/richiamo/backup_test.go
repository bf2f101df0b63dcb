package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/app"
	"richiamo/internal/config"
	desks "richiamo/internal/desk"
	"richiamo/internal/lab"
	"richiamo/internal/redisstore"
)

// installed writes a configuration on a Redis of the test's own.
func installed(t *testing.T, more string) (file string) {
	t.Helper()
	r, err := lab.StartRedis(t.Context(), lab.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(r.Stop)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"key": strings.Repeat("0f", 32), "other": strings.Repeat("0e", 32), "ari.password": "secret",
		"richiamo.yaml": `asterisk: {ari_password_file: ari.password}
redis: {socket: ` + r.Socket + `}
key_file: key
registry_dir: registry
` + more + `
tenants:
  - id: asl
    numbers: [800000000]
    service_phone: 800000000
    phrases: {authority: a, service: b, campaign: c, eligible: d, hours: e}
    campaign: {name: over80, born_until: 1941-12-31}
    calling_window: always
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return filepath.Join(dir, "richiamo.yaml")
}

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	file := installed(t, "backup: {directory: .}")
	cfg, err := config.Load(file)
	require.NoError(t, err)
	exit, _, says := try(t, backupCommand(), "", "--config", file)
	assert.Equal(t, exitFailed, exit)
	assert.Contains(t, says, "holds nothing of tenant asl")

	stores, err := redisstore.Open(t.Context(), app.RedisOptions(cfg))
	require.NoError(t, err)
	t.Cleanup(func() { _ = stores.Close() })
	kept, _, err := stores.Registrations.Add(t.Context(), desks.Registration{Tenant: "asl", Campaign: "over80", Citizen: "RSSMRA36A41F205V"})
	require.NoError(t, err)
	exit, out, says := try(t, backupCommand(), "", "--config", file)
	require.Equal(t, exitOK, exit, says)
	assert.Contains(t, out, "registrations 1")
	assert.Contains(t, out, "All that was promised until")
	path, _, _ := strings.Cut(out, ": ")

	exit, out, says = try(t, restoreCommand(), "", "--config", file, "--check", path)
	assert.Equal(t, exitOK, exit, says)
	assert.Contains(t, out, "is whole")
	exit, _, says = try(t, restoreCommand(), "", "--config", file, path)
	assert.Equal(t, exitFailed, exit)
	assert.Contains(t, says, "--replace removes it")
	exit, _, says = try(t, restoreCommand(), "", "--config", file, "--replace", path)
	assert.Equal(t, exitOK, exit, says)

	rdb := redisstore.Client(app.RedisOptions(cfg))
	t.Cleanup(func() { _ = rdb.Close() })
	require.NoError(t, rdb.FlushAll(t.Context()).Err())
	exit, out, says = try(t, restoreCommand(), "", "--config", file, path)
	require.Equal(t, exitOK, exit, says)
	assert.Contains(t, out, "What was promised until")
	assert.Contains(t, out, "is kept. What was promised later is lost")
	found, err := stores.Registrations.Of(t.Context(), "asl", "over80", "RSSMRA36A41F205V")
	require.NoError(t, err)
	assert.Equal(t, kept.Receipt, found.Receipt)

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "key_file: key", "key_file: other", 1)), 0o600))
	exit, _, says = try(t, restoreCommand(), "", "--config", file, "--replace", path)
	assert.Equal(t, exitFailed, exit)
	assert.Contains(t, says, "name the key file of that time")
	require.NoError(t, os.Truncate(path, 200))
	exit, _, says = try(t, restoreCommand(), "", "--config", file, "--check", path)
	assert.Equal(t, exitFailed, exit)
	assert.Contains(t, says, "the backup can't be used")
	exit, _, says = try(t, restoreCommand(), "", "--config", file, path+".none")
	assert.Equal(t, exitFailed, exit)
	assert.Contains(t, says, "no such file")
}

func TestBackupUsage(t *testing.T) {
	t.Parallel()
	file := installed(t, "")
	for _, c := range []command{backupCommand(), restoreCommand()} {
		for _, words := range [][]string{{}, {"--config"}, {"--config", file, "--nonsense"}, {"--config", file, "a", "b"}} {
			exit, out, says := try(t, c, "", words...)
			assert.Equal(t, exitUsage, exit, "%s %v", c.name, words)
			assert.Empty(t, out)
			assert.Contains(t, says, "Usage: richiamo "+c.name)
		}
		exit, out, _ := try(t, c, "", "--help")
		assert.Equal(t, exitOK, exit)
		assert.Contains(t, out, "Examples:")
		exit, _, says := try(t, c, "", "--config", "none.yaml", "file")
		assert.NotEqual(t, exitOK, exit)
		assert.NotEmpty(t, says)
	}
	exit, _, says := try(t, backupCommand(), "", "--config", file)
	assert.Equal(t, exitUsage, exit)
	assert.Contains(t, says, "where to?")
	exit, _, says = try(t, restoreCommand(), "", "--config", file, "--replace", "--check", "file")
	assert.Equal(t, exitUsage, exit)
	assert.Contains(t, says, "leave --replace away")
	exit, _, says = try(t, restoreCommand(), "", "--config", file, "file", "--check")
	assert.Equal(t, exitUsage, exit)
	assert.Contains(t, says, "behind all flags")
}
