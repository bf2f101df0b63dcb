package redisstore_test

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/call"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// patient is how long a replica is waited for that has to answer, on a machine that
// is busy with other tests.
const patient = 1500 * time.Millisecond

// pair is a Redis and a replica that has caught up with it.
func pair(t testing.TB) (master, replica *lab.Redis) {
	t.Helper()
	master = own(t, lab.RedisOptions{TCP: true, Args: soon()})
	return master, replicaOf(t, master)
}

// soon has a Redis serve a replica at once: it waits five seconds for more of them
// otherwise.
func soon() []string { return []string{"--repl-diskless-sync-delay", "0"} }

func replicaOf(t testing.TB, master *lab.Redis) *lab.Redis {
	t.Helper()
	host, port, err := net.SplitHostPort(master.Addr)
	require.NoError(t, err)
	replica := own(t, lab.RedisOptions{TCP: true, Args: append(soon(), "--replicaof", host+" "+port)})
	c := raw(t, master)
	require.Eventually(t, func() bool {
		n, err := c.Wait(t.Context(), 1, 100*time.Millisecond).Result()
		return err == nil && n == 1
	}, patience, often)
	return replica
}

// TestFailoverKeepsEveryAcknowledgedWrite lets a replica lag, kills the master in
// the middle of writing, and promotes the replica.
func TestFailoverKeepsEveryAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := pair(t)
	o := redisstore.Options{Addr: master.Socket, Key: newKey(), Tenants: []string{"asl"}, Replicas: 1, ReplicaWait: patient}
	s := opened(t, o)
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	l := &ledger{calls: map[string]int{}, tickets: map[string]int{}, receipts: map[string]string{}}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for writer := range 8 {
		all.Go(func() { l.write(ctx, s, term, fmt.Sprint("w", writer), stop) })
	}
	require.Eventually(t, func() bool { return l.size() > 100 }, patience, often)

	require.NoError(t, replica.Pause())
	paused := time.Now()
	require.Eventually(t, func() bool { return s.Ping(ctx) != nil }, patience, often)
	// From a second on nothing is under way any more that the replica has.
	require.Eventually(t, func() bool { return time.Since(paused) > time.Second }, patience, often)
	acknowledged := l.size()
	info := raw(t, master).Info(ctx, "replication").Val()
	master.Kill()
	close(stop)
	all.Wait()
	assert.Equal(t, acknowledged, l.size(), "nothing is acknowledged that the replica does not have")
	assert.Contains(t, info, "slave0:", "the replica was connected, and lagged")

	require.NoError(t, replica.Resume())
	require.NoError(t, raw(t, replica).ReplicaOf(ctx, "NO", "ONE").Err())
	o.Addr, o.Replicas = replica.Socket, 0
	promoted := opened(t, o)
	l.check(t, promoted)
	next, err := promoted.Calls.Take(ctx, "node")
	require.NoError(t, err)
	assert.Greater(t, next, term)
}

// TestWhatNoReplicaHasIsNotConfirmed goes through what could confirm it by
// mistake: the write, the same write again, which finds itself, and a reader.
func TestWhatNoReplicaHasIsNotConfirmed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := pair(t)
	o := redisstore.Options{Addr: master.Socket, Key: newKey(), Tenants: []string{"asl"}}
	alone := opened(t, o)
	o.Replicas, o.ReplicaWait = 1, time.Second
	s := opened(t, o)
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	record := conversation("asl", "node", term, "one", 3)
	require.NoError(t, s.Calls.Create(ctx, record))
	record.Version = 1
	change := dispatch.Change{Tenant: "asl", Key: "once", Tickets: []queue.Ticket{{ID: "t1", Tenant: "asl", State: queue.Due}}}
	person := desk.Registration{Tenant: "asl", Campaign: "c", Citizen: canaryCitizen}
	doing := []func(s *redisstore.Stores) error{
		func(s *redisstore.Stores) error { return s.Calls.Save(ctx, record) },
		func(s *redisstore.Stores) error { _, err := s.Tickets.Commit(ctx, change); return err },
		func(s *redisstore.Stores) error { _, _, err := s.Registrations.Add(ctx, person); return err },
		func(s *redisstore.Stores) error {
			_, err := s.Registrations.Of(ctx, "asl", "c", canaryCitizen)
			return err
		},
		func(s *redisstore.Stores) error { _, err := s.Tickets.Open(ctx, "asl"); return err },
	}
	var each []*redisstore.Stores // one for each: the breaker of none has opened
	for range doing {
		each = append(each, opened(t, o))
	}
	require.NoError(t, replica.Pause())
	t.Cleanup(func() { _ = replica.Resume() })
	for range 2 {
		var all sync.WaitGroup
		for which, do := range doing {
			all.Go(func() {
				err := do(each[which])
				assert.ErrorIs(t, err, redisstore.ErrBehind, which)
				assert.NotContains(t, fmt.Sprint(err), "asked every quarter of a second", which)
			})
		}
		all.Wait()
	}
	require.ErrorIs(t, s.Calls.Save(ctx, record), call.ErrUnavailable)
	require.ErrorIs(t, s.Ping(ctx), redisstore.ErrBehind)
	for which, do := range doing { // the master has it all, and confirms it to whoever does not ask for replicas
		require.NoError(t, do(alone), which)
	}

	require.NoError(t, replica.Resume())
	begun := time.Now()
	require.Eventually(t, func() bool { return s.Ping(ctx) == nil }, patience, often)
	for which, do := range doing {
		require.NoError(t, do(each[which]), which)
	}
	assert.Less(t, time.Since(begun), 3*time.Second, "found again soon")
}

