package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
	"richiamo/internal/queue"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What the service does for the API, as fakes: everything in memory.

var _ interface {
	Tickets
	ReturnCalls
	Center
} = (*dispatch.Tickets)(nil)

type world struct {
	mu            sync.Mutex
	now           time.Time
	tickets       []queue.Ticket
	byKey         map[string]string
	agents        []agent.Agent
	registrations []desk.Registration
	calls         map[string]Call
	parts         []Part
	err           error // what everything answers, if set
	served        []string
	authFailures  int
	cursors       []string // that Page was asked for
}

func (w *world) lock() func() { w.mu.Lock(); return w.mu.Unlock }

func (w *world) find(tenant, id string) int {
	return slices.IndexFunc(w.tickets, func(t queue.Ticket) bool { return t.Tenant == tenant && t.ID == id })
}

func (w *world) Ticket(_ context.Context, tenant, id string) (queue.Ticket, error) {
	defer w.lock()()
	i := w.find(tenant, id)
	if w.err != nil || i < 0 {
		return queue.Ticket{}, cmp.Or(w.err, fmt.Errorf("%w: a ticket", dispatch.ErrNotFound))
	}
	return w.tickets[i], nil
}

func (w *world) Page(_ context.Context, tenant string, states []queue.State, cursor string, limit int) ([]queue.Ticket, string, error) {
	defer w.lock()()
	w.cursors = append(w.cursors, cursor)
	var list []queue.Ticket
	for _, t := range w.tickets {
		if t.Tenant == tenant && slices.Contains(states, t.State) && (cursor == "" || t.ID < cursor) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b queue.Ticket) int { return strings.Compare(b.ID, a.ID) })
	if len(list) > limit {
		return list[:limit], list[limit-1].ID, w.err
	}
	return list, "", w.err
}

