package redisstore_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// crowd commits as many tickets at once, each a few times, and asks that each is
// answered for itself: by its own version, or by what befell Redis.
func crowd(t *testing.T, s *redisstore.Stores, many, times int, outcome func(err error)) {
	t.Helper()
	var all sync.WaitGroup
	for who := range many {
		all.Go(func() {
			ticket := queue.Ticket{ID: fmt.Sprint("t", who), Tenant: "asl", State: queue.Due}
			for n := range times {
				after, err := s.Tickets.Commit(t.Context(), dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{ticket}})
				outcome(err)
				if err != nil {
					return
				}
				if !assert.Equal(t, ticket.ID, after.Tickets[0].ID) || !assert.Equal(t, n+1, after.Tickets[0].Version) {
					return
				}
				ticket = after.Tickets[0]
			}
		})
	}
	all.Wait()
}

func TestManyAtOnceAreEachAnswered(t *testing.T) {
	t.Parallel()
	r := own(t, lab.RedisOptions{})
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	crowd(t, s, 300, 10, func(err error) { assert.NoError(t, err) })
	tickets, _, err := whole(s.Tickets.Open(t.Context(), "asl"))
	require.NoError(t, err)
	require.Len(t, tickets, 300)
	for _, ticket := range tickets {
		assert.Equal(t, 10, ticket.Version)
	}
}

// TestScriptsForgottenAmongMany: a Redis that forgets its scripts again and again
// is told them again, also in the middle of many.
func TestScriptsForgottenAmongMany(t *testing.T) {
	t.Parallel()
	r := own(t, lab.RedisOptions{})
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	c := raw(t, r)
	ctx, stop := context.WithCancel(t.Context())
	var forgetting sync.WaitGroup
	forgetting.Go(func() {
		for ctx.Err() == nil {
			_ = c.ScriptFlush(ctx).Err()
		}
	})
	crowd(t, s, 100, 20, func(err error) { assert.NoError(t, err) })
	stop()
	forgetting.Wait()
}

// TestManyWaitForAPausedRedisNoLongerThanOne: those who wait for others to be
// back are told with them.
func TestManyWaitForAPausedRedisNoLongerThanOne(t *testing.T) {
	t.Parallel()
	r := own(t, lab.RedisOptions{})
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	require.NoError(t, s.Ping(t.Context()))
	require.NoError(t, r.Pause())
	t.Cleanup(func() { _ = r.Resume() })
	begun := time.Now()
	var failed atomic.Int32
	crowd(t, s, 500, 1, func(err error) {
		assert.ErrorIs(t, err, dispatch.ErrUnavailable)
		failed.Add(1)
	})
	assert.EqualValues(t, 500, failed.Load())
	assert.Less(t, time.Since(begun), 4*time.Second, "one waits for two seconds")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, r.Resume())
	require.Eventually(t, func() bool { return s.Ping(ctx) == nil }, patience, often)
	_, err := s.Tickets.Commit(ctx, dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{{ID: "after", Tenant: "asl", State: queue.Due}}})
	require.NoError(t, err)
}

// TestWhoGivesUpDoesNotWait: an ended context comes back at once, whoever else
// is under way, and the others are served.
func TestWhoGivesUpDoesNotWait(t *testing.T) {
	t.Parallel()
	r := own(t, lab.RedisOptions{})
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	require.NoError(t, s.Ping(t.Context()))
	require.NoError(t, r.Pause())
	t.Cleanup(func() { _ = r.Resume() })
	var patient sync.WaitGroup
	var served atomic.Int32
	for who := range 20 {
		patient.Go(func() {
			_, err := s.Tickets.Commit(t.Context(), dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{{ID: fmt.Sprint("p", who), Tenant: "asl", State: queue.Due}}})
			if assert.NoError(t, err) {
				served.Add(1)
			}
		})
	}
	var hasty sync.WaitGroup
	begun := time.Now()
	for who := range 2 { // three would open the breaker
		hasty.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := s.Tickets.Commit(ctx, dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{{ID: fmt.Sprint("h", who), Tenant: "asl", State: queue.Due}}})
			assert.ErrorIs(t, err, dispatch.ErrUnavailable)
		})
	}
	hasty.Wait()
	assert.Less(t, time.Since(begun), time.Second)
	require.NoError(t, r.Resume())
	patient.Wait()
	assert.EqualValues(t, 20, served.Load())
}
