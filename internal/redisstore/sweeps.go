package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"richiamo/internal/dispatch"
)

// Sweeps is dispatch.Sweeps.
type Sweeps struct{ db *db }

var _ dispatch.Sweeps = (*Sweeps)(nil)

// Sweep implements dispatch.Sweeps.
func (s *Sweeps) Sweep(ctx context.Context, tenant, queue string, at time.Time) error {
	if err := checkNames(queue); err != nil {
		return err
	}
	return s.db.ask(ctx, tenant, func() error {
		return s.db.rdb.HSet(ctx, sweepsKey(tenant), queue, strconv.FormatInt(at.UnixNano(), 10)).Err()
	})
}

// Swept implements dispatch.Sweeps.
func (s *Sweeps) Swept(ctx context.Context, tenant string) (map[string]time.Time, error) {
	var kept map[string]string
	err := s.db.ask(ctx, tenant, func() (err error) {
		kept, err = s.db.rdb.HGetAll(ctx, sweepsKey(tenant)).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	swept := make(map[string]time.Time, len(kept))
	for queue, at := range kept {
		ns, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("redisstore: the sweep of a queue is kept as no time: %w", ErrDamaged)
		}
		swept[queue] = time.Unix(0, ns)
	}
	return swept, nil
}
