package web

import (
	"context"
	"net/http"
	"time"

	"richiamo/internal/agent"
)

// agentJSON is an agent as answers show one.
type agentJSON struct {
	ID        string      `json:"id"`
	State     agent.State `json:"state"`
	Reason    string      `json:"reason,omitempty"`
	Since     *time.Time  `json:"since,omitempty"`
	Ticket    string      `json:"ticket,omitempty"`
	Misses    int         `json:"misses"`
	Rest      *time.Time  `json:"rest_until,omitempty"`
	Skills    []string    `json:"skills"`
	Wish      agent.State `json:"wish,omitempty"` // taken up at the end of the talk
	Helping   bool        `json:"helping"`
	WritesUp  string      `json:"writes_up,omitempty"` // the ticket
	Phone     string      `json:"phone"`               // where it rings: desk or browser
	Page      string      `json:"page,omitempty"`      // of the browser
	Reachable *bool       `json:"phone_reachable,omitempty"`
	Overdue   bool        `json:"wrap_up_overdue"`
}

// showAgent shows an agent. Of a telephone that was not probed yet nothing is said.
func (a *api) showAgent(tenant string, one agent.Agent) agentJSON {
	shown := agentJSON{
		ID: one.ID, State: one.State, Reason: one.Reason, Since: since(one.Since), Ticket: one.Ticket, Misses: one.Misses,
		Skills: append([]string{}, one.Skills...), Wish: one.Wish, Helping: one.Helping, WritesUp: one.After, Overdue: a.overdue(tenant, one),
		Phone: deskPhone, Page: one.Page,
	}
	if one.Page != "" {
		shown.Phone = browserPhone
	}
	if one.Rest.After(a.Now()) {
		shown.Rest = since(one.Rest)
	}
	if reachable, known := a.Supervision.Phones(tenant)[one.ID]; known || !one.Unreached.IsZero() {
		reachable = reachable && one.Unreached.IsZero()
		shown.Reachable = &reachable
	}
	return shown
}

// overdue tells whether an agent should have ended the wrap-up. It warns, and
// ends nothing: an outcome that nobody wrote down is a citizen forgotten.
func (a *api) overdue(tenant string, one agent.Agent) bool {
	return one.Overdue(a.Now(), a.Rules(tenant).WrapUpLimit)
}

func (a *api) listAgents(w http.ResponseWriter, r *http.Request, who Key) error {
	if _, err := query(r); err != nil {
		return err
	}
	agents, err := a.Center.Agents(r.Context(), who.Tenant)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, listOf(agents, "", func(one agent.Agent) agentJSON { return a.showAgent(who.Tenant, one) }))
}

func (a *api) setAgent(w http.ResponseWriter, r *http.Request, who Key) error {
	var body struct {
		State   string `json:"state"`
		Reason  string `json:"reason"`
		Outcome string `json:"outcome"`
		Note    string `json:"note"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	if err := who.ownAgent(r.PathValue("id")); err != nil {
		return err
	}
	var f fields
	f.oneOf("state", body.State, string(agent.Ready), string(agent.Paused), string(agent.Away))
	f.text("reason", body.Reason, 100)
	if body.Outcome != "" {
		f.oneOf("outcome", body.Outcome, a.Rules(who.Tenant).Outcomes...)
	} else if body.Note != "" {
		f.add("outcome", "is needed where there is a note")
	}
	f.text("note", body.Note, 500)
	if err := f.err(); err != nil {
		return err
	}
	changed, err := a.setState(r.Context(), who.Tenant, r.PathValue("id"), agent.State(body.State), body.Reason, body.Outcome, body.Note)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, a.showAgent(who.Tenant, changed))
}

// setState ends the wrap-up, if there is an outcome, and asks for the state.
func (a *api) setState(ctx context.Context, tenant, id string, s agent.State, reason, outcome, note string) (agent.Agent, error) {
	if outcome != "" {
		if _, err := a.Center.WroteUp(ctx, tenant, id, outcome, note); err != nil {
			return agent.Agent{}, err
		}
	}
	return a.Center.SetAgentState(ctx, tenant, id, s, reason)
}
