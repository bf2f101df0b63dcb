package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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

// world is what a tenant has, as its stores tell it.
type world struct {
	open, closed  []queue.Ticket
	agents        []agent.Agent
	ledgers       []queue.Ledger
	registrations []desk.Registration
}

// subjects are those whose ledgers a world has.
func subjects() []queue.Subject {
	return []queue.Subject{canaryLedgers()[0].Subject, canaryLedgers()[1].Subject}
}

// readWorld reads all there is, with the versions left out.
func readWorld(t *testing.T, s *redisstore.Stores, tenant string) (w world) {
	t.Helper()
	ctx := t.Context()
	reading, err := s.Tickets.Open(ctx, tenant)
	require.NoError(t, err)
	w.agents = reading.Agents
	w.open, err = reading.All()
	require.NoError(t, err)
	w.closed, _, err = s.Tickets.Tickets(ctx, tenant, []queue.State{queue.Done, queue.Exhausted, queue.Withdrawn}, "", 1000)
	require.NoError(t, err)
	w.ledgers, err = s.Tickets.Ledgers(ctx, tenant, subjects())
	require.NoError(t, err)
	w.registrations, _, err = s.Registrations.Page(ctx, tenant, "", 1000)
	require.NoError(t, err)
	for i := range w.open {
		w.open[i].Version = 0
	}
	for i := range w.closed {
		w.closed[i].Version = 0
	}
	for i := range w.agents {
		w.agents[i].Version = 0
	}
	for i := range w.ledgers {
		w.ledgers[i].Version = 0
	}
	return w
}

// populate makes promises of all kinds.
func populate(t *testing.T, s *redisstore.Stores, tenant string) {
	t.Helper()
	ctx := t.Context()
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	states := []queue.State{queue.Due, queue.Pending, queue.Exhausted, queue.Done, queue.Withdrawn}
	for i := range 1200 { // more than is read or written at once
		ticket := canaryTicket(t, tenant)
		ticket.ID, ticket.State = fmt.Sprintf("t%04d", i), states[i%len(states)]
		ticket.Arrived = at.Add(time.Duration(i*7919%1200) * time.Second)
		_, err := s.Tickets.Commit(ctx, dispatch.Change{Tenant: tenant, Key: ticket.ID, Tickets: []queue.Ticket{ticket}})
		require.NoError(t, err)
	}
	_, err := s.Tickets.Commit(ctx, dispatch.Change{Tenant: tenant, Agents: canaryAgents(tenant), Ledgers: canaryLedgers()})
	require.NoError(t, err)
	for i := range 30 {
		_, _, err := s.Registrations.Add(ctx, desk.Registration{Tenant: tenant, Campaign: "c", Citizen: fmt.Sprint(canaryCitizen, i), At: at})
		require.NoError(t, err)
	}
	_, _, err = s.Registrations.Add(ctx, desk.Registration{Tenant: tenant, Campaign: "c", Citizen: "given", At: at, Receipt: "654321"})
	require.NoError(t, err)
	number := canaryTicket(t, tenant).Phone
	require.NoError(t, s.Blocks.Block(ctx, tenant, number))
	require.NoError(t, s.Recordings.Put(ctx, tenant, canaryName, []byte(canaryVoice)))
	for range 3 {
		_, err = s.Limits.Count(ctx, tenant, []string{canaryPhone}, time.Hour)
		require.NoError(t, err)
	}
}

// backedUp makes a backup, as the user who may do that and nothing else.
func backedUp(t *testing.T, r *lab.Redis, o redisstore.Options) (*bytes.Reader, redisstore.Summary) {
	t.Helper()
	rule := append([]string{"reset", "on", ">backup"}, backupRules(o.Tenants...)...)
	require.NoError(t, raw(t, r).ACLSetUser(t.Context(), "backup", rule...).Err())
	o.Username, o.Password = "backup", "backup"
	var file bytes.Buffer
	told := 0
	summary, err := redisstore.Backup(t.Context(), o, &file, func(n int) { told = n })
	require.NoError(t, err)
	assert.Positive(t, told)
	return bytes.NewReader(file.Bytes()), summary
}

