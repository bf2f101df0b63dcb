package web

import (
	"testing"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/citizen"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inTalk puts a citizen on the line with an agent.
func inTalk(t *testing.T, h *harness) *queue.Ticket {
	t.Helper()
	number, err := phone.Parse(luciaPhone)
	require.NoError(t, err)
	born, err := citizen.NewDate(1938, 12, 13)
	require.NoError(t, err)
	h.people = map[string]citizen.Citizen{lucia: {
		Surname: citizen.NewName("FERRARI"), GivenName: citizen.NewName("LUCIA"), BirthDate: born, Municipality: "MILANO", Language: "it",
	}}
	h.sounds = map[string][]byte{"name-1": {0xD5}}
	h.agents = []agent.Agent{{ID: "agent3", State: agent.Talking}, {ID: "agent5", State: agent.Ready}}
	h.tickets = []queue.Ticket{{
		ID: "t1", Tenant: "demo", Queue: "persone", State: queue.Connected, Agent: "agent3", Call: "c1", Channel: "phone", Purpose: queue.Unidentified,
		Arrived: h.now.Add(-95 * time.Second), Updated: h.now, Phone: number, Citizen: lucia, Keyed: "377528", NoKeys: true, Recording: "name-1", Note: "Sorda.",
		From: h.now, To: h.now.Add(time.Hour), NeedsAgent: true,
		Also:     []queue.Request{{Purpose: queue.Verification, Channel: "portal", At: h.now, Note: "Dal portale."}},
		Attempts: []queue.Attempt{{N: 1, Call: "t1-1", At: h.now, Outcome: queue.Busy, Cause: 17, Counts: true}},
	}}
	return &h.tickets[0]
}

func TestHandover(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	ticket := inTalk(t, h)
	a := h.do(Agents, "GET", "/api/v1/calls/c1/handover", nil)
	require.Equal(t, 200, a.Status, a.Raw)
	assert.Equal(t, luciaPhone, a.Body["phone"], "whole: the agent has the citizen on the line")
	assert.Equal(t, lucia, a.Body["fiscal_code"])
	assert.Equal(t, object{"surname": "FERRARI", "given_name": "LUCIA", "birth_date": "1938-12-13", "municipality": "MILANO"}, a.Body["citizen"])
	assert.Equal(t, "377528", a.Body["keyed"])
	assert.Equal(t, true, a.Body["no_keys"])
	assert.Equal(t, true, a.Body["spoken_name"])
	assert.Equal(t, "it", a.Body["language"], "the register's, where none was chosen")
	assert.Equal(t, 95., a.Body["waited_seconds"])
	assert.Equal(t, []any{object{"purpose": "verify", "channel": "portal", "at": "2027-02-15T09:30:00Z", "note": "Dal portale."}}, a.Body["also"])
	require.Len(t, a.Body["attempts"], 1)
	assert.NotContains(t, a.Raw, "word", "the three figures are the citizen's proof of us")

	sound := h.do(Agents, "GET", "/api/v1/calls/c1/spoken-name", nil)
	require.Equal(t, 200, sound.Status)
	assert.Equal(t, "audio/wav", sound.Header.Get("Content-Type"))
	assert.Equal(t, string(wav([]byte{0xD5})), sound.Raw)
	log := h.log.String()
	assert.Contains(t, log, "personal data shown")
	assert.Contains(t, log, "ticket=t1 kind=handover")
	assert.Contains(t, log, "ticket=t1 kind=spoken-name")
	for _, secret := range []string{lucia, luciaPhone, "FERRARI", "377528"} {
		assert.NotContains(t, log, secret)
	}

	assert.Equal(t, 404, h.do("other-admin", "GET", "/api/v1/calls/c1/handover", nil).Status)
	assert.Equal(t, 403, h.do(Portal, "GET", "/api/v1/calls/c1/handover", nil).Status)
	assert.Equal(t, 404, h.do(Agents, "GET", "/api/v1/calls/t1-1/handover", nil).Status, "the call of before is over")
	ticket.Agent = ""
	assert.Equal(t, 404, h.do(Agents, "GET", "/api/v1/calls/c1/handover", nil).Status, "no agent serves the citizen")
	assert.Equal(t, 200, h.do(Admin, "GET", "/api/v1/calls/c1/handover", nil).Status)
	ticket.State, ticket.Agent = queue.Done, "agent3"
	assert.Equal(t, 404, h.do(Agents, "GET", "/api/v1/calls/c1/handover", nil).Status, "the talk is over")
	assert.Equal(t, 404, h.do(Agents, "GET", "/api/v1/calls/c1/spoken-name", nil).Status)
	assert.Equal(t, 200, h.do(Admin, "GET", "/api/v1/calls/t1-1/handover", nil).Status)
	ticket.Recording, ticket.Citizen, ticket.Also = "", "", nil
	assert.Equal(t, 404, h.do(Admin, "GET", "/api/v1/calls/c1/spoken-name", nil).Status)
	bare := h.do(Admin, "GET", "/api/v1/calls/c1/handover", nil)
	assert.NotContains(t, bare.Body, "citizen")
	assert.Equal(t, []any{}, bare.Body["also"])
}

func TestWishes(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	ticket := inTalk(t, h)
	wish := func(body object) answer { return h.do(Agents, "POST", "/api/v1/calls/c1/wishes", body) }
	for _, body := range []object{
		{"verb": "hold"}, {"verb": "resume", "agent": "agent3"}, {"verb": "consult", "target": "agent:agent5"}, {"verb": "conference"},
		{"verb": "transfer"}, {"verb": "transfer", "target": "queue:persone"},
	} {
		a := wish(body)
		require.Equal(t, 202, a.Status, a.Raw)
		assert.Equal(t, "agent3", a.Body["agent"])
	}
	assert.Equal(t, []string{
		"c1 agent3 hold ", "c1 agent3 resume ", "c1 agent3 consult agent:agent5", "c1 agent3 conference ", "c1 agent3 transfer ", "c1 agent3 transfer queue:persone",
	}, h.wishes)

	for name, tt := range map[string]struct {
		body  object
		field string
	}{
		"no verb":            {object{}, "verb"},
		"strange verb":       {object{"verb": "whisper"}, "verb"},
		"consult nobody":     {object{"verb": "consult"}, "target"},
		"consult a queue":    {object{"verb": "consult", "target": "queue:persone"}, "target"},
		"hold somebody":      {object{"verb": "hold", "target": "agent:agent5"}, "target"},
		"to oneself":         {object{"verb": "transfer", "target": "agent:agent3"}, "target"},
		"to nobody we know":  {object{"verb": "transfer", "target": "agent:agent9"}, "target"},
		"to no queue":        {object{"verb": "transfer", "target": "queue:altra"}, "target"},
		"to a number":        {object{"verb": "transfer", "target": "0212345678"}, "target"},
		"to somewhere else":  {object{"verb": "transfer", "target": "phone:0212345678"}, "target"},
		"to an empty target": {object{"verb": "transfer", "target": "agent:"}, "target"},
	} {
		a := wish(tt.body)
		assert.Equal(t, 422, a.Status, name)
		assert.Equal(t, []string{tt.field}, a.wrongFields(), name)
	}
	assert.Equal(t, "no-talk", wish(object{"verb": "hold", "agent": "agent5"}).problem(), "another agent's talk")
	ticket.State = queue.Waiting
	assert.Equal(t, "no-talk", wish(object{"verb": "hold"}).problem())
	assert.Equal(t, 404, h.do(Agents, "POST", "/api/v1/calls/c2/wishes", object{"verb": "hold"}).Status)
	assert.Equal(t, 404, h.do("other-admin", "POST", "/api/v1/calls/c1/wishes", object{"verb": "hold"}).Status)
	assert.Equal(t, 403, h.do(GP, "POST", "/api/v1/calls/c1/wishes", object{"verb": "hold"}).Status)
	assert.Len(t, h.wishes, 6)
}

func TestWorklist(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	ticket := inTalk(t, h)
	ticket.State, ticket.Reason, ticket.Call, ticket.Agent = queue.Exhausted, queue.ReasonUsedUp, "", ""
	h.tickets = append(h.tickets, queue.Ticket{ID: "t2", Tenant: "demo", State: queue.Done})

	list := h.do(Agents, "GET", "/api/v1/worklist", nil)
	require.Len(t, list.items(), 1, list.Raw)
	one := list.items()[0]
	assert.Equal(t, "attempts-used-up", one["reason"])
	assert.Equal(t, "********03", one["phone"])
	assert.Equal(t, true, one["spoken_name"])
	assert.NotContains(t, list.Raw, lucia)

	whole := h.do(Admin, "GET", "/api/v1/worklist/t1", nil)
	require.Equal(t, 200, whole.Status, whole.Raw)
	assert.Equal(t, luciaPhone, whole.Body["phone"])
	assert.Equal(t, 403, h.do(Agents, "GET", "/api/v1/worklist/t1", nil).Status)
	assert.Equal(t, 404, h.do(Admin, "GET", "/api/v1/worklist/t2", nil).Status, "it is not on the list")
	assert.Equal(t, 200, h.do(Admin, "GET", "/api/v1/worklist/t1/spoken-name", nil).Status)
	assert.Contains(t, h.log.String(), "ticket=t1 kind=worklist")

	done := func(body object) answer { return h.do(Admin, "POST", "/api/v1/worklist/t1", body) }
	assert.Equal(t, []string{"outcome"}, done(object{}).wrongFields())
	assert.Equal(t, []string{"outcome", "note"}, done(object{"outcome": "?", "note": "a\ab"}).wrongFields())
	a := done(object{"outcome": "resolved", "note": "Trovata."})
	require.Equal(t, 200, a.Status, a.Raw)
	assert.Equal(t, "done", a.Body["state"])
	assert.Equal(t, []string{"t1 resolved Trovata."}, h.outcomes)
	assert.Equal(t, 409, done(object{"outcome": "resolved"}).Status)
	assert.Empty(t, h.do(Admin, "GET", "/api/v1/worklist", nil).items())
	assert.Equal(t, 400, h.do(Admin, "GET", "/api/v1/worklist?limit=0", nil).Status)
}

func TestChange(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	ticket := inTalk(t, h)
	ticket.State, ticket.Call, ticket.Agent = queue.Pending, "", ""
	change := func(body object) answer {
		return h.do(Agents, "POST", "/api/v1/tickets/t1/change", body, "Idempotency-Key", "k1")
	}
	a := change(object{"half_day": "2027-02-16/pm", "phone": "02 1234 5604"})
	require.Equal(t, 200, a.Status, a.Raw)
	assert.Equal(t, "2027-02-16/pm", a.Body["half_day"])
	assert.Equal(t, "********04", a.Body["phone"])
	require.Len(t, h.changed, 1)
	assert.Contains(t, h.changed[0], "api:agent:")
	assert.NotContains(t, h.changed[0], "k1")

	assert.Equal(t, []string{"half_day"}, change(object{}).wrongFields())
	for _, bad := range []string{"2027-02-16", "2027-02-30/am", "2027-02-16/night", "domani"} {
		assert.Equal(t, []string{"half_day"}, change(object{"half_day": bad}).wrongFields(), bad)
	}
	assert.Equal(t, []string{"phone"}, change(object{"phone": "899123456"}).wrongFields())
	assert.Equal(t, "idempotency-key-missing", h.do(Agents, "POST", "/api/v1/tickets/t1/change", object{"phone": luciaPhone}).problem())
	assert.Equal(t, 403, h.do(Portal, "POST", "/api/v1/tickets/t1/change", object{"phone": luciaPhone}, "Idempotency-Key", "k").Status)
	h.err = dispatch.ErrSlotFull
	full := change(object{"half_day": "2027-02-16/pm"})
	assert.Equal(t, 409, full.Status)
	assert.Equal(t, "half-day-full", full.problem())
	h.err = queue.ErrImpossible
	assert.Equal(t, "not-now", change(object{"half_day": "2027-02-16/pm"}).problem())
}

// A citizen has one open request; the channel whose request joined it sees it as
// its own, and can't take it away from the others.
func TestReturnCallThatJoinsAnOpenOne(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	first := h.do(Portal, "POST", "/api/v1/return-calls", returnCall("note", "Dal portale."), "Idempotency-Key", "k1")
	require.Equal(t, 201, first.Status, first.Raw)
	id := first.Body["id"].(string)
	h.byKey["pharmacy"+digest("k2")] = id // as dispatch finds it
	h.tickets[0].Also = []queue.Request{{Purpose: queue.WantsPerson, Channel: "pharmacy", At: h.now, Note: "Chiede del vaccino."}}

	wanted := returnCall("purpose", "person", "note", "Chiede del vaccino.")
	second := h.do(Pharmacy, "POST", "/api/v1/return-calls", wanted, "Idempotency-Key", "k2")
	require.Equal(t, 200, second.Status, second.Raw)
	assert.Equal(t, id, second.Body["id"])
	assert.Equal(t, "/api/v1/return-calls/"+id, second.Header.Get("Location"))
	assert.Equal(t, "person", second.Body["purpose"], "its own")
	assert.Equal(t, "pharmacy", second.Body["channel"])
	assert.Equal(t, "Chiede del vaccino.", second.Body["note"])
	assert.NotContains(t, second.Raw, "Dal portale.", "what another channel noted is not for it")
	assert.Equal(t, 1., second.Body["joined"])

	assert.Equal(t, 200, h.do(Pharmacy, "GET", "/api/v1/return-calls/"+id, nil).Status)
	assert.Len(t, h.do(Pharmacy, "GET", "/api/v1/return-calls", nil).items(), 1)
	assert.Equal(t, "Dal portale.", h.do(Portal, "GET", "/api/v1/return-calls/"+id, nil).Body["note"])
	assert.Equal(t, 404, h.do(GP, "GET", "/api/v1/return-calls/"+id, nil).Status)
	other := h.do(Pharmacy, "POST", "/api/v1/return-calls", returnCall("purpose", "person", "note", "Altro."), "Idempotency-Key", "k2")
	assert.Equal(t, "idempotency-key-reused", other.problem())

	for _, channel := range []Channel{Portal, Pharmacy} {
		assert.Equal(t, "asked-by-others", h.do(channel, "DELETE", "/api/v1/return-calls/"+id, nil).problem(), channel)
	}
	assert.Equal(t, "withdrawn", h.do(Admin, "DELETE", "/api/v1/return-calls/"+id, nil).Body["state"])

	h.tickets[0].State, h.tickets[0].Channel = queue.Pending, "phone" // the citizen asked first, on the telephone
	assert.Equal(t, "asked-by-others", h.do(Pharmacy, "DELETE", "/api/v1/return-calls/"+id, nil).problem())
	assert.Equal(t, "withdrawn", h.do(Admin, "DELETE", "/api/v1/return-calls/"+id, nil).Body["state"], "the whole of it")
}
