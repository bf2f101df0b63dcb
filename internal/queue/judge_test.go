package queue_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

// clock reads a time of Rome.
func clock(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02T15:04", s, rome(t))
	require.NoError(t, err)
	return at
}

// tried are attempts of a ticket, of one outcome each, at times of Rome.
func tried(t testing.TB, o queue.Outcome, at ...string) []queue.Attempt {
	t.Helper()
	var all []queue.Attempt
	for i, s := range at {
		all = append(all, queue.Attempt{N: i + 1, At: clock(t, s), Ended: clock(t, s).Add(time.Minute), Outcome: o, Counts: !o.Ours()})
	}
	return all
}

func TestPolicyNext(t *testing.T) {
	t.Parallel()
	w := office(t) // nine to one, two to eight, Monday to Saturday
	narrow := allDay(t, queue.Clock(10, 0), queue.Clock(12, 0))
	missed := func(at ...string) []queue.Attempt { return tried(t, queue.NoAnswer, at...) }
	tests := []struct {
		name     string
		attempts []queue.Attempt
		others   []queue.Attempt // in the ledger, of other tickets
		window   queue.Window
		want     string
	}{
		{"busy: somebody is at home", tried(t, queue.Busy, "2027-03-03T10:00"), nil, w, "2027-03-03T10:06"},
		{"busy before lunch: after it", tried(t, queue.Busy, "2027-03-03T12:58"), nil, w, "2027-03-03T14:00"},
		{"busy twice: the last call on another day", tried(t, queue.Busy, "2027-03-03T10:00", "2027-03-03T10:06"), nil, w, "2027-03-04T09:00"},
		{"no answer: another part of the day", missed("2027-03-03T10:00"), nil, w, "2027-03-03T12:00"},
		{"no answer at noon", missed("2027-03-03T11:30"), nil, w, "2027-03-03T14:00"},
		{"an answer without a key is none", tried(t, queue.NoKey, "2027-03-03T10:00"), nil, w, "2027-03-03T12:00"},
		{"hung up", tried(t, queue.HungUp, "2027-03-03T10:00"), nil, w, "2027-03-03T12:00"},
		{"unreachable is as no answer", tried(t, queue.Unreachable, "2027-03-03T10:00"), nil, w, "2027-03-03T12:00"},
		{"in the evening: the next morning", missed("2027-03-03T19:00"), nil, w, "2027-03-04T09:00"},
		{"late on Saturday: Monday", missed("2027-03-06T18:30"), nil, w, "2027-03-08T09:00"},
		{"before Easter: Tuesday", missed("2027-03-27T18:30"), nil, w, "2027-03-30T09:00"},
		{"the last one on another day, at another hour than both", missed("2027-03-03T10:00", "2027-03-03T12:00"), nil, w, "2027-03-04T16:00"},
		{"morning and afternoon were tried: the evening of another day", missed("2027-03-03T11:08", "2027-03-03T14:08"), nil, w, "2027-03-04T16:08"},
		{"only the hours before noon are left", missed("2027-03-03T16:30", "2027-03-03T18:30"), nil, w, "2027-03-04T09:00"},
		{"that day has no other part", missed("2027-03-05T10:00", "2027-03-05T12:00"), nil, allDay(t, queue.Clock(8, 0), queue.Clock(16, 0)), "2027-03-06T08:00"},
		{"the second was on another day already", missed("2027-03-03T19:00", "2027-03-04T09:00"), nil, w, "2027-03-04T11:00"},
		{"missed at the same hour for another purpose", missed("2027-03-03T10:00"), missed("2027-03-01T12:30"), w, "2027-03-03T14:30"},
		{"asked for another hour: that hour", tried(t, queue.Later, "2027-03-03T10:00"), nil, w, "2027-03-03T11:01"},
		{"asked twice", tried(t, queue.Later, "2027-03-03T10:00", "2027-03-03T11:01"), nil, w, "2027-03-03T12:02"},
		{"will call: left alone for a day", tried(t, queue.WillCall, "2027-03-03T10:00"), nil, w, "2027-03-04T10:01"},
		{"asked late for another hour: the next morning, at whatever hour", tried(t, queue.Later, "2027-03-03T19:30"), missed("2027-03-01T09:30"), w, "2027-03-04T09:00"},
		{"busy late in the evening: not at the hour of a miss", tried(t, queue.Busy, "2027-03-03T19:57"), missed("2027-03-03T09:30"), w, "2027-03-04T12:00"},
		{"our own fault late in the evening: likewise", slices.Concat(missed("2027-03-03T09:30"), tried(t, queue.OurFault, "2027-03-03T19:59")), nil, w, "2027-03-04T12:00"},
		{"refused late in the evening: likewise", tried(t, queue.Rejected, "2027-03-03T19:30"), missed("2027-03-03T09:30"), w, "2027-03-04T12:00"},
		{"our own fault before lunch: after it", slices.Concat(missed("2027-03-03T12:30"), tried(t, queue.OurFault, "2027-03-03T12:59")), nil, w, "2027-03-03T14:00"},
		{"our own fault: at once", tried(t, queue.OurFault, "2027-03-03T10:00"), missed("2027-03-01T10:00"), w, "2027-03-03T10:02"},
		{"a window of two hours: the next day, as far away as it can be", missed("2027-03-03T11:30"), nil, narrow, "2027-03-04T10:00"},
		{"missed at its beginning: at its end", missed("2027-03-03T10:00"), nil, narrow, "2027-03-04T11:45"},
		{"the whole day was tried: the next one, where it is thinnest", missed("2027-03-03T09:30"),
			missed("2027-03-01T11:00", "2027-03-01T12:40", "2027-03-01T15:00", "2027-03-01T17:00", "2027-03-01T19:00"), w, "2027-03-04T14:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := tt.attempts[len(tt.attempts)-1].Ended
			l := queue.Ledger{}
			for i, a := range tt.others {
				l = l.Begin(queue.Entry{Ticket: "other", Attempt: i + 1, At: a.At, Ended: a.Ended, Outcome: a.Outcome, Counts: a.Counts})
			}
			at, ok := queue.DefaultPolicy().Next(now, tt.attempts, []queue.Ledger{l}, tt.window)
			require.True(t, ok)
			assert.Equal(t, tt.want, at.In(rome(t)).Format("2006-01-02T15:04"))
		})
	}
}

