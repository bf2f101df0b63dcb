package redisstore_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/agent"
	"richiamo/internal/call"
	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// meter measures what a benchmark's operations cost beyond their mean time.
type meter struct {
	b      *testing.B
	pid    int
	client time.Duration
	server time.Duration
	times  []time.Duration
}

func startMeter(b *testing.B, r *lab.Redis) *meter {
	b.Helper()
	b.ReportAllocs()
	m := &meter{b: b, pid: r.PID(), times: make([]time.Duration, 0, 1<<16)}
	m.client, m.server = ownCPU(b), processCPU(b, m.pid)
	b.ResetTimer()
	return m
}

func (m *meter) time(f func() error) {
	begun := time.Now()
	if err := f(); err != nil {
		m.b.Fatal(err)
	}
	m.times = append(m.times, time.Since(begun))
}

// stop reports the median and the 99th percentile of the times, if any were
// taken, and the CPU time of both processes for each operation.
func (m *meter) stop() {
	m.b.StopTimer()
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(m.b.N) }
	m.b.ReportMetric(each(ownCPU(m.b)-m.client), "client-cpu-µs/op")
	m.b.ReportMetric(each(processCPU(m.b, m.pid)-m.server), "redis-cpu-µs/op")
	if n := len(m.times); n > 0 {
		slices.Sort(m.times)
		m.b.ReportMetric(float64(m.times[n/2].Microseconds()), "p50-µs")
		m.b.ReportMetric(float64(m.times[n*99/100].Microseconds()), "p99-µs")
	}
}

func ownCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processCPU reads user and system time from /proc, in ticks of 10 ms.
func processCPU(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(b, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	require.NoError(b, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(b, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// benchmarkLine opens stores on a Redis of their own, with an exchange taken.
func benchmarkLine(b *testing.B) (*lab.Redis, *redisstore.Stores, int64) {
	b.Helper()
	r := own(b, lab.RedisOptions{})
	s := opened(b, redisstore.Options{Addr: r.Socket, Tenants: []string{"asl"}})
	term, err := s.Calls.Take(b.Context(), "node")
	require.NoError(b, err)
	return r, s, term
}

// BenchmarkSaveCall saves a call with a journal of 20 inputs, one save after the
// other, as it happens within one call.
func BenchmarkSaveCall(b *testing.B) {
	r, s, term := benchmarkLine(b)
	record := conversation("asl", "node", term, "one", 20)
	require.NoError(b, s.Calls.Create(b.Context(), record))
	record.Version = 1
	m := startMeter(b, r)
	for b.Loop() {
		m.time(func() error { return s.Calls.Save(b.Context(), record) })
		record.Version++
	}
	m.stop()
}

// BenchmarkSaveCallParallel has 50 calls saved at once, which share their fsyncs.
func BenchmarkSaveCallParallel(b *testing.B) {
	r, s, term := benchmarkLine(b)
	var n atomic.Int32
	b.SetParallelism(25)
	m := startMeter(b, r)
	b.RunParallel(func(pb *testing.PB) {
		record := conversation("asl", "node", term, fmt.Sprint(n.Add(1)), 20)
		if err := s.Calls.Create(b.Context(), record); err != nil {
			b.Error(err)
		}
		for record.Version = 1; pb.Next(); record.Version++ {
			if err := s.Calls.Save(b.Context(), record); err != nil {
				b.Error(err)
			}
		}
	})
	m.stop()
}

// BenchmarkCommit moves a ticket and its agent on, under a key.
func BenchmarkCommit(b *testing.B) {
	r, s, _ := benchmarkLine(b)
	ticket := canaryTicket(b, "asl")
	change := dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{ticket}, Agents: []agent.Agent{{ID: "a", Tenant: "asl"}}}
	states := []queue.State{queue.Due, queue.Dialling}
	m := startMeter(b, r)
	for i := 0; b.Loop(); i++ {
		change.Key = fmt.Sprint("change-", i)
		change.Tickets[0].State = states[i%2]
		m.time(func() (err error) {
			change, err = s.Tickets.Commit(b.Context(), change)
			return err
		})
	}
	m.stop()
}

// BenchmarkMayDial is the fence that every dialled call passes.
func BenchmarkMayDial(b *testing.B) {
	r, s, term := benchmarkLine(b)
	_, err := s.Tickets.Commit(b.Context(), dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{canaryTicket(b, "asl")}})
	require.NoError(b, err)
	note := call.DialNote{Node: "node", Term: term, Tenant: "asl", Ticket: "ticket", Call: "ticket-1"}
	m := startMeter(b, r)
	for b.Loop() {
		m.time(func() error { return s.Calls.MayDial(b.Context(), note) })
	}
	m.stop()
}

// BenchmarkLive reads 100 live calls, as an adopter does.
func BenchmarkLive(b *testing.B) {
	r, s, term := benchmarkLine(b)
	for i := range 100 {
		require.NoError(b, s.Calls.Create(b.Context(), conversation("asl", "node", term, fmt.Sprint(i), 20)))
	}
	m := startMeter(b, r)
	for b.Loop() {
		m.time(func() error {
			live, err := s.Calls.Live(b.Context(), "node")
			if err == nil && len(live) != 100 {
				err = fmt.Errorf("%d calls are live", len(live))
			}
			return err
		})
	}
	m.stop()
}
