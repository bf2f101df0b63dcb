package redisstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
)

// someTicket is one of many, of nobody.
func someTicket(t testing.TB) queue.Ticket {
	t.Helper()
	number, err := phone.Parse("3471234567")
	require.NoError(t, err)
	at := time.Date(2027, 3, 1, 12, 0, 0, 123456789, time.UTC)
	return queue.Ticket{
		ID: "asl-0123456789ab", Tenant: "asl", Queue: "cup", Purpose: queue.WantsPerson, State: queue.Pending,
		Reason: queue.ReasonPromised, Arrived: at, NotBefore: queue.NoDate(), From: at.Add(time.Hour), To: at.Add(2 * time.Hour),
		Phone: number, Citizen: "RSSMRA36A41F205S", Word: "371", Language: "it", Channel: "phone", NeedsAgent: true,
		Attempts: []queue.Attempt{{N: 1, Call: "asl-0123456789ab-1", At: at, Ended: at, Outcome: queue.Busy, Cause: 17, Counts: true}},
		Since:    at, Updated: at, Version: 2,
	}
}

func TestStampsKeepEveryTime(t *testing.T) {
	t.Parallel()
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	for _, at := range []time.Time{
		{}, time.Unix(0, 1), time.Unix(0, -1), time.Date(2027, 3, 28, 3, 0, 0, 999_999_999, rome),
		time.Date(2261, 12, 31, 23, 59, 59, 0, time.UTC), queue.NoDate(),
	} {
		back := stampOf(at).time()
		assert.True(t, at.Equal(back), "%v became %v", at, back)
		assert.Equal(t, at.IsZero(), back.IsZero())
		assert.Equal(t, time.UTC, back.Location())
	}
}

// TestPackedIsSmall: what is kept of a ticket, and how much more JSON would be.
func TestPackedIsSmall(t *testing.T) {
	t.Parallel()
	s, ticket := testSealer(t), someTicket(t)
	packed, err := s.keepPacked(nil, packTicket(&ticket), "")
	require.NoError(t, err)
	asJSON, err := s.keep(nil, ticket, "")
	require.NoError(t, err)
	assert.Less(t, len(packed), len(asJSON)/2)
	assert.Less(t, len(packed), 280)
}

// TestTextOfAnyEncodingComesBack: what another system handed over may be no UTF-8,
// and must not make a ticket that can't be read.
func TestTextOfAnyEncodingComesBack(t *testing.T) {
	t.Parallel()
	s, ticket := testSealer(t), someTicket(t)
	ticket.Note = "perch\xe9"
	value, err := s.keepPacked([]byte{'\n'}, packTicket(&ticket), "here")
	require.NoError(t, err)
	var back queue.Ticket
	require.NoError(t, openPacked(s, string(value), new(packedTicket), &back, "here"))
	assert.Equal(t, ticket.Note, back.Note)
}

// TestEarlierTicketsAreRead: a ticket that was kept before it was known what had been
// promised first, and when it was last asked for, goes by what it has.
func TestEarlierTicketsAreRead(t *testing.T) {
	t.Parallel()
	s, ticket := testSealer(t), someTicket(t)
	earlier := map[int]any{1: ticket.ID, 7: stampOf(ticket.Arrived), 11: stampOf(ticket.To), 13: 2}
	value, err := s.keepPacked([]byte{'\n'}, earlier, "here")
	require.NoError(t, err)
	for _, read := range []func(*queue.Ticket) error{
		func(x *queue.Ticket) error { return openPacked(s, string(value), new(packedTicket), x, "here") },
		func(x *queue.Ticket) error { return newQuick().openTicket(s, string(value), x, "here") },
	} {
		var back queue.Ticket
		require.NoError(t, read(&back))
		assert.Equal(t, []any{int32(2), ticket.To, ticket.Arrived}, []any{back.Replans, back.FirstTo(), back.AskedAt()})
	}
}

// TestUnknownFieldsArePassedOver: what a newer program wrote, an older one reads.
func TestUnknownFieldsArePassedOver(t *testing.T) {
	t.Parallel()
	s := testSealer(t)
	value, err := s.keepPacked([]byte{'\n'}, map[int]any{1: "asl-1", 9999: []string{"new"}, 33: 4}, "here")
	require.NoError(t, err)
	var back queue.Ticket
	require.NoError(t, openPacked(s, string(value), new(packedTicket), &back, "here"))
	assert.Equal(t, queue.Ticket{ID: "asl-1", Version: 4}, back)
	value, err = s.keepPacked([]byte{'\n'}, map[int]any{14: "not a number"}, "here")
	require.NoError(t, err)
	err = openPacked(s, string(value), new(packedTicket), &back, "here")
	require.ErrorIs(t, err, ErrDamaged)
	require.NotContains(t, err.Error(), "not a number")
}

