package redisstore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/call"
	"richiamo/internal/desk"
	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
	"richiamo/internal/storetest"
)

// What belongs to an invented person. The keys of the code are in every journal
// of conversation.
const (
	canaryPhone   = "0255512345"
	canaryCitizen = "RSSMRA36A41F205S"
	canaryKeys    = "7776723641205"
	canaryName    = "Zenobia"
	canaryReason  = "Physiotherapy"
	canaryVoice   = "a voice that says a name"
)

func canaryTicket(t testing.TB, tenant string) queue.Ticket {
	t.Helper()
	number, err := phone.Parse(canaryPhone)
	require.NoError(t, err)
	return queue.Ticket{
		ID: "ticket", Tenant: tenant, State: queue.Due, Arrived: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC),
		Phone: number, Citizen: canaryCitizen, Keyed: canaryKeys, Note: canaryName,
	}
}

func canaryLedgers() []queue.Ledger {
	entries := []queue.Entry{{Ticket: "ticket", Attempt: 1, At: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}}
	return []queue.Ledger{
		{Subject: queue.Subject{Kind: queue.OfPhone, Value: canaryPhone}, Entries: entries},
		{Subject: queue.Subject{Kind: queue.OfCitizen, Value: canaryCitizen}, Entries: entries},
	}
}

func canaryAgents(tenant string) []agent.Agent {
	return []agent.Agent{{ID: "agent", Tenant: tenant, State: agent.Paused, Reason: canaryReason}}
}

// TestNothingOfAPersonIsReadable looks through all keys and values, and through
// all bytes that Redis has written to its disk.
func TestNothingOfAPersonIsReadable(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	useAll(t, s, "asl")
	kept, err := s.Registrations.Of(ctx, "asl", "c", canaryCitizen)
	require.NoError(t, err)
	secrets := []string{canaryPhone, canaryCitizen, canaryKeys, canaryName, canaryReason, canaryVoice, kept.Receipt}

	c := raw(t, r)
	keys, err := c.Keys(ctx, "*").Result()
	require.NoError(t, err)
	require.Greater(t, len(keys), 12)
	for _, key := range keys {
		assert.Regexp(t, `^\{(asl|node:node|lease:planner)\}`, key, "every key has its hash tag")
		dump, err := c.Dump(ctx, key).Result()
		require.NoError(t, err)
		for _, secret := range secrets {
			assert.NotContains(t, key, secret)
			assert.NotContains(t, dump, secret)
		}
	}
	require.NoError(t, c.BgSave(ctx).Err()) // a snapshot is on the disk too
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(r.Dir, "dump.rdb"))
		return err == nil
	}, patience, often)
	files := 0
	require.NoError(t, filepath.WalkDir(r.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		for _, secret := range secrets {
			assert.False(t, bytes.Contains(content, []byte(secret)), path)
		}
		return err
	}))
	require.GreaterOrEqual(t, files, 4, "log, manifest, append-only file, snapshot")
}

func TestBodiesCannotBeSwapped(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl", "usl"}})
	useAll(t, s, "asl")
	useAll(t, s, "usl")
	c := raw(t, r)
	require.NoError(t, c.Copy(ctx, "{usl}:call:one", "{asl}:call:one", 0, true).Err())
	_, err := s.Calls.Load(ctx, "asl", "one")
	require.ErrorIs(t, err, redisstore.ErrDamaged)
	require.NotErrorIs(t, err, call.ErrUnavailable)
	require.NoError(t, c.Copy(ctx, "{asl}:ticket:ticket", "{asl}:ticket:other", 0, true).Err())
	_, err = s.Tickets.Ticket(ctx, "asl", "other")
	require.ErrorIs(t, err, redisstore.ErrDamaged)
	require.NoError(t, c.Set(ctx, "{asl}:ticket:other", "no head and no body", 0).Err())
	_, err = s.Tickets.Ticket(ctx, "asl", "other")
	require.ErrorIs(t, err, redisstore.ErrDamaged)
	ledgers, err := c.Keys(ctx, "{asl}:ledger:*").Result()
	require.NoError(t, err)
	require.NoError(t, c.Copy(ctx, ledgers[0], ledgers[1], 0, true).Err())
	_, err = s.Tickets.Ledgers(ctx, "asl", []queue.Subject{canaryLedgers()[0].Subject, canaryLedgers()[1].Subject})
	require.ErrorIs(t, err, redisstore.ErrDamaged)
	require.NoError(t, c.Copy(ctx, "{usl}:agents", "{asl}:agents", 0, true).Err())
	_, err = s.Tickets.Open(ctx, "asl")
	require.ErrorIs(t, err, redisstore.ErrDamaged)
}

