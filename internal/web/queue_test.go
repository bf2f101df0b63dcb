package web

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func served() Standing {
	return Standing{
		Fairness: Fairness{
			Holders:   Spread{N: 212, P50: 95 * time.Second, P90: 410 * time.Second},
			Callbacks: Spread{N: 148, P50: 110 * time.Second, P90: 430 * time.Second},
			Kept:      141, Late: 7, LateBy: Spread{N: 7, P90: 90 * time.Second},
		},
		Closing: true, HalfDays: []queue.HalfDay{"2027-02-15/pm", "2027-02-16/am"}, Alarms: []string{"breaker"},
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "agent1", State: agent.Ready}, {ID: "agent2", State: agent.WrapUp, Since: h.now.Add(-time.Hour)}}
	h.standing = served()
	a := h.do(Agents, "GET", "/api/v1/queues/persone", nil)
	require.Equal(t, 200, a.Status, a.Raw)
	assert.Equal(t, object{
		"name": "persone", "waiting": 2., "callbacks": 3., "longest_wait_seconds": 90., "as_of": "2027-02-15T09:30:00Z",
		"estimate":         object{"seconds": 420., "minutes": 10.},
		"agents":           object{"away": 0., "ready": 1., "reserved": 0., "ringing": 0., "talking": 0., "wrap-up": 1., "paused": 0.},
		"wrap_ups_overdue": 1., "closed": false, "closing": true, "full": false, "alarms": []any{"breaker"},
		"half_days": []any{
			object{"half_day": "2027-02-15/pm", "date": "2027-02-15", "part": "afternoon"},
			object{"half_day": "2027-02-16/am", "date": "2027-02-16", "part": "morning"},
		},
		"fairness": object{
			"holders":         object{"count": 212., "p50_seconds": 95., "p90_seconds": 410.},
			"callbacks":       object{"count": 148., "p50_seconds": 110., "p90_seconds": 430.},
			"announced_error": object{"count": 0.},
			"promises":        object{"kept": 141., "late": 7., "late_by": object{"count": 7., "p50_seconds": 0., "p90_seconds": 90.}},
		},
	}, a.Body)
	h.agents, h.standing = nil, Standing{}
	empty := h.do(Admin, "GET", "/api/v1/queues/persone", nil)
	assert.NotContains(t, empty.Body, "estimate", "nothing is said that is not known")
	assert.Equal(t, []any{}, empty.Body["alarms"])
	assert.Equal(t, 404, h.do(Admin, "GET", "/api/v1/queues/altra", nil).Status)
	assert.Equal(t, 403, h.do(GP, "GET", "/api/v1/queues/persone", nil).Status)
}

func TestReport(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.standing = served()
	a := h.do(Admin, "GET", "/api/v1/queues/persone/report", nil)
	require.Equal(t, 200, a.Status, a.Raw)
	assert.Equal(t, "2027-02-14T09:30:00Z", a.Body["from"])
	assert.Equal(t, object{"count": 212., "p50_seconds": 95., "p90_seconds": 410.}, a.Body["holders"])

	for _, asked := range [][]string{{"/api/v1/queues/persone/report?format=csv"}, {"/api/v1/queues/persone/report", "Accept", "text/csv"}} {
		table := h.do(Admin, "GET", asked[0], nil, asked[1:]...)
		require.Equal(t, 200, table.Status)
		assert.Equal(t, "text/csv; charset=utf-8", table.Header.Get("Content-Type"))
		rows, err := csv.NewReader(strings.NewReader(table.Raw)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 7)
		assert.Equal(t, []string{"persone", "2027-02-14T09:30:00Z", "2027-02-15T09:30:00Z", "wait-of-callbacks", "148", "110", "430"}, rows[2])
		assert.Equal(t, []string{"error-of-announced-waits", "0", "", ""}, rows[3][3:], "of none there are no percentiles")
	}
	assert.Equal(t, "persone", h.do(Admin, "GET", "/api/v1/queues/persone/report?format=json", nil, "Accept", "text/csv").Body["queue"])
	assert.Equal(t, 400, h.do(Admin, "GET", "/api/v1/queues/persone/report?format=pdf", nil).Status)
	assert.Equal(t, 404, h.do(Admin, "GET", "/api/v1/queues/altra/report", nil).Status)
	assert.Equal(t, 403, h.do(Agents, "GET", "/api/v1/queues/persone/report", nil).Status)
}

func TestSweep(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.tickets = []queue.Ticket{
		{ID: "a", Tenant: "demo", Queue: "persone", State: queue.Waiting}, {ID: "b", Tenant: "demo", Queue: "persone", State: queue.Pending},
	}
	a := h.do(Admin, "POST", "/api/v1/queues/persone/sweep", nil)
	require.Equal(t, 202, a.Status, a.Raw)
	assert.Equal(t, object{"told": 1.}, a.Body)
	assert.Equal(t, 404, h.do(Admin, "POST", "/api/v1/queues/altra/sweep", nil).Status)
	assert.Equal(t, 403, h.do(Agents, "POST", "/api/v1/queues/persone/sweep", nil).Status, "a supervisor's command")
	h.err = dispatch.ErrUnavailable
	assert.Equal(t, 503, h.do(Admin, "POST", "/api/v1/queues/persone/sweep", nil).Status)
}

