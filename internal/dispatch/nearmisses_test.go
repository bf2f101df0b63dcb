package dispatch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
)

// What has nearly gone wrong elsewhere, or for few.

// TestNearMissCallbackLanguageLost: the language that a caller had chosen was not
// there on the callback (github.com/FreePBX/issue-tracker, issue 535).
func TestNearMissCallbackLanguageLost(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		x := h.enterAs("in-1", "0212345678", func(e *dispatch.Entry) { e.Language = "de" })
		p := h.promise(x)
		h.set("anna", agent.Ready)
		h.wait(5 * time.Second)
		require.NotEmpty(t, h.calls.began)
		assert.Equal(t, "de", h.calls.began[0].Language)
		assert.Equal(t, p.ID, h.calls.began[0].ID)
	})
}

// TestNearMissZombieAgentRing: the caller hung up, and the agent's telephone rang
// on into silence (github.com/signalwire/freeswitch, issue 2529). Here the agent
// is free for the next citizen at once.
func TestNearMissZombieAgentRing(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		x, y := h.enterAs("in-1", "0212345678"), h.enterAs("in-2", "0276543210")
		require.NoError(t, h.tickets.Ringing(h.ctx, "demo", x.ID, "anna", time.Now()))
		require.NoError(t, h.tickets.Left(h.ctx, "demo", x.ID, "in-1", time.Now()))
		h.calls.hangUp("in-1")
		h.wait(time.Second)
		assert.Equal(t, queue.Withdrawn, h.ticket(x.ID).State)
		assert.Equal(t, "anna", h.calls.turn(y.ID))
	})
}

// TestNearMissTwoAgentsTakeOneCall: two agents answered the same call, and both
// were told that it was theirs (github.com/asterisk/asterisk, issue 176).
func TestNearMissTwoAgentsTakeOneCall(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		second := dispatch.New(h.stores.Tickets, h.blocks, h.stores.Sweeps, map[string]dispatch.Config{"demo": h.cfg}, dispatch.Options{})
		stale := dispatch.NewLoop(second, memstore.New(nil).Leases, h.calls, "q", nil)
		stale.Start()
		defer stale.Stop()
		h.set("anna", agent.Ready)
		h.set("bruno", agent.Ready)
		x := h.enterAs("in-1", "0212345678")
		h.wait(time.Minute / 6)
		serving := 0
		for _, id := range []string{"anna", "bruno"} {
			if h.agent(id).Ticket == x.ID {
				serving++
				assert.Equal(t, h.ticket(x.ID).Agent, id)
			}
		}
		assert.Equal(t, 1, serving)
	})
}

// TestNearMissCallerCutAtTheFront: callers were cut off when it was their turn at
// last, because nobody took the call (a practice in Nottingham turned its queue off
// for it). Here whoever is first stays first, on the line, whatever agents do.
func TestNearMissCallerCutAtTheFront(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno")
		defer h.loop.Stop()
		h.set("anna", agent.Ready)
		h.set("bruno", agent.Ready)
		x := h.enterAs("in-1", "0212345678")
		h.enterAs("in-2", "0276543210")
		for range 8 {
			if by := h.ticket(x.ID).Agent; by != "" {
				require.NoError(t, h.tickets.Ringing(h.ctx, "demo", x.ID, by, time.Now()))
				require.NoError(t, h.tickets.Missed(h.ctx, "demo", x.ID, by, 0, time.Now()))
			}
			h.wait(agent.RestMissed + time.Second)
			require.Equal(t, queue.Waiting, h.ticket(x.ID).State)
		}
		h.set("anna", agent.Paused)
		h.set("anna", agent.Ready)
		assert.Equal(t, "anna", h.ticket(x.ID).Agent)
	})
}

// TestLanguageThatNobodySpeaks: a citizen whose language no agent speaks is served
// in another one; waiting for ever would be worse. Whoever waits for an agent who has
// not come to work is told no wait that those who are there could keep, and is
// offered a call.
func TestLanguageThatNobodySpeaks(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.loop.Stop()
		german := func(e *dispatch.Entry) { e.Language = "de" }
		team := []agent.Agent{{ID: "anna", Skills: []string{"persone"}}, {ID: "carla", Skills: []string{"persone"}}}
		require.NoError(t, h.tickets.Staff(h.ctx, "demo", team))
		h.set("anna", agent.Ready)
		x := h.enterAs("in-1", "0212345678", german)
		assert.Equal(t, "anna", h.calls.turn(x.ID))
		require.NoError(t, h.tickets.Staff(h.ctx, "demo", append(team, agent.Agent{ID: "bruno", Skills: []string{"persone", "de"}})))
		h.set("carla", agent.Ready)
		y := h.enterAs("in-2", "0276543210", german)
		assert.Empty(t, h.calls.turn(y.ID))
		look, err := h.tickets.Outlook(h.ctx, "demo", y.ID, time.Now())
		require.NoError(t, err)
		assert.Equal(t, []bool{false, false, true}, []bool{look.Free, look.Known, look.Offer}, "carla is free, and does not speak it")
		h.set("bruno", agent.Ready)
		assert.Equal(t, "bruno", h.calls.turn(y.ID))
	})
}
