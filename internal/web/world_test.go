package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"richiamo/internal/agent"
	"richiamo/internal/citizen"
	"richiamo/internal/desk"
	"richiamo/internal/dialogue"
	"richiamo/internal/dispatch"
	"richiamo/internal/fiscalcode"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// What the service does for the API, as fakes: everything in memory.

var _ interface {
	Tickets
	ReturnCalls
	Center
	Worklist
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
	standing      Standing
	phones        map[string]bool
	people        map[string]citizen.Citizen // by code
	sounds        map[string][]byte
	wishes        []string
	outcomes      []string // of wrap-ups and of the worklist
	changed       []string // keys
	passwords     map[string]string
	news          chan struct{}
	exchange      *exchange
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

func (w *world) InTurn(_ context.Context, tenant, name string, behind dispatch.Mark, most int) ([]dispatch.Placed, error) {
	defer w.lock()()
	var list []dispatch.Placed
	positions := map[string]int{}
	for _, t := range slices.SortedFunc(slices.Values(w.tickets), queue.Compare) {
		if t.Tenant != tenant || !t.State.Open() {
			continue
		}
		positions[t.Queue]++
		after := queue.Before(queue.Ticket{ID: behind.ID, Arrived: behind.At}, t)
		if after && (name == "" || t.Queue == name) && len(list) < most {
			list = append(list, dispatch.Placed{Ticket: t, Position: positions[t.Queue]})
		}
	}
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
		NotBefore: r.NotBefore, Phone: r.Phone, Citizen: r.Citizen, Language: r.Language, Note: r.Note, Channel: r.Channel, Class: r.Class, Updated: w.now, Version: 1,
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
	if t := &w.tickets[i]; t.Channel == "phone" && len(t.Also) > 0 { // what joined a citizen's own wish leaves it
		t.Also = nil
		return *t, nil
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

func (w *world) WroteUp(_ context.Context, _, id, outcome, note string) (agent.Agent, error) {
	defer w.lock()()
	i := slices.IndexFunc(w.agents, func(a agent.Agent) bool { return a.ID == id })
	if w.err != nil || i < 0 {
		return agent.Agent{}, cmp.Or(w.err, dispatch.ErrNotFound)
	}
	if w.agents[i].State != agent.WrapUp {
		return agent.Agent{}, agent.ErrImpossible
	}
	w.outcomes = append(w.outcomes, id+" "+outcome+" "+note)
	w.agents[i].State = agent.Ready
	return w.agents[i], nil
}

func (w *world) Change(_ context.Context, tenant, key, id string, slot queue.HalfDay, n phone.Number, _ time.Time) (queue.Ticket, error) {
	defer w.lock()()
	i := w.find(tenant, id)
	if w.err != nil || i < 0 {
		return queue.Ticket{}, cmp.Or(w.err, dispatch.ErrNotFound)
	}
	w.changed = append(w.changed, key)
	t := &w.tickets[i]
	if slot != "" {
		t.Slot = slot
	}
	if !n.Withheld() {
		t.Phone = n
	}
	return *t, nil
}

func (w *world) Close(_ context.Context, tenant, id, outcome, note string) (queue.Ticket, error) {
	defer w.lock()()
	i := w.find(tenant, id)
	switch {
	case w.err != nil || i < 0:
		return queue.Ticket{}, cmp.Or(w.err, dispatch.ErrNotFound)
	case w.tickets[i].State != queue.Exhausted:
		return queue.Ticket{}, queue.ErrImpossible
	}
	w.outcomes = append(w.outcomes, id+" "+outcome+" "+note)
	w.tickets[i].State = queue.Done
	return w.tickets[i], nil
}

func (w *world) Standing(_ context.Context, _, name string) (Standing, error) {
	defer w.lock()()
	if w.err != nil || name != "persone" {
		return Standing{}, cmp.Or(w.err, dispatch.ErrNotFound)
	}
	return w.standing, nil
}

func (w *world) Sweep(_ context.Context, tenant, name string) (int, error) {
	defer w.lock()()
	if w.err != nil || name != "persone" {
		return 0, cmp.Or(w.err, dispatch.ErrNotFound)
	}
	told := 0
	for _, t := range w.tickets {
		if t.Tenant == tenant && t.State == queue.Waiting {
			told++
		}
	}
	return told, nil
}

func (w *world) HalfDays(_ context.Context, _ string, most int) ([]queue.HalfDay, error) {
	defer w.lock()()
	return w.standing.HalfDays[:min(most, len(w.standing.HalfDays))], w.err
}

func (w *world) Phones(string) map[string]bool { return w.phones }

func (w *world) OfCall(_ context.Context, tenant, call string) (queue.Ticket, error) {
	defer w.lock()()
	for _, t := range w.tickets {
		if t.Tenant == tenant && (t.Call == call || slices.ContainsFunc(t.Attempts, func(a queue.Attempt) bool { return a.Call == call })) {
			return t, w.err
		}
	}
	return queue.Ticket{}, cmp.Or(w.err, ErrNotFound)
}

func (w *world) Citizen(_ context.Context, _, code string) (Record, error) {
	defer w.lock()()
	person, found := w.people[code]
	return Record{found, person}, nil
}

func (w *world) SpokenName(_ context.Context, _, recording string) ([]byte, error) {
	defer w.lock()()
	sound, ok := w.sounds[recording]
	if !ok {
		return nil, ErrNotFound
	}
	return sound, nil
}

func (w *world) Wish(_ context.Context, _, call, agent string, verb dialogue.Verb, target string) error {
	defer w.lock()()
	w.wishes = append(w.wishes, strings.Join([]string{call, agent, string(verb), target}, " "))
	return w.err
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
