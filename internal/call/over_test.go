package call_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"richiamo/internal/memstore"
)

// A citizen hangs up while the store refuses to write and still reads. The record
// there is alive for as long: nobody takes the call up as one that was cut off,
// and promises a call for it. Its end is saved once it can be.
func TestACallThatEndsWhileTheStoreRefuses(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.kill()
		var log strings.Builder
		s.log = slog.New(slog.NewTextHandler(&log, nil))
		s.start()
		s.calls(maria, "0212345601")
		s.listen(time.Second)
		var refuses atomic.Bool
		refuses.Store(true)
		s.stores.Faults.Before(func(_ context.Context, verb memstore.Verb, _ int) memstore.Fault {
			if refuses.Load() && verb == memstore.DoSave {
				return memstore.Refused
			}
			return memstore.None
		})
		s.hangsUp(maria)
		s.listen(time.Second)
		told := log.Len()
		s.listen(time.Minute)
		assert.Equal(t, told, log.Len(), "told once, however long it takes")
		assert.False(t, s.runner.Live(maria))
		assert.Zero(t, s.runner.Count())
		assert.Empty(t, s.sweeps(4))
		assert.True(t, s.record(maria).Ended.IsZero())

		refuses.Store(false)
		s.listen(3 * time.Second)
		assert.False(t, s.record(maria).Ended.IsZero())
		assert.Empty(t, s.sweeps(3))
		assert.Zero(t, s.runner.Count())
		for _, request := range s.asked {
			assert.NotContains(t, request, "callback", "a call is promised to nobody who hung up")
		}
		assert.NotContains(t, strings.Join(s.heard(), " "), "resume")
	})
}
