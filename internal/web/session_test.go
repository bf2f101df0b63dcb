package web

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/queue"
)

// passwords are those of the agents who may sign in.
func passwords() map[string]string {
	return map[string]string{"anna": "anna's pass", "bruno": "bruno's pass"}
}

func (w *world) account(name string) (Account, bool) {
	defer w.lock()()
	password, ok := w.passwords[name]
	return Account{"demo", name, sha256.Sum256([]byte(password)), func(given string) bool { return ok && given == password }}, ok
}

// pages is a page of two files.
func pagesOf() fstest.MapFS {
	return fstest.MapFS{
		"index.html": {Data: []byte("<!doctype html><title>Richiamo</title>")}, "desk.js": {Data: []byte("export {}")},
		"fonts/a.woff2": {Data: []byte("w")},
	}
}

// signIn gives the cookie of a session, as the headers of a request take it.
func (h *harness) signIn(name string) []string {
	h.t.Helper()
	got := h.do("", "POST", "/api/v1/session", map[string]string{"agent": name, "password": passwords()[name]})
	require.Equal(h.t, http.StatusCreated, got.Status, got.Raw)
	return []string{"Cookie", strings.SplitN(got.Header.Get("Set-Cookie"), ";", 2)[0]}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	for _, wrong := range []map[string]string{
		{"agent": "anna", "password": "bruno's pass"}, {"agent": "carla", "password": ""}, {"agent": "", "password": "anna's pass"},
	} {
		got := h.do("", "POST", "/api/v1/session", wrong)
		assert.Equal(t, http.StatusUnauthorized, got.Status)
		assert.Equal(t, "wrong-password", got.problem())
		assert.Empty(t, got.Header.Get("Set-Cookie"))
	}
	assert.Equal(t, 3, h.authFailures)

	got := h.do("", "POST", "/api/v1/session", map[string]string{"agent": "anna", "password": "anna's pass"})
	require.Equal(t, http.StatusCreated, got.Status)
	cookie := got.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=46800"} {
		assert.Contains(t, cookie, want)
	}
	assert.NotContains(t, cookie, "Secure", "over plain HTTP the browser would drop it")
	assert.Contains(t, h.do("", "POST", "/api/v1/session", map[string]string{"agent": "anna", "password": "anna's pass"},
		"X-Forwarded-Proto", "https").Header.Get("Set-Cookie"), "Secure")

	mine := h.signIn("anna")
	got = h.do("", "GET", "/api/v1/session", nil, mine...)
	assert.Equal(t, http.StatusOK, got.Status)
	assert.Equal(t, "anna", got.Body["agent"])
	assert.Equal(t, "demo", got.Body["authority"])
	assert.Equal(t, []any{"resolved", "call-again"}, got.Body["outcomes"])
	assert.Equal(t, http.StatusUnauthorized, h.do("", "GET", "/api/v1/session", nil).Status)
	assert.Equal(t, http.StatusForbidden, h.do(Admin, "GET", "/api/v1/session", nil).Status, "a key is no session")
	assert.NotContains(t, h.log.String(), "pass", "no password in the log")
}

func TestSessionHoldsAsLongAsItShould(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	mine := h.signIn("anna")
	status := func(cookie ...string) int { return h.do("", "GET", "/api/v1/session", nil, cookie...).Status }
	name, value, _ := strings.Cut(mine[1], "=")
	said, seal, _ := strings.Cut(value, ".")
	for _, forged := range []string{value[1:], said + ".", "." + seal, "YnJ1bm98NDAwMDAwMDAwMA." + seal, said + "." + seal[2:], "%%%.%%%", ""} {
		assert.Equal(t, http.StatusUnauthorized, status("Cookie", name+"="+forged), forged)
	}
	set := func(f func()) { defer h.lock()(); f() }
	set(func() { h.now = h.now.Add(sessionLasts - time.Minute) })
	assert.Equal(t, http.StatusOK, status(mine...))
	set(func() { h.passwords["anna"] = "another" })
	assert.Equal(t, http.StatusUnauthorized, status(mine...), "another password ends what the old one opened")
	set(func() { h.passwords["anna"] = passwords()["anna"]; h.now = h.now.Add(time.Minute) })
	assert.Equal(t, http.StatusUnauthorized, status(mine...), "a shift is over")
}