// TestNoReplicaAtAll: nothing is promised, at once, and it is said why.
func TestNoReplicaAtAll(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{TCP: true, Args: soon()})
	o := redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}, Replicas: 1, ReplicaWait: 50 * time.Millisecond}
	s := opened(t, o)
	crowd(t, s, 300, 1, func(err error) { assert.ErrorIs(t, err, dispatch.ErrUnavailable) })
	require.ErrorContains(t, s.Ping(ctx), "lower redis.replicas")
	begun := time.Now()
	crowd(t, s, 300, 1, func(err error) { assert.ErrorContains(t, err, "too few replicas") })
	assert.Less(t, time.Since(begun), time.Second)
	findings, err := s.Durability(ctx)
	require.NoError(t, err)
	for _, f := range findings {
		assert.Equal(t, f.What != "replicas", f.OK, "%s is %s", f.What, f.Found)
	}
	replicaOf(t, r)
	require.Eventually(t, func() bool { return s.Ping(ctx) == nil }, patience, often)
	o.Replicas, o.ReplicaWait = 1, patient
	o.Tenants = []string{"usl"}
	s = opened(t, o)
	useAll(t, s, "usl")
	findings, err = s.Durability(ctx)
	require.NoError(t, err)
	for _, f := range findings {
		assert.True(t, f.OK, "%s is %s", f.What, f.Found)
	}
}

// TestReplicasWithTheDocumentedRules: the rules of the Redis user are enough, and a
// connection is set up with a password without waiting for replicas.
func TestReplicasWithTheDocumentedRules(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := pair(t)
	rule := append([]string{"on", ">secret"}, serviceRules("asl")...)
	require.NoError(t, raw(t, master).ACLSetUser(ctx, "richiamo", rule...).Err())
	require.NoError(t, raw(t, replica).ACLSetUser(ctx, "richiamo", rule...).Err())
	o := redisstore.Options{Addr: master.Socket, Username: "richiamo", Password: "secret", Tenants: []string{"asl"}, Replicas: 1, ReplicaWait: patient}
	useAll(t, opened(t, o), "asl")
	o.Addr = replica.Socket // a replica can't be waited on
	require.ErrorContains(t, opened(t, o).Ping(ctx), "give the address of the master")
}

// TestSentinelMovesTheStores: Sentinel finds the master gone and promotes the
// replica; the stores follow without being told.
func TestSentinelMovesTheStores(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := pair(t)
	sentinel, err := lab.StartSentinel(ctx, "richiamo", master.Addr)
	require.NoError(t, err)
	t.Cleanup(sentinel.Stop)
	s := opened(t, redisstore.Options{
		Sentinel: redisstore.Sentinel{Master: "richiamo", Addrs: []string{sentinel.Addr}}, Key: newKey(), Tenants: []string{"asl"}, Replicas: 1, ReplicaWait: patient,
	})
	l := line{Stores: s}
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	l.record = conversation("asl", "node", term, "one", 3)
	require.NoError(t, s.Calls.Create(ctx, l.record))
	l.record.Version = 1
	watches := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Addr, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { _ = watches.Close() })
	require.Eventually(t, func() bool { // it learns of replicas from the master, now and then
		replicas, err := watches.Replicas(ctx, "richiamo").Result()
		return err == nil && len(replicas) == 1 && replicas[0]["flags"] == "slave"
	}, patience, often)

	master.Kill()
	require.ErrorIs(t, s.Calls.Save(ctx, l.record), call.ErrUnavailable)
	// The promoted one has no replica yet: what is written is not confirmed.
	require.Eventually(t, func() bool { return errors.Is(s.Calls.Save(ctx, l.record), redisstore.ErrBehind) }, patience, often)
	replicaOf(t, replica)
	require.Eventually(t, func() bool { return s.Calls.Save(ctx, l.record) == nil }, patience, often)
	kept, err := s.Calls.Load(ctx, "asl", "one")
	require.NoError(t, err)
	assert.Equal(t, 2, kept.Version, "the save that was asked again and again was done once")
}
