package dispatch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/dispatch"
	"richiamo/internal/plan"
	"richiamo/internal/queue"
)

// TestTrunkCheckComesBack: the call that tries the trunk is known by its keys, also
// after it is over; another number than ours holds all calls and raises an alarm of
// its own, until the number is ours.
func TestTrunkCheckComesBack(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		h.loop.Stop()
		h.cfg.CheckNumber = number(t, "0299999999")
		h.start()
		defer func() { h.loop.Stop() }()
		h.verify("1", "C", "0212345678")
		h.wait(5 * time.Second)
		id := plan.CheckID("demo", queue.DayOf(time.Now().In(h.cfg.Clock())), 1)
		keys := func() string {
			x, err := h.tickets.Ticket(h.ctx, "demo", id)
			require.NoError(t, err)
			return queue.CheckKeys(x.Attempts[len(x.Attempts)-1])
		}
		came := func(keys string, o queue.Outcome) dispatch.Back {
			back, err := h.tickets.CameBack(h.ctx, "demo", keys, o, time.Now())
			require.NoError(t, err)
			return back
		}
		assert.True(t, h.tickets.Checking("demo"))
		assert.Equal(t, dispatch.Back{Waiting: true}, came("", queue.ShownOther))
		assert.Equal(t, dispatch.Back{Waiting: true}, came("000000", queue.Delivered), "a citizen who keys something")
		first := keys()
		assert.Equal(t, dispatch.Back{Ours: true, Ended: true, Waiting: true}, came(first, queue.ShownOther))
		assert.Equal(t, []string{"shown on"}, h.heard())
		assert.False(t, h.tickets.Checking("demo"))
		assert.Equal(t, dispatch.Back{Ours: true}, came(first, queue.NotBack), "its other leg, which ends as well")
		h.calls.hangUp(id + "-1")
		h.wait(4 * time.Minute)
		require.Len(t, h.calls.calls(), 1, "nobody is called")

		h.wait(2 * time.Minute)
		require.True(t, h.tickets.Checking("demo"))
		second := keys()
		assert.NotEqual(t, first, second)
		assert.Equal(t, dispatch.Back{Waiting: true}, came(first, queue.Delivered), "a call of before")
		assert.Equal(t, dispatch.Back{Ours: true, Ended: true, Waiting: true}, came(second, queue.Delivered))
		assert.Contains(t, h.heard(), "shown off")
		assert.Equal(t, dispatch.Back{Ours: true}, came(second, queue.NotBack), "also when it is done with")
		h.calls.hangUp(id + "-2")
		h.wait(5 * time.Second)
		assert.Len(t, h.calls.calls(), 3)
		x, err := h.tickets.Ticket(h.ctx, "demo", id)
		require.NoError(t, err)
		assert.Equal(t, queue.Done, x.State)
		assert.Equal(t, queue.ShownOther, x.Attempts[0].Outcome)
		assert.False(t, x.Attempts[0].Counts)
		h.wait(checkForgotten)
		assert.False(t, came(second, queue.NotBack).Ours, "not for ever")
	})
}

// checkForgotten is longer than a check is known by its keys.
const checkForgotten = 6 * time.Minute

// TestCheckingUnknown: nobody is asked to wait a moment where nothing is tried.
func TestCheckingUnknown(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer func() { h.loop.Stop() }()
		assert.False(t, h.tickets.Checking("demo"))
		assert.False(t, h.tickets.Checking("nobody"))
		_, err := h.tickets.CameBack(h.ctx, "nobody", "", queue.Delivered, time.Now())
		require.Error(t, err)
	})
}
