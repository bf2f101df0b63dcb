package memstore

import (
	"context"

	"richiamo/internal/dispatch"
	"richiamo/internal/phone"
)

// Blocks is dispatch.Blocks.
type Blocks struct{ m *memory }

var _ dispatch.Blocks = (*Blocks)(nil)

type block struct {
	tenant string
	number phone.Number
}

// Block implements dispatch.Blocks.
func (s *Blocks) Block(ctx context.Context, tenant string, n phone.Number) error {
	return s.m.do(ctx, DoBlock, dispatch.ErrUnavailable, func() error {
		s.m.blocks[block{tenant, n}] = struct{}{}
		return nil
	})
}

// Unblock implements dispatch.Blocks.
func (s *Blocks) Unblock(ctx context.Context, tenant string, n phone.Number) error {
	return s.m.do(ctx, DoUnblock, dispatch.ErrUnavailable, func() error {
		delete(s.m.blocks, block{tenant, n})
		return nil
	})
}

// Blocked implements dispatch.Blocks.
func (s *Blocks) Blocked(ctx context.Context, tenant string, n phone.Number) (blocked bool, err error) {
	err = s.m.do(ctx, DoBlocked, dispatch.ErrUnavailable, func() error {
		_, blocked = s.m.blocks[block{tenant, n}]
		return nil
	})
	return blocked && err == nil, err
}
