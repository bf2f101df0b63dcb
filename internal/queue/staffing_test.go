package queue_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

// desks is Monday to Friday: four agents from eight to two, two more from ten to
// six; on Saturday one in the morning.
func desks(t testing.TB) queue.Staffing {
	t.Helper()
	early := queue.Shift{Span: queue.Span{From: queue.Clock(8, 0), To: queue.Clock(14, 0)}, Agents: 4}
	late := queue.Shift{Span: queue.Span{From: queue.Clock(10, 0), To: queue.Clock(18, 0)}, Agents: 2}
	shifts := map[time.Weekday][]queue.Shift{}
	for d := time.Monday; d <= time.Friday; d++ {
		shifts[d] = []queue.Shift{late, early}
	}
	shifts[time.Saturday] = []queue.Shift{{Span: queue.Span{From: queue.Clock(9, 0), To: queue.Clock(12, 0)}, Agents: 1}}
	return queue.Staffing{Zone: rome(t), Shifts: shifts, Holidays: queue.Calendar{National: true}}
}

func TestStaffing(t *testing.T) {
	t.Parallel()
	s := desks(t)
	tests := []struct {
		name   string
		at     string
		agents int
		closes string // empty: closed, or no end
		opens  string
	}{
		{"before anybody is there", "2027-03-03T07:59", 0, "", "2027-03-03T08:00"},
		{"the early ones", "2027-03-03T08:00", 4, "2027-03-03T18:00", "2027-03-03T08:00"},
		{"both", "2027-03-03T13:59", 6, "2027-03-03T18:00", "2027-03-03T13:59"},
		{"the late ones", "2027-03-03T14:00", 2, "2027-03-03T18:00", "2027-03-03T14:00"},
		{"evening", "2027-03-03T18:00", 0, "", "2027-03-04T08:00"},
		{"Saturday", "2027-03-06T11:59", 1, "2027-03-06T12:00", "2027-03-06T11:59"},
		{"Easter Monday", "2027-03-29T10:00", 0, "", "2027-03-30T08:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := clock(t, tt.at)
			assert.Equal(t, tt.agents, s.AgentsAt(at))
			assert.Equal(t, tt.agents > 0, s.OpenAt(at))
			closes, ok := s.ClosesAt(at)
			assert.Equal(t, tt.closes != "", ok)
			if ok {
				assert.Equal(t, clock(t, tt.closes), closes)
			}
			opens, ok := s.OpensAt(at)
			assert.True(t, ok)
			assert.Equal(t, clock(t, tt.opens), opens.In(rome(t)))
		})
	}
	var none queue.Staffing
	assert.True(t, none.IsZero())
	assert.False(t, none.OpenAt(noon))
	_, ok := none.OpensAt(noon)
	assert.False(t, ok)
	assert.Zero(t, none.AgentTime(noon, noon.Add(time.Hour)))
	most, _ := none.PromiseCap(office(t), noon, time.Minute, 1)
	assert.Zero(t, most)
	assert.False(t, s.IsZero())
}

func TestAgentTime(t *testing.T) {
	t.Parallel()
	s := desks(t)
	tests := []struct {
		name     string
		from, to string
		want     time.Duration
	}{
		{"nobody", "2027-03-03T00:00", "2027-03-03T08:00", 0},
		{"a quarter of an hour of four", "2027-03-03T08:00", "2027-03-03T08:15", time.Hour},
		{"a day", "2027-03-03T00:00", "2027-03-04T00:00", 40 * time.Hour},
		{"a week", "2027-03-01T00:00", "2027-03-08T00:00", 203 * time.Hour},
		{"a week with a holiday, and the night to summer time", "2027-03-28T00:00", "2027-04-04T00:00", 163 * time.Hour},
		{"backwards", "2027-03-03T10:00", "2027-03-03T09:00", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, s.AgentTime(clock(t, tt.from), clock(t, tt.to)))
		})
	}
	always := queue.Staffing{Always: true, Agents: 3}
	assert.Equal(t, 3*time.Hour, always.AgentTime(noon, noon.Add(time.Hour)))
	assert.Zero(t, always.AgentTime(noon, noon.Add(-time.Hour)))
}

