package desk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/flow"
	"richiamo/internal/queue"
)

const home, mobile = "0212345678", "3331234567"

// TestPromiseByHalfDay: half-days are told three at a time, and a call is promised
// for one.
func TestPromiseByHalfDay(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	first := ask[flow.HalfDayList](c, flow.AskHalfDays, flow.HalfDays{})
	assert.Equal(t, []queue.HalfDay{"2027-03-03/pm", "2027-03-04/am", "2027-03-04/pm"}, first.HalfDays)
	assert.Equal(t, queue.HalfDay("2027-03-05/am"), ask[flow.HalfDayList](c, flow.AskHalfDays, flow.HalfDays{Skip: 3}).HalfDays[0])
	assert.Empty(t, ask[flow.HalfDayList](c, flow.AskHalfDays, flow.HalfDays{Skip: 99}).HalfDays)

	look := ask[flow.Outlook](c, flow.AskEnter, flow.Enter{Purpose: queue.WantsPerson, Caller: home})
	p := ask[flow.Promise](c, flow.AskCallback, flow.Callback{Ticket: look.Ticket, Purpose: queue.WantsPerson, Phone: home, Slot: first.HalfDays[1]})
	assert.Equal(t, look.Ticket, p.Ticket)
	assert.Equal(t, first.HalfDays[1], p.Slot)
	assert.Equal(t, time.Date(2027, 3, 4, 8, 0, 0, 0, time.UTC), p.From)
	assert.Len(t, p.Word, 3)

	moved := ask[flow.Promise](c, flow.AskChange, flow.Change{Ticket: p.Ticket, Slot: first.HalfDays[2], Phone: mobile})
	assert.Equal(t, first.HalfDays[2], moved.Slot)
	assert.Equal(t, p.Word, moved.Word)
	full := ask[flow.Promise](c, flow.AskChange, flow.Change{Ticket: p.Ticket, Slot: "2027-03-01/am"})
	assert.Equal(t, flow.Promise{Taken: true, Slot: first.HalfDays[0]}, full, "over: the next one with room")
	_, err := try[flow.Promise](c, "k", flow.AskChange, flow.Change{Ticket: p.Ticket, Phone: "12"})
	require.ErrorIs(t, err, desk.ErrPhone)

	ask[flow.Empty](c, flow.AskCancel, flow.OfTicket{Ticket: p.Ticket})
	x, err := c.tickets.Ticket(t.Context(), "demo", p.Ticket)
	require.NoError(t, err)
	assert.Equal(t, queue.ReasonCancelled, x.Reason)
	ask[flow.Empty](c, flow.AskCancel, flow.OfTicket{Ticket: "none"})
}

// TestCallsAgain: the number, and the citizen, are known again.
func TestCallsAgain(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	p := ask[flow.Promise](c, flow.AskCallback, flow.Callback{Purpose: queue.WantsPerson, Phone: home, Citizen: c.code(0)})
	who := ask[flow.Identified](c, flow.AskIdentify, flow.Identify{Keys: c.keys(0), Second: mariaCard, Caller: mobile})
	require.NotNil(t, who.Open)
	assert.Equal(t, p.Ticket, who.Open.Ticket)
	assert.True(t, who.Open.Owned)
	look := ask[flow.Outlook](c, flow.AskEnter, flow.Enter{Ticket: who.Open.Ticket, Purpose: queue.WantsPerson, Caller: mobile, Citizen: c.code(0)})
	assert.Equal(t, p.Ticket, look.Ticket, "the place is kept")
	ask[flow.Empty](c, flow.AskAnnounced, flow.Announced{Ticket: look.Ticket, Minutes: 10})
	ask[flow.Empty](c, flow.AskLeft, flow.OfTicket{Ticket: look.Ticket})
	x, err := c.tickets.Ticket(t.Context(), "demo", p.Ticket)
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, x.State, "who hangs up is still called")
	assert.Equal(t, p.Word, x.Word)
	assert.Equal(t, "it", x.Language)
}

// TestFrail: who is old enough has a head start, once identified.
func TestFrail(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	look := ask[flow.Outlook](c, flow.AskEnter, flow.Enter{Purpose: queue.WantsPerson, Caller: home, Citizen: c.code(1)})
	x, err := c.tickets.Ticket(t.Context(), "demo", look.Ticket)
	require.NoError(t, err)
	assert.Equal(t, queue.Frail, x.Class)
}

