package call_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/queue"
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

// A telephone whose call is taken up, and which is refused or let go in that moment,
// is not rung a second time: it was there, and how it ended is the end of it.
func TestATelephoneThatStopsRingingIsNotRungAgain(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
		s.listen(time.Second)
		s.kill()
		channels, err := s.x.Channels(t.Context())
		require.NoError(t, err)
		require.Len(t, channels, 1)
		s.x.mu.Lock()
		delete(s.x.channels, giovanni) // nobody hears of it
		s.x.mu.Unlock()
		s.startWith(channels)
		s.listen(time.Second)
		assert.Equal(t, 1, s.x.rings[giovanni])
		assert.Empty(t, s.x.channels, "none was made")
		assert.False(t, s.runner.Live(giovanni))
		assert.False(t, s.record(giovanni).Ended.IsZero())
	})
}

// rescued is a call of ours that was answered and whose conversation could not go on:
// the citizen is led to a person, whose telephone rings.
func rescued(t *testing.T, s *stage) {
	t.Helper()
	s.answers[flow.AskEnter] = flow.Outlook{Ticket: "t2", Agent: "agent1"}
	require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
	s.listen(time.Second)
	s.picksUp(giovanni)
	s.listen(12 * time.Second)
	s.kill()
	r := s.record(giovanni)
	r.Journal.Version = 99
	require.NoError(t, s.stores.Calls.Save(t.Context(), r))
	s.start()
	s.listen(4 * time.Second)
	require.Equal(t, flow.ScriptRescue, s.record(giovanni).Journal.Script)
	ticket, err := s.stores.Tickets.Ticket(t.Context(), "demo", "t1")
	require.NoError(t, err)
	ticket.Token++ // the attempt is over: its claim may not dial
	_, err = s.stores.Tickets.Commit(t.Context(), dispatch.Change{Tenant: "demo", Tickets: []queue.Ticket{ticket}})
	require.NoError(t, err)
}

// Whoever has answered a call of ours has answered, also when another conversation
// leads to a person since: the process that takes the call up while the agent's
// telephone rings does not take the citizen's for one that rings still.
func TestARescuedCallOfOursIsTakenUp(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		rescued(t, s)
		s.kill()
		s.start()
		s.listen(time.Second)
		require.NotNil(t, s.x.channels[giovanni], "the citizen is on the line")
		s.picksUp(s.leg(giovanni))
		s.listen(time.Second)
		assert.Len(t, s.speaking(giovanni), 2)
	})
}

// Nor is an agent who did not answer taken for the citizen: that the citizen's line
// has gone meanwhile is still to be told.
func TestARescuedCallOfOursThatHasGoneIsOver(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		rescued(t, s)
		s.refuses(s.leg(giovanni), 21, 603)
		s.listen(time.Second)
		s.kill()
		s.x.mu.Lock()
		delete(s.x.channels, giovanni) // nobody hears of it
		s.x.mu.Unlock()
		s.start()
		s.listen(time.Second)
		assert.False(t, s.runner.Live(giovanni))
		assert.False(t, s.record(giovanni).Ended.IsZero())
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
