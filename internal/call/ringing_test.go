package call_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
)

// However often processes die while a citizen's telephone rings, it rings on,
// once, and who answers hears what the call is for.
func TestATelephoneThatRingsIsLetRing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
		s.listen(time.Second)
		for range 5 {
			s.kill()
			s.start()
			s.listen(time.Second)
		}
		s.picksUp(giovanni)
		s.listen(12 * time.Second)
		assert.True(t, has(s.heard(), "return.hello"))
		assert.Equal(t, 1, s.x.rings[giovanni])
	})
}

// A call of another version whose telephone only rings is ended, and left to
// the planner: nobody is there yet who could be led to a person.
func TestAnotherVersionThatRingsIsEnded(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
		s.listen(time.Second)
		s.kill()
		r := s.record(giovanni)
		r.Journal.Version = 99
		require.NoError(t, s.stores.Calls.Save(t.Context(), r))
		s.start()
		s.listen(time.Second)
		assert.False(t, s.runner.Live(giovanni))
		assert.False(t, s.record(giovanni).Ended.IsZero())
		assert.Nil(t, s.x.channels[giovanni], "it does not ring on")
	})
}

// A process that was superseded, and to which a call comes all the same, ends
// and leaves the caller on the line for the one who serves.
func TestSupersededLeavesNewCallsToItsSuccessor(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		old := s.runner
		s.start()
		defer old.Stop()
		s.x.runner = old // the exchange has not heard of it
		s.calls(maria, "0212345678")
		require.ErrorIs(t, old.Err(), call.ErrSuperseded)
		require.NotNil(t, s.x.channels[maria], "the caller is not hung up")

		s.x.runner = s.runner
		channels, err := s.x.Channels(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.runner.Connected(t.Context(), channels))
		synctest.Wait()
		s.listen(time.Second)
		assert.True(t, s.runner.Live(maria))
	})
}