// TestAgentTimeProperty: adding up minute by minute gives the same, in the nights
// in which the clock is put forward and back too, where an agent works an hour
// less or more.
func TestAgentTimeProperty(t *testing.T) {
	t.Parallel()
	night := func(from, to queue.Minute) queue.Staffing {
		return allDay(t, from, to).Staffed(3)
	}
	staffs := []queue.Staffing{desks(t), night(0, queue.Clock(24, 0)), night(queue.Clock(1, 0), queue.Clock(4, 0)), night(queue.Clock(2, 15), queue.Clock(2, 45))}
	starts := []time.Time{time.Date(2027, 3, 27, 20, 0, 0, 0, time.UTC), time.Date(2027, 10, 30, 20, 0, 0, 0, time.UTC), time.Date(2027, 5, 3, 0, 0, 0, 0, time.UTC)}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		s, from := staffs[rng.IntN(len(staffs))], starts[rng.IntN(len(starts))].Add(time.Duration(rng.IntN(600))*time.Minute)
		to := from.Add(time.Duration(rng.IntN(3000)) * time.Minute)
		sum := time.Duration(0)
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			sum += time.Duration(s.AgentsAt(at)) * time.Minute
		}
		require.Equal(t, sum, s.AgentTime(from, to), "seed %d: %s to %s", seed, from, to)
	}
	whole := night(0, queue.Clock(24, 0))
	assert.Equal(t, 69*time.Hour, whole.AgentTime(clock(t, "2027-03-28T00:00"), clock(t, "2027-03-29T00:00")), "a day of 23 hours")
	assert.Equal(t, 75*time.Hour, whole.AgentTime(clock(t, "2027-10-31T00:00"), clock(t, "2027-11-01T00:00")), "a day of 25 hours")
}

func TestPromiseCap(t *testing.T) {
	t.Parallel()
	s, w := desks(t), allDay(t, queue.Clock(9, 0), queue.Clock(20, 0))
	const handle = 6 * time.Minute
	tests := []struct {
		name, now string
		want      int
		last      string // the day up to which it is
	}{
		{"the whole day, from when citizens may be called", "2027-03-03T07:00", 288, "2027-03-03"}, // 36 agent hours, ten an hour, 80 %
		{"in the afternoon", "2027-03-03T16:00", 32, "2027-03-03"},
		{"ten minutes before the end", "2027-03-03T17:50", 2, "2027-03-03"},
		{"when today is over, tomorrow's", "2027-03-03T18:00", 288, "2027-03-04"},
		{"on Saturday evening, Monday's", "2027-03-06T20:00", 288, "2027-03-08"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n, last := s.PromiseCap(w, clock(t, tt.now), handle, queue.CapShare)
			assert.Equal(t, tt.want, n)
			assert.Equal(t, queue.DayOf(clock(t, tt.last+"T00:00")), last)
		})
	}
	none := func(s queue.Staffing, w queue.Window, handle time.Duration, why string) {
		n, _ := s.PromiseCap(w, noon, handle, queue.CapShare)
		assert.Zero(t, n, why)
	}
	none(s, w, 0, "nothing is known")
	none(s, queue.Window{Zone: rome(t)}, handle, "nobody may be called")
	always := queue.Window{Always: true}
	n, last := always.Staffed(2).PromiseCap(always, noon, handle, queue.CapShare)
	assert.Equal(t, 384, n)
	assert.Equal(t, queue.DayOf(noon.Add(24*time.Hour)), last, "a day and night reach into tomorrow")
	morning, evening := allDay(t, queue.Clock(8, 0), queue.Clock(9, 0)), allDay(t, queue.Clock(20, 0), queue.Clock(21, 0))
	none(morning.Staffed(2), evening, handle, "nobody is there when citizens may be called")
}

// TestPromiseCapProperty: it never grows as a day goes by, and never promises more
// than the agents can talk.
func TestPromiseCapProperty(t *testing.T) {
	t.Parallel()
	s, w := desks(t), office(t)
	for day := 1; day <= 5; day++ {
		last := 1 << 30
		for at := time.Date(2027, 3, day, 6, 0, 0, 0, rome(t)); at.Hour() < 18; at = at.Add(7 * time.Minute) {
			n, _ := s.PromiseCap(w, at, queue.SeedHandle, queue.CapShare)
			require.LessOrEqual(t, n, last, "at %s", at)
			end := time.Date(2027, 3, day, 18, 0, 0, 0, rome(t))
			require.LessOrEqual(t, time.Duration(n)*queue.SeedHandle, s.AgentTime(at, end), "at %s", at)
			last = n
		}
	}
}