// Passwords can't be guessed: neither from one address, nor from many.
func TestPasswordsAreNotGuessed(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	try := func(name, password string) answer {
		return h.do("", "POST", "/api/v1/session", map[string]string{"agent": name, "password": password})
	}
	for i := range wrongPasswords {
		require.Equal(t, http.StatusUnauthorized, try("anna", fmt.Sprint("guess ", i)).Status)
	}
	got := try("anna", passwords()["anna"])
	assert.Equal(t, http.StatusTooManyRequests, got.Status, "the answer to a guess is no answer")
	assert.Equal(t, "90", got.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusCreated, try("bruno", passwords()["bruno"]).Status, "others sign in")
	func() { defer h.lock()(); h.now = h.now.Add(passwordForgiveness) }()
	assert.Equal(t, http.StatusCreated, try("anna", passwords()["anna"]).Status)
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "anna", Tenant: "demo", State: agent.Ready, Page: "p"}}
	got := h.do("", "DELETE", "/api/v1/session", nil, h.signIn("anna")...)
	assert.Equal(t, http.StatusNoContent, got.Status)
	assert.Contains(t, got.Header.Get("Set-Cookie"), "richiamo=;")
	assert.Equal(t, agent.Away, h.agents[0].State)
	assert.Empty(t, h.agents[0].Page, "rung at the desk phone again")
}

// Whoever has signed in acts for themselves, and sees the citizen whom they speak
// with, no other, and not before they speak.
func TestSessionOpensOnesOwnOnly(t *testing.T) {
	t.Parallel()
	h := setUp(t)
	h.agents = []agent.Agent{{ID: "anna", Tenant: "demo", State: agent.Ringing, Ticket: "t1"}, {ID: "bruno", Tenant: "demo", State: agent.Talking, Ticket: "t2"}}
	h.tickets = []queue.Ticket{
		{ID: "t1", Tenant: "demo", State: queue.Dialling, Purpose: queue.WantsPerson, Agent: "anna", Call: "c1", Arrived: h.now, Updated: h.now, Channel: "phone"},
		{ID: "t2", Tenant: "demo", State: queue.Connected, Purpose: queue.WantsPerson, Agent: "bruno", Call: "c2", Arrived: h.now, Channel: "phone"},
	}
	mine := h.signIn("anna")
	status := func(method, url string, body any, headers ...string) int {
		return h.do("", method, url, body, append(headers, mine...)...).Status
	}
	assert.Equal(t, http.StatusOK, status("GET", "/api/v1/agents", nil))
	assert.Equal(t, http.StatusForbidden, status("PUT", "/api/v1/agents/bruno/state", map[string]string{"state": "away"}))
	assert.Equal(t, http.StatusForbidden, status("PUT", "/api/v1/agents/bruno/phone", map[string]string{"kind": "browser"}))
	assert.Equal(t, http.StatusForbidden, status("GET", "/api/v1/agents/bruno/events", nil))
	assert.Equal(t, http.StatusOK, status("PUT", "/api/v1/agents/anna/state", map[string]string{"state": "paused", "reason": "pranzo"}))
	assert.Equal(t, http.StatusForbidden, status("POST", "/api/v1/queues/persone/sweep", nil), "that is the supervisor's")

	hold := map[string]string{"verb": "hold"}
	assert.Equal(t, http.StatusNotFound, status("GET", "/api/v1/calls/c2/handover", nil))
	assert.Equal(t, http.StatusNotFound, status("POST", "/api/v1/calls/c2/wishes", hold))
	assert.Equal(t, http.StatusNotFound, status("GET", "/api/v1/calls/c1/handover", nil), "it rings still")
	other := map[string]string{"half_day": "2027-02-16/pm"}
	assert.Equal(t, http.StatusNotFound, status("POST", "/api/v1/tickets/t2/change", other, "Idempotency-Key", "k"))

	h.agents[0].State = agent.Talking
	h.tickets[0].State = queue.Connected
	assert.Equal(t, http.StatusOK, status("GET", "/api/v1/calls/c1/handover", nil))
	assert.Contains(t, h.log.String(), `msg="personal data shown"`)
	assert.Contains(t, h.log.String(), "agent=anna", "who has seen them is kept")
	assert.Equal(t, http.StatusAccepted, status("POST", "/api/v1/calls/c1/wishes", hold))
	assert.Equal(t, http.StatusOK, status("POST", "/api/v1/tickets/t1/change", other, "Idempotency-Key", "k"))

	h.agents[0].Ticket, h.agents[0].Helping = "t2", true
	assert.Equal(t, http.StatusOK, status("GET", "/api/v1/calls/c2/handover", nil), "a helper is told whom it is about")
	assert.Equal(t, http.StatusConflict, status("POST", "/api/v1/calls/c2/wishes", hold), "but the talk is led by its agent")
}
