package memstore

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strings"

	"richiamo/internal/call"
	"richiamo/internal/dialogue"
)

// Calls is call.Store and call.Nodes.
type Calls struct{ m *memory }

var (
	_ call.Store = (*Calls)(nil)
	_ call.Nodes = (*Calls)(nil)
)

type callRow struct{ call.Record }

// copyCall shares nothing with the caller's record.
func copyCall(r call.Record) call.Record {
	r.Journal = copyJournal(r.Journal)
	r.Broken = slices.Clone(r.Broken)
	for i := range r.Broken {
		r.Broken[i] = copyJournal(r.Broken[i])
	}
	return r
}

func copyJournal(j dialogue.Journal) dialogue.Journal {
	j.Inputs = slices.Clone(j.Inputs)
	for i := range j.Inputs {
		j.Inputs[i].Answer = bytes.Clone(j.Inputs[i].Answer)
	}
	return j
}

// Create implements call.Store.
func (s *Calls) Create(ctx context.Context, r call.Record) error {
	return s.m.do(ctx, DoCreate, call.ErrUnavailable, func() error {
		key := name{r.Tenant, r.ID}
		if s.m.terms[r.Node] != r.Term || r.Term == 0 {
			return call.ErrStale
		}
		if _, ok := s.m.calls[key]; ok {
			return call.ErrExists
		}
		r.Version = 1
		s.m.calls[key] = callRow{copyCall(r)}
		return nil
	})
}

// Save implements call.Store. A save that is repeated unchanged succeeds.
func (s *Calls) Save(ctx context.Context, r call.Record) error {
	return s.m.do(ctx, DoSave, call.ErrUnavailable, func() error {
		key := name{r.Tenant, r.ID}
		kept, ok := s.m.calls[key]
		if !ok || s.m.terms[r.Node] != r.Term || r.Term == 0 {
			return call.ErrStale
		}
		next := copyCall(r)
		next.Version++
		switch {
		case kept.Version == r.Version:
			s.m.calls[key] = callRow{next}
			return nil
		case kept.Version == next.Version && reflect.DeepEqual(kept.Record, next):
			return nil
		}
		return call.ErrStale
	})
}

// Load implements call.Store.
func (s *Calls) Load(ctx context.Context, tenant, id string) (r call.Record, err error) {
	err = s.m.do(ctx, DoLoad, call.ErrUnavailable, func() error {
		kept, ok := s.m.calls[name{tenant, id}]
		if !ok {
			return call.ErrNotFound
		}
		r = copyCall(kept.Record)
		return nil
	})
	if err != nil {
		return call.Record{}, err
	}
	return r, nil
}

// Live implements call.Store.
func (s *Calls) Live(ctx context.Context, node string) (live []call.Record, err error) {
	err = s.m.do(ctx, DoLive, call.ErrUnavailable, func() error {
		for _, kept := range s.m.calls {
			if kept.Node == node && kept.Ended.IsZero() {
				live = append(live, copyCall(kept.Record))
			}
		}
		slices.SortFunc(live, func(a, b call.Record) int {
			if c := a.Started.Compare(b.Started); c != 0 {
				return c
			}
			return strings.Compare(a.ID, b.ID)
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return live, nil
}

// Take implements call.Nodes.
func (s *Calls) Take(ctx context.Context, node string) (term int64, err error) {
	err = s.m.do(ctx, DoTake, call.ErrUnavailable, func() error {
		s.m.terms[node]++
		term = s.m.terms[node]
		return nil
	})
	if err != nil {
		return 0, err
	}
	return term, nil
}

// MayDial implements call.Nodes.
func (s *Calls) MayDial(ctx context.Context, d call.DialNote) error {
	return s.m.do(ctx, DoMayDial, call.ErrUnavailable, func() error {
		ticket, ok := s.m.tickets[name{d.Tenant, d.Ticket}]
		if d.Term == 0 || s.m.terms[d.Node] != d.Term || !ok || ticket.Token != d.Token {
			return call.ErrStale
		}
		s.m.dialled[name{d.Tenant, d.Call}] = struct{}{}
		return nil
	})
}

// Holds implements call.Nodes.
func (s *Calls) Holds(ctx context.Context, node string, term int64) error {
	return s.m.do(ctx, DoHolds, call.ErrUnavailable, func() error {
		if term == 0 || s.m.terms[node] != term {
			return call.ErrStale
		}
		return nil
	})
}

// Dialled implements call.Nodes.
func (s *Calls) Dialled(ctx context.Context, tenant, id string) (dialled bool, err error) {
	err = s.m.do(ctx, DoDialled, call.ErrUnavailable, func() error {
		_, dialled = s.m.dialled[name{tenant, id}]
		return nil
	})
	return dialled && err == nil, err
}
