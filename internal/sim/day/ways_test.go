package day_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/sim/day"
)

// compared plays a day at a small scale, and gives its table too.
func compared(t *testing.T, name string, scale, hours float64) (day.Comparison, string) {
	t.Helper()
	s, ok := day.Find(name)
	require.True(t, ok)
	s.Scale = scale
	if hours > 0 {
		s.Hours = hours
	}
	studio, err := studio()
	require.NoError(t, err)
	c, err := day.Compare(t.Context(), studio, s, nil)
	require.NoError(t, err)
	var table, chart bytes.Buffer
	require.NoError(t, c.Table(&table))
	require.NoError(t, c.Chart(&chart))
	wellFormed(t, chart.String())
	assert.NotContains(t, chart.String(), "NaN")
	assert.Contains(t, table.String(), "seed 1.")
	return c, table.String()
}

// TestLandlineBacklog: whoever is called again at another time of the day is
// reached more often than whoever is called again soon.
func TestLandlineBacklog(t *testing.T) {
	t.Parallel()
	c, table := compared(t, "landline-backlog", 0.01, 0)
	soon, other := c.Played[0].Backlog, c.Played[1].Backlog
	assert.Greater(t, other.Confirmed, soon.Confirmed)
	assert.Greater(t, other.Confirmed, 0.7)
	assert.InDelta(t, 1, other.Confirmed+other.Left, 0.03, "everybody is confirmed, or left to people")
	assert.LessOrEqual(t, other.Attempts, 3.0)
	assert.Greater(t, other.Days, 0.1)
	assert.Contains(t, table, "days until all have been called")
}

// TestPharmaciesTakeNoLine: they are counted apart, and callers are served as
// if they were not there.
func TestPharmaciesTakeNoLine(t *testing.T) {
	t.Parallel()
	with, table := compared(t, "pharmacies", 0.01, 2)
	without, _ := compared(t, "over-80s-day", 0.01, 2)
	got := with.Played[1].Registered
	assert.Equal(t, 11+45, got["pharmacy"])
	assert.Equal(t, 1+4, got["gp"])
	assert.Positive(t, got["phone"])
	assert.Equal(t, without.Played[1].Citizens, with.Played[1].Citizens)
	assert.InDelta(t, without.Played[1].SameDay, with.Played[1].SameDay, 0.1)
	assert.Contains(t, table, "registered: pharmacy")
}

// TestRegisterShut: nobody is turned away; more are promised a call, and fewer
// hold the line.
func TestRegisterShut(t *testing.T) {
	t.Parallel()
	c, _ := compared(t, "register-shut", 0.05, 6)
	hold, call := c.Played[0], c.Played[1]
	assert.Greater(t, call.Promises, hold.Promises)
	assert.Less(t, call.OnHold, hold.OnHold)
	assert.Greater(t, call.Reached, 0.8)
}

// TestTwoAuthorities: an overloaded neighbour takes nothing from a quiet
// authority.
func TestTwoAuthorities(t *testing.T) {
	t.Parallel()
	c, _ := compared(t, "two-authorities", 0.04, 2)
	alone, beside := c.Played[0], c.Played[1]
	assert.Equal(t, alone.Citizens, beside.Citizens)
	assert.InDelta(t, alone.SameDay, beside.SameDay, 0.1)
	assert.InDelta(t, alone.Holders.P90, beside.Holders.P90, 3)
	assert.Greater(t, beside.MostLines, alone.MostLines, "the neighbour was there")
}
