package redisstore

import (
	"context"
	"time"

	"richiamo/internal/dispatch"
)

// Leases is dispatch.Leases. Only the clock of Redis counts.
type Leases struct{ db *db }

var _ dispatch.Leases = (*Leases)(nil)

// Acquire implements dispatch.Leases. ttl has a resolution of a millisecond.
func (s *Leases) Acquire(ctx context.Context, name, holder string, fresh bool, ttl time.Duration) (term int64, ok bool, err error) {
	if err := checkNames(name, holder); err != nil {
		return 0, false, err
	}
	anew := 0
	if fresh {
		anew = 1
	}
	term, err = s.db.runCode(ctx, s.db.scripts.acquire, []string{leaseKey(name)}, holder, anew, milliseconds(ttl))
	return term, err == nil && term > 0, unavailable(dispatch.ErrUnavailable, err)
}

// Resign implements dispatch.Leases. To resign what is another's by now, or was
// resigned before, is no error and changes nothing.
func (s *Leases) Resign(ctx context.Context, name, holder string, term int64) error {
	if err := checkNames(name, holder); err != nil {
		return err
	}
	_, err := s.db.run(ctx, s.db.scripts.resign, []string{leaseKey(name)}, holder, term)
	return unavailable(dispatch.ErrUnavailable, err)
}
