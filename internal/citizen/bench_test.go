package citizen_test

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"richiamo/internal/citizen"
	"richiamo/internal/citizen/snapshot"
	"richiamo/internal/fiscalcode"
)

// citizens is the size of the benchmark's register: ten million, the residents
// of Lombardy, or CITIZENS for a quick run.
func citizens(b *testing.B) int {
	text := os.Getenv("CITIZENS")
	if text == "" {
		return 10_000_000
	}
	n, err := strconv.Atoi(text)
	require.NoError(b, err, "CITIZENS must be a number")
	return n
}

// BenchmarkRegistry invents a register, imports it, and measures what a caller
// waits for. With BENCH_DIR set the figures are also written to citizen.json in
// that folder.
func BenchmarkRegistry(b *testing.B) {
	figures := map[string]float64{}
	dir, key := b.TempDir(), make([]byte, snapshot.KeySize)
	_, err := rand.Read(key)
	require.NoError(b, err)
	csv := filepath.Join(dir, "register.csv")
	sample := writeRegister(b, csv, citizens(b))

	folder := filepath.Join(dir, "registry")
	b.Run("import", func(b *testing.B) {
		for range b.N {
			figures["rows"] = float64(importRegister(b, csv, folder, key))
		}
		figures["import_seconds"] = perOp(b) / 1e9
		b.ReportMetric(figures["import_seconds"], "s/import")
		b.ReportMetric(figures["rows"]/figures["import_seconds"], "rows/s")
	})
	require.NoError(b, os.Remove(csv))

	before := heap()
	registry, err := snapshot.Open(folder, key)
	require.NoError(b, err)
	defer registry.Close()
	figures["index_bytes"] = float64(heap() - before)
	require.Equal(b, int(figures["rows"]), registry.Len())
	b.Run("load", func(b *testing.B) {
		for range b.N {
			again, err := snapshot.Open(folder, key)
			require.NoError(b, err)
			require.NoError(b, again.Close())
		}
		figures["load_seconds"] = perOp(b) / 1e9
		b.ReportMetric(figures["load_seconds"], "s/load")
		b.ReportMetric(figures["index_bytes"], "index-bytes")
	})
	b.Run("exact", func(b *testing.B) {
		n := 0
		for i := range b.N {
			n += len(registry.Find(sample[i%len(sample)].keys))
		}
		require.GreaterOrEqual(b, n, b.N)
		figures["exact_ns"] = perOp(b)
	})
	b.Run("near", func(b *testing.B) {
		found := 0
		for i := range b.N {
			found += len(registry.FindNear(sample[i%len(sample)].slipped))
		}
		require.GreaterOrEqual(b, found, b.N)
		figures["near_us"] = perOp(b) / 1e3
		b.ReportMetric(float64(found)/float64(b.N), "candidates/op")
	})
	b.Run("identify", func(b *testing.B) {
		for i := range b.N {
			s := sample[i%len(sample)]
			_, outcome, err := registry.Identify(s.slipped, s.second)
			require.NoError(b, err)
			require.NotEqual(b, citizen.NotFound, outcome)
		}
		figures["identify_us"] = perOp(b) / 1e3
	})
	writeFigures(b, figures)
}

func perOp(b *testing.B) float64 { return float64(b.Elapsed().Nanoseconds()) / float64(b.N) }

// heap is the memory in use by live objects.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// known is a citizen of the register as a caller: the right keys, the same with
// one wrong key, and the second datum.
type known struct {
	keys, slipped fiscalcode.Keys
	second        citizen.Second
}

// writeRegister invents a register of n people and returns some of them from
// all over it, in no order.
func writeRegister(b *testing.B, path string, n int) []known {
	began := time.Now()
	file, err := os.Create(path)
	require.NoError(b, err)
	out := bufio.NewWriterSize(file, 1<<20)
	_, err = out.WriteString("fiscal_code,surname,given_name,birth_date,card_number,municipality,language,phone\n")
	require.NoError(b, err)
	people := newPopulation(1)
	every := max(1, n/200_000)
	n += n / 1000 // a few codes will be given twice, and such rows are left out
	var sample []known
	var row []byte
	for i := range n {
		p := people.next(b)
		row = p.appendRow(row[:0])
		_, err := out.Write(row)
		require.NoError(b, err)
		if i%every == 0 {
			sample = append(sample, knownOf(b, p, i))
		}
	}
	require.NoError(b, out.Flush())
	require.NoError(b, file.Close())
	b.Logf("invented %d people in %.1f s", n, time.Since(began).Seconds())
	return slices.Clip(sample)
}

func knownOf(b *testing.B, p person, i int) known {
	code, err := fiscalcode.Parse(p.code)
	require.NoError(b, err)
	digits := []byte(code.Keypad().Reveal())
	at := i / 7 % len(digits)
	digits[at] = '0' + (digits[at]-'0'+1+byte(i%9))%10
	slipped, err := fiscalcode.ParseKeys(string(digits))
	require.NoError(b, err)
	second, err := citizen.CardDigits(p.card[15:])
	require.NoError(b, err)
	return known{code.Keypad(), slipped, second}
}

// importRegister gives the number of rows that were loaded.
func importRegister(b *testing.B, csv, dir string, key []byte) int64 {
	file, err := os.Open(csv)
	require.NoError(b, err)
	defer file.Close()
	summary, err := snapshot.Import(b.Context(), dir, key, file, snapshot.Options{})
	require.NoError(b, err)
	require.Zero(b, summary.Bad)
	return summary.Loaded
}

func writeFigures(b *testing.B, figures map[string]float64) {
	dir := os.Getenv("BENCH_DIR")
	if dir == "" {
		return
	}
	text, err := json.MarshalIndent(figures, "", "  ")
	require.NoError(b, err)
	require.NoError(b, os.MkdirAll(dir, 0o755))
	require.NoError(b, os.WriteFile(filepath.Join(dir, "citizen.json"), append(text, '\n'), 0o644))
}