func (w *world) Open(_ context.Context, tenant string) ([]queue.Ticket, error) {
	defer w.lock()()
	var list []queue.Ticket
	for _, t := range w.tickets {
		if t.Tenant == tenant && t.State.Open() {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, queue.Compare)
	return list, w.err
}

func (w *world) CreateReturn(_ context.Context, tenant, key string, r dispatch.ReturnCall) (queue.Ticket, error) {
	defer w.lock()()
	if w.err != nil {
		return queue.Ticket{}, w.err
	}
	if id, ok := w.byKey[r.Channel+key]; ok {
		return w.tickets[w.find(tenant, id)], nil
	}
	t := queue.Ticket{
		ID: fmt.Sprintf("t%03d", len(w.tickets)), Tenant: tenant, Queue: "persone", Purpose: r.Purpose, State: queue.Pending, Arrived: w.now,
		NotBefore: r.NotBefore, Phone: r.Phone, Citizen: r.Citizen, Language: r.Language, Note: r.Note, Channel: r.Channel, Updated: w.now, Version: 1,
		Reason: queue.ReasonHandedOver, NeedsAgent: r.Purpose != queue.Verification,
	}
	w.byKey[r.Channel+key] = t.ID
	w.tickets = append(w.tickets, t)
	return t, nil
}

func (w *world) Withdraw(_ context.Context, tenant, id string) (queue.Ticket, error) {
	defer w.lock()()
	i := w.find(tenant, id)
	if w.err != nil {
		return queue.Ticket{}, w.err
	}
	t, err := w.tickets[i].Withdraw(w.now, queue.ReasonWithdrawn)
	if err == nil {
		w.tickets[i] = t
	}
	return t, err
}

func (w *world) Status(_ context.Context, _, name string) (dispatch.Status, error) {
	defer w.lock()()
	if w.err != nil || name != "persone" {
		return dispatch.Status{}, cmp.Or(w.err, dispatch.ErrNotFound)
	}
	st := dispatch.Status{Queue: name, Waiting: 2, Callbacks: 3, Longest: 90 * time.Second, Wait: 7 * time.Minute, Agents: map[agent.State]int{}}
	for _, a := range w.agents {
		st.Agents[a.State]++
		st.Known = st.Known || a.State.OnDuty()
	}
	return st, nil
}

func (w *world) Agents(context.Context, string) ([]agent.Agent, error) {
	defer w.lock()()
	return slices.Clone(w.agents), w.err
}

func (w *world) SetAgentState(_ context.Context, _, id string, s agent.State, reason string) (agent.Agent, error) {
	defer w.lock()()
	i := slices.IndexFunc(w.agents, func(a agent.Agent) bool { return a.ID == id })
	if w.err != nil || i < 0 {
		return agent.Agent{}, cmp.Or(w.err, dispatch.ErrNotFound)
	}
	a, err := w.agents[i].Set(w.now, s, reason)
	if err == nil {
		w.agents[i] = a
	}
	return a, err
}

func (w *world) Call(_ context.Context, tenant, id string) (Call, error) {
	defer w.lock()()
	c, ok := w.calls[tenant+"/"+id]
	if w.err != nil || !ok {
		return c, cmp.Or(w.err, ErrNotFound)
	}
	return c, nil
}

func (w *world) Parts(context.Context) []Part { return w.parts }

func (w *world) Served(method, route string, status int, _ time.Duration) {
	defer w.lock()()
	w.served = append(w.served, fmt.Sprintf("%s %s %d", method, route, status))
}

func (w *world) AuthFailed() {
	defer w.lock()()
	w.authFailures++
}

// list is the campaign's list: a type of its own, since Page is taken.
type list struct{ *world }

func (l list) Register(_ context.Context, tenant, channel string, code fiscalcode.Code, n phone.Number) (desk.Registration, bool, error) {
	defer l.lock()()
	if l.err != nil {
		return desk.Registration{}, false, l.err
	}
	for _, r := range l.registrations {
		if r.Tenant == tenant && r.Citizen == code.Reveal() {
			return r, false, nil
		}
	}
	r := desk.Registration{
		Tenant: tenant, Campaign: "over80", Citizen: code.Reveal(), Phone: n.Reveal(), Channel: channel,
		Receipt: fmt.Sprintf("%06d", 417259+len(l.registrations)), At: l.now,
	}
	l.registrations = append(l.registrations, r)
	return r, true, nil
}

func (l list) Of(_ context.Context, tenant string, code fiscalcode.Code) (desk.Registration, error) {
	defer l.lock()()
	for _, r := range l.registrations {
		if r.Tenant == tenant && r.Citizen == code.Reveal() {
			return r, l.err
		}
	}
	return desk.Registration{}, cmp.Or(l.err, desk.ErrNotFound)
}

func (l list) Page(_ context.Context, tenant, cursor string, limit int) ([]desk.Registration, string, error) {
	defer l.lock()()
	var page []desk.Registration
	for _, r := range slices.Backward(l.registrations) {
		if r.Tenant == tenant && (cursor == "" || r.Receipt < cursor) {
			page = append(page, r)
		}
	}
	if len(page) > limit {
		return page[:limit], page[limit-1].Receipt, l.err
	}
	return page, "", l.err
}

// harness is the API over a world, and holds every exchange to openapi.yaml.
type harness struct {
	*world
	t       *testing.T
	handler http.Handler
	router  routers.Router
	log     *bytes.Buffer
}

func keyOf(channel Channel) string { return "the-key-of-" + string(channel) }

func setUp(t *testing.T) *harness {
	t.Helper()
	w := &world{
		now: time.Date(2027, 2, 15, 9, 30, 0, 0, time.UTC), byKey: map[string]string{}, calls: map[string]Call{},
		parts: []Part{{Name: "redis", Ready: true}, {Name: "asterisk", Ready: true}},
	}
	h := &harness{world: w, t: t, log: &bytes.Buffer{}, router: description(t)}
	var keys []Key
	for _, c := range []Channel{Portal, Pharmacy, GP, Agents, Admin} {
		keys = append(keys, Key{"demo", c, sha256.Sum256([]byte(keyOf(c)))})
	}
	keys = append(keys, Key{"other", Admin, sha256.Sum256([]byte(keyOf("other-admin")))})
	h.handler = New(Deps{
		Keys: keys, Tickets: w, ReturnCalls: w, Center: w, Registrations: list{w}, Calls: w, Health: w, Observer: w,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = io.WriteString(w, "up 1\n")
		}),
		Log: slog.New(slog.NewTextHandler(h.log, nil)), Now: func() time.Time { defer w.lock()(); return w.now },
	})
	return h
}

// description loads openapi.yaml, once for all tests.
func description(t *testing.T) routers.Router {
	t.Helper()
	router, err := loadDescription()
	require.NoError(t, err)
	return router
}

