package redisstore

import (
	"context"
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

func (s *Tickets) unavailable(err error) error { return unavailable(dispatch.ErrUnavailable, err) }

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
	if err := openPacked(s.db.seal, value, new(packedTicket), &t, key); err != nil {
		return queue.Ticket{}, err
	}
	return t, nil
}

// placesAtOnce is how many places of each state Open reads at once: others are
// not served for a millisecond or two.
const placesAtOnce = 1000

// Open implements dispatch.Store. It reads in pages, by arrival, so that a long
// queue does not hold up Redis; a ticket that is open all the while is in it
// exactly once.
func (s *Tickets) Open(ctx context.Context, tenant string) (dispatch.Reading, error) {
	if err := s.db.tenant(tenant); err != nil {
		return dispatch.Reading{}, err
	}
	agents, err := s.agents(ctx, tenant)
	if err != nil {
		return dispatch.Reading{}, err
	}
	var places []string
	w := walk{tenant: tenant, states: openStates(), limit: placesAtOnce}
	for more := true; more; more = w.cursor != "" {
		var next []string
		if next, w.cursor, err = s.places(ctx, w); err != nil {
			return dispatch.Reading{}, s.unavailable(err)
		}
		places = append(places, next...)
	}
	return dispatch.Reading{Agents: agents, About: len(places), Tickets: s.along(ctx, tenant, places)}, nil
}

func (s *Tickets) agents(ctx context.Context, tenant string) ([]agent.Agent, error) {
	if err := s.db.ready(ctx); err != nil {
		return nil, s.unavailable(err)
	}
	kept, err := s.db.rdb.HGetAll(ctx, agentsKey(tenant)).Result()
	if err := s.db.report(ctx, err); err != nil {
		return nil, s.unavailable(err)
	}
	agents := make([]agent.Agent, 0, len(kept))
	for id, value := range kept {
		var a agent.Agent
		if err := openPacked(s.db.seal, value, new(packedAgent), &a, agentPlace(tenant, id)); err != nil {
			return nil, err
		}
		agents = append(agents, a)
	}
	slices.SortFunc(agents, func(a, b agent.Agent) int { return strings.Compare(a.ID, b.ID) })
	return agents, nil
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
	limit = min(max(limit, 1), longest)
	// One more, to know whether there is a next page.
	places, next, err := s.places(ctx, walk{tenant: tenant, states: states, cursor: cursor, limit: limit + 1, newest: true})
	if err != nil {
		return nil, "", s.unavailable(err)
	}
	if len(places) > limit {
		places, next = places[:limit], places[limit-1]
	}
	page := make([]queue.Ticket, len(places))
	if err := s.read(ctx, tenant, places, states, newQuick(), page); err != nil {
		return nil, "", err
	}
	return present(page), next, nil
}

// read reads the tickets at these places, those that are still in one of the
// states; the others stay empty.
func (s *Tickets) read(ctx context.Context, tenant string, places []string, states []queue.State, with *quick, tickets []queue.Ticket) error {
	keys := make([]string, len(places))
	for i, place := range places {
		_, id, _ := strings.Cut(place, ":")
		keys[i] = ticketKey(tenant, id)
	}
	values, err := s.db.getAll(ctx, keys)
	if err != nil {
		return s.unavailable(err)
	}
	for i, value := range values {
		if value == "" {
			continue // it has expired
		}
		if err := with.openTicket(s.db.seal, value, &tickets[i], keys[i]); err != nil {
			return err
		}
		if !slices.Contains(states, tickets[i].State) { // it moved on since its place was read
			tickets[i] = queue.Ticket{}
		}
	}
	return nil
}

// present leaves out the tickets that read did not find.
func present(tickets []queue.Ticket) []queue.Ticket {
	n := 0
	for i := range tickets {
		if tickets[i].ID == "" {
			continue
		}
		if n < i { // a ticket is long: not moved for nothing
			tickets[n] = tickets[i]
		}
		n++
	}
	return tickets[:n]
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
	limit  int    // of places of each state
	newest bool   // first
}

// places gives the next places, without their states, in order: those up to the
// first state's end of what was read, and the last of them as the cursor to go
// on from; "" when there are no more. All states are read at one instant, so
// that a ticket that moves is seen once.
func (s *Tickets) places(ctx context.Context, w walk) (places []string, next string, err error) {
	args := w.ranges()
	answer, err := s.db.look(ctx, s.db.scripts.places, []string{placesKey(w.tenant)}, args...)
	if err != nil {
		return nil, "", err
	}
	ranges, ok := answer.([]any)
	if !ok || len(ranges) != len(w.states) {
		return nil, "", fmt.Errorf("redisstore: a script answered %T for %d ranges", answer, len(w.states))
	}
	order := strings.Compare
	if w.newest {
		order = func(a, b string) int { return strings.Compare(b, a) }
	}
	for _, members := range ranges {
		members, _ := members.([]any)
		for _, member := range members {
			text, _ := member.(string)
			_, place, _ := strings.Cut(text, ":")
			places = append(places, place)
		}
		if n := len(places); len(members) == w.limit && (next == "" || order(places[n-1], next) < 0) {
			next = places[n-1] // of this state there may be more
		}
	}
	slices.SortFunc(places, order)
	places = slices.Compact(places) // a state may have been named twice
	if next != "" {
		end, _ := slices.BinarySearchFunc(places, next, order)
		places = places[:end+1]
	}
	return places, next, nil
}

// ranges are the arguments of the script readPlaces.
func (w walk) ranges() []any {
	command := "ZRANGEBYLEX"
	if w.newest {
		command = "ZREVRANGEBYLEX"
	}
	args := append(make([]any, 0, 2+2*len(w.states)), command, w.limit)
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
	return args
}
