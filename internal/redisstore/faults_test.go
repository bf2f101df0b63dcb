package redisstore_test

import (
	"context"
	"fmt"
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

const (
	patience = 20 * time.Second
	often    = 5 * time.Millisecond
)

// raw is a plain client, for what the stores do not do.
func raw(t testing.TB, r *lab.Redis) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: r.Socket, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// line is an open store with an exchange taken and a call on it.
type line struct {
	*redisstore.Stores
	record call.Record
}

func newLine(t *testing.T, r *lab.Redis) line {
	t.Helper()
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	term, err := s.Calls.Take(t.Context(), "node")
	require.NoError(t, err)
	record := conversation("asl", "node", term, "one", 3)
	require.NoError(t, s.Calls.Create(t.Context(), record))
	record.Version = 1
	return line{s, record}
}

func TestRedisGoneAnswersAtOnceAndRecovers(t *testing.T) {
	t.Parallel()
	r := own(t, lab.RedisOptions{})
	l := newLine(t, r)
	r.Kill()
	begun := time.Now()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { assert.ErrorIs(t, l.Calls.Save(t.Context(), l.record), call.ErrUnavailable) })
	}
	all.Wait()
	assert.Less(t, time.Since(begun), 2*time.Second)
	require.Error(t, l.Ping(t.Context()))

	require.NoError(t, r.Restart(t.Context()))
	begun = time.Now()
	require.Eventually(t, func() bool { return l.Calls.Save(t.Context(), l.record) == nil }, patience, often)
	assert.Less(t, time.Since(begun), 2*time.Second)
}

func TestPausedRedisOpensTheBreaker(t *testing.T) {
	t.Parallel()
	r := own(t, lab.RedisOptions{})
	l := newLine(t, r)
	require.NoError(t, r.Pause())
	t.Cleanup(func() { _ = r.Resume() })
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { assert.ErrorIs(t, l.Calls.Save(t.Context(), l.record), call.ErrUnavailable) })
	}
	all.Wait()
	begun := time.Now()
	fast := 0
	for range 50 { // one of them may be the probe, which waits
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		require.ErrorIs(t, l.Calls.Save(ctx, l.record), call.ErrUnavailable)
		if ctx.Err() == nil {
			fast++
		}
		cancel()
	}
	assert.GreaterOrEqual(t, fast, 45)
	assert.Less(t, time.Since(begun), time.Second)
	require.NoError(t, r.Resume())
	begun = time.Now()
	require.Eventually(t, func() bool { return l.Calls.Save(t.Context(), l.record) == nil }, patience, often)
	assert.Less(t, time.Since(begun), 2*time.Second)
}

// ledger is what a store has acknowledged.
type ledger struct {
	sync.Mutex
	calls, tickets map[string]int    // versions by id
	receipts       map[string]string // by citizen
}

// write goes on writing under an id, and keeps what was acknowledged, until stop.
func (l *ledger) write(ctx context.Context, s *redisstore.Stores, term int64, id string, stop <-chan struct{}) {
	record := conversation("asl", "node", term, id, 1)
	ticket := queue.Ticket{ID: id, Tenant: "asl", State: queue.Due}
	save := s.Calls.Create
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		citizen := fmt.Sprint(id, "-", n)
		errSave := save(ctx, record)
		change, errCommit := s.Tickets.Commit(ctx, dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{ticket}})
		kept, _, errAdd := s.Registrations.Add(ctx, desk.Registration{Tenant: "asl", Campaign: "c", Citizen: citizen})
		l.Lock()
		if errSave == nil {
			save = s.Calls.Save
			record.Version++
			l.calls[id] = record.Version
		}
		if errCommit == nil {
			ticket = change.Tickets[0]
			l.tickets[id] = ticket.Version
		}
		if errAdd == nil {
			l.receipts[citizen] = kept.Receipt
		}
		l.Unlock()
	}
}

func (l *ledger) size() int {
	l.Lock()
	defer l.Unlock()
	return len(l.receipts)
}

// check looks for all that was acknowledged.
func (l *ledger) check(t *testing.T, s *redisstore.Stores) {
	t.Helper()
	ctx := t.Context()
	for id, version := range l.calls {
		kept, err := s.Calls.Load(ctx, "asl", id)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, kept.Version, version)
	}
	for id, version := range l.tickets {
		kept, err := s.Tickets.Ticket(ctx, "asl", id)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, kept.Version, version)
	}
	seen := map[string]bool{}
	for citizen, receipt := range l.receipts {
		kept, err := s.Registrations.Of(ctx, "asl", "c", citizen)
		require.NoError(t, err)
		assert.Equal(t, receipt, kept.Receipt)
		assert.False(t, seen[receipt])
		seen[receipt] = true
	}
}

// TestKillKeepsEveryAcknowledgedWrite kills Redis again and again in the middle
// of writing.
func TestKillKeepsEveryAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	l := &ledger{calls: map[string]int{}, tickets: map[string]int{}, receipts: map[string]string{}}
	for round := range 3 {
		stop := make(chan struct{})
		var all sync.WaitGroup
		for writer := range 8 {
			all.Go(func() { l.write(ctx, s, term, fmt.Sprintf("%d-%d", round, writer), stop) })
		}
		before := l.size()
		require.Eventually(t, func() bool { return l.size() > before+100 }, patience, often)
		r.Kill()
		close(stop)
		all.Wait()
		require.NoError(t, r.Restart(ctx))
		require.Eventually(t, func() bool { return s.Ping(ctx) == nil }, patience, often)
	}
	l.check(t, s)
	next, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	assert.Greater(t, next, term)
}

