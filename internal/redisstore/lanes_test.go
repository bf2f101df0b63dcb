package redisstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// manyOpen keeps so many tickets that it takes several turns of all lanes to read
// them, and gives their ids in the order of their arrival.
func manyOpen(t *testing.T, s *redisstore.Stores, tenant string) []string {
	t.Helper()
	const some, changes = 250, 19
	var ids []string
	for n := range changes {
		c := dispatch.Change{Tenant: tenant}
		for i := range some {
			x := ordinary(t, tenant, n*some+i)
			c.Tickets, ids = append(c.Tickets, x), append(ids, x.ID)
		}
		_, err := s.Tickets.Commit(t.Context(), c)
		require.NoError(t, err)
	}
	return ids
}

// TestOpenComesInOrder: in blocks that are read side by side, and without those
// that close meanwhile.
func TestOpenComesInOrder(t *testing.T) {
	t.Parallel()
	s := opened(t, redisstore.Options{Tenants: []string{"order"}})
	ids := manyOpen(t, s, "order")
	r, err := s.Tickets.Open(t.Context(), "order")
	require.NoError(t, err)
	require.Equal(t, len(ids), r.About)
	for _, n := range []int{0, 700, len(ids) - 1} {
		x, err := s.Tickets.Ticket(t.Context(), "order", ids[n])
		require.NoError(t, err)
		x.State = queue.Withdrawn
		_, err = s.Tickets.Commit(t.Context(), dispatch.Change{Tenant: "order", Tickets: []queue.Ticket{x}})
		require.NoError(t, err)
		ids[n] = ""
	}
	var want, got []string
	for _, id := range ids {
		if id != "" {
			want = append(want, id)
		}
	}
	for tickets, err := range r.Tickets {
		require.NoError(t, err)
		for _, x := range tickets {
			got = append(got, x.ID)
			assert.Equal(t, queue.Pending, x.State)
		}
	}
	assert.Equal(t, want, got)
}

// TestOpenEnds: with whoever does not want more, with the context, and with a
// ticket that can't be read.
func TestOpenEnds(t *testing.T) {
	t.Parallel()
	s := opened(t, redisstore.Options{Tenants: []string{"ends"}})
	ids := manyOpen(t, s, "ends")
	r, err := s.Tickets.Open(t.Context(), "ends")
	require.NoError(t, err)
	for tickets, err := range r.Tickets {
		require.NoError(t, err)
		require.Equal(t, ids[0], tickets[0].ID)
		break
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err = s.Tickets.Open(ctx, "ends")
	require.NoError(t, err)
	var ended error
	for _, ended = range r.Tickets {
		cancel()
	}
	require.ErrorIs(t, ended, dispatch.ErrUnavailable)
	require.ErrorIs(t, ended, context.Canceled)

	key := fmt.Sprintf("{ends}:ticket:%s", ids[2000])
	require.NoError(t, raw(t, server).Set(t.Context(), key, "1 0 x\ndamaged, and long enough", time.Hour).Err())
	r, err = s.Tickets.Open(t.Context(), "ends")
	require.NoError(t, err)
	tickets, err := r.All()
	require.Error(t, err)
	require.Nil(t, tickets)
}
