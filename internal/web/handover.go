package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// returnCallJSON is a return call or callback as answers show it.
type returnCallJSON struct {
	ID         string        `json:"id"`
	State      queue.State   `json:"state"`
	Reason     queue.Reason  `json:"reason,omitempty"`
	Purpose    queue.Purpose `json:"purpose"`
	Channel    string        `json:"channel"`
	Joined     int           `json:"joined"` // requests that joined this one
	Class      queue.Class   `json:"class,omitempty"`
	FiscalCode string        `json:"fiscal_code,omitempty"` // masked
	Phone      string        `json:"phone,omitempty"`       // masked
	Language   string        `json:"language,omitempty"`
	Note       string        `json:"note,omitempty"`
	NotBefore  *time.Time    `json:"not_before,omitempty"`
	Promised   *promisedJSON `json:"promised,omitempty"`
	Slot       queue.HalfDay `json:"half_day,omitempty"`
	Replans    int32         `json:"replanned"`
	CreatedAt  *time.Time    `json:"created_at"`
	UpdatedAt  *time.Time    `json:"updated_at"`
	Attempts   []attemptJSON `json:"attempts"`
}

type promisedJSON struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}

type attemptJSON struct {
	Number  int           `json:"number"`
	Kind    queue.Kind    `json:"kind,omitempty"`
	At      *time.Time    `json:"at"`
	EndedAt *time.Time    `json:"ended_at,omitempty"`
	Outcome queue.Outcome `json:"outcome,omitempty"`
	Cause   int           `json:"cause,omitempty"`
	SIP     int           `json:"sip_status,omitempty"`
	Counts  bool          `json:"counts"`
}

