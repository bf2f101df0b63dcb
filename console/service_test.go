package console_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"richiamo/console"
)

type object = map[string]any

// service is the HTTP API as the page sees it: what it was told and asked, word for
// word, and no more sense than the test puts into it.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	signedIn bool
	snapshot object
	changed  chan struct{}
	cards    map[string]object // hand-overs, by call
	asked    []string          // METHOD path body, in order; of GET, those refused
	refuse   map[string]object // problems, by METHOD path
	page     int               // how often the telephone was given away
	// overtaken: another page takes the telephone before this one hears that it had it.
	overtaken bool
	exchange  *exchange
}

const (
	agentName = "agent1"
	password  = "una-password-inventata"
)

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{changed: make(chan struct{}), cards: map[string]object{}, refuse: map[string]object{}, exchange: &exchange{answers: map[string]string{}}}
	s.snapshot = object{
		"agent":  object{"id": agentName, "state": "away", "misses": 0, "skills": []string{}, "helping": false, "wrap_up_overdue": false, "phone": "desk"},
		"team":   []object{{"id": agentName, "state": "ready"}, {"id": "agent2", "state": "ready"}, {"id": "agent3", "state": "paused"}},
		"queues": []object{{"name": "prenotazioni", "waiting": 4, "callbacks": 12, "longest_seconds": 185}, {"name": "vaccini", "waiting": 0, "callbacks": 3, "longest_seconds": 0}},
	}
	mux := http.NewServeMux()
	files := http.FileServerFS(console.FS())
	mux.Handle("GET /{$}", files)
	mux.Handle("GET /console/{file}", http.StripPrefix("/console", files))
	mux.Handle("GET /phone", s.exchange)
	mux.HandleFunc("POST /api/v1/session", s.signIn)
	mux.HandleFunc("GET /api/v1/session", s.known(s.session))
	mux.HandleFunc("DELETE /api/v1/session", s.known(s.signOut))
	mux.HandleFunc("PUT /api/v1/agents/agent1/phone", s.known(s.phone))
	mux.HandleFunc("GET /api/v1/agents/agent1/events", s.known(s.events))
	mux.HandleFunc("PUT /api/v1/agents/agent1/state", s.known(s.state))
	mux.HandleFunc("GET /api/v1/calls/{call}/handover", s.known(s.handover))
	mux.HandleFunc("POST /api/v1/calls/{call}/wishes", s.known(func(w http.ResponseWriter, r *http.Request, body string) { answer(w, 202, object{}) }))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections() // streams end with the pages otherwise
		s.Close()
	})
	return s
}

func answer(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func problem(w http.ResponseWriter, status int, name string) {
	answer(w, status, object{"type": "urn:richiamo:problem:" + name, "title": name, "status": status, "detail": "Detail of " + name + "."})
}

// known refuses who has not signed in, notes what is asked, and refuses what the
// test wants refused.
func (s *service) known(handle func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		what := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1")
		s.mu.Lock()
		signedIn, refused := s.signedIn, s.refuse[what]
		if r.Method != http.MethodGet || refused != nil {
			s.asked = append(s.asked, strings.TrimSpace(what+" "+string(body)))
		}
		s.mu.Unlock()
		switch {
		case !signedIn:
			problem(w, http.StatusUnauthorized, "unauthorized")
		case refused != nil:
			problem(w, refused["status"].(int), refused["name"].(string))
		default:
			handle(w, r, string(body))
		}
	}
}

func (s *service) signIn(w http.ResponseWriter, r *http.Request) {
	var given struct{ Agent, Password string }
	_ = json.NewDecoder(r.Body).Decode(&given)
	s.mu.Lock()
	refused := s.refuse["POST /session"]
	ok := refused == nil && given.Agent == agentName && given.Password == password
	s.signedIn = s.signedIn || ok
	s.mu.Unlock()
	switch {
	case refused != nil:
		w.Header().Set("Retry-After", "7")
		problem(w, http.StatusTooManyRequests, "too-many-wrong-keys")
	case !ok:
		problem(w, http.StatusUnauthorized, "wrong-password")
	default:
		s.session(w, r, "")
	}
}

func (s *service) session(w http.ResponseWriter, _ *http.Request, _ string) {
	answer(w, http.StatusOK, object{
		"agent": agentName, "authority": "ASL Esempio", "expires_at": time.Now().Add(time.Hour), "outcomes": []string{"resolved", "booked", "call-again", "altro-esito"},
		"outcome_required": true, "wrap_up_limit_seconds": 120, "queues": []string{"prenotazioni", "vaccini"},
	})
}

