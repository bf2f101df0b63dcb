package queue_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

func TestEstimate(t *testing.T) {
	t.Parallel()
	staff := func(active float64, free int) queue.Staff {
		return queue.Staff{Active: active, Free: free, Handle: queue.SeedHandle, Setup: queue.SeedSetup}
	}
	tests := []struct {
		name    string
		ahead   int
		staff   queue.Staff
		known   bool
		wait    time.Duration
		minutes int
	}{
		{"nobody on duty", 3, staff(0, 0), false, 0, 0},
		{"no data", 3, queue.Staff{Active: 4}, false, 0, 0},
		{"an agent is free", 0, staff(1, 1), true, 10 * time.Second, 5},
		{"the only agent talks", 0, staff(1, 0), true, 100 * time.Second, 5},
		{"four before, two agents", 4, staff(2, 0), true, 235 * time.Second, 5},
		{"forty before, four agents", 40, staff(4, 0), true, 932500 * time.Millisecond, 20},
		{"half an agent counts as one", 1, staff(0.5, 0), true, 190 * time.Second, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wait, known := queue.Estimate(tt.ahead, tt.staff)
			assert.Equal(t, tt.known, known)
			assert.Equal(t, tt.wait, wait)
			if known {
				assert.Equal(t, tt.minutes, queue.Minutes(wait))
			}
		})
	}
	assert.Equal(t, 5, queue.Minutes(0))
	assert.Equal(t, 10, queue.Minutes(5*time.Minute+1))
}

func TestPromised(t *testing.T) {
	t.Parallel()
	zone := rome(t)
	w := office(t)
	tests := []struct {
		name     string
		now      string
		wait     time.Duration
		window   queue.Window
		from, to string // empty: none
	}{
		{"a short wait", "2027-03-03T10:12:00", 100 * time.Second, w, "2027-03-03T10:12:00", "2027-03-03T10:30:00"},
		{"just before the half hour", "2027-03-03T10:29:30", 100 * time.Second, w, "2027-03-03T10:29:00", "2027-03-03T11:00:00"},
		{"a half hour that is running is not said", "2027-03-03T14:49:00", 15 * time.Minute, w, "2027-03-03T14:49:00", "2027-03-03T15:30:00"},
		{"a full hour that is still to come is", "2027-03-03T14:49:00", 22 * time.Minute, w, "2027-03-03T15:00:00", "2027-03-03T15:30:00"},
		{"only one half hour in a range", "2027-03-03T10:05:00", 50 * time.Minute, w, "2027-03-03T10:30:00", "2027-03-03T12:00:00"},
		{"a long wait", "2027-03-03T09:00:00", 3 * time.Hour, w, "2027-03-03T11:00:00", "2027-03-03T14:00:00"},
		{"over lunch", "2027-03-03T12:50:00", 20 * time.Minute, w, "2027-03-03T14:00:00", "2027-03-03T14:30:00"},
		{"at night", "2027-03-03T22:10:00", 5 * time.Minute, w, "2027-03-04T09:00:00", "2027-03-04T09:30:00"},
		{"perhaps not today: tomorrow is sure", "2027-03-03T19:30:00", 25 * time.Minute, w, "2027-03-04T09:00:00", "2027-03-04T09:30:00"},
		{"at Easter", "2027-03-27T19:50:00", 10 * time.Minute, w, "2027-03-30T09:00:00", "2027-03-30T09:30:00"},
		{"round midnight, open all night", "2027-03-03T23:50:00", 100 * time.Second, queue.Window{Always: true, Zone: zone}, "", ""},
		{"open all night", "2027-03-03T03:10:00", 100 * time.Second, queue.Window{Always: true, Zone: zone}, "2027-03-03T03:10:00", "2027-03-03T03:30:00"},
		{"never open", "2027-03-03T10:12:00", time.Minute, queue.Window{Zone: zone}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.ParseInLocation("2006-01-02T15:04:05", tt.now, zone)
			require.NoError(t, err)
			from, to := queue.Promised(now, tt.wait, true, tt.window)
			if tt.from == "" {
				assert.True(t, from.IsZero() && to.IsZero(), "%s to %s", from, to)
				return
			}
			assert.Equal(t, tt.from, from.Format("2006-01-02T15:04:05"))
			assert.Equal(t, tt.to, to.Format("2006-01-02T15:04:05"))
		})
	}
	from, to := queue.Promised(noon, time.Hour, false, w)
	assert.True(t, from.IsZero() && to.IsZero(), "nothing is invented")
}

// TestPromisedProperties: a promise is on the half hour or begins now, is on one
// day, has at most one half hour in a longer range, does not end before the wait
// does, and is not over before it begins.
func TestPromisedProperties(t *testing.T) {
	t.Parallel()
	w := office(t)
	rng := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rng.Int64N(int64(330 * 24 * time.Hour))))
		wait := time.Duration(rng.Int64N(int64(5 * time.Hour)))
		from, to := queue.Promised(now, wait, true, w)
		if from.IsZero() {
			continue
		}
		expected, ok := w.After(now, wait)
		require.True(t, ok)
		require.True(t, from.Before(to))
		require.False(t, to.Before(expected), "%s, wait %s: %s to %s", now, wait, from, to)
		require.Zero(t, to.Minute()%30+from.Second()+to.Second())
		require.Equal(t, from.YearDay(), to.YearDay())
		if !from.After(now) {
			require.Equal(t, now.Truncate(time.Minute).UTC(), from.UTC(), "what can come from now on begins now")
			continue
		}
		require.Zero(t, from.Minute()%30)
		if to.Sub(from) > 30*time.Minute {
			require.False(t, from.Minute() == 30 && to.Minute() == 30, "%s to %s", from, to)
		}
	}
}