func TestPolicyNextWithoutAvoiding(t *testing.T) {
	t.Parallel()
	once := tried(t, queue.NoAnswer, "2027-03-03T10:00")
	now := once[0].Ended
	at, ok := queue.DefaultPolicy().Every(30*time.Second).Next(now, once, nil, office(t))
	assert.True(t, ok)
	assert.Equal(t, now.Add(30*time.Second), at, "the interval alone decides")
	at, ok = queue.DefaultPolicy().Next(now, once, nil, queue.Window{})
	assert.True(t, ok)
	assert.Equal(t, now.Add(15*time.Minute), at, "so it does without a window")
	_, ok = queue.DefaultPolicy().Next(now, tried(t, queue.NoAnswer, "2027-03-02T10:00", "2027-03-02T14:00", "2027-03-03T10:00"), nil, office(t))
	assert.False(t, ok, "three are used up")
	notice := append(once, queue.Attempt{N: 2, Kind: queue.Notice, At: now, Ended: now, Outcome: queue.NoAnswer})
	at, _ = queue.DefaultPolicy().Next(now, notice, nil, office(t))
	assert.Equal(t, clock(t, "2027-03-03T12:00"), at.In(rome(t)), "a notice is no attempt")
	check := queue.CheckPolicy()
	at, ok = check.Next(now, tried(t, queue.Unreachable, "2027-03-03T09:00", "2027-03-03T09:05", "2027-03-03T09:10", "2027-03-03T10:00"), nil, office(t))
	assert.True(t, ok, "a check is repeated without end")
	assert.Equal(t, now.Add(5*time.Minute), at)
}

