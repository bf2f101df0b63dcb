package redisstore

import (
	"context"

	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
)

// Blocks is dispatch.Blocks.
type Blocks struct{ db *db }

var _ dispatch.Blocks = (*Blocks)(nil)

// Block implements dispatch.Blocks.
func (s *Blocks) Block(ctx context.Context, tenant string, n phone.Number) error {
	return s.db.ask(ctx, tenant, func() error {
		return s.db.rdb.SAdd(ctx, blocksKey(tenant), s.digest(tenant, n)).Err()
	})
}

// Unblock implements dispatch.Blocks.
func (s *Blocks) Unblock(ctx context.Context, tenant string, n phone.Number) error {
	return s.db.ask(ctx, tenant, func() error {
		return s.db.rdb.SRem(ctx, blocksKey(tenant), s.digest(tenant, n)).Err()
	})
}

// Blocked implements dispatch.Blocks.
func (s *Blocks) Blocked(ctx context.Context, tenant string, n phone.Number) (blocked bool, err error) {
	err = s.db.ask(ctx, tenant, func() (err error) {
		blocked, err = s.db.rdb.SIsMember(ctx, blocksKey(tenant), s.digest(tenant, n)).Result()
		return err
	})
	return blocked, err
}

func (s *Blocks) digest(tenant string, n phone.Number) string {
	return s.db.seal.digest(tenant, "blocked", n.Reveal())
}

// ask asks Redis something of dispatch, and says so when it does not answer.
func (d *db) ask(ctx context.Context, tenant string, question func() error) error {
	if err := d.tenant(tenant); err != nil {
		return err
	}
	if err := d.ready(ctx); err != nil {
		return unavailable(dispatch.ErrUnavailable, err)
	}
	return unavailable(dispatch.ErrUnavailable, d.report(ctx, question()))
}
