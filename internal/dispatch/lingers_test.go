package dispatch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

// TestALineOfTheProcessBeforeSaysGoodbye: a call that another process placed, and
// whose end is reported to this one, is up as long as its goodbye is heard: with one
// line, nobody else is dialled meanwhile.
func TestALineOfTheProcessBeforeSaysGoodbye(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		h.loop.Stop()
		h.cfg.Lines, h.cfg.AutoLines = 1, 1
		h.start()
		first := h.verify("1", "C1", "0212345678")
		h.wait(10 * time.Second)
		first = h.ticket(first.ID)
		require.Equal(t, queue.Dialling, first.State)
		h.loop.Stop() // the process ends, its call goes on

		h.start()
		defer h.loop.Stop()
		second := h.verify("2", "C2", "0298765432")
		h.wait(10 * time.Second)
		require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", first.ID, 1, queue.Result{Outcome: queue.Delivered}, time.Now()))
		h.wait(30 * time.Second)
		require.Equal(t, queue.Done, h.ticket(first.ID).State)
		assert.Len(t, h.calls.calls(), 1, "the one line still says goodbye")
		h.calls.hangUp(first.Call)
		h.wait(30 * time.Second)
		assert.Equal(t, queue.Dialling, h.ticket(second.ID).State)
	})
}
