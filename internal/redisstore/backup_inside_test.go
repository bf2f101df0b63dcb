package redisstore

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/lab"
)

// TestKeptUntil: a value whose last moment came while it was read is gone, and is
// not kept for ever: of a count of tries that would shut a citizen out for good.
func TestKeptUntil(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_800_000_000_000)
	for _, c := range []struct {
		left  time.Duration
		until int64
		stays bool
	}{
		{-1, 0, true},  // no end
		{-2, 0, false}, // gone
		{0, 0, false},  // its last millisecond
		{time.Millisecond, 1_800_000_000_001, true},
		{time.Hour, 1_800_003_600_000, true},
	} {
		until, stays := keptUntil(now, c.left)
		assert.Equal(t, c.until, until, c.left)
		assert.Equal(t, c.stays, stays, c.left)
	}
}

// TestRestoringDoesNotWaitForReplicasForEver: all is restored, and it is said what
// is still missing.
func TestRestoringDoesNotWaitForReplicasForEver(t *testing.T) {
	t.Parallel()
	server, err := lab.StartRedis(t.Context(), lab.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	a, err := newArchive(Options{Addr: server.Socket, Key: make([]byte, KeySize), Tenants: []string{"asl"}})
	require.NoError(t, err)
	defer a.rdb.Close()
	r := restorer{archive: a, tenants: a.tenants, pipe: a.rdb.Pipeline(), wait: time.Millisecond}
	err = r.end(t.Context(), 1)
	require.ErrorIs(t, err, ErrBehind)
	require.ErrorContains(t, err, "0 of 1 replicas have it")
	assert.Equal(t, a.seal.fingerprint(), a.rdb.Get(t.Context(), sealKey("asl")).Val(), "it may be served")
}
