package memstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// Tickets is dispatch.Store.
type Tickets struct{ m *memory }

var _ dispatch.Store = (*Tickets)(nil)

type (
	ticketRow struct{ queue.Ticket }
	agentRow  struct{ agent.Agent }
	changeRow struct{ dispatch.Change }
	ledgerRow struct{ queue.Ledger }
)

func copyLedger(l queue.Ledger) queue.Ledger {
	l.Entries, l.Asked = slices.Clone(l.Entries), slices.Clone(l.Asked)
	return l
}

func copyTicket(t queue.Ticket) queue.Ticket {
	t.Attempts, t.Also = slices.Clone(t.Attempts), slices.Clone(t.Also)
	return t
}

func copyAgent(a agent.Agent) agent.Agent {
	a.Skills = slices.Clone(a.Skills)
	return a
}

func copyChange(c dispatch.Change) dispatch.Change {
	c.Tickets, c.Agents, c.Ledgers = slices.Clone(c.Tickets), slices.Clone(c.Agents), slices.Clone(c.Ledgers)
	for i := range c.Tickets {
		c.Tickets[i] = copyTicket(c.Tickets[i])
	}
	for i := range c.Agents {
		c.Agents[i] = copyAgent(c.Agents[i])
	}
	for i := range c.Ledgers {
		c.Ledgers[i] = copyLedger(c.Ledgers[i])
	}
	return c
}

// Commit implements dispatch.Store.
func (s *Tickets) Commit(ctx context.Context, c dispatch.Change) (after dispatch.Change, err error) {
	err = s.m.do(ctx, DoCommit, dispatch.ErrUnavailable, func() error {
		if before, ok := s.m.done[name{c.Tenant, c.Key}]; ok && c.Key != "" {
			after = copyChange(before.Change)
			return nil
		}
		if err := s.compare(c); err != nil {
			return err
		}
		after = copyChange(c)
		for i := range after.Tickets {
			t := &after.Tickets[i]
			t.Version++
			key := name{c.Tenant, t.ID}
			s.m.tickets[key] = ticketRow{copyTicket(*t)}
			if t.State.Open() {
				s.m.open[key] = struct{}{}
			} else {
				delete(s.m.open, key)
			}
		}
		for i := range after.Agents {
			a := &after.Agents[i]
			a.Version++
			s.m.agents[name{c.Tenant, a.ID}] = agentRow{copyAgent(*a)}
		}
		for i := range after.Ledgers {
			l := &after.Ledgers[i]
			l.Version++
			s.m.ledgers[ledgerName(c.Tenant, l.Subject)] = ledgerRow{copyLedger(*l)}
		}
		if c.Key != "" {
			s.m.done[name{c.Tenant, c.Key}] = changeRow{copyChange(after)}
		}
		return nil
	})
	if err != nil {
		return dispatch.Change{}, err
	}
	return after, nil
}

// compare looks whether all versions of a change are the kept ones.
func (s *Tickets) compare(c dispatch.Change) error {
	seen := map[string]bool{}
	for _, t := range c.Tickets {
		if t.Tenant != c.Tenant || seen["ticket "+t.ID] {
			return errors.New("memstore: a change holds a ticket of another tenant, or one twice")
		}
		seen["ticket "+t.ID] = true
	}
	for _, a := range c.Agents {
		if a.Tenant != c.Tenant || seen["agent "+a.ID] {
			return errors.New("memstore: a change holds an agent of another tenant, or one twice")
		}
		seen["agent "+a.ID] = true
	}
	for _, l := range c.Ledgers {
		key := "ledger " + ledgerName(c.Tenant, l.Subject).id
		if l.Subject.Value == "" || seen[key] {
			return errors.New("memstore: a change holds a ledger of nobody, or one twice")
		}
		seen[key] = true
	}
	for _, t := range c.Tickets {
		kept, ok := s.m.tickets[name{c.Tenant, t.ID}]
		if err := compareVersion(ok, kept.Version, t.Version); err != nil {
			return err
		}
	}
	for _, a := range c.Agents {
		kept, ok := s.m.agents[name{c.Tenant, a.ID}]
		if err := compareVersion(ok, kept.Version, a.Version); err != nil {
			return err
		}
	}
	for _, l := range c.Ledgers {
		if s.m.ledgers[ledgerName(c.Tenant, l.Subject)].Version != l.Version {
			return dispatch.ErrStale
		}
	}
	return nil
}

func ledgerName(tenant string, of queue.Subject) name {
	return name{tenant, string(of.Kind) + ":" + of.Value}
}