type listJSON[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// callStates are the states that a return call or callback has for who asks; a
// caller on the line is no return call.
func callStates() []queue.State {
	return []queue.State{queue.Pending, queue.Due, queue.Dialling, queue.Connected, queue.Done, queue.Exhausted, queue.Withdrawn}
}

// showReturnCall shows a ticket to a key. A channel whose request joined that of
// another sees its own: what another channel noted is not for it.
func showReturnCall(t queue.Ticket, who Key) returnCallJSON {
	own := queue.Request{Purpose: t.Purpose, Channel: t.Channel, Note: t.Note}
	if joined, ok := who.joined(t); ok && !who.owns(t.Channel) {
		own = joined
	}
	shown := returnCallJSON{
		ID: t.ID, State: t.State, Reason: t.Reason, Purpose: own.Purpose, Channel: own.Channel, Joined: len(t.Also), Class: t.Class,
		FiscalCode: maskCode(cmp.Or(own.Citizen, t.Citizen)), Language: t.Language, Note: own.Note, Slot: t.Slot, Replans: t.Replans,
		NotBefore: since(t.NotBefore), CreatedAt: since(t.Arrived), UpdatedAt: since(t.Updated),
		Attempts: make([]attemptJSON, len(t.Attempts)),
	}
	if !t.Phone.Withheld() {
		shown.Phone = t.Phone.String()
	}
	if !t.From.IsZero() {
		shown.Promised = &promisedJSON{since(t.From), since(t.To)}
	}
	for i, a := range t.Attempts {
		shown.Attempts[i] = attemptJSON{a.N, a.Kind, since(a.At), since(a.Ended), a.Outcome, a.Cause, a.SIP, a.Counts}
	}
	return shown
}

// maskCode shows the last character of a code, by which its owner knows it.
func maskCode(code string) string {
	if code == "" {
		return ""
	}
	return strings.Repeat("*", len(code)-1) + code[len(code)-1:]
}

// createReturnCall hands a citizen over to be called.
func (a *api) createReturnCall(w http.ResponseWriter, r *http.Request, who Key) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var body struct {
		FiscalCode string `json:"fiscal_code"`
		Phone      string `json:"phone"`
		Purpose    string `json:"purpose"`
		NotBefore  string `json:"not_before"`
		Language   string `json:"language"`
		Note       string `json:"note"`
		Class      string `json:"class"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	var f fields
	code, number := f.fiscalCode("fiscal_code", body.FiscalCode), f.phone("phone", body.Phone)
	wanted := dispatch.ReturnCall{
		Citizen: code.Reveal(), Phone: number, Purpose: queue.Purpose(body.Purpose), NotBefore: f.notBefore("not_before", body.NotBefore, a.Now()),
		Language: body.Language, Note: body.Note, Channel: string(who.Channel), Class: queue.Class(body.Class),
	}
	f.oneOf("purpose", body.Purpose, string(queue.Verification), string(queue.WantsPerson))
	if body.Language != "" {
		f.oneOf("language", body.Language, "it", "de", "fr", "sl", "en")
	}
	f.text("note", body.Note, 500)
	f.class("class", body.Class, wanted.Purpose)
	if err := f.err(); err != nil {
		return err
	}
	if wanted.Class != queue.Normal && !who.judgesSymptoms() {
		return problemNotJudge
	}
	t, err := a.ReturnCalls.CreateReturn(r.Context(), who.Tenant, digest(key), wanted)
	if err != nil {
		return err
	}
	is, joined := asked(t, wanted)
	if !is {
		return problemKeyReused
	}
	w.Header().Set("Location", "/api/v1/return-calls/"+t.ID)
	status := http.StatusCreated
	if joined {
		status = http.StatusOK
	}
	return reply(w, status, showReturnCall(t, who))
}

// digest stands for a caller's key where it is kept: nobody can keep a caller
// from using somebody's code as one.
func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// returnCall gets one that is there for the key.
func (a *api) returnCall(r *http.Request, who Key) (queue.Ticket, error) {
	t, err := a.Tickets.Ticket(r.Context(), who.Tenant, r.PathValue("id"))
	if err != nil {
		return t, err
	}
	if !who.mayTouch(t) || !slices.Contains(callStates(), t.State) {
		return t, ErrNotFound
	}
	return t, nil
}

func (a *api) getReturnCall(w http.ResponseWriter, r *http.Request, who Key) error {
	t, err := a.returnCall(r, who)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, showReturnCall(t, who))
}

func (a *api) withdrawReturnCall(w http.ResponseWriter, r *http.Request, who Key) error {
	t, err := a.returnCall(r, who)
	if err != nil {
		return err
	}
	if !who.alone(t) {
		return problemNotAlone
	}
	t, err = a.ReturnCalls.Withdraw(r.Context(), who.Tenant, t.ID)
	if err == nil && t.State.Open() { // only the requests of other systems have left it: the admin wants it gone
		t, err = a.ReturnCalls.Withdraw(r.Context(), who.Tenant, t.ID)
	}
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, showReturnCall(t, who))
}

func (a *api) listReturnCalls(w http.ResponseWriter, r *http.Request, who Key) error {
	q, err := query(r, "state", "limit", "cursor")
	if err != nil {
		return err
	}
	p, err := page(q)
	if err != nil {
		return err
	}
	states, err := wantedStates(q)
	if err != nil {
		return err
	}
	list, next, err := gather(p, func(cursor string, limit int) ([]queue.Ticket, string, error) {
		return a.Tickets.Page(r.Context(), who.Tenant, states, cursor, limit)
	}, func(t queue.Ticket) bool { return who.mayTouch(t) })
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, listOf(list, next, func(t queue.Ticket) returnCallJSON { return showReturnCall(t, who) }))
}

func wantedStates(q url.Values) ([]queue.State, error) {
	if len(q["state"]) == 0 {
		return callStates(), nil
	}
	var states []queue.State
	for _, name := range q["state"] {
		if !slices.Contains(callStates(), queue.State(name)) {
			return nil, problemBadRequest.with("state must be one of: pending, due, dialling, connected, done, exhausted, withdrawn.")
		}
		states = append(states, queue.State(name))
	}
	return states, nil
}

func listOf[T, J any](list []T, next string, show func(T) J) listJSON[J] {
	shown := listJSON[J]{Items: make([]J, len(list)), Next: next}
	for i, t := range list {
		shown.Items[i] = show(t)
	}
	return shown
}

// registrationJSON is a registration as answers show it.
type registrationJSON struct {
	Receipt     string     `json:"receipt"`
	Campaign    string     `json:"campaign"`
	Channel     string     `json:"channel"`
	FiscalCode  string     `json:"fiscal_code"` // masked
	Phone       string     `json:"phone"`       // masked
	CreatedAt   *time.Time `json:"created_at"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
}

func showRegistration(r desk.Registration) registrationJSON {
	number, _ := phone.Parse(r.Phone) // it was kept, so it is one; shown masked, whatever may be called today
	return registrationJSON{r.Receipt, r.Campaign, r.Channel, maskCode(r.Citizen), number.String(), since(r.At), since(r.Confirmed)}
}

// createRegistration puts a citizen on the list, in person at a pharmacy or a
// family doctor's.
func (a *api) createRegistration(w http.ResponseWriter, r *http.Request, who Key) error {
	var body struct {
		FiscalCode string `json:"fiscal_code"`
		Phone      string `json:"phone"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	var f fields
	code, number := f.fiscalCode("fiscal_code", body.FiscalCode), f.phone("phone", body.Phone)
	if err := f.err(); err != nil {
		return err
	}
	kept, added, err := a.Registrations.Register(r.Context(), who.Tenant, string(who.Channel), code, number)
	switch {
	case err != nil:
		return err
	case added:
		return reply(w, http.StatusCreated, showRegistration(kept))
	case !who.owns(kept.Channel):
		return problemRegistered
	}
	return reply(w, http.StatusOK, showRegistration(kept))
}

func (a *api) listRegistrations(w http.ResponseWriter, r *http.Request, who Key) error {
	q, err := query(r, "fiscal_code", "limit", "cursor")
	if err != nil {
		return err
	}
	p, err := page(q)
	if err != nil {
		return err
	}
	if q.Has("fiscal_code") {
		return a.registrationsOf(w, r, who, q.Get("fiscal_code"))
	}
	list, next, err := gather(p, func(cursor string, limit int) ([]desk.Registration, string, error) {
		return a.Registrations.Page(r.Context(), who.Tenant, cursor, limit)
	}, func(r desk.Registration) bool { return who.owns(r.Channel) })
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, listOf(list, next, showRegistration))
}

// registrationsOf lists a citizen's registrations: none is an empty list, so
// that the answer is the same for a citizen of another channel.
func (a *api) registrationsOf(w http.ResponseWriter, r *http.Request, who Key, text string) error {
	var f fields
	code := f.fiscalCode("fiscal_code", text)
	if err := f.err(); err != nil {
		return err
	}
	var list []desk.Registration
	one, err := a.Registrations.Of(r.Context(), who.Tenant, code)
	switch {
	case err == nil && who.owns(one.Channel):
		list = append(list, one)
	case err != nil && problemOf(err).status != http.StatusNotFound:
		return err
	}
	return reply(w, http.StatusOK, listOf(list, "", showRegistration))
}
