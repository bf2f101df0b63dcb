package redisstore_test

import (
	"fmt"
	"strconv"
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
	"richiamo/internal/plan"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// The size of the largest call center that is thought of.
const (
	manyTickets = 1_000_000
	manyAgents  = 2_600
)

// memoryOf is what a Redis takes in all.
func memoryOf(b *testing.B, c *redis.Client) int {
	b.Helper()
	info, err := c.Info(b.Context(), "memory").Result()
	require.NoError(b, err)
	_, after, _ := strings.Cut(info, "used_memory:")
	figure, _, _ := strings.Cut(after, "\r\n")
	used, err := strconv.Atoi(figure)
	require.NoError(b, err)
	return used
}

// BenchmarkRebuild is what a planner waits for whose predecessor is lost: all
// open tickets and all agents are read, unsealed and on its board. Every ticket
// was made under a key, as callers make them; what Redis keeps for that is
// counted to the ticket, as are its places in indexes.
func BenchmarkRebuild(b *testing.B) {
	r := own(b, lab.RedisOptions{})
	c := raw(b, r)
	require.NoError(b, c.ConfigSet(b.Context(), "appendfsync", "no").Err()) // only while it is filled
	s := opened(b, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	before := memoryOf(b, c)
	fillStore(b, s)
	each := float64(memoryOf(b, c)-before) / manyTickets
	for name, value := range map[string]string{"appendfsync": "always", "slowlog-log-slower-than": "100"} { // µs
		require.NoError(b, c.ConfigSet(b.Context(), name, value).Err())
	}
	require.NoError(b, c.Do(b.Context(), "SLOWLOG", "RESET").Err())

	var took, longest time.Duration
	for b.Loop() {
		began := time.Now()
		r, err := s.Tickets.Open(b.Context(), "asl")
		require.NoError(b, err)
		require.Len(b, r.Agents, manyAgents)
		p := plan.Plant("asl", plan.Defaults(), began, r.Agents, r.About)
		for tickets, err := range r.Tickets {
			require.NoError(b, err)
			p.Put(tickets)
		}
		board := p.Board()
		took += time.Since(began)
		require.Equal(b, manyTickets, board.Len())
		slow, err := c.SlowLogGet(b.Context(), -1).Result()
		require.NoError(b, err)
		for _, command := range slow {
			longest = max(longest, command.Duration)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took.Seconds()/float64(b.N), "s/rebuild")
	b.ReportMetric(each, "redis-B/ticket")
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-command-ms")
}

// fillStore makes the tickets, each under a key, and the agents.
func fillStore(b *testing.B, s *redisstore.Stores) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	states := []queue.State{queue.Pending, queue.Due, queue.Due, queue.Waiting}
	for range 50 {
		all.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= manyTickets {
					return
				}
				t := ordinary(b, "asl", n)
				t.State = states[n%len(states)]
				c := dispatch.Change{Tenant: "asl", Key: fmt.Sprint(t.ID, "-1-7"), Tickets: []queue.Ticket{t}}
				if n < manyAgents {
					c.Agents = []agent.Agent{{ID: fmt.Sprint("agent-", n), Tenant: "asl", State: agent.Ready, Since: t.Arrived, Idle: t.Arrived}}
				}
				if _, err := s.Tickets.Commit(b.Context(), c); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