// TestRests: husband and wife share a telephone. What his call there met says when
// hers is made.
func TestRests(t *testing.T) {
	t.Parallel()
	w := office(t)
	asked := clock(t, "2027-03-03T09:00")
	x, err := queue.Ticket{ID: "wife", Phone: number(t, "0212345678"), Arrived: asked}.Promise(asked, queue.Terms{Phone: number(t, "0212345678")})
	require.NoError(t, err)
	call := func(ticket string, o queue.Outcome, at string) queue.Entry {
		e := queue.Entry{Ticket: ticket, Attempt: 1, At: clock(t, at), Ended: clock(t, at).Add(time.Minute), Outcome: o, Counts: !o.Ours()}
		if o == "" {
			e.Ended = time.Time{}
		}
		return e
	}
	tests := []struct {
		name  string
		there []queue.Entry
		asked string // again; empty: not
		want  string // empty: does not rest
	}{
		{name: "nobody was called there"},
		{name: "nobody answered him", there: []queue.Entry{call("husband", queue.NoAnswer, "2027-03-03T10:00")}, want: "2027-03-03T12:00"},
		{name: "he was busy", there: []queue.Entry{call("husband", queue.Busy, "2027-03-03T10:00")}, want: "2027-03-03T10:06"},
		{name: "he refused the call", there: []queue.Entry{call("husband", queue.Rejected, "2027-03-03T10:00")}, want: "2027-03-03T11:01"},
		{name: "he had no time", there: []queue.Entry{call("husband", queue.Later, "2027-03-03T10:00")}, want: "2027-03-03T11:01"},
		{name: "busy late in the evening", there: []queue.Entry{call("h", queue.NoAnswer, "2027-03-02T09:30"), call("h", queue.Busy, "2027-03-03T19:58")}, want: "2027-03-04T12:00"},
		{name: "he has answered", there: []queue.Entry{call("husband", queue.Delivered, "2027-03-03T10:00")}},
		{name: "he prefers to call, she may not", there: []queue.Entry{call("husband", queue.WillCall, "2027-03-03T10:00")}},
		{name: "the fault was ours", there: []queue.Entry{call("husband", queue.OurFault, "2027-03-03T10:00")}},
		{name: "the fault was ours, after nobody had answered", there: []queue.Entry{call("h", queue.NoAnswer, "2027-03-03T10:00"), call("h", queue.OurFault, "2027-03-03T10:20")}, want: "2027-03-03T12:00"},
		{name: "answered after nobody had", there: []queue.Entry{call("h", queue.NoAnswer, "2027-03-03T10:00"), call("son", queue.Delivered, "2027-03-03T10:20")}},
		{name: "the call still goes on", there: []queue.Entry{call("husband", "", "2027-03-03T10:00")}},
		{name: "it was her own call", there: []queue.Entry{call("husband", queue.NoAnswer, "2027-03-03T10:00"), call("wife", queue.NoAnswer, "2027-03-03T12:00")}},
		{name: "she has called us since", there: []queue.Entry{call("husband", queue.NoAnswer, "2027-03-03T10:00")}, asked: "2027-03-03T10:02"},
		{name: "she had called us before", there: []queue.Entry{call("husband", queue.NoAnswer, "2027-03-03T10:00")}, asked: "2027-03-03T09:30", want: "2027-03-03T12:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			subject, _ := queue.PhoneSubject(x.Phone)
			l, x := queue.Ledger{Subject: subject, Entries: tt.there}, x
			if tt.asked != "" {
				var err error
				x, err = x.Change(clock(t, tt.asked), queue.Change{})
				require.NoError(t, err)
			}
			citizen := queue.Ledger{Subject: queue.Subject{Kind: queue.OfCitizen, Value: "W"}, Entries: []queue.Entry{call("at work", queue.NoAnswer, "2027-03-03T11:00")}}
			j := queue.Judge{Policy: queue.DefaultPolicy(), Window: w, Ledgers: []queue.Ledger{l}}
			got := ""
			if at := j.Rests(x); !at.IsZero() {
				got = at.In(rome(t)).Format("2006-01-02T15:04")
			}
			assert.Equal(t, tt.want, got)
			j.Ledgers = []queue.Ledger{citizen}
			assert.True(t, j.Rests(x).IsZero(), "what another telephone met says nothing of this one")
			once := j
			once.Policy.Attempts, once.Ledgers = 1, []queue.Ledger{l}
			assert.Equal(t, tt.want == "", once.Rests(x).IsZero(), "how often one ticket is tried has no say in another's")
		})
	}
}