func TestHalfDay(t *testing.T) {
	t.Parallel()
	s, w := desks(t), allDay(t, queue.Clock(9, 0), queue.Clock(17, 0))
	always := queue.Window{Always: true, Zone: rome(t)}
	short := allDay(t, queue.Clock(15, 0), queue.Clock(17, 0))
	const handle = 6 * time.Minute
	tests := []struct {
		name     string
		half     queue.HalfDay
		staffing queue.Staffing
		window   queue.Window
		from, to string // empty: none
		capacity int
	}{
		{"a morning, cut with the window", "2027-03-04/am", s, w, "2027-03-04T09:00", "2027-03-04T13:00", 110},
		{"an afternoon, cut with the window", "2027-03-04/pm", s, w, "2027-03-04T13:00", "2027-03-04T17:00", 60},
		{"a Saturday morning", "2027-03-06/am", s, w, "2027-03-06T09:00", "2027-03-06T12:00", 15},
		{"no Saturday afternoon", "2027-03-06/pm", s, w, "", "", 0},
		{"no Sunday", "2027-03-07/am", s, w, "", "", 0},
		{"no Easter Monday", "2027-03-29/am", s, w, "", "", 0},
		{"not before three", "2027-03-04/pm", s, short, "2027-03-04T15:00", "2027-03-04T17:00", 20},
		{"no morning before three", "2027-03-04/am", s, short, "", "", 0},
		{"always: not at night", "2027-03-07/am", always.Staffed(2), always, "2027-03-07T08:00", "2027-03-07T13:00", 50},
		{"always: up to the evening", "2027-03-07/pm", always.Staffed(2), always, "2027-03-07T13:00", "2027-03-07T19:00", 60},
		{"called at all hours, when somebody is there", "2027-03-04/am", s, always, "2027-03-04T08:00", "2027-03-04T13:00", 130},
		{"the morning after the clock was put forward", "2027-03-28/am", allDay(t, 0, queue.Clock(24, 0)).Staffed(1), always, "2027-03-28T00:00", "2027-03-28T13:00", 60},
		{"no half-day", "2027-02-30/am", s, w, "", "", 0},
		{"none", "", s, w, "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from, to, ok := tt.staffing.Span(tt.half, tt.window)
			require.Equal(t, tt.from != "", ok)
			assert.Equal(t, tt.capacity, tt.staffing.Capacity(tt.half, tt.window, noon, handle, queue.SlotShare))
			if ok {
				assert.Equal(t, tt.from, from.Format("2006-01-02T15:04"))
				assert.Equal(t, tt.to, to.Format("2006-01-02T15:04"))
			}
		})
	}
}

// TestCapacityOfARunningHalfDay: what is over of it carries nobody any more.
func TestCapacityOfARunningHalfDay(t *testing.T) {
	t.Parallel()
	s, w := desks(t), allDay(t, queue.Clock(9, 0), queue.Clock(17, 0))
	for at, want := range map[string]int{
		"2027-03-04T08:00": 60, "2027-03-04T13:00": 60, "2027-03-04T16:00": 10, "2027-03-04T16:54": 1, "2027-03-04T16:55": 0,
		"2027-03-04T17:00": 0, "2027-03-05T09:00": 0,
	} {
		assert.Equal(t, want, s.Capacity("2027-03-04/pm", w, clock(t, at), 6*time.Minute, queue.SlotShare), at)
	}
}

