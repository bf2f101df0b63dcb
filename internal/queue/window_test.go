package queue_test

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

func rome(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	return zone
}

// office is Monday to Saturday, nine to one and two to eight, but not on
// Easter Monday 2027.
func office(t testing.TB) queue.Window {
	t.Helper()
	spans := []queue.Span{{From: queue.Clock(9, 0), To: queue.Clock(13, 0)}, {From: queue.Clock(14, 0), To: queue.Clock(20, 0)}}
	hours := map[time.Weekday][]queue.Span{}
	for d := time.Monday; d <= time.Saturday; d++ {
		hours[d] = spans
	}
	return queue.Window{Zone: rome(t), Hours: hours, Holidays: queue.Calendar{National: true}}
}

// allDay is open from some minute of the day to another, every day.
func allDay(t testing.TB, from, to queue.Minute) queue.Window {
	t.Helper()
	hours := map[time.Weekday][]queue.Span{}
	for d := time.Sunday; d <= time.Saturday; d++ {
		hours[d] = []queue.Span{{From: from, To: to}}
	}
	return queue.Window{Zone: rome(t), Hours: hours}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	w := office(t)
	tests := []struct{ name, at, next, closes string }{
		{"before it opens", "2027-03-03T08:59:59+01:00", "2027-03-03T09:00:00+01:00", ""},
		{"its first second", "2027-03-03T09:00:00+01:00", "2027-03-03T09:00:00+01:00", "2027-03-03T13:00:00+01:00"},
		{"lunch", "2027-03-03T13:00:00+01:00", "2027-03-03T14:00:00+01:00", ""},
		{"its last second", "2027-03-03T19:59:59+01:00", "2027-03-03T19:59:59+01:00", "2027-03-03T20:00:00+01:00"},
		{"evening", "2027-03-03T20:00:00+01:00", "2027-03-04T09:00:00+01:00", ""},
		{"Saturday evening", "2027-03-06T21:00:00+01:00", "2027-03-08T09:00:00+01:00", ""},
		{"over Easter, the night to summer time within", "2027-03-27T20:30:00+01:00", "2027-03-30T09:00:00+02:00", ""},
		{"asked from another zone", "2027-03-03T07:00:00Z", "2027-03-03T08:00:00Z", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, tt.at)
			require.NoError(t, err)
			next, ok := w.Next(at)
			require.True(t, ok)
			want, _ := time.Parse(time.RFC3339, tt.next)
			assert.True(t, want.Equal(next), "next is %s", next)
			assert.Equal(t, want.Equal(at), w.Contains(at))
			closes, ok := w.Closes(at)
			assert.Equal(t, tt.closes != "", ok)
			if ok {
				want, _ := time.Parse(time.RFC3339, tt.closes)
				assert.True(t, want.Equal(closes), "closes %s", closes)
			}
		})
	}
}

// TestWindowNights goes minute by minute through the nights in which the clock
// is put forward and back: Next, Closes and After must agree with Contains, which
// only looks at the clock on the wall.
func TestWindowNights(t *testing.T) {
	t.Parallel()
	nights := map[string]time.Time{
		"spring": time.Date(2027, 3, 27, 22, 0, 0, 0, time.UTC),
		"autumn": time.Date(2027, 10, 30, 20, 0, 0, 0, time.UTC),
		"plain":  time.Date(2027, 6, 5, 20, 0, 0, 0, time.UTC),
	}
	windows := map[string]queue.Window{
		"in the missing hour":      allDay(t, queue.Clock(2, 15), queue.Clock(2, 45)),
		"begins in it":             allDay(t, queue.Clock(2, 30), queue.Clock(5, 0)),
		"ends in it":               allDay(t, queue.Clock(0, 30), queue.Clock(2, 30)),
		"all night":                allDay(t, queue.Clock(0, 0), queue.Clock(24, 0)),
		"up to midnight":           allDay(t, queue.Clock(22, 0), queue.Clock(24, 0)),
		"over the hour that turns": allDay(t, queue.Clock(1, 0), queue.Clock(4, 0)),
	}
	for night, start := range nights {
		for name, w := range windows {
			t.Run(night+"/"+name, func(t *testing.T) {
				t.Parallel()
				const minutes = 36 * 60
				open := make([]bool, minutes)
				for i := range open {
					open[i] = w.Contains(start.Add(time.Duration(i) * time.Minute))
				}
				for i := range 12 * 60 {
					at := start.Add(time.Duration(i) * time.Minute)
					j := i
					for !open[j] {
						j++
					}
					next, ok := w.Next(at)
					require.True(t, ok)
					require.Equal(t, start.Add(time.Duration(j)*time.Minute), next.UTC(), "next after %s", at)
					k := j
					for k < minutes && open[k] {
						k++
					}
					if k < minutes {
						closes, ok := w.Closes(next)
						require.True(t, ok)
						require.Equal(t, start.Add(time.Duration(k)*time.Minute), closes.UTC(), "closes after %s", next)
					}
				}
			})
		}
	}
}

// TestWindowProperties: Next is in the window, Closes is the first instant out
// of it, and After has as much open time behind it as was asked for.
func TestWindowProperties(t *testing.T) {
	t.Parallel()
	w := office(t)
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rng.Int64N(int64(300 * 24 * time.Hour))))
		next, ok := w.Next(at)
		require.True(t, ok)
		require.False(t, next.Before(at))
		require.True(t, w.Contains(next))
		if next.After(at) {
			require.False(t, w.Contains(next.Add(-1)))
		}
		closes, ok := w.Closes(next)
		require.True(t, ok)
		require.False(t, w.Contains(closes))
		require.True(t, w.Contains(closes.Add(-1)))
		d := time.Duration(rng.IntN(30*60)) * time.Minute
		done, ok := w.After(at, d)
		require.True(t, ok)
		require.True(t, w.Contains(done))
		open := time.Duration(0)
		for m := at.Truncate(time.Minute).Add(time.Minute); m.Before(done); m = m.Add(time.Minute) {
			if w.Contains(m) {
				open += time.Minute
			}
		}
		require.InDelta(t, d.Minutes(), open.Minutes(), 2)
		require.Equal(t, d, w.Between(at, done))
	}
}

func TestWindowNever(t *testing.T) {
	t.Parallel()
	var w queue.Window
	_, ok := w.Next(noon)
	assert.False(t, ok)
	_, ok = queue.Window{Zone: rome(t)}.Next(noon)
	assert.False(t, ok, "without hours it never opens")
	_, ok = queue.Window{Zone: rome(t)}.After(noon, time.Minute)
	assert.False(t, ok)
	always := queue.Window{Always: true}
	next, ok := always.Next(noon)
	assert.True(t, ok)
	assert.Equal(t, noon, next)
	_, ok = always.Closes(noon)
	assert.False(t, ok)
	assert.Equal(t, []time.Duration{0, time.Hour, 0},
		[]time.Duration{w.Between(noon, noon.Add(time.Hour)), always.Between(noon, noon.Add(time.Hour)), always.Between(noon, noon.Add(-time.Hour))})
}