// TestWhatWasKeptAsJSONIsRead goes on with a Redis whose records are from the
// time when they were kept as JSON, behind the heads of that time.
func TestWhatWasKeptAsJSONIsRead(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r, err := lab.StartRedis(ctx, lab.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(r.Stop)
	stores, err := Open(ctx, Options{Addr: r.Socket, Key: []byte(strings.Repeat("k", KeySize)), Tenants: []string{"asl"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = stores.Close() })
	s, db := stores.Tickets, stores.db

	ticket := someTicket(t)
	someone := agent.Agent{ID: "a", Tenant: "asl", State: agent.Ready, Since: ticket.Arrived, Skills: []string{"it"}, Version: 3}
	key, done := ticketKey("asl", ticket.ID), doneKey("asl", db.seal.digest("asl", "change", "call-1-7"))
	head := fmt.Appendf(nil, "2 0 %s %s %s\n", place(&ticket), db.seal.digest("asl", "phone", "x"), "-")
	value, err := db.seal.keep(head, ticket, key)
	require.NoError(t, err)
	require.NoError(t, db.rdb.Set(ctx, key, value, 0).Err())
	require.NoError(t, db.rdb.ZAdd(ctx, placesKey("asl"), redis.Z{Member: place(&ticket)}).Err())
	value, err = db.seal.keep([]byte("3\n"), someone, agentPlace("asl", "a"))
	require.NoError(t, err)
	require.NoError(t, db.rdb.HSet(ctx, agentsKey("asl"), "a", value).Err())
	value, err = db.seal.keep([]byte{'\n'}, map[string]any{"tickets": []queue.Ticket{ticket}, "agents": []agent.Agent{someone}}, done)
	require.NoError(t, err)
	require.NoError(t, db.rdb.Set(ctx, done, value, 0).Err())

	kept, err := s.Open(ctx, "asl")
	require.NoError(t, err)
	tickets, err := kept.All()
	require.NoError(t, err)
	sameRecord(t, []queue.Ticket{ticket}, tickets)
	sameRecord(t, []agent.Agent{someone}, kept.Agents)
	before, err := s.Commit(ctx, dispatch.Change{Tenant: "asl", Key: "call-1-7"})
	require.NoError(t, err)
	sameRecord(t, []queue.Ticket{ticket}, before.Tickets)
	sameRecord(t, []agent.Agent{someone}, before.Agents)

	ticket.State = queue.Done
	after, err := s.Commit(ctx, dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{ticket}, Agents: kept.Agents})
	require.NoError(t, err)
	assert.Equal(t, 3, after.Tickets[0].Version)
	kept, err = s.Open(ctx, "asl")
	require.NoError(t, err)
	assert.Zero(t, kept.About)
	assert.Equal(t, 4, kept.Agents[0].Version)
	places, err := db.rdb.ZRange(ctx, placesKey("asl"), 0, -1).Result()
	require.NoError(t, err)
	assert.Equal(t, []string{place(&ticket)}, places)
}

func sameRecord(t *testing.T, want, got any) {
	t.Helper()
	w, err := json.Marshal(want)
	require.NoError(t, err)
	g, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(w), string(g))
}

// FuzzPacked: no body makes reading fail otherwise than by an error.
func FuzzPacked(f *testing.F) {
	s, ticket := testSealer(f), someTicket(f)
	for _, record := range []any{packTicket(&ticket), packAgent(&agent.Agent{ID: "a"}), packLedger(&queue.Ledger{Version: 1})} {
		var body bytes.Buffer
		require.NoError(f, s.packer.MarshalToBuffer(record, &body))
		f.Add(body.Bytes())
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		value := string(s.seal([]byte{'\n'}, body, "here"))
		var kept queue.Ticket
		if openPacked(s, value, new(packedTicket), &kept, "here") == nil {
			again, err := s.keepPacked([]byte{'\n'}, packTicket(&kept), "here")
			require.NoError(t, err)
			var back queue.Ticket
			require.NoError(t, openPacked(s, string(again), new(packedTicket), &back, "here"))
			require.Equal(t, kept.ID, back.ID)
		}
		_ = openPacked(s, value, new(packedAgent), new(agent.Agent), "here")
		_ = openPacked(s, value, new(packedLedger), new(queue.Ledger), "here")
		_ = openPacked(s, value, new(packedLeft), new(left), "here")
	})
}

// BenchmarkRecord is what a ticket costs this process on its way to Redis and
// back, as it is kept and as it was kept before.
func BenchmarkRecord(b *testing.B) {
	s, ticket := testSealer(b), someTicket(b)
	packed, err := s.keepPacked([]byte{'\n'}, packTicket(&ticket), "here")
	require.NoError(b, err)
	old, err := s.keep([]byte{'\n'}, ticket, "here")
	require.NoError(b, err)
	for name, run := range map[string]struct {
		size int
		do   func() error
	}{
		"pack": {len(packed), func() error { _, err := s.keepPacked([]byte{'\n'}, packTicket(&ticket), "here"); return err }},
		"unpack": {len(packed), func() error {
			return openPacked(s, string(packed), new(packedTicket), new(queue.Ticket), "here")
		}},
		"json-encode": {len(old), func() error { _, err := s.keep([]byte{'\n'}, ticket, "here"); return err }},
		"json-decode": {len(old), func() error { _, err := s.open(string(old), new(queue.Ticket), "here"); return err }},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := run.do(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(run.size), "value-B")
		})
	}
}
