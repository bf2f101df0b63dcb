package day_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/sim/day"
)

// sideBySide plays a day in both ways, without the search for agents. change, which may
// be nil, has another day made of it.
func sideBySide(t *testing.T, name string, scale float64, change func(*day.Scenario)) (one, two day.Played, table string) {
	t.Helper()
	s, ok := day.Find(name)
	require.True(t, ok)
	if s.Scale = scale; change != nil {
		change(&s)
	}
	studio, err := studio()
	require.NoError(t, err)
	c := day.Comparison{Scenario: s}
	for i, mode := range s.Ways {
		c.Played[i], err = day.Play(t.Context(), studio, s, mode)
		require.NoError(t, err)
	}
	var text, chart bytes.Buffer
	require.NoError(t, c.Table(&text))
	require.NoError(t, c.Chart(&chart))
	wellFormed(t, chart.String())
	return c.Played[0], c.Played[1], text.String()
}

// TestOrderOfNeed: the list can be called from the oldest down, and whoever is handed
// over later waits behind it, however old: that is told, too.
func TestOrderOfNeed(t *testing.T) {
	t.Parallel()
	arrival, need, table := sideBySide(t, "order-of-need", 0.01, func(s *day.Scenario) {
		s.Backlog, s.Need = 20_000, &day.Need{Hundred: 0.02, Ninety: 0.15, Later: 2000, Days: 1}
	})
	for i, g := range arrival.Groups {
		assert.Equal(t, g.N, need.Groups[i].N, "%s: the same people", g.Name)
		assert.Equal(t, g.N, need.Groups[i].Rung.N, "%s: all are called in the end", g.Name)
	}
	assert.InDelta(t, 0.5, arrival.Order.NinetyFirst, 0.15)
	assert.InDelta(t, 1, need.Order.NinetyFirst, 0.01)
	assert.InDelta(t, 1, need.Order.HundredFirst, 0.01)
	assert.Less(t, need.Order.LaterFirst, 0.2)
	assert.Less(t, need.Groups[1].Rung.P90, arrival.Groups[1].Rung.P90/4)
	assert.Contains(t, table, "centenarians rung before")
	assert.NotContains(t, table, "want a person")
}

// TestBeforeOpening: numbers are taken while nobody is there, and whoever must hold the
// line has to call again.
func TestBeforeOpening(t *testing.T) {
	t.Parallel()
	hold, call, table := sideBySide(t, "before-opening", 0.03, nil)
	const opening = 17 // the sample of 8:00: every ten minutes from 5:10
	assert.Zero(t, hold.Promised[opening])
	assert.Positive(t, call.Promised[opening])
	assert.Zero(t, hold.Waiting[opening-1], "nobody holds a line that is not open")
	assert.Greater(t, hold.Closed, hold.Citizens/10)
	assert.Greater(t, hold.Closed, 2*call.Closed)
	assert.Greater(t, call.SameDay, hold.SameDay)
	assert.Less(t, call.Redials, hold.Redials)
	assert.Greater(t, call.Busy, 0.55, "of the hours in which they are there")
	assert.Contains(t, table, "told that it is closed")
}

// TestMilanoCor: whoever has a symptom that can't wait is spoken with at once when the
// family doctor hands them over, and holds the line with everybody otherwise.
func TestMilanoCor(t *testing.T) {
	t.Parallel()
	hold, call, table := sideBySide(t, "milano-cor", 0.5, nil)
	assert.Equal(t, hold.Citizens, call.Citizens)
	assert.Equal(t, hold.Groups[0].N, call.Groups[0].N)
	assert.GreaterOrEqual(t, call.Groups[0].SameDay, hold.Groups[0].SameDay)
	assert.Less(t, call.Groups[0].Talk.P50, 5.0)
	assert.Less(t, call.Groups[0].Talk.P90, hold.Groups[0].Talk.P90/2)
	assert.Less(t, call.OnHold, hold.OnHold/3)
	assert.Greater(t, call.Reached, hold.Reached)
	assert.Contains(t, table, "can't wait")
}

// TestSharedBackEnd: with the agents first a talk takes as long as it does alone; what it
// costs those who serve themselves, and the web, is told beside it.
func TestSharedBackEnd(t *testing.T) {
	t.Parallel()
	open, guarded, table := sideBySide(t, "shared-back-end", 0.1, nil)
	assert.Equal(t, open.Citizens, guarded.Citizens)
	assert.InDelta(t, 4.5, guarded.Shared.Talk, 0.3, "five minutes less the wrap-up")
	assert.Greater(t, open.Shared.Talk, 1.2*guarded.Shared.Talk)
	assert.Less(t, guarded.Through.P90, open.Through.P90/2)
	assert.Less(t, guarded.Shared.Alone, open.Shared.Alone-0.05)
	assert.Greater(t, guarded.Shared.Helped, 0.98, "who was not let in is called")
	assert.Greater(t, guarded.Shared.Web, 3*open.Shared.Web)
	assert.Contains(t, table, "on the web at once")
}
