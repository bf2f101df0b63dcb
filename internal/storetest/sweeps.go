package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Sweeps holds a dispatch.Sweeps to its promises.
func Sweeps(t *testing.T, open Open) {
	t.Helper()
	t.Run("the last sweep of each queue of a tenant is kept", func(t *testing.T) {
		t.Parallel()
		ctx, a, b := t.Context(), Name("tenant"), Name("tenant")
		sweeps := open(t, a, b).Sweeps
		swept := func(tenant string) map[string]time.Time {
			swept, err := sweeps.Swept(ctx, tenant)
			require.NoError(t, err)
			return swept
		}
		assert.Empty(t, swept(a), "nobody has swept yet")
		first, last := noon().Add(time.Nanosecond), noon().Add(time.Minute)
		require.NoError(t, sweeps.Sweep(ctx, a, "persone", first))
		require.NoError(t, sweeps.Sweep(ctx, a, "visite", first))
		require.NoError(t, sweeps.Sweep(ctx, a, "persone", last))
		same(t, map[string]time.Time{"persone": last.UTC(), "visite": first.UTC()}, inUTC(swept(a)))
		assert.Empty(t, swept(b))
	})
}

func inUTC(at map[string]time.Time) map[string]time.Time {
	utc := map[string]time.Time{}
	for name, t := range at {
		utc[name] = t.UTC()
	}
	return utc
}
