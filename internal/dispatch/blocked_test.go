package dispatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/queue"
)

// TestNearMissForeignTrunkShownNumberBlocked: since August 2025 calls that enter Italy
// from abroad and show an Italian number are blocked (AGCOM 106/25/CONS); on a foreign
// trunk every callback then fails, and nobody notices. Each network refuses in its own
// words, or lets the call ring nowhere. Here dialling stops, a person hears of it, and
// it costs no citizen an attempt, however long it lasts.
func TestNearMissForeignTrunkShownNumberBlocked(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]func(i int) queue.Result{
		"refused, each in its words": func(i int) queue.Result {
			return queue.Result{Outcome: queue.Rejected, Cause: 21, SIP: []int{403, 603, 607, 608}[i%4]}
		},
		"not acceptable":   func(int) queue.Result { return queue.Result{Outcome: queue.OurFault, Cause: 58, SIP: 606} },
		"rings for nobody": func(int) queue.Result { return queue.Result{Outcome: queue.NoAnswer, Cause: 19, SIP: 408} },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := newHouse(t)
				defer h.loop.Stop()
				var tickets []queue.Ticket
				for i := range 24 {
					tickets = append(tickets, h.verify(fmt.Sprint(i), fmt.Sprint("C", i), fmt.Sprintf("02123456%02d", i)))
				}
				for range 600 { // an hour in which every call that is made fails
					h.wait(6 * time.Second)
					for i, x := range tickets {
						if x = h.ticket(x.ID); x.State == queue.Dialling {
							n := len(x.Attempts)
							h.calls.hangUp(x.Call)
							require.NoError(t, h.tickets.AttemptEnded(h.ctx, "demo", x.ID, n, says(i), time.Now()))
						}
					}
				}
				h.wait(30 * time.Second)
				assert.Equal(t, []string{"breaker on"}, h.heard(), "a person hears of it, once")
				assert.Less(t, len(h.calls.calls()), 24+70, "one call a minute is made to try")
				for _, x := range tickets {
					x = h.ticket(x.ID)
					assert.NotEqual(t, queue.Exhausted, x.State, "all are still to be called")
					assert.True(t, x.State.Open())
					for _, a := range x.Attempts {
						assert.False(t, a.Counts && !a.Ended.IsZero(), "given back")
					}
				}
			})
		})
	}
}
