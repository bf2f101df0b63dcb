package call_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
)

// ghost lets a process be replaced that does not know it: it lives on beside its
// successor. What it has done at the exchange since then is returned by the function.
func (s *stage) ghost() (old *call.Runner, acts func() []string) {
	old = s.runner
	var done []string
	first := fmt.Sprintf("%d", s.record(maria).Term)
	s.x.fail = func(c call.Command) error {
		if c.Op == call.DoPlay && strings.Contains(c.Playback, "~p"+first+".") {
			done = append(done, string(c.Op))
		}
		return nil
	}
	s.start()
	s.x.mu.Lock()
	done = nil // what the first one did before it was replaced
	s.x.mu.Unlock()
	s.t.Cleanup(old.Stop)
	return old, func() []string {
		s.x.mu.Lock()
		defer s.x.mu.Unlock()
		return slices.Clone(done)
	}
}

// A process stands still inside a save, for longer than it takes another one to
// take the call over. The save was done, and it is told so; but what follows from it
// is the other's by then: two voices would speak at once.
func TestStoodStillInsideASave(t *testing.T) {
	t.Parallel()
	for _, still := range []time.Duration{1500 * time.Millisecond, 10 * time.Second, 5 * time.Minute} {
		t.Run(still.String(), func(t *testing.T) {
			t.Parallel()
			play(t, func(t *testing.T, s *stage) {
				s.calls(maria, "0212345678")
				s.listen(2 * time.Second)
				wake := make(chan struct{})
				var stopped atomic.Bool
				s.stores.Faults.After(func(_ context.Context, verb memstore.Verb, _ int) {
					if verb == memstore.DoSave && stopped.CompareAndSwap(false, true) {
						<-wake
					}
				})
				s.press(maria, "1")
				require.True(t, stopped.Load())
				s.listen(still - time.Second)
				old, acts := s.ghost()
				s.listen(8 * time.Second)
				heard := s.heard()
				assert.True(t, has(heard, "identify.card-ready"), "the successor asks: %v", heard)
				close(wake)
				s.listen(20 * time.Second)
				assert.Empty(t, acts(), "whoever was replaced is silent")
				require.ErrorIs(t, old.Err(), call.ErrSuperseded)
				assert.Empty(t, s.x.behind)
			})
		})
	}
}

// A process that was replaced and has nothing to write does not play on.
func TestReplacedWhileItPlays(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		mariaIsKnown(s)
		s.calls(maria, "0212345678")
		s.press(maria, "1")
		s.listen(12 * time.Second)
		s.press(maria, "12566723641320520")
		s.listen(4 * time.Second)
		s.press(maria, "40718") // several prompts follow, without a write between
		s.listen(1500 * time.Millisecond)
		old, acts := s.ghost()
		s.listen(20 * time.Second)
		assert.Empty(t, acts())
		require.ErrorIs(t, old.Err(), call.ErrSuperseded)
		assert.Empty(t, s.x.behind)
	})
}

// An agent's telephone is not rung by a process that was replaced while it stood
// still.
func TestReplacedBeforeItRings(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		s.answers[flow.AskEnter] = flow.Outlook{Ticket: "t9", Known: true, Minutes: 4, Ahead: 1}
		s.calls(maria, "0212345678")
		s.press(maria, "0")
		s.listen(12 * time.Second)
		wake := make(chan struct{})
		var stopped atomic.Bool
		s.x.fail = func(c call.Command) error {
			if c.Op == call.DoCreate && stopped.CompareAndSwap(false, true) {
				s.x.mu.Unlock() // the exchange serves others meanwhile
				<-wake
				s.x.mu.Lock()
			}
			return nil
		}
		require.NoError(t, s.runner.Turn(maria, "agent1"))
		s.listen(4 * time.Second)
		require.True(t, stopped.Load())
		old := s.runner
		_, err := s.stores.Calls.Take(t.Context(), "ast1") // somebody takes the exchange
		require.NoError(t, err)
		s.listen(2 * time.Second)
		close(wake)
		s.listen(2 * time.Second)
		assert.Empty(t, s.x.rings, "no telephone rings")
		require.ErrorIs(t, old.Err(), call.ErrSuperseded)
	})
}

// While calls are busy nothing more is asked than they write; and a store that is
// away, or slow, keeps nobody waiting for a word.
func TestTheRightCostsNothing(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		mariaIsKnown(s)
		s.calls(maria, "0212345678")
		s.press(maria, "1")
		s.listen(12 * time.Second)
		s.press(maria, "12566723641320520")
		s.listen(4 * time.Second)
		s.press(maria, "40718")
		s.listen(60 * time.Second)
		assert.LessOrEqual(t, s.stores.Faults.Count(memstore.DoHolds), 10, "in a call of a minute and a half, on an exchange without another")

		s.stores.Faults.Before(func(ctx context.Context, verb memstore.Verb, _ int) memstore.Fault {
			if verb == memstore.DoHolds {
				<-ctx.Done() // no answer
			}
			return memstore.None
		})
		s.calls("ast1-2.1", "0212345678")
		s.listen(time.Second)
		assert.True(t, has(s.heard(), "welcome.hello"))
	})
}