func (s *service) signOut(w http.ResponseWriter, _ *http.Request, _ string) {
	s.mu.Lock()
	s.signedIn = false
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (s *service) phone(w http.ResponseWriter, _ *http.Request, body string) {
	if strings.Contains(body, "desk") {
		s.say(object{"phone": "desk", "page": nil})
		answer(w, http.StatusOK, object{"kind": "desk"})
		return
	}
	s.mu.Lock()
	s.page++
	page := strings.Repeat("p", s.page)
	s.mu.Unlock()
	s.say(object{"phone": "browser", "page": page})
	if s.overtaken {
		s.say(object{"page": "of-another-page"})
	}
	answer(w, http.StatusOK, object{
		"kind": "browser", "page": page, "uri": "sip:agent1.browser@richiamo.invalid", "username": "agent1.browser", "password": "x", "websocket": "/phone",
	})
}

// state does what is asked, as the service does when nothing is in the way.
func (s *service) state(w http.ResponseWriter, _ *http.Request, body string) {
	var want object
	_ = json.Unmarshal([]byte(body), &want)
	s.say(object{"state": want["state"], "reason": want["reason"], "since": time.Now(), "writes_up": nil})
	s.mu.Lock()
	one := maps.Clone(s.snapshot["agent"].(object))
	s.mu.Unlock()
	delete(one, "phone")
	delete(one, "page")
	answer(w, http.StatusOK, one)
}

func (s *service) handover(w http.ResponseWriter, r *http.Request, _ string) {
	s.mu.Lock()
	card := s.cards[r.PathValue("call")]
	s.mu.Unlock()
	if card == nil {
		problem(w, http.StatusNotFound, "not-found")
		return
	}
	answer(w, http.StatusOK, card)
}

func (s *service) events(w http.ResponseWriter, r *http.Request, _ string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		s.mu.Lock()
		s.snapshot["now"] = time.Now()
		data, _ := json.Marshal(s.snapshot)
		changed := s.changed
		s.mu.Unlock()
		_, _ = w.Write([]byte("event: snapshot\ndata: " + string(data) + "\n\n"))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// say changes the agent of the snapshots; nil takes a field away.
func (s *service) say(agent object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := maps.Clone(s.snapshot["agent"].(object))
	for key, value := range agent {
		if one[key] = value; value == nil {
			delete(one, key)
		}
	}
	s.show("agent", one)
}

// tell changes another part of the snapshots.
func (s *service) tell(part string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.show(part, value)
}

func (s *service) show(part string, value any) {
	s.snapshot = maps.Clone(s.snapshot)
	if s.snapshot[part] = value; value == nil {
		delete(s.snapshot, part)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// expire ends the session without a word, as time does, and what hangs on it.
func (s *service) expire() {
	s.mu.Lock()
	s.signedIn = false
	s.mu.Unlock()
}

func (s *service) refuses(what string, status int, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse[what] = object{"status": status, "name": name}
}

func (s *service) heard(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.asked, what)
}

func (s *service) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// talks has the agent speak with Lucia, who is invented.
func (s *service) talks() {
	s.mu.Lock()
	s.cards["c1"] = object{
		"call": "c1", "ticket": "t1", "agent": agentName, "state": "connected", "purpose": "unidentified", "channel": "portal", "class": "frail", "phone": "0212345603", "fiscal_code": "FRRLCU38T53F205I",
		"citizen": object{"surname": "FERRARI", "given_name": "LUCIA", "birth_date": "1938-12-13", "municipality": "MILANO"},
		"keyed":   "3775828853332051", "no_keys": false, "language": "it", "note": "Preferisce la mattina. È dura d'orecchio.", "spoken_name": true, "arrived_at": "2027-02-15T09:30:00Z", "waited_seconds": 95, "replanned": 1,
		"promised": object{"from": "2027-02-15T10:00:00Z", "to": "2027-02-15T11:00:00Z"},
		"also":     []object{{"purpose": "verify", "channel": "pharmacy", "at": "2027-02-14T09:30:00Z", "note": "Chiede anche per il marito."}},
		"attempts": []object{{"number": 1, "at": "2027-02-15T09:45:00Z", "outcome": "busy", "counts": true}},
	}
	s.mu.Unlock()
	s.tell("talk", object{"call": "c1", "ticket": "t1", "state": "connected", "purpose": "unidentified", "class": "frail", "language": "it", "callback": true, "no_keys": false, "waited_seconds": 90, "attempts": 1})
	s.say(object{"state": "talking", "ticket": "t1", "since": time.Now()})
}

// hangsUp ends the talk; its outcome is to be written since a while.
func (s *service) hangsUp(ago time.Duration) {
	s.tell("talk", nil)
	s.say(object{"state": "wrap-up", "ticket": nil, "writes_up": "t1", "since": time.Now().Add(-ago)})
}
