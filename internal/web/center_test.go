package web

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTicketsInTheirOrder(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	number, err := phone.Parse(luciaPhone)
	require.NoError(t, err)
	for i := range 12 {
		ticket := queue.Ticket{
			ID: fmt.Sprintf("t%02d", i), Tenant: "demo", Queue: []string{"persone", "visite"}[i%2], Purpose: queue.WantsPerson, State: queue.Waiting,
			Channel: "phone", Phone: number, Citizen: lucia, NeedsAgent: true, Call: "c1",
			Arrived: h.now.Add(-time.Duration(i)*time.Minute + 7*time.Nanosecond), Updated: h.now,
		}
		if i%3 == 0 {
			ticket.State, ticket.Call, ticket.NotBefore = queue.Pending, "", h.now.Add(time.Hour)
		}
		h.tickets = append(h.tickets, ticket)
	}
	h.tickets = append(h.tickets, queue.Ticket{ID: "over", Tenant: "demo", Queue: "persone", State: queue.Done})

	var ids []string
	cursor, pages := "", 0
	for {
		a := h.do(Agents, "GET", "/api/v1/tickets?limit=5&cursor="+cursor, nil)
		require.Equal(t, 200, a.Status, a.Raw)
		for _, item := range a.items() {
			ids = append(ids, item["id"].(string))
			assert.Equal(t, "********03", item["phone"])
			assert.Equal(t, "***************I", item["fiscal_code"])
		}
		pages++
		next, more := a.Body["next"].(string)
		if !more {
			break
		}
		cursor = next
		if pages == 1 { // the one at which the page ended has its turn: the next page goes on behind it
			h.tickets = slices.DeleteFunc(h.tickets, func(x queue.Ticket) bool { return x.ID == ids[4] })
		}
	}
	assert.Equal(t, []string{"t11", "t10", "t09", "t08", "t07", "t06", "t05", "t04", "t03", "t02", "t01", "t00"}, ids)
	assert.Equal(t, 3, pages)

	one := h.do(Admin, "GET", "/api/v1/tickets?queue=persone", nil)
	require.Len(t, one.items(), 6)
	assert.Equal(t, 1., one.items()[0]["position"])
	assert.Equal(t, 6., one.items()[5]["position"])
	assert.Empty(t, h.do(Admin, "GET", "/api/v1/tickets?queue=altra", nil).items())
	assert.Equal(t, 403, h.do(Portal, "GET", "/api/v1/tickets", nil).Status)
	for _, cursor := range []string{"!", "YQ", "YSBi", "MjAyNw"} {
		assert.Equal(t, 400, h.do(Admin, "GET", "/api/v1/tickets?cursor="+cursor, nil).Status, cursor)
	}
	h.err = dispatch.ErrUnavailable
	assert.Equal(t, 503, h.do(Admin, "GET", "/api/v1/tickets", nil).Status)
}

// A page ends at a place, and the place is not the arrival alone.
func TestTicketsWithAHeadStart(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	for i, class := range []queue.Class{queue.Normal, queue.Normal, queue.Frail, queue.RedFlag} {
		h.tickets = append(h.tickets, queue.Ticket{
			ID: fmt.Sprintf("t%d", i), Tenant: "demo", Queue: "persone", Purpose: queue.WantsPerson, State: queue.Waiting, Class: class,
			Channel: "phone", NeedsAgent: true, Arrived: h.now.Add(time.Duration(i) * time.Minute), Also: make([]queue.Request, i),
		})
	}
	var ids []string
	for cursor, more := "", true; more; {
		a := h.do(Agents, "GET", "/api/v1/tickets?limit=1&cursor="+cursor, nil)
		for _, item := range a.items() {
			ids = append(ids, item["id"].(string))
		}
		cursor, more = a.Body["next"].(string)
	}
	assert.Equal(t, []string{"t3", "t2", "t0", "t1"}, ids)
	first := h.do(Agents, "GET", "/api/v1/tickets?limit=1", nil).items()[0]
	assert.Equal(t, "red-flag", first["class"])
	assert.Equal(t, 3., first["joined"])
}

func TestCall(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.calls["demo/t1-1"] = Call{
		ID: "t1-1", Script: "verify", Outbound: true, Ticket: "t1", Node: "demo", Started: h.now, Ended: h.now.Add(time.Minute), Adoptions: 1,
		Transcript: []Line{{h.now, Voice, "Buongiorno, è la ASL Esempio."}, {h.now.Add(time.Second), Citizen, "5 keys"}, {h.now, System, "found"}, {h.now, Person, "talk"}},
	}
	h.calls["demo/c2"] = Call{ID: "c2", Script: "welcome", Node: "demo", Started: h.now}
	a := h.do(Admin, "GET", "/api/v1/calls/t1-1", nil)
	require.Equal(t, 200, a.Status, a.Raw)
	assert.Equal(t, "outbound", a.Body["direction"])
	assert.Equal(t, object{"at": "2027-02-15T09:30:01Z", "who": "citizen", "text": "5 keys"}, a.Body["transcript"].([]any)[1])
	assert.Equal(t, "inbound", h.do(Admin, "GET", "/api/v1/calls/c2", nil).Body["direction"])
	assert.Equal(t, 404, h.do(Admin, "GET", "/api/v1/calls/none", nil).Status)
	assert.Equal(t, 404, h.do("other-admin", "GET", "/api/v1/calls/t1-1", nil).Status)
	assert.Equal(t, 403, h.do(Agents, "GET", "/api/v1/calls/t1-1", nil).Status)
}

func TestOperation(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	assert.Equal(t, "ok", h.do("", "GET", "/healthz", nil).Body["status"])
	assert.Equal(t, true, h.do("", "GET", "/readyz", nil).Body["ready"])
	assert.Equal(t, "up 1\n", h.do("", "GET", "/metrics", nil).Raw)
	assert.Equal(t, string(openAPI), h.do("", "GET", "/api/openapi.yaml", nil).Raw)
	assert.Equal(t, http.StatusOK, h.do("", "HEAD", "/healthz", nil).Status)

	h.parts[1] = Part{Name: "asterisk", Why: "no answer from ARI; is Asterisk running?"}
	a := h.do("", "GET", "/readyz", nil)
	assert.Equal(t, 503, a.Status)
	assert.Equal(t, object{"ready": false, "parts": []any{
		object{"name": "redis", "ready": true},
		object{"name": "asterisk", "ready": false, "why": "no answer from ARI; is Asterisk running?"},
	}}, a.Body)
	h.parts[1].Why = ""
	assert.Equal(t, 500, h.do("", "GET", "/readyz", nil).Status, "a part must say why")
}
