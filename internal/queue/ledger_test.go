package queue_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

func TestSubjects(t *testing.T) {
	t.Parallel()
	x := queue.Ticket{Phone: number(t, "0212345678"), Citizen: "RSSMRA36A41F205X"}
	assert.Equal(t, []queue.Subject{
		{Kind: queue.OfPhone, Value: "+390212345678"}, {Kind: queue.OfCitizen, Value: "RSSMRA36A41F205X"},
	}, queue.Subjects(x))
	assert.Empty(t, queue.Subjects(queue.Ticket{}), "nobody is known")
	foreign, ok := queue.PhoneSubject(number(t, "0041441234567"))
	assert.True(t, ok)
	assert.Equal(t, "+41441234567", foreign.Value)
	_, ok = queue.PhoneSubject(phone.Number{})
	assert.False(t, ok, "all who withhold their number are not one person")
}

// entry is the n-th call of ticket t1, at a time after noon.
func entry(n int, after time.Duration, o queue.Outcome) queue.Entry {
	e := queue.Entry{Ticket: "t1", Attempt: n, At: noon.Add(after), Outcome: o, Counts: !o.Ours()}
	if o != "" {
		e.Ended = e.At.Add(time.Minute)
	}
	return e
}

func ledger(entries ...queue.Entry) queue.Ledger {
	l := queue.Ledger{Subject: queue.Subject{Kind: queue.OfPhone, Value: "+390212345678"}}
	for _, e := range entries {
		l = l.Begin(e)
	}
	return l
}

func TestLedger(t *testing.T) {
	t.Parallel()
	before := ledger(entry(1, 0, ""))
	was := keptOf(t, before)
	after := before.End("t1", 1, queue.Result{Outcome: queue.Busy, Cause: 17, SIP: 486}, noon.Add(time.Minute))
	assert.Equal(t, was, keptOf(t, before), "the ledger itself stays as it was")
	require.Len(t, after.Entries, 1)
	assert.Equal(t, queue.Busy, after.Entries[0].Outcome)
	assert.True(t, after.Entries[0].Counts)

	again := after.End("t1", 1, queue.Result{Outcome: queue.NoAnswer}, noon.Add(time.Hour))
	assert.Equal(t, keptOf(t, after), keptOf(t, again), "told twice is told once")
	assert.Equal(t, keptOf(t, after), keptOf(t, after.End("t2", 1, queue.Result{Outcome: queue.Busy}, noon)))
	assert.Equal(t, 0, before.End("t1", 1, queue.Result{Outcome: queue.OurFault}, noon).Counted(noon, queue.CapSpan), "our fault costs nothing")
	assert.Equal(t, 0, after.Refund("t1", 1).Counted(noon, queue.CapSpan))
	assert.Equal(t, 1, after.Counted(noon, queue.CapSpan))
	assert.Equal(t, 1, before.Counted(noon, queue.CapSpan), "a call that rings is one")

	twice := before.Begin(after.Entries[0])
	assert.Equal(t, keptOf(t, after), keptOf(t, twice), "the same attempt is entered once, as it is known now")
	late := after.Begin(entry(2, 31*24*time.Hour, ""))
	assert.Len(t, late.Entries, 1, "a month later it is forgotten")
	many := ledger()
	for i := range 100 {
		many = many.Begin(entry(i, time.Duration(i)*time.Minute, queue.NoAnswer))
	}
	require.Len(t, many.Entries, queue.LedgerMost)
	assert.Equal(t, 36, many.Entries[0].Attempt, "the newest are kept")

	back := ledger(entry(2, time.Hour, ""), entry(1, 0, ""))
	assert.Equal(t, 1, back.Entries[0].Attempt, "in order, however they are told")
	_, ok := queue.EntryOf(inState(t, queue.Dialling), 2)
	assert.False(t, ok)
	e, ok := queue.EntryOf(inState(t, queue.Dialling), 1)
	assert.True(t, ok)
	assert.Equal(t, queue.Entry{Ticket: "t1", Attempt: 1, At: noon, Counts: true}, e)
}

