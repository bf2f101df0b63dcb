package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
)

// Calls is call.Store and call.Nodes.
type Calls struct{ db *db }

var (
	_ call.Store = (*Calls)(nil)
	_ call.Nodes = (*Calls)(nil)
)

// storedCall is call.Record under the names that it has on disk. A field added
// there must be added here: the conversion does not compile otherwise.
type storedCall struct {
	ID       string             `json:"id"`
	Tenant   string             `json:"tenant"`
	Node     string             `json:"node"`
	Language string             `json:"language,omitempty"`
	Outbound bool               `json:"outbound,omitempty"`
	Ticket   string             `json:"ticket,omitempty"`
	Token    int                `json:"token,omitempty"`
	Number   string             `json:"number,omitempty"`
	Shown    string             `json:"shown,omitempty"`
	Started  time.Time          `json:"started,omitzero"`
	Ended    time.Time          `json:"ended,omitzero"`
	Journal  dialogue.Journal   `json:"journal"`
	Broken   []dialogue.Journal `json:"broken,omitempty"`

	Suspect    bool   `json:"suspect,omitempty"`
	Hand       string `json:"hand,omitempty"`
	Unreadable bool   `json:"-"`

	Version int   `json:"version"`
	Term    int64 `json:"term"`
}

func (s *Calls) unavailable(err error) error { return unavailable(call.ErrUnavailable, err) }

// value seals a record that is about to become the kept one, and gives its mark.
func (s *Calls) value(r call.Record, key string) (value []byte, mark string, err error) {
	body, release, err := s.db.seal.encode((*storedCall)(&r))
	if err != nil {
		return nil, "", err
	}
	defer release()
	mark = s.db.seal.mark(body)
	head := make([]byte, 0, 64)
	head = append(strconv.AppendInt(head, int64(r.Version), 10), ' ')
	head = append(strconv.AppendInt(head, r.Term, 10), ' ')
	head = append(append(head, mark...), '\n')
	return s.db.seal.seal(head, body, key), mark, nil
}

// Create implements call.Store.
func (s *Calls) Create(ctx context.Context, r call.Record) error {
	if err := s.check(r); err != nil {
		return err
	}
	r.Version = 1
	key := callKey(r.Tenant, r.ID)
	value, _, err := s.value(r, key)
	if err != nil {
		return err
	}
	code, err := s.db.runCode(ctx, s.db.scripts.create,
		[]string{termKey(r.Tenant, r.Node), key, liveKey(r.Tenant, r.Node)},
		r.Term, value, r.ID, max(r.Started.UnixMicro(), 0), s.keepEnded(r))
	switch {
	case err != nil:
		return s.unavailable(err)
	case code == existing:
		return call.ErrExists
	case code == stale:
		return call.ErrStale
	}
	return nil
}

// Save implements call.Store. A save that is repeated unchanged succeeds.
func (s *Calls) Save(ctx context.Context, r call.Record) error {
	if err := s.check(r); err != nil {
		return err
	}
	expected := strconv.Itoa(r.Version)
	r.Version++
	key := callKey(r.Tenant, r.ID)
	value, mark, err := s.value(r, key)
	if err != nil {
		return err
	}
	code, err := s.db.runCode(ctx, s.db.scripts.save,
		[]string{termKey(r.Tenant, r.Node), key, liveKey(r.Tenant, r.Node)},
		r.Term, expected, mark, value, r.ID, s.keepEnded(r))
	switch {
	case err != nil:
		return s.unavailable(err)
	case code == stale:
		return call.ErrStale
	}
	return nil
}

// keepEnded is how long a call is kept, in ms, if it has ended; "" if it has not.
func (s *Calls) keepEnded(r call.Record) string {
	if r.Ended.IsZero() {
		return ""
	}
	return s.db.keep
}

// Load implements call.Store.
func (s *Calls) Load(ctx context.Context, tenant, id string) (call.Record, error) {
	if s.db.tenant(tenant) != nil || checkNames(id) != nil {
		return call.Record{}, call.ErrNotFound
	}
	key := callKey(tenant, id)
	value, ok, err := s.db.get(ctx, key)
	if err != nil {
		return call.Record{}, s.unavailable(err)
	}
	if !ok {
		return call.Record{}, call.ErrNotFound
	}
	return s.open(value, key)
}