// TestDamagedCallIsListed: one that can't be read keeps no other from being
// adopted, and is not forgotten.
func TestDamagedCallIsListed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	tenant, node := storetest.Name("tenant"), storetest.Name("node")
	s := opened(t, redisstore.Options{Tenants: []string{tenant}})
	term, err := s.Calls.Take(ctx, node)
	require.NoError(t, err)
	for _, id := range []string{"one", "two"} {
		require.NoError(t, s.Calls.Create(ctx, conversation(tenant, node, term, id, 3)))
	}
	c := raw(t, server)
	require.NoError(t, c.Append(ctx, "{"+tenant+"}:call:one", "x").Err())
	live, err := s.Calls.Live(ctx, node)
	require.NoError(t, err)
	require.Len(t, live, 2)
	assert.Equal(t, call.Record{ID: "one", Tenant: tenant, Node: node, Unreadable: true}, live[0])
	assert.False(t, live[1].Unreadable)
}

func TestOptions(t *testing.T) {
	t.Parallel()
	tenant := storetest.Name("tenant")
	good := redisstore.Options{Addr: server.Socket, Tenants: []string{tenant}, Key: newKey()}
	for name, spoil := range map[string]func(*redisstore.Options){
		"no address":   func(o *redisstore.Options) { o.Addr = "" },
		"short key":    func(o *redisstore.Options) { o.Key = o.Key[1:] },
		"no tenant":    func(o *redisstore.Options) { o.Tenants = nil },
		"empty tenant": func(o *redisstore.Options) { o.Tenants = []string{""} },
		"brace":        func(o *redisstore.Options) { o.Tenants = []string{"a}b"} },
		"space":        func(o *redisstore.Options) { o.Tenants = []string{"a b"} },
	} {
		o := good
		spoil(&o)
		_, err := redisstore.Open(t.Context(), o)
		require.Error(t, err, name)
	}
	s := opened(t, good)
	err := s.Calls.Create(t.Context(), call.Record{ID: "one", Tenant: "other", Node: "n"})
	require.ErrorContains(t, err, "add it to the configuration")
	_, err = s.Tickets.Commit(t.Context(), dispatch.Change{Tenant: tenant, Tickets: []queue.Ticket{{ID: "a b", Tenant: tenant, State: queue.Due}}})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "a b")
}

// TestWrongKey: at the opening when Redis answers, else as soon as it does,
// and before anything is written.
func TestWrongKeyFile(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	right := newKey()
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}, Key: right})
	useAll(t, s, "asl")
	other := redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}, Key: newKey()}
	_, err := redisstore.Open(ctx, other)
	require.ErrorIs(t, err, redisstore.ErrWrongKey)
	require.ErrorContains(t, err, "restore that key file, or use an empty Redis")

	r.Kill()
	late := opened(t, other)
	_, err = late.Limits.Count(ctx, "asl", []string{"k"}, time.Minute)
	require.ErrorIs(t, err, desk.ErrUnavailable)
	require.NoError(t, r.Restart(ctx))
	require.Eventually(t, func() bool {
		_, err = late.Calls.Take(ctx, "node")
		return !errors.Is(err, call.ErrUnavailable)
	}, patience, often)
	require.ErrorIs(t, err, redisstore.ErrWrongKey)
	again := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}, Key: right})
	_, err = again.Calls.Load(ctx, "asl", "one")
	require.NoError(t, err)
}

