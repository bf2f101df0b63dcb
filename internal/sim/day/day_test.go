package day_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/sim"
	"richiamo/internal/sim/day"
)

// studio is shared by all tests: it never changes.
var studio = sync.OnceValues(func() (*sim.Studio, error) { return sim.NewStudio(3000) })

// small is a short, overloaded day.
func small(t *testing.T) (day.Scenario, *sim.Studio) {
	t.Helper()
	s, ok := day.Find("over-80s-day")
	require.True(t, ok)
	s.Scale, s.Hours = 0.01, 2
	studio, err := studio()
	require.NoError(t, err)
	return s, studio
}

func TestEveryScenarioCanBePlayed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, s := range day.Scenarios() {
		require.NoError(t, s.Check(), s.Name)
		assert.NotEmpty(t, s.Title)
		assert.NotEmpty(t, s.Story)
		assert.False(t, names[s.Name], "%s is there twice", s.Name)
		names[s.Name] = true
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*day.Scenario){
		"no hours":        func(s *day.Scenario) { s.Hours = 0 },
		"no calls":        func(s *day.Scenario) { s.CallsPerHour = 0 },
		"no agents":       func(s *day.Scenario) { s.Agents = 0 },
		"a long handle":   func(s *day.Scenario) { s.Handle = 2 * time.Hour },
		"scale above one": func(s *day.Scenario) { s.Scale = 2 },
		"share above one": func(s *day.Scenario) { s.Accept = 1.5 },
		"too many calls":  func(s *day.Scenario) { s.CallsPerHour, s.Scale = 1e6, 1 },
		"nobody left":     func(s *day.Scenario) { s.Agents, s.Scale = 3, 0.1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := day.Find("quiet-day")
			spoil(&s)
			require.ErrorIs(t, s.Check(), day.ErrScenario)
			_, err := day.Play(t.Context(), nil, s, day.HoldOnly)
			require.ErrorIs(t, err, day.ErrScenario)
		})
	}
}

// TestSameDayTwice: the same words give the same figures, whatever runs beside.
func TestSameDayTwice(t *testing.T) {
	t.Parallel()
	s, studio := small(t)
	once, err := day.Play(t.Context(), studio, s, day.Callbacks)
	require.NoError(t, err)
	twice, err := day.Play(t.Context(), studio, s, day.Callbacks)
	require.NoError(t, err)
	assert.Equal(t, once, twice)
	s.Seed = 2
	other, err := day.Play(t.Context(), studio, s, day.Callbacks)
	require.NoError(t, err)
	assert.NotEqual(t, once.Calls, other.Calls)
}

// TestCallbacksSpareTheWait holds the two days of an overloaded call center side
// by side: what a planner is told must be what callbacks are for.
func TestCallbacksSpareTheWait(t *testing.T) {
	t.Parallel()
	s, studio := small(t)
	var said []string
	var mu sync.Mutex
	c, err := day.Compare(t.Context(), studio, s, func(what string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, what)
	})
	require.NoError(t, err)
	assert.NotEmpty(t, said)
	assert.Equal(t, c.Played[0].Citizens, c.Played[1].Citizens, "the same people on both days")
	assert.Less(t, c.Played[1].OnHold, c.Played[0].OnHold, "minutes on hold")
	assert.Less(t, c.Played[1].Redials, c.Played[0].Redials)
	assert.Less(t, c.Played[1].Abandoned, c.Played[0].Abandoned)
	assert.Greater(t, c.Played[1].Reached, c.Played[0].Reached)
	assert.Positive(t, c.Played[1].Promises)
	assert.Greater(t, c.Played[1].Kept, 0.8, "promises kept in time")
	assert.Positive(t, c.Need[1])
	assert.True(t, c.Need[0] == 0 || c.Need[1] <= c.Need[0], "agents needed: %d with callbacks, %d without", c.Need[1], c.Need[0])

	var table bytes.Buffer
	require.NoError(t, c.Table(&table))
	for _, words := range []string{"hold only", "callbacks", "promises kept", "agents needed", "P50 / P90", "Played at a scale"} {
		assert.Contains(t, table.String(), words)
	}
	var chart bytes.Buffer
	require.NoError(t, c.Chart(&chart))
	wellFormed(t, chart.String())
	for _, words := range []string{"time of day", "per cent", "people", "hold only", "13:00", "<title>"} {
		assert.Contains(t, chart.String(), words)
	}
	assert.NotContains(t, chart.String(), "NaN")
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func TestAnEndedContextEndsTheDay(t *testing.T) {
	t.Parallel()
	s, studio := small(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := day.Compare(ctx, studio, s, nil)
	require.ErrorIs(t, err, context.Canceled)
}
