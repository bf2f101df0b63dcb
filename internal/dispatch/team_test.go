package dispatch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
)

// TestWhoHasLeftTheTeam: an agent who is taken out of the configuration is given
// nobody any more, finishes a talk that goes on, and can't log in again.
func TestWhoHasLeftTheTeam(t *testing.T) {
	in(t, func(t *testing.T) {
		h := newHouse(t, "anna", "bruno", "carla")
		defer h.loop.Stop()
		x := h.talk("in-1", "0212345678", "anna")
		h.set("bruno", agent.Ready)
		require.NoError(t, h.tickets.Staff(h.ctx, "demo", []agent.Agent{{ID: "carla"}}))
		assert.Equal(t, agent.Talking, h.agent("anna").State)
		assert.Equal(t, agent.Away, h.agent("anna").Wish)
		y := h.enterAs("in-2", "0276543210")
		h.wait(2 * time.Second)
		assert.Empty(t, h.calls.turn(y.ID), "bruno has left")
		require.NoError(t, h.tickets.Talked(h.ctx, "demo", x.ID, "anna", time.Now()))
		team, err := h.tickets.Agents(h.ctx, "demo")
		require.NoError(t, err)
		require.Len(t, team, 1)
		assert.Equal(t, "carla", team[0].ID)
		_, err = h.tickets.SetAgentState(h.ctx, "demo", "bruno", agent.Ready, "")
		require.ErrorIs(t, err, dispatch.ErrNotFound)
		h.set("carla", agent.Ready)
		assert.Equal(t, "carla", h.calls.turn(y.ID))
	})
}