// TestWhatIsKeptForAWhile: ended calls and closed tickets go, exhausted tickets
// and all that is open stay; the lists forget what has gone.
func TestWhatIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	c := raw(t, r)
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	useAll(t, s, "asl")
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	missed := conversation("asl", "node", term, "missed", 3) // it began and ended while Redis was away
	missed.Ended = missed.Started
	require.NoError(t, s.Calls.Create(ctx, missed))
	require.ErrorIs(t, s.Calls.Create(ctx, missed), call.ErrExists)
	for _, key := range []string{"{asl}:call:one", "{asl}:call:missed", "{asl}:ticket:ticket", "{asl}:dialled:one"} {
		left, err := c.PTTL(ctx, key).Result()
		require.NoError(t, err)
		assert.InDelta(t, 7*24*time.Hour, left, float64(time.Minute), key)
	}
	n, err := c.Exists(ctx, "{asl}:node:node:live").Result()
	require.NoError(t, err)
	assert.Zero(t, n)
	ledgers, err := c.Keys(ctx, "{asl}:ledger:*").Result()
	require.NoError(t, err)
	require.Len(t, ledgers, 2)
	for _, key := range ledgers {
		left, err := c.PTTL(ctx, key).Result()
		require.NoError(t, err)
		assert.InDelta(t, 31*24*time.Hour, left, float64(time.Minute))
	}

	tenant := storetest.Name("tenant")
	brief := opened(t, redisstore.Options{Addr: server.Socket, Tenants: []string{tenant}, Keep: 50 * time.Millisecond})
	onServer := raw(t, server)
	states := []queue.State{queue.Done, queue.Withdrawn, queue.Exhausted, queue.Due}
	var tickets []queue.Ticket
	for _, state := range states {
		ticket := canaryTicket(t, tenant)
		ticket.ID, ticket.State = string(state), state
		tickets = append(tickets, ticket)
	}
	_, err = brief.Tickets.Commit(ctx, dispatch.Change{Tenant: tenant, Tickets: tickets})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		page, _, err := brief.Tickets.Tickets(ctx, tenant, nil, "", 10)
		return err == nil && len(page) == 2
	}, patience, often)
	last := canaryTicket(t, tenant)
	last.ID, last.State = "last", queue.Done
	_, err = brief.Tickets.Commit(ctx, dispatch.Change{Tenant: tenant, Tickets: []queue.Ticket{last}})
	require.NoError(t, err)
	places, err := onServer.ZRange(ctx, "{"+tenant+"}:tickets:places", 0, -1).Result()
	require.NoError(t, err)
	assert.Len(t, places, 3, "due, exhausted and the last one")
	for _, gone := range places {
		assert.NotContains(t, gone, "withdrawn")
	}
}

func TestDurability(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	s := opened(t, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	findings, err := s.Durability(ctx)
	require.NoError(t, err)
	require.Len(t, findings, 7)
	for _, f := range findings {
		assert.True(t, f.OK, "%s is %s", f.What, f.Found)
	}
	c := raw(t, r)
	set("appendfsync", "everysec")(t, r, c)
	set("maxmemory-policy", "allkeys-lru")(t, r, c)
	findings, err = s.Durability(ctx)
	require.NoError(t, err)
	wrong := map[string]string{}
	for _, f := range findings {
		if !f.OK {
			assert.NotEmpty(t, f.Cure)
			wrong[f.What] = f.Found
		}
	}
	assert.Equal(t, map[string]string{"appendfsync": "everysec", "maxmemory-policy": "allkeys-lru"}, wrong)
	r.Kill()
	_, err = s.Durability(ctx)
	require.Error(t, err)
}