func TestScriptsForgottenByRedis(t *testing.T) {
	t.Parallel()
	r := own(t, lab.RedisOptions{})
	l := newLine(t, r)
	require.NoError(t, raw(t, r).ScriptFlush(t.Context()).Err())
	require.NoError(t, l.Calls.Save(t.Context(), l.record))
}

func TestUserWithTheDocumentedRules(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	c := raw(t, r)
	rule := append([]string{"on", ">secret"}, serviceRules("asl")...)
	require.NoError(t, c.ACLSetUser(ctx, "richiamo", rule...).Err())
	require.NoError(t, c.ACLSetUser(ctx, "default", "off").Err())
	o := redisstore.Options{Addr: r.Socket, Username: "richiamo", Password: "secret", Tenants: []string{"asl"}}
	s := opened(t, o)
	useAll(t, s, "asl")
	findings, err := s.Durability(ctx)
	require.NoError(t, err)
	for _, f := range findings {
		assert.True(t, f.OK, "%s is %s", f.What, f.Found)
	}

	o.Tenants = []string{"other"}
	require.ErrorContains(t, opened(t, o).Ping(ctx), "let the Redis user")
	o.Password = "wrong"
	require.ErrorContains(t, opened(t, o).Ping(ctx), "correct the user and password")
	o.Username, o.Password = "", ""
	require.ErrorContains(t, opened(t, o).Ping(ctx), "set the user and password")
}

// useAll uses every verb of every store, with a person's data in every place.
func useAll(t *testing.T, s *redisstore.Stores, tenant string) {
	t.Helper()
	ctx := t.Context()
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	record := conversation(tenant, "node", term, "one", 10)
	record.Number = canaryPhone
	require.NoError(t, s.Calls.Create(ctx, record))
	record.Version = 1
	require.NoError(t, s.Calls.Save(ctx, record))
	record.Version = 2
	_, err = s.Calls.Load(ctx, tenant, "one")
	require.NoError(t, err)
	live, err := s.Calls.Live(ctx, "node")
	require.NoError(t, err)
	assert.Len(t, live, 1)

	ticket := canaryTicket(t, tenant)
	change, err := s.Tickets.Commit(ctx, dispatch.Change{Tenant: tenant, Key: canaryName, Tickets: []queue.Ticket{ticket},
		Agents: canaryAgents(tenant), Ledgers: canaryLedgers()})
	require.NoError(t, err)
	_, err = s.Tickets.Ledgers(ctx, tenant, []queue.Subject{canaryLedgers()[0].Subject})
	require.NoError(t, err)
	require.NoError(t, s.Calls.MayDial(ctx, call.DialNote{
		Node: "node", Term: term, Tenant: tenant, Ticket: ticket.ID, Call: "one",
	}))
	_, err = s.Calls.Dialled(ctx, tenant, "one")
	require.NoError(t, err)
	_, _, err = whole(s.Tickets.Open(ctx, tenant))
	require.NoError(t, err)
	_, err = s.Tickets.Ticket(ctx, tenant, ticket.ID)
	require.NoError(t, err)
	_, _, err = s.Tickets.Tickets(ctx, tenant, nil, "", 10)
	require.NoError(t, err)
	record.Ended = record.Started
	require.NoError(t, s.Calls.Save(ctx, record))
	ticket = change.Tickets[0]
	ticket.State = queue.Done
	_, err = s.Tickets.Commit(ctx, dispatch.Change{Tenant: tenant, Tickets: []queue.Ticket{ticket}})
	require.NoError(t, err)

	term, ok, err := s.Leases.Acquire(ctx, "planner", "me", true, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, s.Leases.Resign(ctx, "planner", "me", term))

	r := desk.Registration{Tenant: tenant, Campaign: "c", Citizen: canaryCitizen, Phone: canaryPhone, At: record.Started}
	_, _, err = s.Registrations.Add(ctx, r)
	require.NoError(t, err)
	_, err = s.Registrations.Change(ctx, r)
	require.NoError(t, err)
	_, err = s.Registrations.Of(ctx, tenant, "c", canaryCitizen)
	require.NoError(t, err)
	_, _, err = s.Registrations.Page(ctx, tenant, "", 10)
	require.NoError(t, err)
	_, err = s.Limits.Count(ctx, tenant, []string{canaryPhone}, time.Minute)
	require.NoError(t, err)

	require.NoError(t, s.Blocks.Block(ctx, tenant, ticket.Phone))
	blocked, err := s.Blocks.Blocked(ctx, tenant, ticket.Phone)
	require.NoError(t, err)
	assert.True(t, blocked)
	require.NoError(t, s.Blocks.Unblock(ctx, tenant, ticket.Phone))
	require.NoError(t, s.Blocks.Block(ctx, tenant, ticket.Phone))
	require.NoError(t, s.Recordings.Put(ctx, tenant, canaryName, []byte(canaryVoice)))
	voice, err := s.Recordings.Get(ctx, tenant, canaryName)
	require.NoError(t, err)
	assert.Equal(t, canaryVoice, string(voice))
	_, err = s.Recordings.Get(ctx, tenant, "another")
	require.ErrorIs(t, err, desk.ErrNotFound)
}
