package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/dialogue"
	"richiamo/internal/queue"
)

// handoverJSON is everything that is known of the citizen in a call: what the
// citizen has said and keyed once must not be asked for again. It is the one
// answer that shows personal data whole.
type handoverJSON struct {
	Call       string        `json:"call"`
	Ticket     string        `json:"ticket"`
	Agent      string        `json:"agent,omitempty"`
	State      queue.State   `json:"state"`
	Reason     queue.Reason  `json:"reason,omitempty"`
	Purpose    queue.Purpose `json:"purpose"`
	Also       []requestJSON `json:"also"`
	Channel    string        `json:"channel"`
	Class      queue.Class   `json:"class,omitempty"`
	Phone      string        `json:"phone,omitempty"`
	FiscalCode string        `json:"fiscal_code,omitempty"`
	Citizen    *citizenJSON  `json:"citizen,omitempty"`
	Keyed      string        `json:"keyed,omitempty"`
	NoKeys     bool          `json:"no_keys"`
	Language   string        `json:"language,omitempty"`
	Note       string        `json:"note,omitempty"`
	Outcome    string        `json:"outcome,omitempty"`
	Written    string        `json:"outcome_note,omitempty"`
	SpokenName bool          `json:"spoken_name"`
	ArrivedAt  *time.Time    `json:"arrived_at"`
	Waited     int           `json:"waited_seconds"`
	Promised   *promisedJSON `json:"promised,omitempty"`
	Slot       queue.HalfDay `json:"half_day,omitempty"`
	Replans    int32         `json:"replanned"`
	Attempts   []attemptJSON `json:"attempts"`
}

// requestJSON is a request that joined an open one.
type requestJSON struct {
	Purpose    queue.Purpose `json:"purpose"`
	Channel    string        `json:"channel"`
	At         *time.Time    `json:"at"`
	FiscalCode string        `json:"fiscal_code,omitempty"` // where it is another citizen's
	Note       string        `json:"note,omitempty"`
}

// citizenJSON is the register's record of a citizen, as far as a talk needs it.
type citizenJSON struct {
	Surname      string `json:"surname"`
	GivenName    string `json:"given_name"`
	BirthDate    string `json:"birth_date"`
	Municipality string `json:"municipality,omitempty"`
}

// ticketOfCall finds whose call it is, for whom it may be: for the admin any, for
// an agent's key a citizen who is on the line and whom an agent serves, for an agent
// who has signed in the one whom this agent speaks with, no other.
func (a *api) ticketOfCall(ctx context.Context, who Key, call string) (queue.Ticket, error) {
	t, err := a.Talks.OfCall(ctx, who.Tenant, call)
	if err != nil {
		return t, err
	}
	switch {
	case who.Channel == Admin:
		return t, nil
	case !t.State.OnLine() || t.Agent == "" || t.Call != call:
		return t, ErrNotFound
	case who.Agent != "":
		return t, a.speaksIn(ctx, who, t)
	}
	return t, nil
}

// speaksIn makes sure that who has signed in speaks with the citizen of a ticket, as its
// agent or as a helper: nothing is shown while it rings.
func (a *api) speaksIn(ctx context.Context, who Key, t queue.Ticket) error {
	st, err := a.Stations.Station(ctx, who.Tenant, who.Agent)
	if err == nil && (st.Agent.State != agent.Talking || st.Agent.Ticket != t.ID) {
		return ErrNotFound
	}
	return err
}

func (a *api) getHandover(w http.ResponseWriter, r *http.Request, who Key) error {
	t, err := a.ticketOfCall(r.Context(), who, r.PathValue("id"))
	if err != nil {
		return err
	}
	person, err := a.Talks.Citizen(r.Context(), who.Tenant, t.Citizen)
	if err != nil {
		return err
	}
	a.noteAccess(w, who, t, "handover")
	return reply(w, http.StatusOK, showHandover(t, r.PathValue("id"), person, a.Now()))
}

// noteAccess keeps that personal data were shown, to whom and of which ticket,
// and none of it.
func (a *api) noteAccess(w http.ResponseWriter, who Key, t queue.Ticket, what string) {
	a.Log.Info("personal data shown", "request", requestID(w), "tenant", who.Tenant, "channel", string(who.Channel), "agent", who.Agent, "ticket", t.ID, "kind", what)
}

