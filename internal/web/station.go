package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// ownAgent lets whoever has signed in touch nobody but themselves; a key of the
// channel agent is the call center's, and touches all.
func (k Key) ownAgent(id string) error {
	if k.Agent != "" && k.Agent != id {
		return problemForbidden.with("Whoever has signed in acts for themselves only.")
	}
	return nil
}

// phoneJSON is the telephone at which an agent is rung. What a page needs to be one is
// given once, to the page.
type phoneJSON struct {
	Kind      string `json:"kind"`
	Page      string `json:"page,omitempty"`
	URI       string `json:"uri,omitempty"`
	Username  string `json:"username,omitempty"`
	Password  string `json:"password,omitempty"`
	WebSocket string `json:"websocket,omitempty"`
}

// The kinds of telephones.
const (
	deskPhone    = "desk"
	browserPhone = "browser"
)

// phoneDomain is what stands behind the name in the address of a telephone. The exchange
// looks at the name alone; no name server knows it (RFC 6761, 6.4).
const phoneDomain = "richiamo.invalid"

// setPhone chooses an agent's telephone. For one in a browser the exchange is given a
// password that was drawn now: a page that had the phone before is out.
func (a *api) setPhone(w http.ResponseWriter, r *http.Request, who Key) error {
	var body struct {
		Kind string `json:"kind"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	var f fields
	f.oneOf("kind", body.Kind, deskPhone, browserPhone)
	if err := f.err(); err != nil {
		return err
	}
	id := r.PathValue("id")
	if err := who.ownAgent(id); err != nil {
		return err
	}
	if _, err := a.Stations.Station(r.Context(), who.Tenant, id); err != nil {
		return err
	}
	shown := phoneJSON{Kind: body.Kind}
	if body.Kind == browserPhone {
		name := agent.Browser(id)
		shown = phoneJSON{browserPhone, rand.Text(), "sip:" + name + "@" + phoneDomain, name, rand.Text() + rand.Text(), phonePath}
		if err := a.Exchange.OpenPhone(r.Context(), name, shown.Password); err != nil {
			a.Log.Warn("no telephone in a browser", "tenant", who.Tenant, "error", err)
			return problemUnavailable.with("The exchange did not make the telephone. Try again; if it stays so, see richiamo doctor.")
		}
	}
	if _, err := a.Stations.SetAgentPhone(r.Context(), who.Tenant, id, shown.Page); err != nil {
		return err
	}
	return reply(w, http.StatusOK, shown)
}

// snapshotJSON is all that the page of an agent shows, but for what belongs to a
// person. It is whole each time: who missed one has missed nothing.
type snapshotJSON struct {
	Now    *time.Time      `json:"now,omitempty"`
	Agent  agentJSON       `json:"agent"`
	Talk   *talkJSON       `json:"talk,omitempty"`
	Team   json.RawMessage `json:"team"`
	Queues json.RawMessage `json:"queues"`
}

// talkJSON is the citizen whom an agent is there for.
type talkJSON struct {
	Call     string        `json:"call,omitempty"`
	Ticket   string        `json:"ticket"`
	State    queue.State   `json:"state"`
	Purpose  queue.Purpose `json:"purpose"`
	Reason   queue.Reason  `json:"reason,omitempty"`
	Class    queue.Class   `json:"class,omitempty"`
	Language string        `json:"language,omitempty"`
	Callback bool          `json:"callback"` // we have called, or call
	NoKeys   bool          `json:"no_keys"`
	Waited   int           `json:"waited_seconds"`
	Attempts int           `json:"attempts"`
}

func (a *api) showTalk(t queue.Ticket) *talkJSON {
	if t.ID == "" {
		return nil
	}
	until := a.Now()
	if t.State == queue.Connected || !t.State.Open() {
		until = t.Updated
	}
	return &talkJSON{
		Call: t.Call, Ticket: t.ID, State: t.State, Purpose: t.Purpose, Reason: t.Reason, Class: t.Class, Language: t.Language,
		Callback: len(t.Attempts) > 0, NoKeys: t.NoKeys, Waited: seconds(max(0, until.Sub(t.Arrived))) / 10 * 10, Attempts: len(t.Attempts),
	}
}

// How often the page of an agent hears: of the agent's own at once, but no more than a
// few times a second; of the others every two seconds; and it hears at least so often
// that it, and whatever stands between, know that the line is there.
const (
	eventGap   = 150 * time.Millisecond
	wallEvery  = 2 * time.Second
	eventAlive = 15 * time.Second
	eventWrite = 10 * time.Second // who does not read is cut off
)

// streamStation sends snapshots of an agent's station for as long as somebody listens.
func (a *api) streamStation(w http.ResponseWriter, r *http.Request, who Key) error {
	id := r.PathValue("id")
	if err := who.ownAgent(id); err != nil {
		return err
	}
	ctx, stop := a.visit(r.Context(), "events of "+id, who.ends)
	defer stop()
	s := stream{w: w, rc: http.NewResponseController(w)}
	var sent []byte
	var at time.Time
	for {
		news := a.Stations.News(who.Tenant, id) // before looking: what changes meanwhile is looked at again
		snapshot, err := a.snapshot(ctx, who.Tenant, id)
		if err != nil {
			if s.begun {
				return nil // the page asks again, and hears why
			}
			return err
		}
		now := time.Now()
		if body := mustJSON(snapshot); string(body) != string(sent) || now.Sub(at) >= eventAlive {
			sent, at = body, now
			snapshot.Now = since(a.Now())
			if s.send("snapshot", mustJSON(snapshot)) != nil {
				return nil
			}
		}
		if !pause(ctx, eventGap, nil) || !pause(ctx, wallEvery, news) {
			return nil
		}
	}
}

// pause waits until a time is over, or for news; false if ctx ended.
func pause(ctx context.Context, d time.Duration, news <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-news:
		return true
	case <-ctx.Done():
		return false
	}
}

func (a *api) snapshot(ctx context.Context, tenant, id string) (snapshotJSON, error) {
	st, err := a.Stations.Station(ctx, tenant, id)
	if err != nil {
		return snapshotJSON{}, err
	}
	wall, err := a.wall(ctx, tenant)
	if err != nil {
		return snapshotJSON{}, err
	}
	return snapshotJSON{Agent: a.showAgent(tenant, st.Agent), Talk: a.showTalk(st.Ticket), Team: wall.team, Queues: wall.queues}, nil
}

// wall is what all agents of a tenant are shown, made once for all of them.
type wall struct {
	mu           sync.Mutex
	at           time.Time
	team, queues json.RawMessage
}

// colleagueJSON is an agent as the others see one.
type colleagueJSON struct {
	ID      string      `json:"id"`
	State   agent.State `json:"state"`
	Ticket  string      `json:"ticket,omitempty"`
	Helping bool        `json:"helping,omitempty"`
}

// waitingJSON is a queue as agents see it.
type waitingJSON struct {
	Name      string `json:"name"`
	Waiting   int    `json:"waiting"`
	Callbacks int    `json:"callbacks"`
	Longest   int    `json:"longest_seconds"`
}

func (a *api) wall(ctx context.Context, tenant string) (shown struct{ team, queues json.RawMessage }, err error) {
	a.mu.Lock()
	w := a.walls[tenant]
	if w == nil {
		w = &wall{}
		a.walls[tenant] = w
	}
	a.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); now.Sub(w.at) >= wallEvery {
		if w.team, w.queues, err = a.paint(ctx, tenant); err != nil {
			return shown, err
		}
		w.at = now
	}
	shown.team, shown.queues = w.team, w.queues
	return shown, nil
}

func (a *api) paint(ctx context.Context, tenant string) (team, queues json.RawMessage, err error) {
	agents, err := a.Center.Agents(ctx, tenant)
	if err != nil {
		return nil, nil, err
	}
	colleagues := []colleagueJSON{}
	for _, one := range present(agents) {
		colleagues = append(colleagues, colleagueJSON{one.ID, one.State, one.Ticket, one.Helping})
	}
	lines := []waitingJSON{}
	for _, name := range a.Rules(tenant).Queues {
		st, err := a.Center.Status(ctx, tenant, name)
		if err != nil {
			return nil, nil, err
		}
		lines = append(lines, waitingJSON{name, st.Waiting, st.Callbacks, seconds(st.Longest)})
	}
	return mustJSON(colleagues), mustJSON(lines), nil
}

// mostColleagues bounds the list of those who may be asked for help.
const mostColleagues = 100

// present are the agents whom others may want to see: all who help somebody, and of those
// on duty, in a large center, as many as fit, who are ready first. The order is that of
// their ids.
func present(agents []agent.Agent) []agent.Agent {
	rank := func(one agent.Agent) int {
		switch {
		case one.Helping:
			return 0
		case one.State == agent.Ready:
			return 1
		}
		return 2
	}
	there := slices.DeleteFunc(slices.Clone(agents), func(one agent.Agent) bool { return one.State == agent.Away })
	slices.SortStableFunc(there, func(a, b agent.Agent) int { return rank(a) - rank(b) })
	there = there[:min(len(there), mostColleagues)]
	slices.SortFunc(there, func(a, b agent.Agent) int { return strings.Compare(a.ID, b.ID) })
	return there
}

// mustJSON is for what is made of strings, numbers and times, which always can be.
func mustJSON(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return body
}

// stream writes server-sent events (WHATWG HTML, 9.2).
type stream struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	begun bool
}

func (s *stream) send(event string, data []byte) error {
	if !s.begun {
		s.begun = true
		_ = s.rc.SetReadDeadline(time.Time{}) // whoever listens says nothing more
		s.w.Header().Set("Content-Type", "text/event-stream")
		s.w.Header().Set("X-Accel-Buffering", "no") // a proxy in front must not keep it back
		s.w.WriteHeader(http.StatusOK)
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(eventWrite))
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, data); err != nil {
		return fmt.Errorf("web: send an event: %w", err)
	}
	return s.rc.Flush()
}

// Stations are where agents work; dispatch.Tickets is.
type Stations interface {
	// Station tells what an agent does now; dispatch.ErrNotFound if there is no such one.
	Station(ctx context.Context, tenant, id string) (dispatch.Station, error)
	// News is closed when something of an agent, or of the agent's citizen, has changed
	// since. It may miss what another process did.
	News(tenant, id string) <-chan struct{}
	// SetAgentPhone has an agent rung at a page in a browser, or at the desk phone.
	SetAgentPhone(ctx context.Context, tenant, id, page string) (agent.Agent, error)
}