var loadDescription = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(openAPI))
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Body   map[string]any
	Raw    string
}

func (a answer) items() []map[string]any {
	var list []map[string]any
	for _, i := range a.Body["items"].([]any) {
		list = append(list, i.(map[string]any))
	}
	return list
}

// problem is the name of the problem that was answered.
func (a answer) problem() string {
	text, _ := a.Body["type"].(string)
	return strings.TrimPrefix(text, "urn:richiamo:problem:")
}

// wrongFields are the names of the fields that were complained about.
func (a answer) wrongFields() (names []string) {
	list, _ := a.Body["errors"].([]any)
	for _, e := range list {
		names = append(names, e.(map[string]any)["field"].(string))
	}
	return names
}

// do sends a request with the key of a channel ("" for none), checks the answer
// against openapi.yaml, and the request too when it was accepted. headers come
// as name, value.
func (h *harness) do(channel Channel, method, url string, body any, headers ...string) answer {
	h.t.Helper()
	var sent []byte
	switch b := body.(type) {
	case nil:
	case string:
		sent = []byte(b)
	default:
		var err error
		sent, err = json.Marshal(b)
		require.NoError(h.t, err)
	}
	request := func() *http.Request {
		r := httptest.NewRequest(method, url, bytes.NewReader(sent))
		if sent != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		if channel != "" {
			r.Header.Set("Authorization", "Bearer "+keyOf(channel))
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r
	}
	rec := httptest.NewRecorder()
	h.handler.ServeHTTP(rec, request())
	a := answer{Status: rec.Code, Header: rec.Header(), Raw: rec.Body.String()}
	if strings.Contains(a.Header.Get("Content-Type"), "json") && method != http.MethodHead {
		require.NoError(h.t, json.Unmarshal(rec.Body.Bytes(), &a.Body), a.Raw)
	}
	h.hold(request(), a)
	return a
}

// hold checks an exchange against the description. Nothing is described of a
// path or method that there is not; HEAD is GET without a body.
func (h *harness) hold(r *http.Request, a answer) {
	h.t.Helper()
	if r.Method == http.MethodHead {
		return
	}
	found, params, err := h.router.FindRoute(r)
	if err != nil {
		require.Contains(h.t, []int{404, 405, 403}, a.Status, "%s %s is not described", r.Method, r.URL)
		return
	}
	opts := &openapi3filter.Options{
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
		IncludeResponseStatus: true,
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: found, Options: opts}
	if a.Status < 300 {
		require.NoError(h.t, openapi3filter.ValidateRequest(r.Context(), in), "accepted, but not as described")
	}
	require.NoError(h.t, openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.Status, Header: a.Header, Body: io.NopCloser(strings.NewReader(a.Raw)), Options: opts,
	}), a.Raw)
}

// The check itself bites: an answer that the description does not allow is seen.
func TestDescriptionIsHeld(t *testing.T) {
	t.Parallel()
	router := description(t)
	good := `{"id":"t1","state":"done","purpose":"verify","channel":"portal","created_at":"2027-02-15T09:30:00Z","updated_at":"2027-02-15T09:30:00Z","attempts":[]}`
	for body, ok := range map[string]bool{
		good: true,
		strings.Replace(good, `"done"`, `"waiting"`, 1):                             false,
		strings.Replace(good, `{"id"`, `{"word":"471","id"`, 1):                     false,
		strings.Replace(good, `,"attempts":[]`, ``, 1):                              false,
		strings.Replace(good, `[]`, `[{"number":0}]`, 1):                            false,
		strings.Replace(good, `00Z"`, `00+01:00"`, 1):                               false,
		strings.Replace(good, `{"id"`, `{"phone":"0212345603","id"`, 1):             false,
		strings.Replace(good, `{"id"`, `{"fiscal_code":"`+lucia+`","id"`, 1):        false,
		strings.Replace(good, `{"id"`, `{"fiscal_code":"***************I","id"`, 1): true,
	} {
		r := httptest.NewRequest("GET", "/api/v1/return-calls/t1", nil)
		found, params, err := router.FindRoute(r)
		require.NoError(t, err)
		opts := &openapi3filter.Options{IncludeResponseStatus: true}
		err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: found, Options: opts},
			Status:                 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Options: opts,
		})
		if ok {
			require.NoError(t, err, body)
		} else {
			require.Error(t, err, body)
		}
	}
}