// Ledgers implements dispatch.Store.
func (s *Tickets) Ledgers(ctx context.Context, tenant string, of []queue.Subject) (ledgers []queue.Ledger, err error) {
	err = s.m.do(ctx, DoLedgers, dispatch.ErrUnavailable, func() error {
		for _, subject := range of {
			l := copyLedger(s.m.ledgers[ledgerName(tenant, subject)].Ledger)
			l.Subject = subject
			ledgers = append(ledgers, l)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ledgers, nil
}

func compareVersion(ok bool, kept, expected int) error {
	switch {
	case !ok && expected != 0:
		return dispatch.ErrNotFound
	case kept != expected:
		return dispatch.ErrStale
	}
	return nil
}

// Open implements dispatch.Store: the tickets are as they were when it was asked.
func (s *Tickets) Open(ctx context.Context, tenant string) (r dispatch.Reading, err error) {
	var tickets []queue.Ticket
	err = s.m.do(ctx, DoOpen, dispatch.ErrUnavailable, func() error {
		rows := make([]row, 0, len(s.m.open))
		for key := range s.m.open {
			if key.tenant == tenant {
				rows = append(rows, row{arrival(s.m.tickets[key].Ticket), key})
			}
		}
		slices.SortFunc(rows, row.compare) // a ticket is large: it is moved once, and not in sorting
		tickets = make([]queue.Ticket, len(rows))
		for i, r := range rows {
			tickets[i] = copyTicket(s.m.tickets[r.key].Ticket)
		}
		for key, a := range s.m.agents {
			if key.tenant == tenant {
				r.Agents = append(r.Agents, copyAgent(a.Agent))
			}
		}
		slices.SortFunc(r.Agents, func(a, b agent.Agent) int { return strings.Compare(a.ID, b.ID) })
		return nil
	})
	if err != nil {
		return dispatch.Reading{}, err
	}
	r.About = len(tickets)
	r.Tickets = func(yield func([]queue.Ticket, error) bool) {
		for some := range slices.Chunk(tickets, openAtOnce) {
			if !yield(some, nil) {
				return
			}
		}
	}
	return r, nil
}

// openAtOnce is how many open tickets come together.
const openAtOnce = 500

// row is a ticket as far as its order needs it.
type row struct {
	arrived int64
	key     name
}

// compare orders as byArrival does.
func (a row) compare(b row) int {
	return cmp.Or(cmp.Compare(a.arrived, b.arrived), strings.Compare(a.key.id, b.key.id))
}

// byArrival orders tickets to the microsecond, as far as the stores agree.
func byArrival(a, b queue.Ticket) int {
	return cmp.Or(cmp.Compare(arrival(a), arrival(b)), strings.Compare(a.ID, b.ID))
}

func arrival(t queue.Ticket) int64 { return max(t.Arrived.UnixMicro(), 0) }

// Ticket implements dispatch.Store.
func (s *Tickets) Ticket(ctx context.Context, tenant, id string) (t queue.Ticket, err error) {
	err = s.m.do(ctx, DoTicket, dispatch.ErrUnavailable, func() error {
		kept, ok := s.m.tickets[name{tenant, id}]
		if !ok {
			return dispatch.ErrNotFound
		}
		t = copyTicket(kept.Ticket)
		return nil
	})
	if err != nil {
		return queue.Ticket{}, err
	}
	return t, nil
}

// Tickets implements dispatch.Store.
func (s *Tickets) Tickets(ctx context.Context, tenant string, states []queue.State, cursor string, limit int) (page []queue.Ticket, next string, err error) {
	err = s.m.do(ctx, DoTickets, dispatch.ErrUnavailable, func() error {
		var last queue.Ticket
		if cursor != "" {
			at, id, _ := strings.Cut(cursor, ":")
			micros, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				return errors.New("memstore: the cursor is not one that a page returned")
			}
			last = queue.Ticket{ID: id, Arrived: unixMicro(micros)}
		}
		for key, t := range s.m.tickets {
			if key.tenant == tenant && (len(states) == 0 || slices.Contains(states, t.State)) &&
				(cursor == "" || byArrival(t.Ticket, last) < 0) {
				page = append(page, copyTicket(t.Ticket))
			}
		}
		slices.SortFunc(page, func(a, b queue.Ticket) int { return byArrival(b, a) })
		if limit = max(limit, 1); len(page) > limit {
			page = page[:limit]
			next = fmt.Sprintf("%d:%s", arrival(page[limit-1]), page[limit-1].ID)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return page, next, nil
}