func TestHalfDays(t *testing.T) {
	t.Parallel()
	s, w := desks(t), office(t)
	list := func(at string, days int) []queue.HalfDay { return s.HalfDays(w, clock(t, at), days) }
	assert.Equal(t, []queue.HalfDay{"2027-03-05/am", "2027-03-05/pm", "2027-03-06/am", "2027-03-08/am", "2027-03-08/pm"},
		list("2027-03-04T15:00", 3), "no Saturday afternoon, no Sunday")
	assert.Equal(t, []queue.HalfDay{"2027-03-04/pm", "2027-03-05/am", "2027-03-05/pm"}, list("2027-03-04T10:00", 1), "this afternoon too")
	assert.Equal(t, []queue.HalfDay{"2027-03-04/am", "2027-03-04/pm"}, list("2027-03-04T07:00", 0))
	assert.Equal(t, []queue.HalfDay{"2027-03-30/am", "2027-03-30/pm"}, list("2027-03-27T18:00", 1), "after Easter")
	assert.Empty(t, queue.Staffing{}.HalfDays(w, noon, 6))
	always := queue.Window{Always: true}
	assert.Len(t, always.Staffed(1).HalfDays(always, noon, 6), 13, "the next six days, and this afternoon")
}

func TestParseHalfDay(t *testing.T) {
	t.Parallel()
	h, err := queue.ParseHalfDay("2027-03-04/pm")
	require.NoError(t, err)
	assert.Equal(t, queue.Day{Year: 2027, Month: time.March, Day: 4}, h.Day())
	assert.True(t, h.Afternoon())
	assert.Equal(t, h, queue.HalfDayOf(h.Day(), true))
	none, err := queue.ParseHalfDay("")
	require.NoError(t, err)
	assert.Empty(t, none)
	for _, wrong := range []string{"2027-03-04", "2027-03-04/xm", "2027-3-4/am", "2027-02-29/am", "2027-03-04/pm ", "domani/am"} {
		_, err := queue.ParseHalfDay(wrong)
		require.ErrorIs(t, err, queue.ErrHalfDay, wrong)
	}
}

func FuzzParseHalfDay(f *testing.F) {
	for _, s := range []string{"", "2027-03-04/am", "2028-02-29/pm", "0000-01-01/am", "2027-13-01/am"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := queue.ParseHalfDay(s)
		if err == nil && s != "" && queue.HalfDayOf(h.Day(), h.Afternoon()) != h {
			t.Errorf("%q is read as another half-day", s)
		}
	})
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	// The Sundays of Easter as published by the United States Naval Observatory.
	for _, d := range []string{"2000-04-23", "2008-03-23", "2011-04-24", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2038-04-25", "1943-04-25", "1818-03-22"} {
		at, err := time.Parse("2006-01-02", d)
		require.NoError(t, err)
		assert.Equal(t, queue.DayOf(at), queue.Easter(at.Year()), d)
	}
	days := func(year int) (all []string) {
		national := queue.Calendar{National: true}
		for at := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC); at.Year() == year; at = at.AddDate(0, 0, 1) {
			if d := queue.DayOf(at); national.Has(d) {
				all = append(all, d.String()[5:])
			}
		}
		return all
	}
	assert.Equal(t, []string{"01-01", "01-06", "04-20", "04-21", "04-25", "05-01", "06-02", "08-15", "11-01", "12-08", "12-25", "12-26"}, days(2025))
	assert.Equal(t, []string{"01-01", "01-06", "04-05", "04-06", "04-25", "05-01", "06-02", "08-15", "10-04", "11-01", "12-08", "12-25", "12-26"}, days(2026), "Saint Francis again")
	assert.Len(t, days(2011), 11, "Easter Monday was the twenty-fifth of April")
	c := queue.Calendar{Yearly: []queue.MonthDay{{Month: time.December, Day: 7}}, Days: []queue.Day{{Year: 2027, Month: time.May, Day: 31}}}
	for day, closed := range map[queue.Day]bool{
		{Year: 2027, Month: time.December, Day: 7}: true, // Sant'Ambrogio
		{Year: 2030, Month: time.December, Day: 7}: true,
		{Year: 2027, Month: time.May, Day: 31}:     true,
		{Year: 2028, Month: time.May, Day: 31}:     false,
		{Year: 2027, Month: time.March, Day: 29}:   false,
	} {
		assert.Equal(t, closed, c.Has(day), day)
	}
	c.National = true
	assert.True(t, c.Has(queue.Day{Year: 2027, Month: time.March, Day: 29}))
	assert.True(t, c.Has(queue.Day{Year: 2026, Month: time.October, Day: 4}))
	assert.False(t, c.Has(queue.Day{Year: 2025, Month: time.October, Day: 4}))
}
