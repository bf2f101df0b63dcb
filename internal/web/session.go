package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"richiamo/internal/agent"
)

// Account is an agent who may sign in at the page.
type Account struct {
	Tenant, Agent string
	Stamp         [sha256.Size]byte          // another one when the password is another: older sessions are then over
	Opens         func(password string) bool // may take a quarter of a second
}

// session is who has signed in, until when. It is kept nowhere but in the cookie:
// every process of the installation knows it by its seal, and a restart ends none.
type session struct {
	agent string
	ends  time.Time
}

// A session lasts a shift and an hour more.
const (
	sessionLasts  = 13 * time.Hour
	sessionCookie = "richiamo"
)

// seal makes the cookie of a session.
func (a *api) seal(s session, stamp [sha256.Size]byte) string {
	said := s.agent + "|" + strconv.FormatInt(s.ends.Unix(), 10)
	return base64.RawURLEncoding.EncodeToString([]byte(said)) + "." + base64.RawURLEncoding.EncodeToString(a.mac(said, stamp))
}

func (a *api) mac(said string, stamp [sha256.Size]byte) []byte {
	h := hmac.New(sha256.New, a.SessionKey)
	h.Write(stamp[:])
	h.Write([]byte(said))
	return h.Sum(nil)
}

// signedIn finds whose cookie a request brings. No key: there is none that holds.
func (a *api) signedIn(r *http.Request) (Key, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return Key{}, false
	}
	first, second, _ := strings.Cut(cookie.Value, ".")
	said, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return Key{}, false
	}
	name, until, _ := strings.Cut(string(said), "|")
	account, known := a.Account(name)
	given, err := base64.RawURLEncoding.DecodeString(second)
	if !known || err != nil || !hmac.Equal(given, a.mac(string(said), account.Stamp)) {
		return Key{}, false
	}
	unix, err := strconv.ParseInt(until, 10, 64)
	ends := time.Unix(unix, 0)
	if err != nil || !ends.After(a.Now()) {
		return Key{}, false
	}
	return Key{Tenant: account.Tenant, Channel: Agents, Agent: account.Agent, ends: ends}, true
}

// sessionJSON is what the page of an agent has to know.
type sessionJSON struct {
	Agent     string     `json:"agent"`
	Authority string     `json:"authority"`
	ExpiresAt *time.Time `json:"expires_at"`
	Outcomes  []string   `json:"outcomes"`
	Required  bool       `json:"outcome_required"`
	Limit     int        `json:"wrap_up_limit_seconds"`
	Queues    []string   `json:"queues"`
}

func (a *api) showSession(w http.ResponseWriter, status int, who Key) error {
	rules := a.Rules(who.Tenant)
	return reply(w, status, sessionJSON{
		Agent: who.Agent, Authority: who.Tenant, ExpiresAt: since(who.ends), Outcomes: rules.Outcomes,
		Required: rules.OutcomeRequired, Limit: seconds(rules.WrapUpLimit), Queues: rules.Queues,
	})
}

// Wrong passwords: how many an agent may show at once, and how soon each is forgiven. A
// thousand a day are not enough for any password that the configuration takes.
const (
	wrongPasswords      = 10
	passwordForgiveness = 90 * time.Second
)

// signIn begins a session. One password is looked at at a time: to look is dear on
// purpose, and calls must not wait for those who guess.
func (a *api) signIn(w http.ResponseWriter, r *http.Request, _ Key) error {
	var body struct {
		Agent    string `json:"agent"`
		Password string `json:"password"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	select {
	case a.looking <- struct{}{}:
		defer func() { <-a.looking }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	// Only now: of many who guess at once, each is told of those before.
	if wait := max(a.failed.wait(remote(r)), a.guessed.wait(body.Agent)); wait > 0 {
		return problemTooMany.after(wait)
	}
	account, _ := a.Account(body.Agent)
	if !account.Opens(body.Password) {
		a.failed.add(remote(r))
		a.guessed.add(body.Agent)
		a.Observer.AuthFailed()
		return problemWrongPassword
	}
	who := Key{Tenant: account.Tenant, Channel: Agents, Agent: account.Agent, ends: a.Now().Add(sessionLasts)}
	noteKey(w, who)
	http.SetCookie(w, a.cookie(r, a.seal(session{who.Agent, who.ends}, account.Stamp), int(sessionLasts/time.Second)))
	return a.showSession(w, http.StatusCreated, who)
}

// cookie is sent back by the pages of this address only, and no script can read it.
func (*api) cookie(r *http.Request, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}

func (a *api) getSession(w http.ResponseWriter, _ *http.Request, who Key) error {
	return a.showSession(w, http.StatusOK, who)
}

// signOut ends a session: the agent is away, and the desk phone is the telephone again.
// In the middle of a talk the agent is away when it is over.
func (a *api) signOut(w http.ResponseWriter, r *http.Request, who Key) error {
	if _, err := a.Center.SetAgentState(r.Context(), who.Tenant, who.Agent, agent.Away, ""); err != nil {
		return err
	}
	if _, err := a.Stations.SetAgentPhone(r.Context(), who.Tenant, who.Agent, ""); err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(r, "", -1))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
