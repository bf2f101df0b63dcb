package redisstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/call"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// write is one way in which the stores write: every script and every command.
type write struct {
	name        string
	unavailable error // the consumer's name for a store that can't be relied on
	do          func(ctx context.Context, s *redisstore.Stores) error
}

// prepare keeps what the writes below change, and gives them.
func prepare(t *testing.T, s *redisstore.Stores) []write {
	t.Helper()
	ctx := t.Context()
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	record := conversation("asl", "node", term, "one", 3)
	require.NoError(t, s.Calls.Create(ctx, record))
	record.Version = 1
	kept, err := s.Tickets.Commit(ctx, dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{canaryTicket(t, "asl")},
		Agents: canaryAgents("asl"), Ledgers: canaryLedgers()})
	require.NoError(t, err)
	registration := desk.Registration{Tenant: "asl", Campaign: "c", Citizen: canaryCitizen}
	_, _, err = s.Registrations.Add(ctx, registration)
	require.NoError(t, err)
	lease, ok, err := s.Leases.Acquire(ctx, "held", "me", true, time.Hour)
	require.NoError(t, err)
	require.True(t, ok)

	started := record
	started.ID, started.Version = "two", 0
	whole := kept
	whole.Key = "whole"
	note := call.DialNote{Node: "node", Term: term, Tenant: "asl", Ticket: "ticket", Call: "ticket-1"}
	commit := func(c dispatch.Change) func(context.Context, *redisstore.Stores) error {
		return func(ctx context.Context, s *redisstore.Stores) error { _, err := s.Tickets.Commit(ctx, c); return err }
	}
	return []write{
		{"create a call", call.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error { return s.Calls.Create(ctx, started) }},
		{"save a call", call.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error { return s.Calls.Save(ctx, record) }},
		{"note a dial", call.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error { return s.Calls.MayDial(ctx, note) }},
		{"commit a new ticket", dispatch.ErrUnavailable, commit(dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{{ID: "new", Tenant: "asl", State: queue.Due}}})},
		{"commit a new agent", dispatch.ErrUnavailable, commit(dispatch.Change{Tenant: "asl", Agents: []agent.Agent{{ID: "new", Tenant: "asl"}}})},
		{"commit a new ledger", dispatch.ErrUnavailable, commit(dispatch.Change{Tenant: "asl",
			Ledgers: []queue.Ledger{{Subject: queue.Subject{Kind: queue.OfPhone, Value: "+390255599999"}}}})},
		{"commit nothing, under a key", dispatch.ErrUnavailable, commit(dispatch.Change{Tenant: "asl", Key: "nothing"})},
		{"commit all at once, under a key", dispatch.ErrUnavailable, commit(whole)},
		{"register", desk.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			_, _, err := s.Registrations.Add(ctx, desk.Registration{Tenant: "asl", Citizen: "another"})
			return err
		}},
		{"change a registration", desk.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			_, err := s.Registrations.Change(ctx, registration)
			return err
		}},
		{"acquire a lease", dispatch.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			_, _, err := s.Leases.Acquire(ctx, "free", "me", true, time.Minute)
			return err
		}},
		{"resign a lease", dispatch.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			return s.Leases.Resign(ctx, "held", "me", lease)
		}},
		{"count", desk.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			_, err := s.Limits.Count(ctx, "asl", []string{"k"}, time.Hour)
			return err
		}},
		{"block a number", dispatch.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			return s.Blocks.Block(ctx, "asl", canaryTicket(t, "asl").Phone)
		}},
		{"sweep a line", dispatch.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			return s.Sweeps.Sweep(ctx, "asl", "persone", time.Now())
		}},
		{"keep a recording", desk.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			return s.Recordings.Put(ctx, "asl", "name", []byte("voice"))
		}},
		// Last, since the terms before it can write no more.
		{"take an exchange", call.ErrUnavailable, func(ctx context.Context, s *redisstore.Stores) error {
			_, err := s.Calls.Take(ctx, "node")
			return err
		}},
	}
}

// everything is all that Redis holds.
func everything(t *testing.T, c *redis.Client) map[string]string {
	t.Helper()
	keys, err := c.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	all := map[string]string{}
	for _, key := range keys {
		all[key], err = c.Dump(t.Context(), key).Result()
		require.NoError(t, err)
	}
	return all
}

// looks asks that what was kept can be read although nothing can be written.
func looks(t *testing.T, s *redisstore.Stores) {
	t.Helper()
	ctx := t.Context()
	_, err := s.Calls.Load(ctx, "asl", "one")
	require.NoError(t, err)
	live, err := s.Calls.Live(ctx, "node")
	require.NoError(t, err)
	require.Len(t, live, 1)
	tickets, agents, err := whole(s.Tickets.Open(ctx, "asl"))
	require.NoError(t, err)
	require.Len(t, tickets, 1)
	require.Len(t, agents, 1)
	ledgers, err := s.Tickets.Ledgers(ctx, "asl", []queue.Subject{canaryLedgers()[0].Subject})
	require.NoError(t, err)
	require.Equal(t, 1, ledgers[0].Version)
	_, err = s.Registrations.Of(ctx, "asl", "c", canaryCitizen)
	require.NoError(t, err)
}

