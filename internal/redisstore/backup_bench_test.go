package redisstore_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/lab"
	"richiamo/internal/redisstore"
)

// BenchmarkBackup copies a million open tickets, and the names of the changes that
// made them, out of Redis and back. Beside how long that takes it tells what
// others notice of it: the longest command, and what this process holds in memory.
func BenchmarkBackup(b *testing.B) {
	r := own(b, lab.RedisOptions{})
	c := raw(b, r)
	require.NoError(b, c.ConfigSet(b.Context(), "appendfsync", "no").Err()) // only while it is filled
	o := redisstore.Options{Addr: r.Socket, Key: newKey(), Tenants: []string{"asl"}}
	fillStore(b, opened(b, o))
	for name, value := range map[string]string{"appendfsync": "always", "slowlog-log-slower-than": "100"} { // µs
		require.NoError(b, c.ConfigSet(b.Context(), name, value).Err())
	}
	require.NoError(b, c.Do(b.Context(), "SLOWLOG", "RESET").Err())
	runtime.GC()
	var held uint64
	look := func(records int) {
		if records%50_000 < 1000 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			held = max(held, m.HeapInuse)
		}
	}
	var out, back, longest time.Duration
	var size int64
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "backup")
		file, err := os.Create(path)
		require.NoError(b, err)
		began := time.Now()
		s, err := redisstore.Backup(b.Context(), o, file, look)
		require.NoError(b, err)
		require.NoError(b, file.Sync())
		out += time.Since(began)
		require.GreaterOrEqual(b, s.Counts.Tickets, manyTickets)
		slow, err := c.SlowLogGet(b.Context(), -1).Result()
		require.NoError(b, err)
		for _, command := range slow {
			longest = max(longest, command.Duration)
		}
		info, err := file.Stat()
		require.NoError(b, err)
		size = info.Size()
		began = time.Now()
		_, err = redisstore.Restore(b.Context(), o, file, true, look)
		require.NoError(b, err)
		back += time.Since(began)
		require.NoError(b, file.Close())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(out.Seconds()/float64(b.N), "s/backup")
	b.ReportMetric(back.Seconds()/float64(b.N), "s/restore")
	b.ReportMetric(float64(size)/1e6, "MB")
	b.ReportMetric(float64(held)/1e6, "MB-held")
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-command-ms")
}
