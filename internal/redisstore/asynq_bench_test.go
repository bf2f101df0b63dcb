package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/stretchr/testify/require"

	"richiamo/internal/dispatch"
	"richiamo/internal/lab"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// The work that both do: jobs are handed in for a given time, by many at once;
// when it has come, they are claimed and completed by as many, and some fail the
// first time and are done again. Everything is on disk before it is answered.
const (
	jobs       = 20_000
	jobWorkers = 50
	failEvery  = 20 // one job of so many fails once
)

// workload is one of the two at work.
type workload struct {
	hand func(n int, at time.Time) error // hands a job in for a time
	work func() error                    // does all jobs
}

// phases has the jobs done, and gives how many a second were handed in, worked
// on, and both.
func (w workload) phases(b *testing.B) (handed, worked, both float64) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	at := time.Now().Add(3 * time.Second) // when all have been handed in
	began := time.Now()
	for range jobWorkers {
		all.Go(func() {
			for n := next.Add(1) - 1; n < jobs; n = next.Add(1) - 1 {
				if err := w.hand(int(n), at); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	handing := time.Since(began)
	<-time.After(time.Until(at))
	began = time.Now()
	require.NoError(b, w.work())
	working := time.Since(began)
	return jobs / handing.Seconds(), jobs / working.Seconds(), jobs / (handing + working).Seconds()
}

// BenchmarkJobs has the same work done by tickets and by the queue of
// github.com/hibiken/asynq, in turns on the same Redis. What they promise is not
// the same: see the comment of each.
func BenchmarkJobs(b *testing.B) {
	r := own(b, lab.RedisOptions{})
	var sums [2][3]float64
	rounds := 0
	for b.Loop() {
		pair := []workload{tickets(b, r, rounds), asynqs(b, r, rounds)}
		for turn := range pair {
			i := (turn + rounds) % 2 // who is first has a Redis that is new
			handed, worked, both := pair[i].phases(b)
			for j, f := range []float64{handed, worked, both} {
				sums[i][j] += f
			}
		}
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	for i, who := range []string{"tickets", "asynq"} {
		for j, what := range []string{"handed-in/s", "worked/s", "jobs/s"} {
			b.ReportMetric(sums[i][j]/float64(rounds), who+"-"+what)
		}
	}
	b.ReportMetric(sums[0][2]/sums[1][2], "tickets/asynq")
}

// tickets is ours. A job that was handed in twice under its key is one job;
// a claim is done by exactly one, whoever was slow or thought dead can't write
// any more; every attempt is kept.
func tickets(b *testing.B, r *lab.Redis, round int) workload {
	b.Helper()
	tenant := fmt.Sprint("asl", round)
	s := opened(b, redisstore.Options{Addr: r.Socket, Tenants: []string{tenant}})
	commit := func(t queue.Ticket, key string) (queue.Ticket, error) {
		after, err := s.Tickets.Commit(b.Context(), dispatch.Change{Tenant: tenant, Key: key, Tickets: []queue.Ticket{t}})
		if err != nil {
			return t, err
		}
		return after.Tickets[0], nil
	}
	attempt := func(t queue.Ticket, end queue.State, outcome queue.Outcome) (queue.Ticket, error) {
		t.State, t.Token, t.Claimed = queue.Dialling, t.Token+1, time.Now()
		t.Attempts = append(t.Attempts, queue.Attempt{N: len(t.Attempts) + 1, Call: queue.CallID(t.ID, len(t.Attempts)+1), At: t.Claimed})
		t, err := commit(t, "")
		if err != nil {
			return t, err
		}
		last := &t.Attempts[len(t.Attempts)-1]
		last.Ended, last.Outcome, last.Counts = time.Now(), outcome, true
		t.State, t.NotBefore = end, last.Ended
		return commit(t, "")
	}
	return workload{
		hand: func(n int, at time.Time) error {
			t := ordinary(b, tenant, n)
			t.NotBefore = at
			_, err := commit(t, t.ID)
			return err
		},
		work: func() error {
			open, _, err := whole(s.Tickets.Open(b.Context(), tenant)) // as one does who knows nothing yet
			if err != nil || len(open) != jobs {
				return errors.Join(err, fmt.Errorf("%d jobs are open", len(open)))
			}
			var next atomic.Int64
			var all sync.WaitGroup
			for range jobWorkers {
				all.Go(func() {
					for n := next.Add(1) - 1; n < jobs; n = next.Add(1) - 1 {
						t, err := open[n], error(nil)
						if n%failEvery == 0 {
							t, err = attempt(t, queue.Due, queue.Busy)
						}
						if err == nil {
							_, err = attempt(t, queue.Done, queue.Delivered)
						}
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			return nil
		},
	}
}

// asynqs is the other one. A job is done at least once; its id keeps it from
// being handed in twice as long as it is there.
func asynqs(b *testing.B, r *lab.Redis, round int) workload {
	b.Helper()
	name := fmt.Sprint("q", round)
	o := asynq.RedisClientOpt{Network: "unix", Addr: r.Socket, PoolSize: 100}
	client := asynq.NewClient(o)
	b.Cleanup(func() { _ = client.Close() })
	payload := make([]byte, 240) // as large as a sealed ticket
	return workload{
		hand: func(n int, at time.Time) error {
			_, err := client.Enqueue(asynq.NewTask("job", payload), asynq.ProcessAt(at), asynq.TaskID(fmt.Sprint(round, "-", n)), asynq.Queue(name))
			return err
		},
		work: func() error {
			var done atomic.Int64
			finished := make(chan struct{})
			server := asynq.NewServer(o, asynq.Config{
				Concurrency: jobWorkers, Queues: map[string]int{name: 1}, LogLevel: asynq.FatalLevel,
				DelayedTaskCheckInterval: 10 * time.Millisecond, TaskCheckInterval: 10 * time.Millisecond,
				RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return 0 },
			})
			if err := server.Start(asynq.HandlerFunc(func(ctx context.Context, _ *asynq.Task) error {
				retried, _ := asynq.GetRetryCount(ctx)
				id, _ := asynq.GetTaskID(ctx)
				var in, n int
				if _, err := fmt.Sscanf(id, "%d-%d", &in, &n); err != nil {
					return err
				}
				if n%failEvery == 0 && retried == 0 {
					return errors.New("busy")
				}
				if done.Add(1) == jobs {
					close(finished)
				}
				return nil
			})); err != nil {
				return err
			}
			defer server.Shutdown()
			<-finished
			return nil
		},
	}
}