// restored restores, as the user who may do that and nothing else.
func restored(t *testing.T, r *lab.Redis, o redisstore.Options, file io.ReadSeeker, replace bool) (redisstore.Summary, error) {
	t.Helper()
	rule := append([]string{"reset", "on", ">restore"}, restoreRules(o.Tenants...)...)
	require.NoError(t, raw(t, r).ACLSetUser(t.Context(), "restore", rule...).Err())
	o.Username, o.Password = "restore", "restore"
	return redisstore.Restore(t.Context(), o, file, replace, nil)
}

// TestFlushedByMistake is the drill: backed up, emptied, restored, and all as it was.
func TestFlushedByMistake(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	o := redisstore.Options{Addr: r.Socket, Key: newKey(), Tenants: []string{"asl", "usl"}}
	s := opened(t, o)
	populate(t, s, "asl")
	populate(t, s, "usl")
	before := map[string]world{"asl": readWorld(t, s, "asl"), "usl": readWorld(t, s, "usl")}
	require.Len(t, before["asl"].open, 480)
	require.Len(t, before["asl"].closed, 720)
	file, summary := backedUp(t, r, o)
	assert.Equal(t, redisstore.Counts{Tickets: 2400, Registrations: 62, Agents: 2, Ledgers: 4, Blocks: 2, Recordings: 2, Names: 2400, Limits: 2}, summary.Counts)
	assert.WithinDuration(t, time.Now(), summary.Began, time.Minute)
	later, _, err := s.Registrations.Add(ctx, desk.Registration{Tenant: "asl", Campaign: "c", Citizen: "after the backup"})
	require.NoError(t, err)

	require.NoError(t, raw(t, r).FlushAll(ctx).Err())
	_, err = redisstore.Backup(ctx, o, io.Discard, nil)
	require.ErrorContains(t, err, "restore the last backup", "an empty Redis is no backup")
	got, err := restored(t, r, o, file, false)
	require.NoError(t, err)
	assert.Equal(t, summary.Counts, got.Counts)
	assert.Equal(t, summary.Began, got.Began)
	assert.Zero(t, got.Expired+got.Damaged+got.Interrupted)

	s = opened(t, o)
	for tenant, was := range before {
		assert.Equal(t, was, readWorld(t, s, tenant))
		blocked, err := s.Blocks.Blocked(ctx, tenant, canaryTicket(t, tenant).Phone)
		require.NoError(t, err)
		assert.True(t, blocked)
		voice, err := s.Recordings.Get(ctx, tenant, canaryName)
		require.NoError(t, err)
		assert.Equal(t, canaryVoice, string(voice))
		counts, err := s.Limits.Count(ctx, tenant, []string{canaryPhone}, time.Hour)
		require.NoError(t, err)
		assert.Equal(t, []int{4}, counts)
		known, err := s.Tickets.Commit(ctx, dispatch.Change{Tenant: tenant, Key: "t0000"})
		require.NoError(t, err)
		require.Len(t, known.Tickets, 1, "a repeated change is known")
	}
	// What ends still ends, and at the same time.
	for _, key := range []string{"{asl}:ticket:t0003", "{asl}:ticket:t0004"} {
		left := raw(t, r).PTTL(ctx, key).Val()
		assert.InDelta(t, (7 * 24 * time.Hour).Hours(), left.Hours(), 0.1)
	}
	assert.Equal(t, time.Duration(-1), raw(t, r).PTTL(ctx, "{asl}:ticket:t0002").Val(), "an exhausted one waits for a person")
	assert.EqualValues(t, 480, raw(t, r).ZCard(ctx, "{asl}:tickets:closed").Val())

	// Receipts that were told, before the backup or after it, are nobody else's.
	told := []string{later.Receipt}
	for _, reg := range before["asl"].registrations {
		told = append(told, reg.Receipt)
	}
	for i := range 50 {
		next, added, err := s.Registrations.Add(ctx, desk.Registration{Tenant: "asl", Campaign: "c", Citizen: fmt.Sprint("new", i)})
		require.NoError(t, err)
		require.True(t, added)
		assert.NotContains(t, told, next.Receipt)
		told = append(told, next.Receipt)
	}
	_, _, err = s.Registrations.Add(ctx, desk.Registration{Tenant: "asl", Campaign: "c", Citizen: "x", Receipt: "654321"})
	require.ErrorIs(t, err, redisstore.ErrReceiptTaken)
	change, err := s.Registrations.Change(ctx, before["asl"].registrations[0])
	require.NoError(t, err)
	assert.Equal(t, before["asl"].registrations[0].Receipt, change.Receipt)
}

