package redisstore

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
)

// Commit implements dispatch.Store.
func (s *Tickets) Commit(ctx context.Context, c dispatch.Change) (dispatch.Change, error) {
	if err := s.check(c); err != nil {
		return dispatch.Change{}, err
	}
	after := dispatch.Change{Tenant: c.Tenant, Key: c.Key,
		Tickets: slices.Clone(c.Tickets), Agents: slices.Clone(c.Agents), Ledgers: slices.Clone(c.Ledgers)}
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
		if err := openPacked(s.db.seal, answer, new(packedLeft), &before, keys[0]); err != nil {
			return dispatch.Change{}, err
		}
		return dispatch.Change{Tenant: c.Tenant, Key: c.Key,
			Tickets: before.Tickets, Agents: before.Agents, Ledgers: before.Ledgers}, nil
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
	done := doneKey(c.Tenant, "") // of no change, and not looked at
	if c.Key != "" {
		done = doneKey(c.Tenant, s.db.seal.digest(c.Tenant, "change", c.Key))
	}
	keys = append(make([]string, 0, 4+len(c.Tickets)+len(c.Ledgers)), done,
		placesKey(c.Tenant), closedKey(c.Tenant), agentsKey(c.Tenant))
	args = append(make([]any, 0, 5+4*len(c.Tickets)+3*len(c.Agents)+2*len(c.Ledgers)),
		"", s.db.keep, milliseconds(keepLedger), len(c.Tickets), len(c.Agents))
	for i := range c.Tickets {
		c.Tickets[i].Version++
	}
	for i := range c.Agents {
		c.Agents[i].Version++
	}
	for i := range c.Ledgers {
		c.Ledgers[i].Version++
	}
	leaves := packChange(c)
	for i, p := range leaves.Tickets {
		key, place := ticketKey(c.Tenant, p.ID), place(&c.Tickets[i])
		value, err := s.db.seal.keepPacked(ticketHead(p, place), p, key)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, key)
		args = append(args, p.Version-1, value, place, flag(expires(p.State)))
	}
	for _, p := range leaves.Agents {
		value, err := s.db.seal.keepPacked(versionHead(p.Version), p, agentPlace(c.Tenant, p.ID))
		if err != nil {
			return nil, nil, err
		}
		args = append(args, p.ID, p.Version-1, value)
	}
	for i, p := range leaves.Ledgers {
		key := s.ledgerKey(c.Tenant, c.Ledgers[i].Subject)
		value, err := s.db.seal.keepPacked(versionHead(p.Version), p, key)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, key)
		args = append(args, p.Version-1, value)
	}
	if c.Key != "" {
		if args[0], err = s.db.seal.keepPacked([]byte{'\n'}, leaves, done); err != nil {
			return nil, nil, err
		}
	}
	return keys, args, nil
}

// expires tells whether a ticket in this state is kept only for a while. An
// exhausted one is not: a person has yet to look at it.
func expires(state queue.State) bool { return state == queue.Done || state == queue.Withdrawn }

// place is where a ticket stands among all: its member of placesKey.
func place(t *queue.Ticket) string {
	return string(t.State) + ":" + instant(t.Arrived) + ":" + t.ID
}

// ticketHead and versionHead are the heads of the values under ticketKey, and
// under agentsKey and ledgerKey.
func ticketHead(p *packedTicket, place string) []byte {
	head := make([]byte, 0, len(place)+24)
	head = append(strconv.AppendInt(head, int64(p.Version), 10), ' ')
	head = append(strconv.AppendInt(head, int64(p.Token), 10), ' ')
	return append(append(head, place...), '\n')
}

func versionHead(version int) []byte {
	return append(strconv.AppendInt(make([]byte, 0, 8), int64(version), 10), '\n')
}

// flag is a truth for a script.
func flag(on bool) int {
	if on {
		return 1
	}
	return 0
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
	for i, l := range c.Ledgers {
		if l.Subject.Value == "" {
			return errors.New("redisstore: a change holds a ledger of nobody")
		}
		if slices.ContainsFunc(c.Ledgers[:i], func(o queue.Ledger) bool { return o.Subject == l.Subject }) {
			return errors.New("redisstore: a change holds a ledger twice")
		}
	}
	return nil
}