func TestRedisThatRefusesWrites(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil, mend func(t *testing.T, r *lab.Redis, c *redis.Client)
		text        string
	}{
		"a replica": {
			func(t *testing.T, _ *lab.Redis, c *redis.Client) {
				require.NoError(t, c.ReplicaOf(t.Context(), "127.0.0.1", "1").Err())
			},
			func(t *testing.T, _ *lab.Redis, c *redis.Client) {
				require.NoError(t, c.ReplicaOf(t.Context(), "NO", "ONE").Err())
			},
			"address of the master",
		},
		"memory full": {set("maxmemory", "1"), set("maxmemory", "0"), "raise maxmemory"},
		"too few replicas": {
			set("min-replicas-to-write", "1"), set("min-replicas-to-write", "0"), "min-replicas-to-write",
		},
		"a snapshot that can't be written": {
			func(t *testing.T, r *lab.Redis, c *redis.Client) {
				require.NoError(t, os.Mkdir(filepath.Join(r.Dir, "dump.rdb"), 0o700)) // in the snapshot's place
				set("save", "3600 1")(t, r, c)
				require.NoError(t, c.BgSave(t.Context()).Err())
				require.Eventually(t, func() bool {
					info, err := c.Info(t.Context(), "persistence").Result()
					return err == nil && strings.Contains(info, "rdb_last_bgsave_status:err")
				}, patience, often)
			},
			set("stop-writes-on-bgsave-error", "no"), "append-only file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := own(t, lab.RedisOptions{})
			s, c := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}}), raw(t, r)
			writes := prepare(t, s)
			test.spoil(t, r, c)
			before := everything(t, c)
			for _, w := range writes {
				err := w.do(t.Context(), s)
				require.ErrorIs(t, err, w.unavailable, w.name)
				require.ErrorContains(t, err, test.text, w.name)
			}
			require.Equal(t, before, everything(t, c), "nothing was done by halves")
			looks(t, s)
			require.ErrorContains(t, s.Ping(t.Context()), test.text, "a store without writing is none")
			test.mend(t, r, c)
			for _, w := range writes {
				require.NoError(t, w.do(t.Context(), s), "%s, at once: no breaker was opened", w.name)
			}
			require.NoError(t, s.Ping(t.Context()))
		})
	}
}

func set(name, value string) func(*testing.T, *lab.Redis, *redis.Client) {
	return func(t *testing.T, _ *lab.Redis, c *redis.Client) {
		require.NoError(t, c.ConfigSet(t.Context(), name, value).Err())
	}
}

// storesFor opens stores for each write of its own: a Redis that is busy or loading opens the breaker.
func storesFor(t *testing.T, r *lab.Redis, key []byte, writes []write) map[string]*redisstore.Stores {
	t.Helper()
	stores := map[string]*redisstore.Stores{}
	for _, w := range writes {
		stores[w.name] = opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}, Key: key})
	}
	return stores
}

func TestRedisHeldUpByAScript(t *testing.T) {
	t.Parallel()
	r, key := own(t, lab.RedisOptions{}), newKey()
	c := raw(t, r)
	writes := prepare(t, opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}, Key: key}))
	stores := storesFor(t, r, key, writes)
	before := everything(t, c)
	set("busy-reply-threshold", "20")(t, r, c)
	held := make(chan error, 1)
	go func() { held <- raw(t, r).Eval(t.Context(), "while true do end", nil).Err() }()
	require.Eventually(t, func() bool {
		return redis.HasErrorPrefix(c.Ping(t.Context()).Err(), "BUSY")
	}, patience, often)
	for _, w := range writes {
		err := w.do(t.Context(), stores[w.name])
		require.ErrorIs(t, err, w.unavailable, w.name)
		require.ErrorContains(t, err, "SCRIPT KILL", w.name)
	}
	require.NoError(t, c.ScriptKill(t.Context()).Err())
	require.Error(t, <-held)
	require.Equal(t, before, everything(t, c))
	for _, w := range writes {
		require.NoError(t, w.do(t.Context(), stores[w.name]), w.name)
	}
}

func TestRedisLoading(t *testing.T) {
	t.Parallel()
	r, key := own(t, lab.RedisOptions{Args: []string{"--key-load-delay", "100"}}), newKey() // microseconds a command
	c := raw(t, r)
	writes := prepare(t, opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}, Key: key}))
	stores := storesFor(t, r, key, writes)
	before := everything(t, c)
	_, err := c.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for i := range 20_000 {
			p.Set(t.Context(), fmt.Sprint("filler", i), "", 0)
		}
		return nil
	})
	require.NoError(t, err)
	restarted := make(chan error, 1)
	r.Kill()
	go func() { restarted <- r.Restart(t.Context()) }()
	require.Eventually(t, func() bool { return redis.HasErrorPrefix(c.Ping(t.Context()).Err(), "LOADING") }, patience, often)
	var all sync.WaitGroup
	for _, w := range writes { // at once, since Redis answers seldom while it loads
		all.Go(func() {
			err := w.do(t.Context(), stores[w.name])
			assert.ErrorIs(t, err, w.unavailable, w.name)
			assert.ErrorContains(t, err, "loading its append-only file", w.name)
		})
	}
	all.Wait()
	require.NoError(t, <-restarted)
	for name, dump := range everything(t, c) {
		if kept, ok := before[name]; ok || !strings.HasPrefix(name, "filler") {
			assert.Equal(t, kept, dump, name)
		}
	}
	for _, w := range writes {
		require.Eventually(t, func() bool { return w.do(t.Context(), stores[w.name]) == nil }, 2*time.Second, often, w.name)
	}
}
