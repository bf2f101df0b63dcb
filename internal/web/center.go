package web

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// ticketJSON is a live caller or a callback in its place.
type ticketJSON struct {
	ID         string        `json:"id"`
	Queue      string        `json:"queue"`
	Position   int           `json:"position"` // from 1, in its queue
	State      queue.State   `json:"state"`
	Reason     queue.Reason  `json:"reason,omitempty"`
	Purpose    queue.Purpose `json:"purpose"`
	Channel    string        `json:"channel"`
	Phone      string        `json:"phone,omitempty"`       // masked
	FiscalCode string        `json:"fiscal_code,omitempty"` // masked
	Language   string        `json:"language,omitempty"`
	NeedsAgent bool          `json:"needs_agent"`
	Class      queue.Class   `json:"class,omitempty"`
	Joined     int           `json:"joined"`
	Slot       queue.HalfDay `json:"half_day,omitempty"`
	ArrivedAt  *time.Time    `json:"arrived_at"`
	NotBefore  *time.Time    `json:"not_before,omitempty"`
	Promised   *promisedJSON `json:"promised,omitempty"`
	Agent      string        `json:"agent,omitempty"`
	Call       string        `json:"call,omitempty"`
	Attempts   int           `json:"attempts"`
}

// listTickets lists the open tickets in the order in which their turn comes.
func (a *api) listTickets(w http.ResponseWriter, r *http.Request, who Key) error {
	q, err := query(r, "queue", "limit", "cursor")
	if err != nil {
		return err
	}
	p, err := page(q)
	if err != nil {
		return err
	}
	behind, err := readMark(p.cursor)
	if err != nil {
		return err
	}
	open, err := a.Tickets.InTurn(r.Context(), who.Tenant, q.Get("queue"), behind, p.limit+1)
	if err != nil {
		return err
	}
	shown := listJSON[ticketJSON]{Items: []ticketJSON{}}
	if len(open) > p.limit {
		open = open[:p.limit]
		shown.Next = markOf(open[p.limit-1].Ticket)
	}
	for _, x := range open {
		shown.Items = append(shown.Items, showTicket(x.Ticket, x.Position))
	}
	return reply(w, http.StatusOK, shown)
}

func showTicket(t queue.Ticket, position int) ticketJSON {
	c := showReturnCall(t, Key{Channel: Admin})
	return ticketJSON{
		ID: t.ID, Queue: t.Queue, Position: position, State: t.State, Reason: t.Reason, Purpose: t.Purpose, Channel: t.Channel,
		Phone: c.Phone, FiscalCode: c.FiscalCode, Language: t.Language, NeedsAgent: t.NeedsAgent, ArrivedAt: preciseTime(t.Arrived), NotBefore: c.NotBefore,
		Class: t.Class, Joined: c.Joined, Slot: t.Slot, Promised: c.Promised, Agent: t.Agent, Call: t.Call, Attempts: len(t.Attempts),
	}
}

// preciseTime keeps what decides the order.
func preciseTime(t time.Time) *time.Time {
	t = t.UTC()
	return &t
}

// markOf is where a page of tickets ended. The next page begins behind it even
// when that ticket is gone.
func markOf(t queue.Ticket) string {
	return base64.RawURLEncoding.EncodeToString([]byte(t.Place().UTC().Format(time.RFC3339Nano) + " " + t.ID))
}

func readMark(cursor string) (m dispatch.Mark, err error) {
	if cursor == "" {
		return m, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	at, id, ok := strings.Cut(string(text), " ")
	if err == nil && ok && id != "" {
		if m.At, err = time.Parse(time.RFC3339Nano, at); err == nil {
			m.ID = id
			return m, nil
		}
	}
	return m, problemBadRequest.with("cursor must be what next was.")
}

// callJSON is a call with what was said in it.
type callJSON struct {
	ID         string     `json:"id"`
	Script     string     `json:"script"`
	Direction  string     `json:"direction"`
	Ticket     string     `json:"ticket,omitempty"`
	Node       string     `json:"node"`
	StartedAt  *time.Time `json:"started_at"`
	EndedAt    *time.Time `json:"ended_at,omitempty"`
	Adoptions  int        `json:"adoptions"`
	Transcript []lineJSON `json:"transcript"`
}

type lineJSON struct {
	At   *time.Time `json:"at"`
	Who  Who        `json:"who"`
	Text string     `json:"text"`
}

func (a *api) getCall(w http.ResponseWriter, r *http.Request, who Key) error {
	c, err := a.Calls.Call(r.Context(), who.Tenant, r.PathValue("id"))
	if err != nil {
		return err
	}
	shown := callJSON{
		ID: c.ID, Script: c.Script, Direction: "inbound", Ticket: c.Ticket, Node: c.Node,
		StartedAt: since(c.Started), EndedAt: since(c.Ended), Adoptions: c.Adoptions, Transcript: make([]lineJSON, len(c.Transcript)),
	}
	if c.Outbound {
		shown.Direction = "outbound"
	}
	for i, l := range c.Transcript {
		shown.Transcript[i] = lineJSON{since(l.At), l.Who, l.Text}
	}
	return reply(w, http.StatusOK, shown)
}

func (a *api) getOpenAPI(w http.ResponseWriter, _ *http.Request, _ Key) error {
	w.Header().Set("Content-Type", "application/yaml")
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, openAPI)
	return nil
}

// getHealth says that the process lives; a process that does not answer it is to
// be started again.
func (a *api) getHealth(w http.ResponseWriter, _ *http.Request, _ Key) error {
	return reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

type readyJSON struct {
	Ready bool       `json:"ready"`
	Parts []partJSON `json:"parts"`
}

type partJSON struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	Why   string `json:"why,omitempty"`
}

// getReady says whether calls can be served, and if not, what is missing.
func (a *api) getReady(w http.ResponseWriter, r *http.Request, _ Key) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	parts := a.Health.Parts(ctx)
	shown := readyJSON{Ready: true, Parts: make([]partJSON, len(parts))}
	for i, p := range parts {
		shown.Parts[i] = partJSON(p)
		shown.Ready = shown.Ready && p.Ready
		if !p.Ready && p.Why == "" {
			return fmt.Errorf("web: the part %s is not ready and does not say why", p.Name)
		}
	}
	status := http.StatusOK
	if !shown.Ready {
		status = http.StatusServiceUnavailable
	}
	return reply(w, status, shown)
}

func (a *api) getMetrics(w http.ResponseWriter, r *http.Request, _ Key) error {
	a.Metrics.ServeHTTP(w, r)
	return nil
}
