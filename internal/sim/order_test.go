package sim_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/citizen"
	"richiamo/internal/queue"
	"richiamo/internal/sim"
	"richiamo/internal/sim/town"
)

// TestWhoIsHandedOverInNeedGoesFirst: who is frail by the register has half an hour's
// head start among those who are handed over, and a symptom that can't wait goes before
// everybody.
func TestWhoIsHandedOverInNeedGoesFirst(t *testing.T) {
	t.Parallel()
	s, err := studio()
	require.NoError(t, err)
	p := base()
	p.Light, p.Homes, p.Agents = true, []bool{false, false, false, false}, []sim.Shift{{Manner: worker(), From: time.Hour}}
	p.FrailUntil, err = citizen.NewDate(1931, 1, 31)
	require.NoError(t, err)
	p.Callers = nil
	for i, born := range []int{1941, 1940, 1925, 0} {
		p.Callers = append(p.Callers, sim.Caller{Temper: calm(town.WantPerson, 0), Home: i, After: -1, Born: born})
	}
	p.Returns = []sim.Return{
		{Caller: 0, Channel: "portal"}, {Caller: 1, After: 25 * time.Minute, Channel: "portal"},
		{Caller: 2, After: 40 * time.Minute, Channel: "portal"}, {Caller: 3, After: 50 * time.Minute, Channel: "gp", Class: queue.RedFlag},
	}
	w := s.New(p)
	require.NoError(t, w.Run())
	talked := func(i int) time.Time { return w.Citizens()[i].FirstTalk }
	assert.True(t, talked(3).Before(talked(0)), "the symptom first of all")
	assert.True(t, talked(0).Before(talked(2)), "forty minutes are more than the head start")
	assert.True(t, talked(2).Before(talked(1)), "fifteen are less")
	assert.False(t, talked(1).IsZero())
}

// TestAHalfDayIsAPromise: a citizen who is promised a call for a half-day waits for it.
func TestAHalfDayIsAPromise(t *testing.T) {
	t.Parallel()
	s, err := studio()
	require.NoError(t, err)
	p := base()
	p.Start = time.Date(2027, 3, 3, 20, 0, 0, 0, time.UTC)
	p.Serve.Window = queue.Window{Zone: time.UTC, Hours: map[time.Weekday][]queue.Span{}}
	for day := time.Sunday; day <= time.Saturday; day++ {
		p.Serve.Window.Hours[day] = []queue.Span{{From: queue.Clock(9, 0), To: queue.Clock(18, 0)}}
	}
	p.Agents = []sim.Shift{{Manner: worker(), From: 13 * time.Hour}}
	var history bytes.Buffer
	w := s.New(p)
	w.Trace = &history
	require.NoError(t, w.Run())
	c := w.Citizens()[0]
	require.Contains(t, history.String(), "hears callback.promise-half-day")
	assert.Equal(t, 1, c.Calls, "calls again: %d", strings.Count(history.String(), "c0 calls"))
	assert.Equal(t, 1, c.Promised)
	assert.Equal(t, 1, c.Spoken)
}