// TestRestoredCallsAndOwners: whoever was on the line is called back by another
// attempt, and who owned something before owns nothing any more.
func TestRestoredCallsAndOwners(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	o := redisstore.Options{Addr: r.Socket, Key: newKey(), Tenants: []string{"asl"}}
	s := opened(t, o)
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	lease, ok, err := s.Leases.Acquire(ctx, "planner:asl", "me", true, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	now := time.Now().UTC().Truncate(time.Second)
	due := canaryTicket(t, "asl")
	dialling, err := due.ClaimFirst(now, "node")
	require.NoError(t, err)
	kept, err := s.Tickets.Commit(ctx, dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{dialling}})
	require.NoError(t, err)
	record := conversation("asl", "node", term, dialling.Call, 3)
	require.NoError(t, s.Calls.Create(ctx, record))
	note := call.DialNote{Node: "node", Term: term, Tenant: "asl", Ticket: due.ID, Token: dialling.Token, Call: dialling.Call}
	require.NoError(t, s.Calls.MayDial(ctx, note))
	file, _ := backedUp(t, r, o)

	_, err = restored(t, r, o, file, true)
	require.ErrorIs(t, err, redisstore.ErrServing)
	require.NoError(t, s.Leases.Resign(ctx, "planner:asl", "me", lease))
	_, err = restored(t, r, o, file, false)
	require.ErrorIs(t, err, redisstore.ErrNotEmpty)
	got, err := restored(t, r, o, file, true)
	require.NoError(t, err)
	assert.Equal(t, 1, got.Interrupted)

	// The process before wakes up.
	require.ErrorIs(t, s.Calls.MayDial(ctx, note), call.ErrStale)
	require.ErrorIs(t, s.Calls.Create(ctx, conversation("asl", "node", term, "two", 1)), call.ErrStale)
	_, err = s.Tickets.Commit(ctx, dispatch.Change{Tenant: "asl", Tickets: kept.Tickets})
	require.ErrorIs(t, err, dispatch.ErrStale)
	live, err := s.Calls.Live(ctx, "node")
	require.NoError(t, err)
	assert.Empty(t, live)

	// The one that is started now.
	next := opened(t, o)
	ticket, err := next.Tickets.Ticket(ctx, "asl", due.ID)
	require.NoError(t, err)
	assert.Equal(t, queue.Pending, ticket.State)
	assert.False(t, ticket.Attempts[0].Ended.IsZero())
	newTerm, err := next.Calls.Take(ctx, "node")
	require.NoError(t, err)
	assert.Greater(t, newTerm, time.Now().Add(-time.Hour).UnixMilli())
	newLease, ok, err := next.Leases.Acquire(ctx, "planner:asl", "you", true, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Greater(t, newLease, newTerm-time.Hour.Milliseconds())
	again, err := next.Tickets.Commit(ctx, dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{ticket}})
	require.NoError(t, err)
	assert.Greater(t, again.Tickets[0].Version, kept.Tickets[0].Version+1_000_000)
}

