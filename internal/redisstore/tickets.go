package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// Tickets is dispatch.Store.
type Tickets struct{ db *db }

var _ dispatch.Store = (*Tickets)(nil)

// left is what a change left, kept under the change's name.
type left struct {
	Tickets []queue.Ticket `json:"tickets,omitempty"`
	Agents  []agent.Agent  `json:"agents,omitempty"`
}

func (s *Tickets) unavailable(err error) error { return unavailable(dispatch.ErrUnavailable, err) }

// Commit implements dispatch.Store.
func (s *Tickets) Commit(ctx context.Context, c dispatch.Change) (dispatch.Change, error) {
	if err := s.check(c); err != nil {
		return dispatch.Change{}, err
	}
	after := dispatch.Change{Tenant: c.Tenant, Key: c.Key, Tickets: slices.Clone(c.Tickets), Agents: slices.Clone(c.Agents)}
	keys, args, err := s.arrange(after)
	if err != nil {
		return dispatch.Change{}, err
	}
	answer, err := s.db.run(ctx, s.db.scripts.commit, keys, args...)
	if err != nil {
		return dispatch.Change{}, s.unavailable(err)
	}
	switch answer := answer.(type) {
	case string: // the key was used before
		var before left
		if _, err := s.db.seal.open([]byte(answer), &before, keys[0]); err != nil {
			return dispatch.Change{}, err
		}
		return dispatch.Change{Tenant: c.Tenant, Key: c.Key, Tickets: before.Tickets, Agents: before.Agents}, nil
	case int64:
		switch answer {
		case stale:
			return dispatch.Change{}, dispatch.ErrStale
		case missing:
			return dispatch.Change{}, dispatch.ErrNotFound
		}
	}
	return after, nil
}

// arrange counts the versions of a change on and gives the keys and arguments of
// its script.
func (s *Tickets) arrange(c dispatch.Change) (keys []string, args []any, err error) {
	done := doneKey(c.Tenant, s.db.seal.digest(c.Tenant, "change", c.Key))
	keys = append(make([]string, 0, 6+len(c.Tickets)), done, placesKey(c.Tenant),
		phonesKey(c.Tenant), citizensKey(c.Tenant), closedKey(c.Tenant), agentsKey(c.Tenant))
	args = append(make([]any, 0, 4+7*len(c.Tickets)+3*len(c.Agents)), "", s.db.keep, len(c.Tickets), len(c.Agents))
	for i := range c.Tickets {
		t := &c.Tickets[i]
		expected := t.Version
		t.Version++
		key := ticketKey(c.Tenant, t.ID)
		place, phone, citizen := s.index(*t)
		head := fmt.Appendf(nil, "%d %d %s %s %s\n", t.Version, t.Token, place, phone, citizen)
		value, err := s.db.seal.keep(head, t, key)
		if err != nil {
			return nil, nil, err
		}
		closed := 0
		if expires(t.State) {
			closed = 1
		}
		keys = append(keys, key)
		args = append(args, t.ID, expected, value, place, phone, citizen, closed)
	}
	for i := range c.Agents {
		a := &c.Agents[i]
		expected := a.Version
		a.Version++
		value, err := s.db.seal.keep(fmt.Appendf(nil, "%d\n", a.Version), a, agentPlace(c.Tenant, a.ID))
		if err != nil {
			return nil, nil, err
		}
		args = append(args, a.ID, expected, value)
	}
	if c.Key != "" {
		if args[0], err = s.db.seal.keep([]byte{'\n'}, left{c.Tickets, c.Agents}, done); err != nil {
			return nil, nil, err
		}
	}
	return keys, args, nil
}

// expires tells whether a ticket in this state is kept only for a while. An
// exhausted one is not: a person has yet to look at it.
func expires(state queue.State) bool { return state == queue.Done || state == queue.Withdrawn }

