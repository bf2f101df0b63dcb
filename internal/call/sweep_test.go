package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/memstore"
)

// sweeps looks so many times, ten seconds apart, and returns what was mended.
func (s *stage) sweeps(times int) []string {
	s.t.Helper()
	for range times {
		channels, err := s.x.Channels(s.t.Context())
		require.NoError(s.t, err)
		require.NoError(s.t, s.runner.Sweep(s.t.Context(), channels))
		s.listen(10 * time.Second)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	swept := s.swept
	s.swept = nil
	slices.Sort(swept) // those of different calls come in any order
	return swept
}

// vanish ends a channel, and the event of it is lost.
func (s *stage) vanish(channel string) {
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	if p := s.x.playing[channel]; p != nil {
		p.timer.Stop()
		delete(s.x.playing, channel)
	}
	delete(s.x.channels, channel)
}

func TestSweepMends(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(*testing.T, *stage)
		want  []string
		after func(*testing.T, *stage)
	}{
		"the end of a call that nobody told of": {
			func(_ *testing.T, s *stage) { s.vanish(maria) },
			[]string{"end"},
			func(t *testing.T, s *stage) {
				assert.False(t, s.runner.Live(maria))
				assert.False(t, s.record(maria).Ended.IsZero())
				assert.Empty(t, s.x.channels, "the agent is free")
			},
		},
		"a call that could not be answered": {
			func(_ *testing.T, s *stage) { s.x.channels[maria].Up = false },
			[]string{"untaken"},
			func(t *testing.T, s *stage) { assert.True(t, s.x.channels[maria].Up) },
		},
		"the end of an agent's line": {
			func(_ *testing.T, s *stage) { s.vanish(maria + "~a1") },
			[]string{"leg-end"},
			func(t *testing.T, s *stage) { assert.False(t, s.runner.Live(maria)) },
		},
		"a helper who has answered": {
			func(_ *testing.T, s *stage) {
				s.situation("helper rings")
				s.x.channels[maria+"~a2"].Up = true
			},
			[]string{"leg-answer"},
			func(t *testing.T, s *stage) { assert.Equal(t, []string{"~a1", "~a2"}, s.speaking(maria)) },
		},
		"a channel of nobody's": {
			func(_ *testing.T, s *stage) {
				s.x.channels["t7-1"] = &call.Channel{ID: "t7-1", Up: true}
				s.x.channels["t8-1~a3"] = &call.Channel{ID: "t8-1~a3", Up: true}
				s.x.channels[maria+"~a7"] = &call.Channel{ID: maria + "~a7", Up: true}
			},
			[]string{"stray", "stray-leg", "stray-leg"},
			func(t *testing.T, s *stage) {
				assert.Len(t, s.x.channels, 2)
				assert.Equal(t, []string{"", "~a1"}, s.speaking(maria))
			},
		},
		"a caller whose coming nobody told of": {
			func(_ *testing.T, s *stage) {
				args := []string{"in", "0392345602", "800000000"}
				s.x.channels["ast1-9.1"] = &call.Channel{ID: "ast1-9.1", Up: true, Caller: "0392345602", Args: args}
			},
			[]string{"stray"},
			func(t *testing.T, s *stage) { assert.True(t, s.runner.Live("ast1-9.1")) },
		},
		"a record that nobody runs": {
			func(t *testing.T, s *stage) {
				require.NoError(t, s.stores.Calls.Create(t.Context(), call.Record{
					ID: "t7-1", Tenant: "demo", Node: "ast1", Outbound: true, Term: s.record(maria).Term,
					Journal: s.record(maria).Journal,
				}))
			},
			[]string{"unrun"},
			func(t *testing.T, s *stage) { assert.False(t, s.record("t7-1").Ended.IsZero()) },
		},
		"a call that has an end in the store": {
			func(t *testing.T, s *stage) {
				r := s.record(maria)
				r.Ended = time.Now()
				require.NoError(t, s.stores.Calls.Save(t.Context(), r))
			},
			[]string{"ended"},
			func(t *testing.T, s *stage) {
				assert.False(t, s.runner.Live(maria))
				assert.Empty(t, s.x.channels)
			},
		},
		"a call that the store knows nothing of": {
			func(_ *testing.T, s *stage) {
				s.stores.Faults.Nth(memstore.DoSave, 1, memstore.Refused)
				s.wishes("hold", "")
			},
			[]string{"unsaved"},
			func(t *testing.T, s *stage) { assert.Len(t, s.record(maria).Journal.Inputs, 3) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			playOffice(t, func(t *testing.T, s *stage) {
				require.Empty(t, s.sweeps(3), "all is well")
				tt.spoil(t, s)
				assert.Empty(t, s.sweeps(1), "it may be in progress")
				assert.Equal(t, tt.want, s.sweeps(1))
				assert.Empty(t, s.sweeps(3), "it is mended")
				tt.after(t, s)
				s.hangsUp(maria)
				s.listen(2 * time.Second)
				assert.Empty(t, s.sweeps(2))
			})
		})
	}
}

// The answer of a citizen that nobody told of is heard; one who rings is let ring.
func TestSweepHearsAnAnswer(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *stage) {
		require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
		s.listen(time.Second)
		require.Empty(t, s.sweeps(2), "it rings")
		s.x.channels[giovanni].Up = true
		assert.Equal(t, []string{"answer"}, s.sweeps(2))
		assert.True(t, has(s.heard(), "return.hello"))
	})
	play(t, func(t *testing.T, s *stage) {
		require.NoError(t, s.runner.Place(t.Context(), claimed(t, s)))
		s.listen(time.Second)
		s.vanish(giovanni)
		assert.Equal(t, []string{"end"}, s.sweeps(3), "the first look is too near the dial")
		assert.False(t, s.runner.Live(giovanni))
	})
}

// What is merely in progress is not touched: a look that comes too soon counts as
// the same one, and what mends itself in between is forgotten.
func TestSweepLeavesWhatIsInProgress(t *testing.T) {
	t.Parallel()
	playOffice(t, func(t *testing.T, s *stage) {
		citizen := s.x.channels[maria]
		look := func() {
			channels, err := s.x.Channels(t.Context())
			require.NoError(t, err)
			require.NoError(t, s.runner.Sweep(t.Context(), channels))
			synctest.Wait()
		}
		delete(s.x.channels, maria)
		for range 5 {
			look()
			s.listen(time.Second)
		}
		assert.True(t, s.runner.Live(maria))
		s.x.channels[maria] = citizen
		look()
		s.listen(10 * time.Second)
		delete(s.x.channels, maria)
		look()
		assert.True(t, s.runner.Live(maria), "not two looks in a row")
		s.x.channels[maria] = citizen
		assert.Empty(t, s.sweeps(2))

		s.stores.Faults.Nth(memstore.DoLive, 1, memstore.Refused)
		require.ErrorIs(t, s.runner.Sweep(t.Context(), nil), call.ErrUnavailable)
	})
}
