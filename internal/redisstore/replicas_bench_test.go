package redisstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/dispatch"
	"richiamo/internal/queue"
	"richiamo/internal/redisstore"
)

// BenchmarkReplicas tells what waiting for a replica on the same machine costs: how
// many tickets are written in a second by so many at once, without and with it.
func BenchmarkReplicas(b *testing.B) {
	master, _ := pair(b)
	key := newKey()
	for _, writers := range []int{1, 50} {
		for _, replicas := range []int{0, 1} {
			b.Run(fmt.Sprintf("conns=%d/replicas=%d", writers, replicas), func(b *testing.B) {
				s := opened(b, redisstore.Options{Addr: master.Socket, Key: key, Tenants: []string{"asl"}, Replicas: replicas, ReplicaWait: patient})
				var done atomic.Int64
				began := time.Now()
				for b.Loop() {
					var all sync.WaitGroup
					for who := range writers {
						all.Go(func() {
							t := ordinary(b, "asl", int(began.UnixNano()/1000)+who*1_000_003)
							for until := time.Now().Add(time.Second); time.Now().Before(until); done.Add(1) {
								kept, err := s.Tickets.Commit(b.Context(), dispatch.Change{Tenant: "asl", Tickets: []queue.Ticket{t}})
								if err != nil {
									b.Error(err)
									return
								}
								t = kept.Tickets[0]
							}
						})
					}
					all.Wait()
					began = time.Now() // other tickets in the next round
				}
				b.ReportMetric(0, "ns/op")
				require.Positive(b, done.Load())
				b.ReportMetric(float64(done.Load())/float64(b.N), "writes/s")
			})
		}
	}
}
