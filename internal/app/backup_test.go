package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/app"
	"richiamo/internal/config"
	"richiamo/internal/demo"
	"richiamo/internal/redisstore"
	"richiamo/internal/speech"
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
		n, _, err := app.Backups(cfg)
		return err == nil && n > 0
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
	rdb := redis.NewClient(&redis.Options{Network: "unix", Addr: w.in.Redis.Socket, Protocol: 2, DisableIdentity: true})
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
	called := w.answers(w.ring(giovanni))
	called.hears(speech.ReturnHello)
	called.presses("1")
	agent := w.takes(desk)
	together(called, agent, 1000)
	called.leaves()
	agent.over()
	assert.True(t, soon(patience, func() bool { return len(w.tickets()) == 0 }))
	assert.Equal(t, 1, w.rung.of(giovanni))
}