// TestOutcomeByTelephone: an agent without a browser ends the wrap-up with a figure
// behind the feature code.
func TestOutcomeByTelephone(t *testing.T) {
	t.Parallel()
	c := newCounter(t, func(d *dispatch.Config) { d.MustWrite = true })
	require.NoError(t, c.tickets.Staff(t.Context(), "demo", []agent.Agent{{ID: "anna"}}))
	duty := func(code string) string {
		return ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "anna", Code: code}).State
	}
	require.Equal(t, "ready", duty("ready"))
	require.Equal(t, "ready", duty("ready-1"), "no talk, no outcome")
	look := ask[flow.Outlook](c, flow.AskEnter, flow.Enter{Purpose: queue.WantsPerson, Caller: home})
	step := flow.AgentStep{Ticket: look.Ticket, Agent: "anna"}
	ask[flow.Empty](c, flow.AskRinging, step)
	ask[flow.Empty](c, flow.AskConnected, step)
	ask[flow.Empty](c, flow.AskTalked, step)
	assert.Equal(t, "wrap-up", duty("ready"), "an outcome is owed")
	assert.Empty(t, duty("ready-3"), "there is no third")
	assert.Equal(t, "ready", duty("ready-2"))
	assert.Equal(t, "ready", duty("ready-2"), "said twice is as once")
	x, err := c.tickets.Ticket(t.Context(), "demo", look.Ticket)
	require.NoError(t, err)
	assert.Equal(t, "informed", x.Outcome)
	for i, wrong := range []string{"ready-0", "ready-x", "ready-", "pause-1"} {
		_, err := try[flow.OnDuty](c, fmt.Sprint("k", i), flow.AskDuty, flow.Duty{Agent: "anna", Code: wrong})
		require.ErrorIs(t, err, desk.ErrRequest, wrong)
	}
}

// TestTalk: helpers, transfers and feature codes of agents.
func TestTalk(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	require.NoError(t, c.tickets.Staff(t.Context(), "demo", []agent.Agent{{ID: "anna"}, {ID: "bruno"}}))
	look := ask[flow.Outlook](c, flow.AskEnter, flow.Enter{Purpose: queue.WantsPerson, Caller: home})
	step := flow.AgentStep{Ticket: look.Ticket, Agent: "anna"}
	for _, code := range []string{"ready", "pause", "away", "ready"} {
		want := map[string]string{"ready": "ready", "pause": "paused", "away": "away"}[code]
		assert.Equal(t, want, ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "anna", Code: code}).State)
	}
	assert.Empty(t, ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "nobody", Code: "ready"}).State)
	_, err := c.tickets.SetAgentPhone(t.Context(), "demo", "anna", "page-1")
	require.NoError(t, err)
	ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "anna", Code: "pause"})
	assert.Equal(t, "anna.browser", c.tickets.Telephone("demo", "anna"), "a pause is no move")
	ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "anna", Code: "ready"})
	assert.Equal(t, "anna", c.tickets.Telephone("demo", "anna"), "rung where duty was taken up")
	_, err = try[flow.OnDuty](c, "k", flow.AskDuty, flow.Duty{Agent: "anna", Code: "lunch"})
	require.ErrorIs(t, err, desk.ErrRequest)
	ask[flow.Empty](c, flow.AskRinging, step)
	ask[flow.Empty](c, flow.AskConnected, step)
	assert.Equal(t, "paused", ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "anna", Code: "pause"}).State, "when the talk is over")
	assert.Equal(t, "ready", ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "anna", Code: "ready"}).State)

	help := flow.Help{Ticket: look.Ticket, From: "anna", Agent: "bruno"}
	assert.Equal(t, flow.Transferred{Refused: true}, ask[flow.Transferred](c, flow.AskHelp, help), "away")
	ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "bruno", Code: "ready"})
	assert.Equal(t, flow.Transferred{Agent: "bruno"}, ask[flow.Transferred](c, flow.AskHelp, help))
	helper := flow.AgentStep{Ticket: look.Ticket, Agent: "bruno", Helper: true}
	ask[flow.Empty](c, flow.AskRinging, helper)
	ask[flow.Empty](c, flow.AskMissed, helper)
	ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "bruno", Code: "pause"})
	ask[flow.OnDuty](c, flow.AskDuty, flow.Duty{Agent: "bruno", Code: "ready"})
	ask[flow.Transferred](c, flow.AskHelp, help)
	ask[flow.Empty](c, flow.AskRinging, helper)
	ask[flow.Empty](c, flow.AskConnected, helper)
	taken := flow.Transfer{Ticket: look.Ticket, From: "anna", To: "agent:bruno", Helping: true}
	assert.Equal(t, flow.Transferred{Agent: "bruno"}, ask[flow.Transferred](c, flow.AskTransfer, taken))
	refused := ask[flow.Transferred](c, flow.AskTransfer, flow.Transfer{Ticket: look.Ticket, From: "bruno", To: "queue:elsewhere"})
	assert.Equal(t, flow.Transferred{Refused: true}, refused)
	assert.Equal(t, flow.Transferred{}, ask[flow.Transferred](c, flow.AskTransfer, flow.Transfer{Ticket: look.Ticket, From: "bruno", To: "queue:"}))
	x, err := c.tickets.Ticket(t.Context(), "demo", look.Ticket)
	require.NoError(t, err)
	assert.Equal(t, queue.Waiting, x.State)
	assert.Equal(t, queue.ReasonTransferred, x.Reason)
	ask[flow.Empty](c, flow.AskTalked, helper)
}