// TestBackupIsRefused: whatever is not whole, not ours or not for here.
func TestBackupIsRefused(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	o := redisstore.Options{Addr: r.Socket, Key: newKey(), Tenants: []string{"asl", "usl"}}
	populate(t, opened(t, o), "asl")
	file, summary := backedUp(t, r, o)
	whole := make([]byte, file.Len())
	_, err := io.ReadFull(file, whole)
	require.NoError(t, err)
	assert.NotContains(t, string(whole), canaryPhone)
	assert.NotContains(t, string(whole), canaryCitizen)
	require.NoError(t, raw(t, r).FlushAll(ctx).Err())
	try := func(o redisstore.Options, content []byte) error {
		_, err := redisstore.Restore(ctx, o, bytes.NewReader(content), true, nil)
		_, alone := redisstore.Check(o, bytes.NewReader(content))
		require.ErrorIs(t, alone, redisstore.ErrBackup, "and without Redis too")
		return err
	}
	middle := slices.Clone(whole)
	middle[len(middle)/2] ^= 1
	newer := bytes.Replace(whole, []byte(`"version":1`), []byte(`"version":2`), 1)
	foreign := o
	foreign.Key = newKey()
	stranger := o
	stranger.Tenants = []string{"asl"}
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"empty":         {try(o, nil), "no backup of Richiamo"},
		"something":     {try(o, []byte("REDIS0011\n")), "no backup of Richiamo"},
		"the first kB":  {try(o, whole[:1000]), "not whole"},
		"header only":   {try(o, whole[:20]), "not whole"},
		"cut in half":   {try(o, whole[:len(whole)/2]), "not whole"},
		"a byte less":   {try(o, whole[:len(whole)-1]), "not whole"},
		"a byte more":   {try(o, append(slices.Clone(whole), 0)), "not whole"},
		"a bit changed": {try(o, middle), "not whole"},
		"of tomorrow":   {try(o, newer), "use the Richiamo that made it"},
		"foreign key":   {try(foreign, whole), "name the key file of that time"},
		"other tenants": {try(stranger, whole), "add it to the configuration"},
	} {
		require.ErrorIs(t, c.err, redisstore.ErrBackup, name)
		assert.ErrorContains(t, c.err, c.says, name)
	}
	assert.Zero(t, raw(t, r).DBSize(ctx).Val(), "nothing was written")
	got, err := redisstore.Check(o, bytes.NewReader(whole))
	require.NoError(t, err)
	assert.Equal(t, summary, got)
}

// failing breaks after some bytes, as a disk that is full.
type failing struct{ left int }

var errFull = errors.New("no space left on device")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestBrokenOff: a backup that can't be written says so; restoring that is broken
// off leaves nothing that is served, and can be begun again.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	o := redisstore.Options{Addr: r.Socket, Key: newKey(), Tenants: []string{"asl"}}
	populate(t, opened(t, o), "asl")
	for _, left := range []int{0, 100_000} {
		_, err := redisstore.Backup(ctx, o, &failing{left}, nil)
		require.ErrorIs(t, err, errFull)
	}
	file, _ := backedUp(t, r, o)
	require.NoError(t, raw(t, r).FlushAll(ctx).Err())
	broken, cancel := context.WithCancel(ctx)
	_, err := redisstore.Restore(broken, o, file, false, func(n int) {
		if n > 1000 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	half := opened(t, o)
	require.ErrorIs(t, half.Ping(ctx), redisstore.ErrRestoring)
	_, err = half.Tickets.Open(ctx, "asl")
	require.ErrorIs(t, err, dispatch.ErrUnavailable)
	_, err = redisstore.Backup(ctx, o, io.Discard, nil)
	require.ErrorIs(t, err, redisstore.ErrRestoring)

	got, err := restored(t, r, o, file, false)
	require.NoError(t, err)
	assert.Equal(t, 1200, got.Counts.Tickets)
	require.Eventually(t, func() bool { return half.Ping(ctx) == nil }, patience, often)
	assert.Len(t, readWorld(t, half, "asl").open, 480)
}

// TestBrokenOffWhileRedisStandsStill: whoever stops a backup, as a service that is
// stopped does, does not wait for an answer that may never come.
func TestBrokenOffWhileRedisStandsStill(t *testing.T) {
	t.Parallel()
	r := own(t, lab.RedisOptions{})
	o := redisstore.Options{Addr: r.Socket, Key: newKey(), Tenants: []string{"asl"}}
	populate(t, opened(t, o), "asl")
	t.Cleanup(func() { _ = r.Resume() })
	ctx, cancel := context.WithCancel(t.Context())
	var asked sync.Once
	var paused time.Time
	_, err := redisstore.Backup(ctx, o, io.Discard, func(int) {
		asked.Do(func() {
			paused = time.Now()
			assert.NoError(t, r.Pause())
			time.AfterFunc(100*time.Millisecond, cancel) // once the next question is on its way
		})
	})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "broken off")
	assert.Less(t, time.Since(paused), 10*time.Second)
}

