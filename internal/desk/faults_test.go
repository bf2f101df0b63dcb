package desk_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/memstore"
	"richiamo/internal/queue"
)

// TestAChangedNumberThatFails: a number that could not be changed is still the old one
// or already the new one, the conversation hears that it is not known, and asking
// again makes it good, once.
func TestAChangedNumberThatFails(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]struct {
		fault memstore.Fault
		kept  string
	}{"failed": {memstore.Refused, "0212345678"}, "failed but done": {memstore.Lost, "0298765432"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			phone := func() string {
				kept, err := c.stores.Registrations.Of(t.Context(), "demo", "spring", c.code(0))
				require.NoError(t, err)
				return kept.Phone
			}
			first := ask[flow.Registered](c, flow.AskRegister, flow.Register{Citizen: c.code(0), Phone: "0212345678"})
			c.stores.Faults.Nth(memstore.DoChange, 1, f.fault)
			change := flow.Rephone{Citizen: c.code(0), Phone: "0298765432"}
			_, err := try[flow.Registered](c, "in-1.9", flow.AskRephone, change)
			require.ErrorIs(t, err, desk.ErrUnavailable)
			assert.Equal(t, f.kept, phone())
			again, err := try[flow.Registered](c, "in-1.9", flow.AskRephone, change)
			require.NoError(t, err)
			assert.Equal(t, first, again, "place and receipt stay")
			assert.Equal(t, "0298765432", phone())
		})
	}
}

// TestARecordingThatFails: what was said is kept or no call is promised about it;
// what was kept although nobody heard of it is kept once more, and promised once.
func TestARecordingThatFails(t *testing.T) {
	t.Parallel()
	for name, done := range map[string]bool{"failed": false, "failed but done": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			c.voices.err, c.voices.done = errors.New("the exchange does not answer"), done
			asked := flow.Callback{Purpose: queue.NoKeys, Phone: "0212345678", Recording: 7}
			_, err := try[flow.Promise](c, "in-1.9", flow.AskCallback, asked)
			require.ErrorIs(t, err, c.voices.err)
			open, err := c.tickets.InTurn(t.Context(), "demo", "", dispatch.Mark{}, 1000)
			require.NoError(t, err)
			assert.Empty(t, open, "nothing is promised")

			c.voices.err = nil
			p, err := try[flow.Promise](c, "in-1.9", flow.AskCallback, asked)
			require.NoError(t, err)
			again, err := try[flow.Promise](c, "in-1.9", flow.AskCallback, asked)
			require.NoError(t, err)
			assert.Equal(t, p, again)
			x, err := c.tickets.Ticket(t.Context(), "demo", p.Ticket)
			require.NoError(t, err)
			assert.Contains(t, c.voices.kept, x.Recording)
		})
	}
}