func TestHalfDays(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.standing = served()
	for _, channel := range []Channel{Portal, Pharmacy, GP, Agents, Admin} {
		a := h.do(channel, "GET", "/api/v1/half-days", nil)
		require.Equal(t, 200, a.Status, a.Raw)
		require.Len(t, a.items(), 2)
	}
	assert.Equal(t, 400, h.do(Admin, "GET", "/api/v1/half-days?from=1", nil).Status)
}

func TestAgents(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.phones = map[string]bool{"agent1": true, "agent2": false}
	h.agents = []agent.Agent{
		{ID: "agent1", Tenant: "demo", State: agent.Away},
		{ID: "agent2", Tenant: "demo", State: agent.Talking, Ticket: "t1", Skills: []string{"de"}, Since: h.now, Misses: 1, Rest: h.now.Add(time.Minute)},
		{ID: "agent3", Tenant: "demo", State: agent.WrapUp, Since: h.now.Add(-4 * time.Minute)},
	}
	list := h.do(Agents, "GET", "/api/v1/agents", nil)
	require.Len(t, list.items(), 3)
	assert.Equal(t, object{"id": "agent1", "state": "away", "misses": 0., "skills": []any{}, "helping": false, "phone": "desk", "phone_reachable": true, "wrap_up_overdue": false}, list.items()[0])
	assert.Equal(t, "t1", list.items()[1]["ticket"])
	assert.Equal(t, false, list.items()[1]["phone_reachable"])
	assert.Equal(t, "2027-02-15T09:31:00Z", list.items()[1]["rest_until"])
	assert.Equal(t, true, list.items()[2]["wrap_up_overdue"])
	assert.NotContains(t, list.items()[2], "phone_reachable", "it was not asked yet")

	ready := h.do(Agents, "PUT", "/api/v1/agents/agent1/state", object{"state": "ready"})
	require.Equal(t, 200, ready.Status, ready.Raw)
	assert.Equal(t, "ready", ready.Body["state"])
	assert.Equal(t, "2027-02-15T09:30:00Z", ready.Body["since"])
	paused := h.do(Admin, "PUT", "/api/v1/agents/agent1/state", object{"state": "paused", "reason": "pranzo"})
	assert.Equal(t, "pranzo", paused.Body["reason"])
	wish := h.do(Agents, "PUT", "/api/v1/agents/agent2/state", object{"state": "away"})
	assert.Equal(t, "talking", wish.Body["state"])
	assert.Equal(t, "away", wish.Body["wish"])

	for _, state := range []string{"talking", "reserved", "wrap-up", "", "READY"} {
		a := h.do(Agents, "PUT", "/api/v1/agents/agent1/state", object{"state": state})
		assert.Equal(t, 422, a.Status, state)
		assert.Equal(t, []string{"state"}, a.wrongFields())
	}
	assert.Equal(t, 404, h.do(Agents, "PUT", "/api/v1/agents/agent7/state", object{"state": "ready"}).Status)
	assert.Equal(t, 403, h.do(Portal, "PUT", "/api/v1/agents/agent1/state", object{"state": "ready"}).Status)
	assert.Equal(t, 400, h.do(Admin, "GET", "/api/v1/agents?x=1", nil).Status)
	h.err = agent.ErrState
	assert.Equal(t, []string{"state"}, h.do(Agents, "PUT", "/api/v1/agents/agent1/state", object{"state": "ready"}).wrongFields())
	h.err = agent.ErrImpossible
	assert.Equal(t, 409, h.do(Agents, "PUT", "/api/v1/agents/agent1/state", object{"state": "ready"}).Status)
}

func TestWrapUpEndsWithAnOutcome(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "agent1", Tenant: "demo", State: agent.WrapUp, Since: h.now}}
	put := func(body object) answer { return h.do(Agents, "PUT", "/api/v1/agents/agent1/state", body) }

	assert.Equal(t, []string{"outcome"}, put(object{"state": "ready", "outcome": "fine"}).wrongFields(), "not one of the configuration's")
	assert.Equal(t, []string{"outcome"}, put(object{"state": "ready", "note": "x"}).wrongFields(), "a note of what?")
	assert.Equal(t, []string{"note"}, put(object{"state": "ready", "outcome": "resolved", "note": strings.Repeat("x", 501)}).wrongFields())
	assert.Empty(t, h.outcomes)
	a := put(object{"state": "paused", "reason": "pranzo", "outcome": "call-again", "note": "Dopo Pasqua."})
	require.Equal(t, 200, a.Status, a.Raw)
	assert.Equal(t, "paused", a.Body["state"])
	assert.Equal(t, []string{"agent1 call-again Dopo Pasqua."}, h.outcomes)
	assert.Equal(t, "not-now", put(object{"state": "ready", "outcome": "resolved"}).problem(), "no wrap-up to end")

	h.err = agent.ErrOutcome
	refused := put(object{"state": "ready"})
	assert.Equal(t, 409, refused.Status)
	assert.Equal(t, "outcome-required", refused.problem())
	assert.Contains(t, refused.Body["detail"], "send the same request with outcome", "it says what to do")
}
