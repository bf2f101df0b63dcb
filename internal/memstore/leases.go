package memstore

import (
	"context"
	"time"

	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
)

// Leases is dispatch.Leases, by the clock given to New.
type Leases struct{ m *memory }

// Limits is desk.Limits, by the clock given to New.
type Limits struct{ m *memory }

var (
	_ dispatch.Leases = (*Leases)(nil)
	_ desk.Limits     = (*Limits)(nil)
)

type lease struct {
	term   int64
	holder string // empty: resigned
	till   time.Time
}

// Acquire implements dispatch.Leases.
func (s *Leases) Acquire(ctx context.Context, name, holder string, fresh bool, ttl time.Duration) (term int64, ok bool, err error) {
	err = s.m.do(ctx, DoAcquire, dispatch.ErrUnavailable, func() error {
		l, now := s.m.leases[name], s.m.now()
		if l.holder != "" && l.holder != holder && now.Before(l.till) {
			return nil
		}
		if l.holder != holder || fresh {
			l.term++
		}
		l.holder, l.till = holder, now.Add(ttl)
		s.m.leases[name] = l
		term, ok = l.term, true
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	return term, ok, nil
}

// Resign implements dispatch.Leases.
func (s *Leases) Resign(ctx context.Context, name, holder string, term int64) error {
	return s.m.do(ctx, DoResign, dispatch.ErrUnavailable, func() error {
		if l := s.m.leases[name]; l.holder == holder && l.term == term {
			l.holder = ""
			s.m.leases[name] = l
		}
		return nil
	})
}

type tries struct {
	n    int
	till time.Time
}

// Count implements desk.Limits.
func (s *Limits) Count(ctx context.Context, tenant string, keys []string, window time.Duration) (counts []int, err error) {
	err = s.m.do(ctx, DoCount, desk.ErrUnavailable, func() error {
		now := s.m.now()
		for _, key := range keys {
			t := s.m.tries[name{tenant, key}]
			if !now.Before(t.till) {
				t = tries{till: now.Add(window)}
			}
			t.n++
			s.m.tries[name{tenant, key}] = t
			counts = append(counts, t.n)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}
