// Package web is the HTTP API, and the door to the page of the agents: other systems
// hand over citizens to be called, pharmacies and family doctors register them, and
// those who run the call center look at queue, calls and agents. openapi.yaml, served
// at /api/openapi.yaml, is its reference; a test holds every answer to it.
//
//	handler := web.New(web.Deps{...})
//	err := web.Serve(ctx, listener, handler, web.TLS{})
//
// Who asks shows a key (Authorization: Bearer KEY). A key belongs to a tenant
// and a channel, and the channel decides what it opens:
//
//	portal, pharmacy, gp   hand over citizens; see what their own channel handed over
//	agent                  sees the queue, sets the states of agents, sees and leads
//	                       the call in which an agent serves a citizen
//	admin                  everything of its tenant
//
// In place of a key an agent shows the cookie of a session (session.go), which opens
// what the channel agent opens, but changes no other agent and shows no citizen with
// whom this one does not speak. The page (package console, served by page.go) lives by
// it: it follows its agent by server-sent events (station.go), and its telephone speaks
// SIP with the exchange through us.
//
// Something of another channel or tenant does not exist for a key: 404, never
// 403, so that nobody can find out that it is there.
//
// Answers hold no personal data: codes and numbers are masked for every key, the
// one that handed them over included, which knows them. What must be known whole
// to serve a citizen is in four answers, each of which leaves a line in the log
// that says so, and of whose ticket, and nothing of it: the hand-over of a call
// to the agent who has the citizen on the line (or the admin), a ticket of the
// worklist to the admin, and the spoken name of either. The one URL with
// personal data is /api/v1/registrations?fiscal_code=; queries are never logged,
// nor are paths: the log names the pattern of the route.
//
// Errors are application/problem+json (RFC 9457), pages are told by a cursor,
// times are RFC 3339 in UTC.
package web

