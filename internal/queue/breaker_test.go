package queue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

// ended is an attempt of its own ticket.
func ended(i int, o queue.Outcome, sip int) queue.Ended {
	return queue.Ended{Ticket: fmt.Sprintf("t%d", i), Attempt: 1, Result: queue.Result{Outcome: o, SIP: sip}}
}

func TestBreakerTrips(t *testing.T) {
	t.Parallel()
	type run struct {
		n       int
		outcome queue.Outcome
		sip     int
	}
	tests := []struct {
		name  string
		runs  []run
		every time.Duration
		trips int // the attempts given back; 0: none
	}{
		{"the trunk is down", []run{{5, queue.OurFault, 503}}, time.Second, 5},
		{"the trunk of two lines is down", []run{{1, queue.Delivered, 200}, {5, queue.OurFault, 503}}, 7 * time.Minute, 5},
		{"four say nothing", []run{{4, queue.OurFault, 503}}, time.Second, 0},
		{"not in half an hour", []run{{30, queue.OurFault, 503}}, 8 * time.Minute, 0},
		{"one got through", []run{{4, queue.OurFault, 503}, {1, queue.NoAnswer, 480}, {4, queue.OurFault, 503}}, time.Minute, 0},
		{"one rang, and found no agent", []run{{4, queue.OurFault, 503}, {1, queue.NoAgent, 0}, {4, queue.OurFault, 503}}, time.Minute, 0},
		{"one citizen called us at that moment", []run{{4, queue.OurFault, 503}, {1, queue.Superseded, 0}, {1, queue.OurFault, 503}}, time.Minute, 5},
		{"in another way", []run{{4, queue.OurFault, 503}, {4, queue.OurFault, 500}}, time.Minute, 0},
		{"calls that vanished with a process", []run{{9, queue.OurFault, 0}}, time.Second, 0},
		{"a citizen's line, not ours", []run{{9, queue.Busy, 486}}, time.Second, 0},
		{"a number that is blocked, in the words of each network", []run{{4, queue.Rejected, 403}, {3, queue.Rejected, 603}, {3, queue.Rejected, 608}}, time.Second, 10},
		{"half of them is not more than half", []run{{5, queue.Delivered, 200}, {5, queue.Unreachable, 404}}, time.Second, 0},
		{"more than half", []run{{5, queue.Delivered, 200}, {6, queue.Unreachable, 404}}, time.Second, 6},
		{"two failures are two causes", []run{{5, queue.Rejected, 403}, {5, queue.Unreachable, 404}}, 0, 0},
		{"the one that gets through is not enough", []run{{9, queue.Unreachable, 404}, {1, queue.Delivered, 200}}, 0, 9},
		{"not in a minute", []run{{30, queue.Unreachable, 404}}, 7 * time.Second, 0},
		{"49 of 51 are busy", []run{{2, queue.Delivered, 200}, {49, queue.Busy, 486}}, 0, 8},
		{"two of three landlines do not answer", []run{{10, queue.Delivered, 200}, {20, queue.NoAnswer, 0}}, 0, 0},
		{"not one answers", []run{{12, queue.NoAnswer, 0}}, 0, 10},
		{"many answer and say nothing", []run{{30, queue.NoKey, 200}}, 0, 0},
		{"no agent came", []run{{30, queue.NoAgent, 200}}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b queue.Breaker
			now, i, given := noon, 0, 0
			for _, r := range tt.runs {
				for range r.n {
					var back []queue.Ended
					require.True(t, b.May(now))
					b, back = b.Ended(now, ended(i, r.outcome, r.sip))
					i++
					now = now.Add(tt.every)
					if given += len(back); given > 0 {
						break
					}
				}
			}
			_, tripped := b.Tripped()
			assert.Equal(t, tt.trips > 0, tripped)
			assert.Equal(t, tt.trips, given)
		})
	}
}

func TestBreakerRests(t *testing.T) {
	t.Parallel()
	var b queue.Breaker
	for i := range 10 {
		b, _ = b.Ended(noon, ended(i, queue.OurFault, 503))
	}
	fault, tripped := b.Tripped()
	require.True(t, tripped)
	assert.Equal(t, queue.Fault{Outcome: queue.OurFault, SIP: 503}, fault)
	assert.False(t, b.May(noon.Add(59*time.Second)))

	b, back := b.Ended(noon.Add(time.Second), ended(90, queue.OurFault, 503))
	assert.Len(t, back, 1, "a call that was under way fails alike: given back too")
	b, back = b.Ended(noon.Add(time.Second), ended(91, queue.Delivered, 200))
	assert.Empty(t, back)
	_, tripped = b.Tripped()
	assert.True(t, tripped, "a call that was up before says nothing of new ones")

	now := noon.Add(queue.BreakerRest)
	require.True(t, b.May(now))
	tries := b.Dialled(now, "t50", 1)
	assert.False(t, tries.May(now), "one call tries")
	assert.True(t, tries.May(now.Add(queue.BreakerPatience)), "another, if nobody reports its end")

	again, back := tries.Ended(now.Add(time.Second), ended(50, queue.OurFault, 503))
	assert.Len(t, back, 1)
	assert.False(t, again.May(now.Add(time.Minute)))
	assert.True(t, again.May(now.Add(61*time.Second)), "another rest")

	for _, o := range []queue.Outcome{queue.NoAnswer, queue.Delivered, queue.NoAgent, queue.Busy} {
		well, back := tries.Ended(now.Add(time.Second), ended(50, o, 0))
		assert.Empty(t, back)
		_, tripped = well.Tripped()
		assert.False(t, tripped, "the network carries calls: %s", o)
		assert.True(t, well.May(now))
		well, _ = well.Ended(now.Add(2*time.Second), ended(51, queue.OurFault, 503))
		_, tripped = well.Tripped()
		assert.False(t, tripped, "it begins anew")
	}
}

// TestBreakerKnowsOneIllNumber: a number that fails by itself is not the trunk, until
// another fails in the same way.
func TestBreakerKnowsOneIllNumber(t *testing.T) {
	t.Parallel()
	var b queue.Breaker
	ill := func(n int) queue.Ended {
		return queue.Ended{Ticket: "ill", Attempt: n, Result: queue.Result{Outcome: queue.OurFault, SIP: 500}}
	}
	for n := range 8 {
		b, _ = b.Ended(noon.Add(time.Duration(n)*time.Minute), ill(n+1))
		_, tripped := b.Tripped()
		require.False(t, tripped)
	}
	b, back := b.Ended(noon.Add(8*time.Minute), ended(1, queue.OurFault, 500))
	_, tripped := b.Tripped()
	assert.True(t, tripped)
	assert.Len(t, back, 9)
}

// TestBreakerRemembers: what is found again after a crash lacks the calls that reached
// somebody, so that five that failed are no row.
func TestBreakerRemembers(t *testing.T) {
	t.Parallel()
	var b queue.Breaker
	remembered := func(i int) (back []queue.Ended) {
		e := ended(i, queue.OurFault, 503)
		e.At = noon
		b, back = b.Remembered(noon, e)
		return back
	}
	for i := range 9 {
		remembered(i)
		_, tripped := b.Tripped()
		require.False(t, tripped)
	}
	back := remembered(9)
	_, tripped := b.Tripped()
	assert.True(t, tripped, "ten in a minute, as always")
	assert.Len(t, back, 10)
}
