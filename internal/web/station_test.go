package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

func (w *world) Station(_ context.Context, _, id string) (dispatch.Station, error) {
	defer w.lock()()
	i := slices.IndexFunc(w.agents, func(a agent.Agent) bool { return a.ID == id })
	if w.err != nil || i < 0 {
		return dispatch.Station{}, errors.Join(w.err, dispatch.ErrNotFound)
	}
	st := dispatch.Station{Agent: w.agents[i]}
	if t := w.find("demo", st.Agent.Ticket); t >= 0 {
		st.Ticket = w.tickets[t]
	}
	return st, nil
}

func (w *world) News(_, _ string) <-chan struct{} {
	defer w.lock()()
	return w.news
}

// change does something that is told as news.
func (w *world) change(f func()) {
	defer w.lock()()
	f()
	close(w.news)
	w.news = make(chan struct{})
}

func (w *world) SetAgentPhone(_ context.Context, _, id, page string) (agent.Agent, error) {
	defer w.lock()()
	i := slices.IndexFunc(w.agents, func(a agent.Agent) bool { return a.ID == id })
	if i < 0 {
		return agent.Agent{}, dispatch.ErrNotFound
	}
	w.agents[i] = w.agents[i].At(page)
	return w.agents[i], nil
}

// exchange is one that telephones in browsers may be opened at.
type exchange struct {
	opened []string // names and passwords
	err    error
	socket *url.URL
}

func (x *exchange) OpenPhone(_ context.Context, name, password string) error {
	x.opened = append(x.opened, name+" "+password)
	return x.err
}

func (x *exchange) PhoneSocket() *url.URL { return x.socket }

func TestPhoneOfAnAgent(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "anna", Tenant: "demo", State: agent.Away, Unreached: h.now}}
	mine := h.signIn("anna")
	set := func(kind string) answer {
		return h.do("", "PUT", "/api/v1/agents/anna/phone", map[string]string{"kind": kind}, mine...)
	}
	first, second := set("browser"), set("browser")
	require.Equal(t, http.StatusOK, second.Status)
	assert.NotEqual(t, first.Body["password"], second.Body["password"], "who had it before is out")
	assert.NotEqual(t, first.Body["page"], second.Body["page"])
	assert.Equal(t, "anna.browser "+second.Body["password"].(string), h.exchange.opened[1])
	assert.Equal(t, "sip:anna.browser@richiamo.invalid", second.Body["uri"])
	assert.Equal(t, second.Body["page"], h.agents[0].Page)
	assert.Zero(t, h.agents[0].Unreached, "that was another telephone")
	assert.NotContains(t, h.log.String(), second.Body["password"])

	h.exchange.err = errors.New("away")
	failed := set("browser")
	assert.Equal(t, http.StatusServiceUnavailable, failed.Status)
	assert.Equal(t, second.Body["page"], h.agents[0].Page, "it stays as it was")

	assert.Equal(t, map[string]any{"kind": "desk"}, set("desk").Body)
	assert.Empty(t, h.agents[0].Page)
	assert.Equal(t, http.StatusUnprocessableEntity, set("fax").Status)
	assert.Equal(t, http.StatusNotFound, h.do(Admin, "PUT", "/api/v1/agents/carla/phone", map[string]string{"kind": "desk"}).Status)
}

// serve is the API on a real server, which stops when ctx ends.
func (h *harness) serve(ctx context.Context) (address string, stopped <-chan error) {
	h.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(h.t, err)
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, h.handler, TLS{}) }()
	return l.Addr().String(), done
}

func (h *harness) get(address, path string, headers ...string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, "http://"+address+path, nil)
	require.NoError(h.t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Do(r)
	require.NoError(h.t, err)
	return got
}