import (
	_ "embed"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed openapi.yaml
var openAPI string

// Deps are what the API needs. All of them must be there.
type Deps struct {
	Keys []Key // who may ask; without any, only health and metrics answer

	Tickets       Tickets
	ReturnCalls   ReturnCalls
	Center        Center
	Supervision   Supervision
	Worklist      Worklist
	Talks         Talks
	Registrations Registrations
	Calls         Calls
	Health        Health
	Stations      Stations
	Exchange      Exchange
	Rules         func(tenant string) Rules

	// Account finds the agent of a name; false, and an account that no password opens,
	// if there is none who may sign in. SessionKey seals sessions: 32 secret bytes, the
	// same in every process.
	Account    func(name string) (Account, bool)
	SessionKey []byte
	Page       fs.FS // of the agents: index.html, and its files

	Metrics  http.Handler // serves /metrics
	Observer Observer
	Log      *slog.Logger
	Now      func() time.Time
}

// api is the handler of all routes.
type api struct {
	Deps
	failed  *failures
	guessed *failures
	looking chan struct{} // held by the one whose password is looked at

	mu     sync.Mutex
	walls  map[string]*wall    // by tenant
	visits map[string][]*visit // by what and whose
}

// A route is one operation of the API, as openapi.yaml describes it.
type route struct {
	method, pattern string
	open            bool      // no key is asked for
	session         bool      // only for who has signed in
	channels        []Channel // besides admin
	serve           func(*api, http.ResponseWriter, *http.Request, Key) error
}

// routes lists every operation.
func routes() []route {
	handsOver := []Channel{Portal, Pharmacy, GP}
	registers := []Channel{Pharmacy, GP}
	runs := []Channel{Agents}
	return []route{
		{"POST", "/api/v1/return-calls", false, false, handsOver, (*api).createReturnCall},
		{"GET", "/api/v1/return-calls", false, false, handsOver, (*api).listReturnCalls},
		{"GET", "/api/v1/return-calls/{id}", false, false, handsOver, (*api).getReturnCall},
		{"DELETE", "/api/v1/return-calls/{id}", false, false, handsOver, (*api).withdrawReturnCall},
		{"POST", "/api/v1/registrations", false, false, registers, (*api).createRegistration},
		{"GET", "/api/v1/registrations", false, false, handsOver, (*api).listRegistrations},
		{"GET", "/api/v1/tickets", false, false, runs, (*api).listTickets},
		{"POST", "/api/v1/tickets/{id}/change", false, false, runs, (*api).changeTicket},
		{"GET", "/api/v1/half-days", false, false, slices.Concat(handsOver, runs), (*api).listHalfDays},
		{"GET", "/api/v1/queues/{name}", false, false, runs, (*api).getQueue},
		{"GET", "/api/v1/queues/{name}/report", false, false, nil, (*api).getReport},
		{"POST", "/api/v1/queues/{name}/sweep", false, false, nil, (*api).sweepQueue},
		{"GET", "/api/v1/worklist", false, false, runs, (*api).listWorklist},
		{"GET", "/api/v1/worklist/{id}", false, false, nil, (*api).getWork},
		{"POST", "/api/v1/worklist/{id}", false, false, nil, (*api).closeWork},
		{"GET", "/api/v1/worklist/{id}/spoken-name", false, false, nil, (*api).getWorkName},
		{"GET", "/api/v1/calls/{id}", false, false, nil, (*api).getCall},
		{"GET", "/api/v1/calls/{id}/handover", false, false, runs, (*api).getHandover},
		{"GET", "/api/v1/calls/{id}/spoken-name", false, false, runs, (*api).getSpokenName},
		{"POST", "/api/v1/calls/{id}/wishes", false, false, runs, (*api).wishInTalk},
		{"GET", "/api/v1/agents", false, false, runs, (*api).listAgents},
		{"PUT", "/api/v1/agents/{id}/state", false, false, runs, (*api).setAgent},
		{"PUT", "/api/v1/agents/{id}/phone", false, false, runs, (*api).setPhone},
		{"GET", "/api/v1/agents/{id}/events", false, false, runs, (*api).streamStation},
		{"POST", "/api/v1/session", true, false, nil, (*api).signIn},
		{"GET", "/api/v1/session", false, true, runs, (*api).getSession},
		{"DELETE", "/api/v1/session", false, true, runs, (*api).signOut},
		{"GET", "/api/openapi.yaml", true, false, nil, (*api).getOpenAPI},
		{"GET", "/healthz", true, false, nil, (*api).getHealth},
		{"GET", "/readyz", true, false, nil, (*api).getReady},
		{"GET", "/metrics", true, false, nil, (*api).getMetrics},
	}
}

// pages lists what a browser asks for, and openapi.yaml does not describe.
func pages() []route {
	return []route{
		{"GET", "/{$}", true, false, nil, (*api).getPage},
		{"GET", pagePath + "{file...}", true, false, nil, (*api).getPageFile},
		{"GET", phonePath, false, true, []Channel{Agents}, (*api).joinPhone},
	}
}

// New makes the handler of everything that is served over HTTP.
func New(d Deps) http.Handler {
	a := &api{
		Deps: d, failed: newFailures(d.Now, wrongKeys, forgiveness), guessed: newFailures(d.Now, wrongPasswords, passwordForgiveness),
		looking: make(chan struct{}, 1), walls: map[string]*wall{}, visits: map[string][]*visit{},
	}
	byPattern := map[string][]route{}
	for _, r := range slices.Concat(routes(), pages()) {
		byPattern[r.pattern] = append(byPattern[r.pattern], r)
	}
	mux := http.NewServeMux()
	for pattern, list := range byPattern {
		mux.Handle(pattern, a.outer(pattern, a.methods(list)))
	}
	mux.Handle("/", a.outer("(none)", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.problem(w, problemNotFound)
	})))
	return mux
}

// methods serves the operations of one pattern.
func (a *api) methods(list []route) http.Handler {
	allowed := make([]string, 0, len(list)+1)
	for _, r := range list {
		allowed = append(allowed, r.method)
		if r.method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		method := req.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		at := slices.IndexFunc(list, func(r route) bool { return r.method == method })
		if at < 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			a.problem(w, problemMethod)
			return
		}
		a.admit(list[at], w, req)
	})
}

// admit lets a request in if its key may do what it asks for, and turns the
// error of what it did into an answer.
func (a *api) admit(r route, w http.ResponseWriter, req *http.Request) {
	var who Key
	if !r.open {
		var p *problem
		if who, p = a.authenticate(req); p != nil {
			a.problem(w, *p)
			return
		}
		noteKey(w, who)
		if who.Channel != Admin && !slices.Contains(r.channels, who.Channel) || r.session && who.Agent == "" {
			a.problem(w, problemForbidden)
			return
		}
	}
	if err := r.serve(a, w, req, who); err != nil {
		a.fail(w, err)
	}
}
