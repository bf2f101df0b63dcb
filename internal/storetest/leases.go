package storetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
)

// Leases holds a dispatch.Leases to its promises.
func Leases(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, dispatch.Leases, string){
		"one holds it, and renews it under its term": leaseHeld,
		"who starts anew takes it from itself":       leaseFresh,
		"a resigned lease is free at once":           leaseResigned,
		"a lease that ran out changes hands":         leaseRunsOut,
		"of many that ask at once one gets it":       leaseRace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, Name("tenant")).Leases, Name("planner"))
		})
	}
}

// long is a time that no test waits for.
const long = time.Hour

func acquire(t *testing.T, l dispatch.Leases, name, holder string, fresh bool, ttl time.Duration) (int64, bool) {
	t.Helper()
	term, ok, err := l.Acquire(t.Context(), name, holder, fresh, ttl)
	require.NoError(t, err)
	return term, ok
}

func leaseHeld(t *testing.T, l dispatch.Leases, name string) {
	term, ok := acquire(t, l, name, "one", true, long)
	require.True(t, ok)
	require.Positive(t, term)
	for range 3 {
		again, ok := acquire(t, l, name, "one", false, long)
		assert.True(t, ok)
		assert.Equal(t, term, again)
	}
	for _, fresh := range []bool{true, false} {
		_, ok = acquire(t, l, name, "two", fresh, long)
		assert.False(t, ok)
	}
	_, ok = acquire(t, l, Name("other"), "two", true, long)
	assert.True(t, ok, "another lease is free")
}

func leaseFresh(t *testing.T, l dispatch.Leases, name string) {
	first, ok := acquire(t, l, name, "one", true, long)
	require.True(t, ok)
	second, ok := acquire(t, l, name, "one", true, long)
	require.True(t, ok)
	assert.Greater(t, second, first)
}

func leaseResigned(t *testing.T, l dispatch.Leases, name string) {
	ctx := t.Context()
	first, _ := acquire(t, l, name, "one", true, long)
	require.NoError(t, l.Resign(ctx, name, "one", first+1), "of a term that is not ours: nothing happens")
	require.NoError(t, l.Resign(ctx, name, "two", first))
	_, ok := acquire(t, l, name, "two", true, long)
	require.False(t, ok)
	require.NoError(t, l.Resign(ctx, name, "one", first))
	require.NoError(t, l.Resign(ctx, name, "one", first), "it may be repeated")
	second, ok := acquire(t, l, name, "two", false, long)
	require.True(t, ok)
	assert.Greater(t, second, first)
	require.NoError(t, l.Resign(ctx, name, "one", first), "too late")
	_, ok = acquire(t, l, name, "three", true, long)
	assert.False(t, ok)
	require.NoError(t, l.Resign(ctx, Name("unknown"), "one", 1))
}

func leaseRunsOut(t *testing.T, l dispatch.Leases, name string) {
	first, ok := acquire(t, l, name, "one", true, 50*time.Millisecond)
	require.True(t, ok)
	var second int64
	require.Eventually(t, func() bool {
		var err error
		second, ok, err = l.Acquire(t.Context(), name, "two", false, long)
		return err == nil && ok
	}, patience, often)
	assert.Greater(t, second, first)
	_, ok = acquire(t, l, name, "one", true, long)
	assert.False(t, ok)
}

func leaseRace(t *testing.T, l dispatch.Leases, name string) {
	var got atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			_, ok, err := l.Acquire(t.Context(), name, string(rune('a'+i)), true, long)
			assert.NoError(t, err)
			if ok {
				got.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, got.Load())
}

// Limits holds a desk.Limits to its promises.
func Limits(t *testing.T, open Open) {
	t.Helper()
	t.Run("tries are counted by key and tenant", func(t *testing.T) {
		t.Parallel()
		a, b := Name("tenant"), Name("tenant")
		limits := open(t, a, b).Limits
		for i := range 3 {
			assert.Equal(t, []int{i + 1, i + 1}, count(t, limits, a, []string{"caller", "code"}, long))
		}
		assert.Equal(t, []int{1, 4}, count(t, limits, a, []string{"another", "code"}, long))
		assert.Equal(t, []int{1}, count(t, limits, b, []string{"code"}, long))
		assert.Empty(t, count(t, limits, a, nil, long))
	})
	t.Run("racing tries are all counted", func(t *testing.T) {
		t.Parallel()
		tenant := Name("tenant")
		limits := open(t, tenant).Limits
		counts := make([]int, 50)
		var all sync.WaitGroup
		for i := range counts {
			all.Go(func() {
				n, err := limits.Count(t.Context(), tenant, []string{"k"}, long)
				if assert.NoError(t, err) {
					counts[i] = n[0]
				}
			})
		}
		all.Wait()
		slices.Sort(counts)
		for i, n := range counts {
			assert.Equal(t, i+1, n)
		}
	})
	t.Run("the window begins with the first try and ends", func(t *testing.T) {
		t.Parallel()
		tenant := Name("tenant")
		limits := open(t, tenant).Limits
		most := 0
		require.Eventually(t, func() bool {
			n := count(t, limits, tenant, []string{"k"}, 100*time.Millisecond)[0]
			most = max(most, n)
			return n < most // tries did not prolong it
		}, patience, often)
	})
}

func count(t *testing.T, l desk.Limits, tenant string, keys []string, window time.Duration) []int {
	t.Helper()
	counts, err := l.Count(t.Context(), tenant, keys, window)
	require.NoError(t, err)
	return counts
}
