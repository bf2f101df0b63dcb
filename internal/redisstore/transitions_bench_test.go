package redisstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/phone"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// ordinary is a ticket as most are: a promised call to somebody who was
// identified. No two are of one person.
func ordinary(tb testing.TB, tenant string, n int) queue.Ticket {
	tb.Helper()
	number, err := phone.Parse(fmt.Sprintf("347%07d", n%10_000_000))
	require.NoError(tb, err)
	at := time.Date(2027, 3, 1, 8, 0, 0, 123456789, time.UTC).Add(time.Duration(n) * 37 * time.Millisecond)
	return queue.Ticket{
		ID: fmt.Sprintf("asl-%012x", uint64(n)*0x9e3779b97f4a7c15>>16), Tenant: tenant, Queue: "cup",
		Purpose: queue.WantsPerson, State: queue.Pending, Reason: queue.ReasonPromised, Arrived: at,
		NotBefore: at.Add(time.Hour), From: at.Add(time.Hour), To: at.Add(2 * time.Hour),
		Phone: number, Citizen: fmt.Sprintf("RSSMRA%02dA41F%03dS", n%100, n/100%1000),
		Word: "371", Language: "it", Channel: "phone", NeedsAgent: true, Since: at, Updated: at,
	}
}

// bare is the least that a store with versions can do: one script that compares
// the version at the beginning of a value and replaces the value.
const bare = `
if string.match(redis.call('GETRANGE', KEYS[1], 0, 15), '^%d+') ~= ARGV[1] then return 1 end
redis.call('SET', KEYS[1], ARGV[2])
return 0`

// swapper swaps values by the bare script, as go-redis does it by itself.
type swapper struct {
	*redis.Client
	script *redis.Script
	value  string // after the version
}

func newSwapper(b *testing.B, r *lab.Redis, size int) *swapper {
	b.Helper()
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: r.Socket, Protocol: 2, DisableIdentity: true, PoolSize: 200, MaxRetries: -1})
	b.Cleanup(func() { _ = c.Close() })
	return &swapper{c, redis.NewScript(bare), strings.Repeat("x", size)}
}

func (s *swapper) swap(ctx context.Context, key string, version int) error {
	code, err := s.script.Run(ctx, s, []string{key}, version, fmt.Sprint(version+1, " ", s.value)).Int()
	if err == nil && code != 0 {
		err = fmt.Errorf("code %d", code)
	}
	return err
}

// pace is how fast something was done, and at which cost, summed over the turns
// that it had.
type pace struct {
	done           atomic.Int64
	took           time.Duration
	client, server time.Duration // processor time
}

// turn is how long one of those that are compared has its turn: so short that
// whatever else the machine does strikes all alike.
const turn = 250 * time.Millisecond

// add has many do the same over and over, for a turn.
func (p *pace) add(b *testing.B, r *lab.Redis, many int, do func(who, n int) error) {
	b.Helper()
	var all sync.WaitGroup
	client, server, began := ownCPU(b), processCPU(b, r.PID()), time.Now()
	for who := range many {
		all.Go(func() {
			for n := 0; time.Since(began) < turn; n++ {
				if err := do(who, n); err != nil {
					b.Error(err)
					return
				}
				p.done.Add(1)
			}
		})
	}
	all.Wait()
	p.took += time.Since(began)
	p.client += ownCPU(b) - client
	p.server += processCPU(b, r.PID()) - server
}

func (p *pace) rate() float64 { return float64(p.done.Load()) / p.took.Seconds() }

func (p *pace) report(b *testing.B, what string) {
	b.Helper()
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(p.done.Load()) }
	b.ReportMetric(p.rate(), what+"/s")
	b.ReportMetric(each(p.client), what+"-client-µs")
	b.ReportMetric(each(p.server), what+"-redis-µs")
}

// BenchmarkTransitions moves tickets from state to state, every move on disk
// before it returns, and in turns has the bare script replace values of the same
// size on the same Redis.
func BenchmarkTransitions(b *testing.B) {
	for _, many := range []int{1, 50, 200} {
		b.Run(fmt.Sprint("conns=", many), func(b *testing.B) {
			r := own(b, lab.RedisOptions{})
			s := opened(b, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}, Connections: 200})
			after, err := s.Tickets.Commit(b.Context(), dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{ordinary(b, "asl", 1<<20)}})
			require.NoError(b, err)
			size, err := raw(b, r).StrLen(b.Context(), "{asl}:ticket:"+after.Tickets[0].ID).Result()
			require.NoError(b, err)
			swap := newSwapper(b, r, int(size)-2)
			tickets, versions := make([]queue.Ticket, many), make([]int, many)
			claims := make([]dispatch.Change, many)
			for i := range tickets {
				tickets[i] = ordinary(b, "asl", i)
				claims[i] = claim(b, many+i)
				require.NoError(b, swap.Set(b.Context(), fmt.Sprint("bare", i), "0 ", 0).Err())
			}
			states := []queue.State{queue.Due, queue.Dialling}
			var ours, theirs, both pace
			for b.Loop() {
				theirs.add(b, r, many, func(who, _ int) error {
					err := swap.swap(b.Context(), fmt.Sprint("bare", who), versions[who])
					versions[who]++
					return err
				})
				ours.add(b, r, many, func(who, n int) error {
					t := &tickets[who]
					t.State = states[n%2]
					after, err := s.Tickets.Commit(b.Context(), dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{*t}})
					if err == nil {
						*t = after.Tickets[0]
					}
					return err
				})
				both.add(b, r, many, func(who, n int) error {
					claims[who].Tickets[0].State = states[n%2]
					after, err := s.Tickets.Commit(b.Context(), claims[who])
					if err == nil {
						claims[who] = after
					}
					return err
				})
			}
			b.ReportMetric(0, "ns/op")
			theirs.report(b, "bare")
			ours.report(b, "transitions")
			both.report(b, "claims")
			b.ReportMetric(ours.rate()/theirs.rate(), "transitions/bare")
			b.ReportMetric(both.rate()/theirs.rate(), "claims/bare")
			b.ReportMetric(float64(size), "value-B")
		})
	}
}

// claim is the largest of the usual changes: a ticket that is about to be
// dialled, the agent who is reserved for it, and the ledgers of number and
// citizen with the calls of a month.
func claim(tb testing.TB, n int) dispatch.Change {
	tb.Helper()
	t := ordinary(tb, "asl", n)
	c := dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{t},
		Agents: []agent.Agent{{ID: fmt.Sprint("agent-", n), Tenant: "asl", State: agent.Reserved, Ticket: t.ID, Since: t.Arrived}}}
	for _, of := range queue.Subjects(t) {
		l := queue.Ledger{Subject: of}
		for i := range 4 {
			l.Entries = append(l.Entries, queue.Entry{Ticket: t.ID, Attempt: i + 1, Purpose: t.Purpose, At: t.Arrived, Ended: t.Arrived, Outcome: queue.NoAnswer, Cause: 19, SIP: 480, Counts: true})
		}
		c.Ledgers = append(c.Ledgers, l)
	}
	return c
}
