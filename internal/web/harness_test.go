package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
		parts:     []Part{{Name: "redis", Ready: true}, {Name: "asterisk", Ready: true}},
		passwords: passwords(), news: make(chan struct{}), exchange: &exchange{},
	}
	h := &harness{world: w, t: t, log: &bytes.Buffer{}, router: description(t)}
	var keys []Key
	for _, c := range []Channel{Portal, Pharmacy, GP, Agents, Admin} {
		keys = append(keys, Key{Tenant: "demo", Channel: c, SHA256: sha256.Sum256([]byte(keyOf(c)))})
	}
	keys = append(keys, Key{Tenant: "other", Channel: Admin, SHA256: sha256.Sum256([]byte(keyOf("other-admin")))})
	h.handler = New(Deps{
		Keys: keys, Tickets: w, ReturnCalls: w, Center: w, Registrations: list{w}, Calls: w, Health: w, Observer: w,
		Supervision: w, Worklist: w, Talks: w,
		Rules: func(string) Rules {
			return Rules{Outcomes: []string{"resolved", "call-again"}, OutcomeRequired: true, WrapUpLimit: 3 * time.Minute, Queues: []string{"persone"}}
		},
		Stations: w, Exchange: w.exchange, Account: w.account, SessionKey: []byte("sealed with this"), Page: pagesOf(),
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
	if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, pagePath) {
		return // the page, and its files
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
	good := `{"id":"t1","state":"done","purpose":"verify","channel":"portal","joined":0,"replanned":0,"created_at":"2027-02-15T09:30:00Z","updated_at":"2027-02-15T09:30:00Z","attempts":[]}`
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