// TestPolicyNextProperties: within the window, not before the interval, not at
// the hour of a miss unless it is tried again at once or no hour of a week is free of
// misses, and the last one on another day than the first.
func TestPolicyNextProperties(t *testing.T) {
	t.Parallel()
	zone := rome(t)
	windows := []queue.Window{office(t), allDay(t, queue.Clock(9, 0), queue.Clock(20, 0)), allDay(t, queue.Clock(0, 0), queue.Clock(24, 0)),
		allDay(t, queue.Clock(10, 0), queue.Clock(11, 0)), {Always: true, Zone: zone}}
	missed := []queue.Outcome{queue.NoAnswer, queue.NoKey, queue.HungUp, queue.Unreachable}
	outcomes := slices.Concat(missed, []queue.Outcome{queue.Busy, queue.OurFault, queue.Later})
	p := queue.DefaultPolicy()
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		w := windows[rng.IntN(len(windows))]
		now := time.Date(2027, 1, 1, 0, 0, 0, 0, zone).Add(time.Duration(rng.IntN(300*24*60)) * time.Minute)
		var misses []time.Time
		var attempts []queue.Attempt
		at := now.Add(-time.Duration(rng.IntN(72)) * time.Hour)
		for i := range 1 + rng.IntN(2) {
			o := outcomes[rng.IntN(len(outcomes))]
			attempts = append(attempts, queue.Attempt{N: i + 1, At: at, Ended: at, Outcome: o, Counts: !o.Ours()})
			at = now.Add(-time.Minute)
		}
		l := queue.Ledger{}
		for i := range rng.IntN(4) {
			l = l.Begin(queue.Entry{Ticket: "other", Attempt: i, At: now.Add(-time.Duration(rng.IntN(9000)) * time.Minute), Outcome: queue.NoAnswer, Counts: true})
		}
		for _, a := range attempts {
			if slices.Contains(missed, a.Outcome) {
				misses = append(misses, a.At)
			}
		}
		misses = append(misses, l.Misses()...)
		next, ok := p.Next(now, attempts, []queue.Ledger{l}, w)
		require.True(t, ok)
		require.True(t, w.Contains(next), "seed %d: %s", seed, next)
		after, _ := p.Again(attempts)
		require.False(t, next.Before(now.Add(after)), "seed %d", seed)
		last := attempts[len(attempts)-1]
		if len(attempts) == 2 && attempts[0].Counts && last.Counts && last.Outcome != queue.Later {
			require.NotEqual(t, queue.DayOf(attempts[0].At.In(zone)), queue.DayOf(next.In(zone)), "seed %d: on another day than the first", seed)
		}
		soon := !slices.Contains(missed, last.Outcome) && queue.DayOf(now.In(zone)) == queue.DayOf(next.In(zone))
		if soon || last.Outcome == queue.Later || nearest(zone, next, misses) >= 2*time.Hour {
			continue
		}
		for free := next; free.Sub(now) < 7*24*time.Hour; free = free.Add(15 * time.Minute) {
			if w.Contains(free) {
				require.Less(t, nearest(zone, free, misses), 2*time.Hour+30*time.Minute, "seed %d: %s was free, %s was chosen", seed, free, next)
			}
		}
	}
}

// nearest is how far a time of day is from those of misses.
func nearest(zone *time.Location, at time.Time, misses []time.Time) time.Duration {
	least := 24 * time.Hour
	of := func(at time.Time) time.Duration {
		h, m, s := at.In(zone).Clock()
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	}
	for _, miss := range misses {
		d := (of(at) - of(miss)).Abs()
		least = min(least, d, 24*time.Hour-d)
	}
	return least
}
