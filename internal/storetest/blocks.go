package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/phone"
)

// Blocks holds a dispatch.Blocks to its promises.
func Blocks(t *testing.T, open Open) {
	t.Helper()
	t.Run("a number is blocked in its tenant until it is unblocked", func(t *testing.T) {
		t.Parallel()
		ctx, a, b := t.Context(), Name("tenant"), Name("tenant")
		blocks := open(t, a, b).Blocks
		one, err := phone.Parse("0255500001")
		require.NoError(t, err)
		same, err := phone.Parse("+390255500001")
		require.NoError(t, err)
		two, err := phone.Parse("0255500002")
		require.NoError(t, err)
		blocked := func(tenant string, n phone.Number) bool {
			blocked, err := blocks.Blocked(ctx, tenant, n)
			require.NoError(t, err)
			return blocked
		}
		assert.False(t, blocked(a, one))
		require.NoError(t, blocks.Unblock(ctx, a, one), "it is not there")
		for range 2 {
			require.NoError(t, blocks.Block(ctx, a, one))
		}
		assert.True(t, blocked(a, one))
		assert.True(t, blocked(a, same), "however it is written")
		assert.False(t, blocked(a, two))
		assert.False(t, blocked(b, one))
		require.NoError(t, blocks.Unblock(ctx, a, same))
		assert.False(t, blocked(a, one))
	})
}
