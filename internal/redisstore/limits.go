package redisstore

import (
	"context"
	"fmt"
	"time"

	"richiamo/internal/desk"
)

// Limits is desk.Limits.
type Limits struct{ db *db }

var _ desk.Limits = (*Limits)(nil)

// Count implements desk.Limits. The keys are digested once more, so that nothing
// readable gets into Redis even by mistake.
func (s *Limits) Count(ctx context.Context, tenant string, keys []string, window time.Duration) ([]int, error) {
	if err := s.db.tenant(tenant); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, nil
	}
	digests := make([]string, len(keys))
	for i, key := range keys {
		digests[i] = limitKey(tenant, s.db.seal.digest(tenant, "limit", key))
	}
	answer, err := s.db.run(ctx, s.db.scripts.count, digests, milliseconds(window))
	if err != nil {
		return nil, unavailable(desk.ErrUnavailable, err)
	}
	list, ok := answer.([]any)
	if !ok || len(list) != len(keys) {
		return nil, fmt.Errorf("redisstore: a script answered %T for %d counts", answer, len(keys))
	}
	counts := make([]int, len(list))
	for i, n := range list {
		n, _ := n.(int64)
		counts[i] = int(n)
	}
	return counts, nil
}
