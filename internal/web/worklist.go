package web

import (
	"net/http"
	"slices"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// worklistJSON is a citizen whom the telephone did not reach, or may not, and for
// whom a person has to find another way.
type worklistJSON struct {
	returnCallJSON
	Queue      string `json:"queue"`
	NoKeys     bool   `json:"no_keys"`
	SpokenName bool   `json:"spoken_name"`
}

func showWork(t queue.Ticket) worklistJSON {
	return worklistJSON{showReturnCall(t, Key{Channel: Admin}), t.Queue, t.NoKeys, t.Recording != ""}
}

// listWorklist lists what waits for a person, newest arrival first.
func (a *api) listWorklist(w http.ResponseWriter, r *http.Request, who Key) error {
	q, err := query(r, "limit", "cursor")
	if err != nil {
		return err
	}
	p, err := page(q)
	if err != nil {
		return err
	}
	list, next, err := gather(p, func(cursor string, limit int) ([]queue.Ticket, string, error) {
		return a.Tickets.Page(r.Context(), who.Tenant, []queue.State{queue.Exhausted}, cursor, limit)
	}, func(queue.Ticket) bool { return true })
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, listOf(list, next, showWork))
}

// work gets a ticket of the worklist.
func (a *api) work(r *http.Request, who Key) (queue.Ticket, error) {
	t, err := a.Tickets.Ticket(r.Context(), who.Tenant, r.PathValue("id"))
	if err == nil && t.State != queue.Exhausted {
		err = ErrNotFound
	}
	return t, err
}

// getWork shows everything known of a ticket of the worklist, whole: a person has
// to find the citizen.
func (a *api) getWork(w http.ResponseWriter, r *http.Request, who Key) error {
	t, err := a.work(r, who)
	if err != nil {
		return err
	}
	person, err := a.Talks.Citizen(r.Context(), who.Tenant, t.Citizen)
	if err != nil {
		return err
	}
	a.noteAccess(w, who, t, "worklist")
	return reply(w, http.StatusOK, showHandover(t, "", person, a.Now()))
}

func (a *api) getWorkName(w http.ResponseWriter, r *http.Request, who Key) error {
	t, err := a.work(r, who)
	if err != nil {
		return err
	}
	return a.playName(w, r, who, t)
}

// closeWork takes a ticket off the worklist, with what a person made of it.
func (a *api) closeWork(w http.ResponseWriter, r *http.Request, who Key) error {
	var body struct {
		Outcome string `json:"outcome"`
		Note    string `json:"note"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	var f fields
	f.oneOf("outcome", body.Outcome, a.Rules(who.Tenant).Outcomes...)
	f.text("note", body.Note, 500)
	if err := f.err(); err != nil {
		return err
	}
	t, err := a.Worklist.Close(r.Context(), who.Tenant, r.PathValue("id"), body.Outcome, body.Note)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, showWork(t))
}

// changeTicket gives a promised call another half-day, or another number.
func (a *api) changeTicket(w http.ResponseWriter, r *http.Request, who Key) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var body struct {
		HalfDay string `json:"half_day"`
		Phone   string `json:"phone"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	var f fields
	var slot queue.HalfDay
	var number phone.Number
	if body.HalfDay == "" && body.Phone == "" {
		f.add("half_day", "is needed, or phone")
	}
	if body.HalfDay != "" {
		slot = f.halfDay("half_day", body.HalfDay)
	}
	if body.Phone != "" {
		number = f.phone("phone", body.Phone)
	}
	if err := f.err(); err != nil {
		return err
	}
	if err := a.ownTicket(r, who); err != nil {
		return err
	}
	t, err := a.ReturnCalls.Change(r.Context(), who.Tenant, "api:"+string(who.Channel)+":"+digest(key), r.PathValue("id"), slot, number, a.Now())
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, showReturnCall(t, who))
}

// ownTicket lets whoever has signed in change only the call of the citizen whom they
// speak with, or have to write up.
func (a *api) ownTicket(r *http.Request, who Key) error {
	if who.Agent == "" {
		return nil
	}
	st, err := a.Stations.Station(r.Context(), who.Tenant, who.Agent)
	if err == nil && (st.Ticket.ID != r.PathValue("id") || st.Agent.State != agent.Talking && st.Agent.Ticket != "") {
		return ErrNotFound
	}
	return err
}

// mayTouch tells whether a ticket is there for the key: handed over, or joined,
// by its channel.
func (k Key) mayTouch(t queue.Ticket) bool {
	return k.owns(t.Channel) || slices.ContainsFunc(t.Also, func(r queue.Request) bool { return k.owns(r.Channel) })
}

// joined is the latest request of the key's channel that joined a ticket.
func (k Key) joined(t queue.Ticket) (queue.Request, bool) {
	for _, r := range slices.Backward(t.Also) {
		if r.Channel == string(k.Channel) {
			return r, true
		}
	}
	return queue.Request{}, false
}

// alone tells whether nobody but the key's channel asked for a ticket: only then
// may it be withdrawn, for a request of another must not be lost.
func (k Key) alone(t queue.Ticket) bool {
	return k.Channel == Admin || k.owns(t.Channel) &&
		!slices.ContainsFunc(t.Also, func(r queue.Request) bool { return !k.owns(r.Channel) })
}

// asked tells whether a ticket is what was asked for. The time is not compared:
// the ticket's moves on with each attempt. A language that was not asked for is
// the tenant's. joined is true when the request has joined an open one, of the
// same citizen or number, and is no ticket of its own.
func asked(t queue.Ticket, r dispatch.ReturnCall) (is, joined bool) {
	if r.Class.HeadStart() > t.Class.HeadStart() {
		return false, false // the one that was asked for was less pressing
	}
	if t.Channel == r.Channel && t.Citizen == r.Citizen && t.Phone == r.Phone && t.Purpose == r.Purpose && t.Note == r.Note &&
		(r.Language == "" || t.Language == r.Language) {
		return true, false
	}
	return slices.ContainsFunc(t.Also, func(also queue.Request) bool {
		return also.Channel == r.Channel && also.Purpose == r.Purpose && also.Note == r.Note &&
			(also.Citizen == r.Citizen || also.Citizen == "" && t.Citizen == r.Citizen)
	}), true
}