// index gives where a ticket stands among all, and by what an open one is found.
func (s *Tickets) index(t queue.Ticket) (place, phone, citizen string) {
	place = string(t.State) + ":" + instant(t.Arrived) + ":" + t.ID
	phone, citizen = "-", "-"
	if t.State.Open() {
		if !t.Phone.Withheld() {
			phone = s.db.seal.digest(t.Tenant, "phone", t.Phone.Reveal())
		}
		if t.Citizen != "" {
			citizen = s.db.seal.digest(t.Tenant, "citizen", t.Citizen)
		}
	}
	return place, phone, citizen
}

// agentPlace names an agent's field of agentsKey, for sealing.
func agentPlace(tenant, id string) string { return agentsKey(tenant) + "/" + id }

// check refuses a change that could not be written as it is meant.
func (s *Tickets) check(c dispatch.Change) error {
	if err := s.db.tenant(c.Tenant); err != nil {
		return err
	}
	for i, t := range c.Tickets {
		if err := checkNames(t.ID, string(t.State)); err != nil {
			return err
		}
		if t.Tenant != c.Tenant {
			return errors.New("redisstore: a change holds a ticket of another tenant")
		}
		if slices.ContainsFunc(c.Tickets[:i], func(o queue.Ticket) bool { return o.ID == t.ID }) {
			return errors.New("redisstore: a change holds a ticket twice")
		}
	}
	for i, a := range c.Agents {
		if err := checkNames(a.ID); err != nil {
			return err
		}
		if a.Tenant != c.Tenant {
			return errors.New("redisstore: a change holds an agent of another tenant")
		}
		if slices.ContainsFunc(c.Agents[:i], func(o agent.Agent) bool { return o.ID == a.ID }) {
			return errors.New("redisstore: a change holds an agent twice")
		}
	}
	return nil
}

// Ticket implements dispatch.Store.
func (s *Tickets) Ticket(ctx context.Context, tenant, id string) (queue.Ticket, error) {
	if s.db.tenant(tenant) != nil || checkNames(id) != nil {
		return queue.Ticket{}, dispatch.ErrNotFound
	}
	key := ticketKey(tenant, id)
	value, ok, err := s.db.get(ctx, key)
	if err != nil {
		return queue.Ticket{}, s.unavailable(err)
	}
	if !ok {
		return queue.Ticket{}, dispatch.ErrNotFound
	}
	var t queue.Ticket
	_, err = s.db.seal.open(value, &t, key)
	return t, err
}

// Open implements dispatch.Store. It reads in pages, by arrival, so that a long
// queue does not hold up Redis; a ticket that is open all the while is in it
// exactly once.
func (s *Tickets) Open(ctx context.Context, tenant string) ([]queue.Ticket, []agent.Agent, error) {
	if err := s.db.tenant(tenant); err != nil {
		return nil, nil, err
	}
	if err := s.db.ready(ctx); err != nil {
		return nil, nil, s.unavailable(err)
	}
	kept, err := s.db.rdb.HGetAll(ctx, agentsKey(tenant)).Result()
	if err := s.db.report(ctx, err); err != nil {
		return nil, nil, s.unavailable(err)
	}
	agents := make([]agent.Agent, 0, len(kept))
	for id, value := range kept {
		var a agent.Agent
		if _, err := s.db.seal.open([]byte(value), &a, agentPlace(tenant, id)); err != nil {
			return nil, nil, err
		}
		agents = append(agents, a)
	}
	slices.SortFunc(agents, func(a, b agent.Agent) int { return strings.Compare(a.ID, b.ID) })

	const chunk = 2000
	var tickets []queue.Ticket
	for cursor := ""; ; {
		page, next, err := s.page(ctx, walk{tenant: tenant, states: openStates(), cursor: cursor, limit: chunk})
		if err != nil {
			return nil, nil, err
		}
		tickets = append(tickets, page...)
		if next == "" {
			return tickets, agents, nil
		}
		cursor = next
	}
}

