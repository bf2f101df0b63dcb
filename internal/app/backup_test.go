package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/app"
	"richiamo/internal/config"
	"richiamo/internal/demo"
	"richiamo/internal/redisstore"
)

// The drill: a citizen is promised a call, Redis is emptied by mistake, the last
// backup is restored, and the citizen is called.
func TestRedisIsFlushedByMistake(t *testing.T) {
	w := newTown(t, demo.Options{})
	cfg, err := config.LoadEnv(w.in.Config, func(name string) (string, bool) {
		for _, e := range w.in.Env {
			if value, ok := strings.CutPrefix(e, name+"="); ok {
				return value, true
			}
		}
		return os.LookupEnv(name)
	})
	require.NoError(t, err)
	w.open()
	w.promised(giovanni)
	before := w.tickets()
	require.Len(t, before, 1)
	require.True(t, soon(patience, func() bool {
		made, err := app.Backups(cfg)
		return err == nil && made.N > 0
	}), "the service makes backups by itself")
	path := filepath.Join(w.in.Dir, "backups", "by-hand.backup")
	made, size, err := app.Backup(t.Context(), cfg, path, nil)
	require.NoError(t, err)
	assert.Equal(t, 1, made.Counts.Tickets)
	assert.Positive(t, size)
	_, _, err = app.Backup(t.Context(), cfg, path, nil)
	require.ErrorContains(t, err, "exists already")
	_, err = app.Restore(t.Context(), cfg, path, true, nil)
	require.ErrorIs(t, err, redisstore.ErrServing)

	w.in.Terminate()
	rdb := redisstore.Client(app.RedisOptions(cfg))
	defer rdb.Close()
	require.NoError(t, rdb.FlushAll(t.Context()).Err())
	checked, err := app.CheckBackup(cfg, path)
	require.NoError(t, err)
	assert.Equal(t, made, checked)
	restored, err := app.Restore(t.Context(), cfg, path, false, nil)
	require.NoError(t, err)
	assert.Equal(t, made.Counts, restored.Counts)

	w.open()
	assert.Equal(t, before, w.tickets(), "the same place, the same promise")
	desk := w.agent("agent1", 1000)
	w.agentIs("agent1", "ready")
	called, agent := w.calledBack(giovanni, desk)
	called.leaves()
	agent.over()
	w.nobodyWaits()
	assert.Equal(t, 1, w.rung.of(giovanni))
}