// nextEvent reads an event and holds it to the description.
func (h *harness) nextEvent(from *bufio.Reader) map[string]any {
	h.t.Helper()
	kind, err := from.ReadString('\n')
	require.NoError(h.t, err)
	require.Equal(h.t, "event: snapshot\n", kind)
	line, err := from.ReadString('\n')
	require.NoError(h.t, err)
	_, err = from.ReadString('\n')
	require.NoError(h.t, err)
	var data map[string]any
	require.NoError(h.t, json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &data))
	doc, err := openapi3.NewLoader().LoadFromData([]byte(openAPI))
	require.NoError(h.t, err)
	require.NoError(h.t, doc.Components.Schemas["Snapshot"].Value.VisitJSON(data, openapi3.EnableJSONSchema2020()), line)
	return data
}

func TestEvents(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "anna", Tenant: "demo", State: agent.Ready}, {ID: "bruno", Tenant: "demo", State: agent.Paused}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, stopped := h.serve(ctx)
	got := h.get(address, "/api/v1/agents/anna/events", h.signIn("anna")...)
	defer got.Body.Close()
	assert.Equal(t, "text/event-stream", got.Header.Get("Content-Type"))
	events := bufio.NewReader(got.Body)
	first := h.nextEvent(events)
	assert.Equal(t, "ready", first["agent"].(map[string]any)["state"])
	assert.NotContains(t, first, "talk")
	assert.Len(t, first["team"], 2)
	assert.Equal(t, "persone", first["queues"].([]any)[0].(map[string]any)["name"])

	number, err := phone.Parse(luciaPhone)
	require.NoError(t, err)
	h.change(func() {
		h.agents[0].State, h.agents[0].Ticket = agent.Ringing, "t1"
		h.tickets = []queue.Ticket{{
			ID: "t1", Tenant: "demo", State: queue.Dialling, Purpose: queue.WantsPerson, Agent: "anna", Call: "t1-1", Arrived: h.now.Add(-64 * time.Second),
			Citizen: lucia, Phone: number, Note: "in tedesco", Attempts: []queue.Attempt{{N: 1}}, Channel: "phone",
		}}
	})
	second := h.nextEvent(events)
	talk := second["talk"].(map[string]any)
	assert.Equal(t, "t1-1", talk["call"])
	assert.Equal(t, true, talk["callback"])
	assert.EqualValues(t, 60, talk["waited_seconds"], "by tens, so that time alone is no news")
	raw, err := json.Marshal(second)
	require.NoError(t, err)
	for _, personal := range []string{lucia, lucia[10:], luciaPhone, "in tedesco"} {
		assert.NotContains(t, string(raw), personal)
	}

	stop() // the service stops: the page hears the end at once and comes back
	_, err = events.ReadByte()
	require.Error(t, err)
	require.NoError(t, <-stopped)
}

// Of a thousand colleagues those are shown who can be asked, and whoever helps.
func TestColleaguesAreFew(t *testing.T) {
	t.Parallel()
	var team []agent.Agent
	for i := range 1000 {
		state := []agent.State{agent.Away, agent.Talking, agent.Ready, agent.Paused}[i%4]
		team = append(team, agent.Agent{ID: fmt.Sprintf("a%03d", i), State: state, Helping: i == 997})
	}
	shown := present(team)
	require.Len(t, shown, mostColleagues)
	assert.True(t, slices.IsSortedFunc(shown, func(a, b agent.Agent) int { return strings.Compare(a.ID, b.ID) }))
	helping := 0
	for _, one := range shown {
		if one.Helping {
			helping++
		} else {
			assert.Equal(t, agent.Ready, one.State)
		}
	}
	assert.Equal(t, 1, helping)
	assert.Len(t, present(team[:8]), 6, "who is away is nobody to be asked")
}

func TestEventsEndWithTheSession(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "anna", Tenant: "demo", State: agent.Ready}}
	mine := h.signIn("anna")
	func() { defer h.lock()(); h.now = h.now.Add(sessionLasts - 20*time.Millisecond) }()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, stopped := h.serve(ctx)
	got := h.get(address, "/api/v1/agents/anna/events", mine...)
	defer got.Body.Close()
	events := bufio.NewReader(got.Body)
	h.nextEvent(events)
	_, err := events.ReadByte()
	require.Error(t, err, "it has ended by itself")
	stop()
	require.NoError(t, <-stopped)
}