// Tickets implements dispatch.Store. A page may be shorter than limit although
// there is a next one, when tickets changed meanwhile.
func (s *Tickets) Tickets(ctx context.Context, tenant string, states []queue.State, cursor string, limit int) ([]queue.Ticket, string, error) {
	if err := s.db.tenant(tenant); err != nil {
		return nil, "", err
	}
	if cursor != "" {
		if err := checkCursor(cursor); err != nil {
			return nil, "", err
		}
	}
	if len(states) == 0 {
		states = allStates()
	}
	const longest = 1000
	return s.page(ctx, walk{tenant: tenant, states: states, cursor: cursor, limit: min(max(limit, 1), longest), newest: true})
}

func openStates() []queue.State {
	return slices.DeleteFunc(allStates(), func(s queue.State) bool { return !s.Open() })
}

func allStates() []queue.State {
	return []queue.State{
		queue.Waiting, queue.Pending, queue.Due, queue.Dialling, queue.Connected,
		queue.Done, queue.Exhausted, queue.Withdrawn,
	}
}

// walk is one page of a way along the tickets of some states by arrival.
type walk struct {
	tenant string
	states []queue.State
	cursor string // "<arrival>:<id>" of the last ticket before this page
	limit  int
	newest bool // first
}

// page merges the states' places and reads the tickets there.
func (s *Tickets) page(ctx context.Context, w walk) (page []queue.Ticket, next string, err error) {
	places, err := s.places(ctx, w)
	if err != nil {
		return nil, "", s.unavailable(err)
	}
	if len(places) > w.limit {
		places = places[:w.limit]
		next = places[w.limit-1]
	}
	keys := make([]string, len(places))
	for i, place := range places {
		_, id, _ := strings.Cut(place, ":")
		keys[i] = ticketKey(w.tenant, id)
	}
	values, err := s.db.getAll(ctx, keys)
	if err != nil {
		return nil, "", s.unavailable(err)
	}
	page = make([]queue.Ticket, 0, len(places))
	for i, value := range values {
		if len(value) == 0 {
			continue // it has expired
		}
		var t queue.Ticket
		if _, err := s.db.seal.open(value, &t, keys[i]); err != nil {
			return nil, "", err
		}
		if slices.Contains(w.states, t.State) { // else it moved on since its place was read
			page = append(page, t)
		}
	}
	return page, next, nil
}

// places gives up to limit+1 places, without their states, in order. All states
// are read at one instant, so that a ticket that moves is seen once.
func (s *Tickets) places(ctx context.Context, w walk) ([]string, error) {
	command := "ZRANGEBYLEX"
	if w.newest {
		command = "ZREVRANGEBYLEX"
	}
	args := append(make([]any, 0, 2+2*len(w.states)), command, w.limit+1)
	for _, state := range w.states {
		from, to := "("+string(state)+":", "("+string(state)+";" // ';' comes after ':'
		if w.newest {
			from, to = to, from
		}
		if w.cursor != "" {
			from = "(" + string(state) + ":" + w.cursor
		}
		args = append(args, from, to)
	}
	answer, err := s.db.run(ctx, s.db.scripts.places, []string{placesKey(w.tenant)}, args...)
	if err != nil {
		return nil, err
	}
	ranges, ok := answer.([]any)
	if !ok || len(ranges) != len(w.states) {
		return nil, fmt.Errorf("redisstore: a script answered %T for %d ranges", answer, len(w.states))
	}
	var places []string
	for _, members := range ranges {
		members, _ := members.([]any)
		for _, member := range members {
			text, _ := member.(string)
			_, place, _ := strings.Cut(text, ":")
			places = append(places, place)
		}
	}
	slices.Sort(places)
	places = slices.Compact(places) // a state may have been named twice
	if w.newest {
		slices.Reverse(places)
	}
	return places, nil
}
