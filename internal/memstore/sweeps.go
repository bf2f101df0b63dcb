package memstore

import (
	"context"
	"time"

	"richiamo/internal/dispatch"
)

// Sweeps is dispatch.Sweeps.
type Sweeps struct{ m *memory }

var _ dispatch.Sweeps = (*Sweeps)(nil)

// Sweep implements dispatch.Sweeps.
func (s *Sweeps) Sweep(ctx context.Context, tenant, queue string, at time.Time) error {
	return s.m.do(ctx, DoSweep, dispatch.ErrUnavailable, func() error {
		s.m.sweeps[name{tenant, queue}] = at
		return nil
	})
}

// Swept implements dispatch.Sweeps.
func (s *Sweeps) Swept(ctx context.Context, tenant string) (map[string]time.Time, error) {
	swept := map[string]time.Time{}
	err := s.m.do(ctx, DoSwept, dispatch.ErrUnavailable, func() error {
		for of, at := range s.m.sweeps {
			if of.tenant == tenant {
				swept[of.id] = at
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return swept, nil
}