func TestPage(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	got := h.do("", "GET", "/", nil)
	assert.Equal(t, http.StatusOK, got.Status)
	assert.Contains(t, got.Header.Get("Content-Type"), "text/html")
	assert.Contains(t, got.Header.Get("Content-Security-Policy"), "default-src 'self'")
	assert.Contains(t, got.Header.Get("Permissions-Policy"), "microphone=(self)")
	assert.Contains(t, h.do("", "GET", "/console/desk.js", nil).Header.Get("Content-Type"), "javascript")
	assert.Equal(t, http.StatusOK, h.do("", "GET", "/console/fonts/a.woff2", nil).Status)
	for _, none := range []string{"/console/none.js", "/console/", "/console/fonts", "/console/../go.mod", "/none"} {
		assert.Contains(t, []int{http.StatusNotFound, http.StatusTemporaryRedirect, http.StatusMovedPermanently}, h.do("", "GET", none, nil).Status, none)
	}
}

// The exchange is reached through us by who has signed in, from our own page.
func TestPhoneSocket(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "anna", Tenant: "demo", State: agent.Ready}}
	seen := make(chan http.Header, 1)
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Clone()
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"sip"}})
		if err != nil {
			return
		}
		for {
			kind, said, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, said) != nil {
				return
			}
		}
	}))
	defer behind.Close()
	socket, err := url.Parse(behind.URL + "/ws")
	require.NoError(t, err)
	h.exchange.socket = socket
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, stopped := h.serve(ctx)
	dial := func(origin string, headers ...string) (*websocket.Conn, int) {
		header := http.Header{"Origin": {origin}}
		for i := 0; i < len(headers); i += 2 {
			header.Set(headers[i], headers[i+1])
		}
		transport := &http.Transport{DisableKeepAlives: true}
		c, got, err := websocket.Dial(t.Context(), "ws://"+address+phonePath, &websocket.DialOptions{
			Subprotocols: []string{"sip"}, HTTPHeader: header, HTTPClient: &http.Client{Transport: transport},
		})
		if err != nil {
			require.NotNil(t, got)
		}
		return c, got.StatusCode
	}
	mine := h.signIn("anna")
	for _, tt := range []struct {
		origin  string
		headers []string
		status  int
	}{
		{"http://" + address, nil, http.StatusUnauthorized},
		{"http://" + address, []string{"Authorization", "Bearer " + keyOf(Admin)}, http.StatusForbidden},
		{"http://elsewhere.example", mine, http.StatusForbidden},
		{"", mine, http.StatusForbidden},
	} {
		_, status := dial(tt.origin, tt.headers...)
		assert.Equal(t, tt.status, status, tt.origin)
	}
	plain := h.get(address, phonePath, mine...)
	assert.Equal(t, http.StatusUpgradeRequired, plain.StatusCode)
	_ = plain.Body.Close()

	c, status := dial("http://"+address, mine...)
	require.Equal(t, http.StatusSwitchingProtocols, status)
	assert.Equal(t, "sip", c.Subprotocol())
	passed := <-seen
	assert.Empty(t, passed.Get("Cookie"), "the exchange need not know who has signed in")
	require.NoError(t, c.Write(t.Context(), websocket.MessageText, []byte("OPTIONS")))
	_, said, err := c.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "OPTIONS", string(said))

	for range mostVisits { // left behind by a network that comes and goes
		next, _ := dial("http://"+address, mine...)
		defer func() { _ = next.CloseNow() }()
		<-seen
	}
	_, _, err = c.Read(t.Context())
	require.Error(t, err, "the oldest gives way")
	last, _ := dial("http://"+address, mine...)
	<-seen
	stop()
	_, _, err = last.Read(t.Context())
	require.Error(t, err, "it is over with the service")
	_ = last.CloseNow()
	_ = c.CloseNow()
	require.NoError(t, <-stopped)
	assert.Eventually(t, func() bool { defer h.lock()(); return slices.Contains(h.world.served, "GET /phone 101") }, 5*time.Second, 10*time.Millisecond)
}
