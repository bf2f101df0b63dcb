package desk_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/citizen"
	"richiamo/internal/desk"
	"richiamo/internal/flow"
	"richiamo/internal/queue"
)

// TestNearMissIneligibleBookings: the call center booked people whom the web refused,
// and a man of 48 among the over-80s, since each way in had rules of its own (Sicily,
// February 2021). Here every way in asks the same rule, and the last one before the
// list is the list's own.
func TestNearMissIneligibleBookings(t *testing.T) {
	t.Parallel()
	for i, tt := range []struct {
		born string
		may  bool
	}{
		{"1910-01-01", true},
		{"1941-12-30", true},
		{"1941-12-31", true}, // the last one
		{"1942-01-01", false},
		{"1942-01-02", false},
		{"1973-06-15", false},
		{"2027-03-02", false},
		{"", false}, // the registry does not know
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			who := &c.reg.citizens[0]
			who.BirthDate = citizen.Date{}
			if tt.born != "" {
				day, err := citizen.ParseDate(tt.born)
				require.NoError(t, err)
				who.BirthDate = day
			}
			limit, err := citizen.ParseDate("1941-12-31")
			require.NoError(t, err)
			assert.Equal(t, tt.may, desk.Tenant{BornUntil: limit}.Eligible(*who), "the API")

			told := ask[flow.Identified](c, flow.AskIdentify, flow.Identify{Keys: c.keys(0), Second: mariaCard})
			assert.Equal(t, tt.may, told.Eligible, "what the conversation is told")
			handed := c.dial(c.handedOver("w", c.code(0)))
			answers := ask[flow.Identified](c, flow.AskRegistrant, flow.Registrant{Ticket: handed.ID, Second: mariaCard})
			require.True(t, answers.Found)
			assert.Equal(t, tt.may, answers.Eligible, "whom we call to verify")

			confirmed := ask[flow.Registered](c, flow.AskConfirm, flow.Register{Citizen: c.code(0), Ticket: handed.ID})
			assert.Equal(t, !tt.may, confirmed.Refused)
			asked := ask[flow.Registered](c, flow.AskRegister, flow.Register{Citizen: c.code(0), Phone: "0212345678"})
			assert.Equal(t, !tt.may, asked.Refused)
			_, err = c.stores.Registrations.Of(t.Context(), "demo", "spring", c.code(0))
			if tt.may {
				require.NoError(t, err)
				assert.Equal(t, confirmed.Receipt, asked.Receipt)
				return
			}
			require.ErrorIs(t, err, desk.ErrNotFound, "nothing is on the list")
			ask[flow.Empty](c, flow.AskAttempt, flow.AttemptEnded{Ticket: handed.ID, Attempt: 1, Outcome: queue.Delivered})
			x, err := c.tickets.Ticket(t.Context(), "demo", handed.ID)
			require.NoError(t, err)
			assert.Equal(t, queue.Done, x.State, "and nobody is called for it again")
		})
	}
}

// TestWhoMayRegister: who is on the list stays on it; a registry that can't be read
// refuses nobody, and registers nobody; a stranger to it is not registered.
func TestWhoMayRegister(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	first := ask[flow.Registered](c, flow.AskRegister, flow.Register{Citizen: c.code(0), Phone: "0212345678"})
	c.reg.citizens[0].BirthDate = c.reg.citizens[2].BirthDate // the registry was put right
	assert.Equal(t, first, ask[flow.Registered](c, flow.AskRegister, flow.Register{Citizen: c.code(0), Phone: "0212345678"}))
	c.reg.err = errors.New("the register can't be read")
	_, err := try[flow.Registered](c, "k", flow.AskRegister, flow.Register{Citizen: c.code(1), Phone: "0212345678"})
	require.ErrorIs(t, err, c.reg.err)
	c.reg.err = nil
	gone := c.code(1)
	c.reg.citizens = c.reg.citizens[:1]
	assert.True(t, ask[flow.Registered](c, flow.AskRegister, flow.Register{Citizen: gone, Phone: "0212345678"}).Refused)
	_, err = try[flow.Registered](c, "n", flow.AskRegister, flow.Register{Citizen: "", Phone: "0212345678"})
	require.ErrorIs(t, err, desk.ErrRequest)
}