// keptOf is a ledger as it is kept, to compare by.
func keptOf(t testing.TB, l queue.Ledger) string {
	t.Helper()
	b, err := json.Marshal(l)
	require.NoError(t, err)
	return string(b)
}

func TestLedgerFreeAt(t *testing.T) {
	t.Parallel()
	l := ledger(entry(1, 0, queue.NoAnswer), entry(2, time.Hour, queue.OurFault), entry(3, 3*time.Hour, queue.Busy), entry(4, 5*time.Hour, ""))
	now := noon.Add(6 * time.Hour)
	assert.Equal(t, noon.Add(24*time.Hour), l.FreeAt(now, 3), "when the first of the three leaves the rolling day")
	assert.Equal(t, noon.Add(27*time.Hour), l.FreeAt(now, 2), "two must leave")
	assert.Equal(t, now, l.FreeAt(now, 4))
	assert.Equal(t, now, l.FreeAt(now, 0), "no cap")
	assert.Equal(t, noon.Add(25*time.Hour), l.FreeAt(noon.Add(25*time.Hour), 3))
}

// TestLedgerCapProperty: whoever dials only when FreeAt says so, on whatever
// ticket, never makes more calls in any rolling day than the cap.
func TestLedgerCapProperty(t *testing.T) {
	t.Parallel()
	outcomes := []queue.Outcome{queue.NoAnswer, queue.Busy, queue.Delivered, queue.OurFault, queue.Superseded, ""}
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		most := 1 + rng.IntN(4)
		l, now := ledger(), noon
		var counted []time.Time
		for i := range 60 {
			now = now.Add(time.Duration(rng.IntN(300)) * time.Minute)
			free := l.FreeAt(now, most)
			require.False(t, free.Before(now))
			require.Less(t, l.Counted(free, queue.CapSpan), most, "seed %d: it is free when it says so", seed)
			if free.After(now) {
				require.GreaterOrEqual(t, l.Counted(free.Add(-1), queue.CapSpan), most, "seed %d: and no sooner", seed)
				continue
			}
			e := queue.Entry{Ticket: fmt.Sprintf("t%d", i%3), Attempt: i, At: now, Counts: true}
			l = l.Begin(e)
			if o := outcomes[rng.IntN(len(outcomes))]; o != "" {
				l = l.End(e.Ticket, e.Attempt, queue.Result{Outcome: o}, now)
			}
			if last := l.Entries[len(l.Entries)-1]; last.Counts {
				counted = append(counted, now)
			}
		}
		for i := most; i < len(counted); i++ {
			require.GreaterOrEqual(t, counted[i].Sub(counted[i-most]), queue.CapSpan, "seed %d: more than %d in a day", seed, most)
		}
	}
}