func showHandover(t queue.Ticket, call string, person Record, now time.Time) handoverJSON {
	c := showReturnCall(t, Key{Channel: Admin})
	shown := handoverJSON{
		Call: call, Ticket: t.ID, Agent: t.Agent, State: t.State, Reason: t.Reason, Purpose: t.Purpose, Also: make([]requestJSON, len(t.Also)),
		Channel: t.Channel, Class: t.Class, Phone: t.Phone.Reveal(), FiscalCode: t.Citizen, Keyed: t.Keyed, NoKeys: t.NoKeys,
		Language: t.Language, Note: t.Note, Outcome: t.Outcome, Written: t.OutcomeNote, SpokenName: t.Recording != "", ArrivedAt: since(t.Arrived),
		Promised: c.Promised, Slot: t.Slot, Replans: t.Replans, Attempts: c.Attempts,
	}
	until := now
	if !t.State.Open() {
		until = t.Updated
	}
	shown.Waited = seconds(max(0, until.Sub(t.Arrived)))
	for i, also := range t.Also {
		shown.Also[i] = requestJSON{also.Purpose, also.Channel, since(also.At), also.Citizen, also.Note}
	}
	if person.Found {
		shown.Citizen = &citizenJSON{
			person.Surname.Reveal(), person.GivenName.Reveal(), person.BirthDate.String(), person.Municipality,
		}
		if shown.Language == "" {
			shown.Language = person.Language
		}
	}
	return shown
}

// getSpokenName plays what a citizen without keys said: a name, a date of birth.
func (a *api) getSpokenName(w http.ResponseWriter, r *http.Request, who Key) error {
	t, err := a.ticketOfCall(r.Context(), who, r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.playName(w, r, who, t)
}

func (a *api) playName(w http.ResponseWriter, r *http.Request, who Key, t queue.Ticket) error {
	if t.Recording == "" {
		return ErrNotFound
	}
	alaw, err := a.Talks.SpokenName(r.Context(), who.Tenant, t.Recording)
	if err != nil {
		return err
	}
	a.noteAccess(w, who, t, "spoken-name")
	sound := wav(alaw)
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Content-Length", strconv.Itoa(len(sound)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(sound)
	return nil
}

// wishJSON is what an agent wants in a talk.
type wishJSON struct {
	Call   string        `json:"call"`
	Agent  string        `json:"agent"`
	Verb   dialogue.Verb `json:"verb"`
	Target string        `json:"target,omitempty"`
}

// wishInTalk hands the wish of an agent to the talk. What comes of it is seen in
// the states of the agents.
func (a *api) wishInTalk(w http.ResponseWriter, r *http.Request, who Key) error {
	var body struct {
		Agent  string `json:"agent"`
		Verb   string `json:"verb"`
		Target string `json:"target"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	call, verb := r.PathValue("id"), dialogue.Verb(body.Verb)
	t, err := a.ticketOfCall(r.Context(), who, call)
	if err != nil {
		return err
	}
	if err := a.checkWish(r.Context(), who.Tenant, t, verb, body.Target); err != nil {
		return err
	}
	switch {
	case t.State != queue.Connected || t.Call != call:
		return problemNoTalk
	case body.Agent != "" && body.Agent != t.Agent, who.Agent != "" && who.Agent != t.Agent:
		return problemNoTalk.with("Another agent speaks in this call.")
	}
	if err := a.Talks.Wish(r.Context(), who.Tenant, call, t.Agent, verb, body.Target); err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, wishJSON{call, t.Agent, verb, body.Target})
}

// checkWish looks whether a wish can be understood, and whether there is whom it
// names. Whether that one is free is found out by the talk.
func (a *api) checkWish(ctx context.Context, tenant string, t queue.Ticket, verb dialogue.Verb, target string) error {
	var f fields
	f.oneOf("verb", string(verb), string(dialogue.PutOnHold), string(dialogue.TakeBack), string(dialogue.Consult), string(dialogue.Conference), string(dialogue.Transfer))
	kind, name, named := strings.Cut(target, ":")
	switch {
	case target == "" && verb == dialogue.Consult:
		f.add("target", "is needed: agent:NAME")
	case target == "":
	case verb == dialogue.PutOnHold || verb == dialogue.TakeBack:
		f.add("target", "is not for this verb")
	case kind == "agent" && named && name != "":
		known, err := a.isAgent(ctx, tenant, name)
		if err != nil {
			return err
		}
		if !known || name == t.Agent {
			f.add("target", "there is no such other agent")
		}
	case kind == "queue" && named && verb == dialogue.Transfer:
		_, err := a.Center.Status(ctx, tenant, name)
		switch {
		case err != nil && problemOf(err).status == http.StatusNotFound:
			f.add("target", "there is no such queue")
		case err != nil:
			return err
		}
	default:
		f.add("target", "must be agent:NAME, or for transfer also queue:NAME")
	}
	return f.err()
}

func (a *api) isAgent(ctx context.Context, tenant, name string) (bool, error) {
	team, err := a.Center.Agents(ctx, tenant)
	return slices.ContainsFunc(team, func(one agent.Agent) bool { return one.ID == name }), err
}