func (s *Calls) open(value string, key string) (call.Record, error) {
	var r storedCall
	if _, err := s.db.seal.open(value, &r, key); err != nil {
		return call.Record{}, err
	}
	return call.Record(r), nil
}

// Live implements call.Store, for the tenants that the stores were opened for.
func (s *Calls) Live(ctx context.Context, node string) ([]call.Record, error) {
	if err := checkNames(node); err != nil {
		return nil, err
	}
	var live []call.Record
	for _, tenant := range s.db.tenants {
		if err := s.db.ready(ctx); err != nil {
			return nil, s.unavailable(err)
		}
		ids, err := s.db.rdb.ZRange(ctx, liveKey(tenant, node), 0, -1).Result()
		if err := s.db.report(ctx, err); err != nil {
			return nil, s.unavailable(err)
		}
		keys := make([]string, len(ids))
		for i, id := range ids {
			keys[i] = callKey(tenant, id)
		}
		values, err := s.db.getAll(ctx, keys)
		if err != nil {
			return nil, s.unavailable(err)
		}
		for i, value := range values {
			if value == "" {
				continue
			}
			r, err := s.open(value, keys[i])
			if err != nil {
				r = call.Record{ID: ids[i], Tenant: tenant, Node: node, Unreadable: true}
			}
			if r.Ended.IsZero() { // else it ended since the list was read
				live = append(live, r)
			}
		}
	}
	slices.SortStableFunc(live, func(a, b call.Record) int { return a.Started.Compare(b.Started) })
	return live, nil
}

// Take implements call.Nodes. The older terms can no longer write in any tenant
// once it has returned; after an error take again.
func (s *Calls) Take(ctx context.Context, node string) (int64, error) {
	if err := checkNames(node); err != nil {
		return 0, err
	}
	if err := s.db.ready(ctx); err != nil {
		return 0, s.unavailable(err)
	}
	term, err := s.db.rdb.Incr(ctx, nodeKey(node)).Result()
	if err := s.db.report(ctx, err); err != nil {
		return 0, s.unavailable(err)
	}
	for _, tenant := range s.db.tenants {
		if _, err := s.db.run(ctx, s.db.scripts.raise, []string{termKey(tenant, node)}, term); err != nil {
			return 0, s.unavailable(err)
		}
	}
	return term, nil
}

// MayDial implements call.Nodes.
func (s *Calls) MayDial(ctx context.Context, d call.DialNote) error {
	if err := s.db.tenant(d.Tenant); err != nil {
		return err
	}
	if err := checkNames(d.Node, d.Ticket, d.Call); err != nil {
		return fmt.Errorf("note a dialled call: %w", err)
	}
	code, err := s.db.runCode(ctx, s.db.scripts.dial,
		[]string{termKey(d.Tenant, d.Node), ticketKey(d.Tenant, d.Ticket), dialledKey(d.Tenant, d.Call)},
		d.Term, d.Token, s.db.keep)
	switch {
	case err != nil:
		return s.unavailable(err)
	case code == stale:
		return call.ErrStale
	}
	return nil
}

// Holds implements call.Nodes.
func (s *Calls) Holds(ctx context.Context, node string, term int64) error {
	if err := checkNames(node); err != nil {
		return err
	}
	kept, _, err := s.db.get(ctx, nodeKey(node))
	switch {
	case err != nil:
		return s.unavailable(err)
	case kept != strconv.FormatInt(term, 10):
		return call.ErrStale
	}
	return nil
}

// Dialled implements call.Nodes.
func (s *Calls) Dialled(ctx context.Context, tenant, id string) (bool, error) {
	if s.db.tenant(tenant) != nil || checkNames(id) != nil {
		return false, nil
	}
	_, ok, err := s.db.get(ctx, dialledKey(tenant, id))
	return ok, s.unavailable(err)
}

func (s *Calls) check(r call.Record) error {
	if err := s.db.tenant(r.Tenant); err != nil {
		return err
	}
	if err := checkNames(r.ID, r.Node); err != nil {
		return fmt.Errorf("keep a call: %w", err)
	}
	return nil
}