func TestLedgerDead(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	gone := func(n int, after time.Duration, cause, sip int) queue.Entry {
		e := entry(n, after, queue.Unreachable)
		e.Cause, e.SIP = cause, sip
		return e
	}
	given := gone(2, day, 1, 0)
	given.Counts = false
	tests := []struct {
		name    string
		entries []queue.Entry
		dead    bool
	}{
		{"nothing is known", nil, false},
		{"once", []queue.Entry{gone(1, 0, 1, 404)}, false},
		{"three times on one day", []queue.Entry{gone(1, 0, 1, 0), gone(2, time.Hour, 1, 0), gone(3, 2*time.Hour, 1, 0)}, false},
		{"on two days", []queue.Entry{gone(1, 0, 1, 0), gone(2, day, 1, 0)}, true},
		{"a status stands for its cause", []queue.Entry{gone(1, 0, 1, 0), gone(2, day, 0, 404)}, true},
		{"everywhere unknown", []queue.Entry{gone(1, 0, 0, 604), gone(2, day, 1, 0)}, true},
		{"changed", []queue.Entry{gone(1, 0, 22, 0), gone(2, day, 0, 410)}, true},
		{"not a number", []queue.Entry{gone(1, 0, 28, 0), gone(2, day, 0, 484)}, true},
		{"two different causes", []queue.Entry{gone(1, 0, 1, 0), gone(2, day, 22, 0)}, false},
		{"a full network is not a number that is gone", []queue.Entry{gone(1, 0, 34, 404), gone(2, day, 42, 404)}, false},
		{"switched off is not gone", []queue.Entry{gone(1, 0, 20, 480), gone(2, day, 20, 480)}, false},
		{"it rang between", []queue.Entry{gone(1, 0, 1, 0), entry(2, time.Hour, queue.NoAnswer), gone(3, day, 1, 0)}, false},
		{"it rang since", []queue.Entry{gone(1, 0, 1, 0), gone(2, day, 1, 0), entry(3, day+time.Hour, queue.Busy)}, false},
		{"switched off between", []queue.Entry{gone(1, 0, 1, 0), gone(2, time.Hour, 20, 0), gone(3, day, 1, 0)}, true},
		{"our fault between", []queue.Entry{gone(1, 0, 1, 0), entry(2, time.Hour, queue.OurFault), gone(3, day, 1, 0)}, true},
		{"the second was the network's fault", []queue.Entry{gone(1, 0, 1, 0), given}, false},
		{"a call under way says nothing", []queue.Entry{gone(1, 0, 1, 0), entry(2, day, ""), gone(3, day, 1, 0)}, true},
		{"two days in Rome, one in Greenwich", []queue.Entry{gone(1, 10*time.Hour+50*time.Minute, 1, 0), gone(2, 11*time.Hour+10*time.Minute, 1, 0)}, true},
		{"one day in Rome, two in Greenwich", []queue.Entry{gone(1, 11*time.Hour+10*time.Minute, 1, 0), gone(2, 12*time.Hour+10*time.Minute, 1, 0)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.dead, ledger(tt.entries...).Dead(rome(t)))
		})
	}
}

func TestMisses(t *testing.T) {
	t.Parallel()
	l := ledger(entry(1, 0, queue.NoAnswer), entry(2, 1, queue.Busy), entry(3, 2, queue.NoKey), entry(4, 3, queue.HungUp),
		entry(5, 4, queue.Delivered), entry(6, 5, queue.OurFault), entry(7, 6, queue.Unreachable), entry(8, 7, ""))
	assert.Equal(t, []time.Time{noon, noon.Add(2), noon.Add(3), noon.Add(6)}, l.Misses(), "who is busy is at home")
	assert.Len(t, l.Refund("t1", 1).Misses(), 3)
}

func TestLedgerPrintsNothingPersonal(t *testing.T) {
	t.Parallel()
	l := ledger(entry(1, 0, queue.Busy))
	r := queue.Request{Purpose: queue.WantsPerson, Channel: "portal", Citizen: "+390212345678", Note: "+390212345678"}
	for _, v := range []any{l, l.Subject, r} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			for _, holder := range []any{v, &v, []any{v}, struct{ V any }{v}} {
				assert.NotContains(t, fmt.Sprintf(verb, holder), "0212345678", verb)
			}
		}
		var out strings.Builder
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		assert.NotContains(t, out.String(), "0212345678")
	}
	assert.Equal(t, "a phone's ledger (1 calls, version 0)", l.String())
}

// TestLedgerRequests: requests are counted in a rolling day, and what is older is
// forgotten when the next one comes; the ledger that it was asked of stays as it was.
func TestLedgerRequests(t *testing.T) {
	t.Parallel()
	var l queue.Ledger
	for i := range 8 {
		at := noon.Add(time.Duration(i) * 4 * time.Hour)
		before := keptOf(t, l)
		more := l.Ask(at)
		assert.Equal(t, before, keptOf(t, l))
		l = more
		assert.Equal(t, min(i+1, 6), l.Requests(at), "six at four hours' distance are all that a day holds")
	}
	assert.Len(t, l.Asked, 6)
	last := l.Asked[5]
	assert.Equal(t, 1, l.Requests(last.Add(queue.CapSpan-time.Nanosecond)))
	assert.Zero(t, l.Requests(last.Add(queue.CapSpan)))
	begun := l.Begin(queue.Entry{Ticket: "t", Attempt: 1, At: last})
	assert.Equal(t, 6, begun.Requests(last), "calls and requests are kept side by side")
}