// TestDamagedAndExpiredAreLeftOut: what was damaged before the backup does not
// keep the rest from being restored, and what has had its time does not come back.
func TestDamagedAndExpiredAreLeftOut(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	o := redisstore.Options{Addr: r.Socket, Key: newKey(), Tenants: []string{"asl"}}
	s := opened(t, o)
	populate(t, s, "asl")
	c := raw(t, r)
	require.NoError(t, c.Copy(ctx, "{asl}:ticket:t0000", "{asl}:ticket:t0005", 0, true).Err())
	// A bit is wrong where a body names its key.
	head, body, _ := strings.Cut(c.Get(ctx, "{asl}:ticket:t0006").Val(), "\n")
	require.NoError(t, c.Set(ctx, "{asl}:ticket:t0006", head+"\n"+string(body[0]^1)+body[1:], 0).Err())
	require.NoError(t, c.PExpire(ctx, "{asl}:ticket:t0003", 300*time.Millisecond).Err())
	file, _ := backedUp(t, r, o)
	require.Eventually(t, func() bool { return c.Exists(ctx, "{asl}:ticket:t0003").Val() == 0 }, patience, often)
	got, err := restored(t, r, o, file, true)
	require.NoError(t, err)
	assert.Equal(t, 2, got.Damaged)
	assert.Equal(t, 1, got.Expired)
	assert.Equal(t, 1197, got.Counts.Tickets)
	_, err = s.Tickets.Ticket(ctx, "asl", "t0003")
	require.ErrorIs(t, err, dispatch.ErrNotFound)
}

// TestBackupWhileEverythingGoesOn: whatever was acknowledged before it began is in
// it, while others write, and what it holds can be served.
func TestBackupWhileEverythingGoesOn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := own(t, lab.RedisOptions{})
	o := redisstore.Options{Addr: r.Socket, Key: newKey(), Tenants: []string{"asl"}}
	s := opened(t, o)
	term, err := s.Calls.Take(ctx, "node")
	require.NoError(t, err)
	l := &ledger{calls: map[string]int{}, tickets: map[string]int{}, receipts: map[string]string{}}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.write(ctx, s, term, "w", stop)
	}()
	require.Eventually(t, func() bool { return l.size() > 300 }, patience, often)
	l.Lock()
	promised := make(map[string]string, len(l.receipts))
	for citizen, receipt := range l.receipts {
		promised[citizen] = receipt
	}
	l.Unlock()
	file, _ := backedUp(t, r, o)
	close(stop)
	<-done
	require.NoError(t, raw(t, r).FlushAll(ctx).Err())
	_, err = restored(t, r, o, file, false)
	require.NoError(t, err)
	s = opened(t, o)
	(&ledger{receipts: promised, tickets: map[string]int{"w": 1}}).check(t, s)
	_, _, err = s.Registrations.Page(ctx, "asl", "", 1000)
	require.NoError(t, err)
}

// TestReplicasHaveWhatWasRestored: restoring ends when the replicas have it.
func TestReplicasHaveWhatWasRestored(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master, replica := pair(t)
	o := redisstore.Options{Addr: master.Socket, Key: newKey(), Tenants: []string{"asl"}, Replicas: 1, ReplicaWait: patient}
	populate(t, opened(t, o), "asl")
	file, _ := backedUp(t, master, o)
	require.NoError(t, raw(t, master).FlushAll(ctx).Err())
	_, err := redisstore.Restore(ctx, o, file, false, nil)
	require.NoError(t, err)
	master.Kill()
	require.NoError(t, raw(t, replica).ReplicaOf(ctx, "NO", "ONE").Err())
	o.Addr, o.Replicas = replica.Socket, 0
	assert.Len(t, readWorld(t, opened(t, o), "asl").open, 480)
}
