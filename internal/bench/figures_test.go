package bench

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/dialogue"
	"richiamo/internal/speech"
)

func TestSpread(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for ms := 200; ms > 0; ms-- {
		times = append(times, time.Duration(ms)*time.Millisecond)
	}
	assert.Equal(t, Spread{N: 200, P50: 100, P90: 180, P99: 198, Max: 200}, spread(times))
	assert.Equal(t, Spread{N: 1, P50: 1.5, P90: 1.5, P99: 1.5, Max: 1.5}, spread([]time.Duration{1500 * time.Microsecond}))
	assert.Zero(t, spread(nil))
}

// Of a call in the dialplan only Asterisk's time counts, whatever Richiamo and
// Redis did meanwhile.
func TestForThousand(t *testing.T) {
	t.Parallel()
	u := usage{asterisk: 4 * time.Second, richiamo: time.Second, redis: 500 * time.Millisecond}
	assert.Equal(t, perThousand{Asterisk: 10, Sum: 10}, forThousand(u, 400, byDialplan))
	assert.Equal(t, perThousand{Asterisk: 10, Richiamo: 2.5, Redis: 1.25, Sum: 13.75}, forThousand(u, 400, byRichiamo))
}

// A process that has worked has used time, and only its own.
func TestUsed(t *testing.T) {
	t.Parallel()
	before, err := used(os.Getpid())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		noise("work", 30*time.Second)
		after, err := used(os.Getpid())
		return err == nil && after > before
	}, 10*time.Second, time.Millisecond)
	_, err = used(1 << 30)
	require.ErrorContains(t, err, "processor time of process")
}

func TestFsync(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	took, err := fsync(dir)
	require.NoError(t, err)
	assert.Positive(t, took)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestPublish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	r := Report{
		Benchmark: "cost", About: "what a call costs", Machine: here(), Figures: map[string]int{"n": 1},
		table:   [][]string{{"", "ms"}, {"all", "1.0"}},
		Targets: []Target{target("median", 1, 5, " ms"), target("lost", 1, 0, ""), floor("ratio", 0.4, 0.5, "")},
	}
	require.NoError(t, r.publish(&out, dir))
	assert.Contains(t, out.String(), "median: 1 ms, target at most 5 ms: met\n")
	assert.Contains(t, out.String(), "lost: 1, target at most 0: MISSED\n")
	assert.Contains(t, out.String(), "ratio: 0.4, target at least 0.5: MISSED\n")
	text, err := os.ReadFile(dir + "/cost.json")
	require.NoError(t, err)
	for _, part := range []string{`"benchmark": "cost"`, `"figures": {`, `"at_most": 5`, `"at_most": 0`, `"at_least": 0.5`, `"met": true`, `"met": false`, `"processors"`} {
		assert.Contains(t, string(text), part)
	}
}

func TestMeasures(t *testing.T) {
	t.Parallel()
	found := measures(strings.NewReader(`goos: linux
pkg: richiamo/internal/fiscalcode
cpu: some
BenchmarkParse-2   	 3506522	       342.0 ns/op	      16 B/op	       1 allocs/op
PASS
ok  	richiamo/internal/fiscalcode	1.6s
pkg: richiamo/internal/citizen
BenchmarkRegistry/exact-2 	 9961214	       120.5 ns/op
BenchmarkNothing
PASS
`), 2)
	assert.Equal(t, []Measure{
		{Room: "fiscalcode", Name: "Parse", Figures: map[string]float64{"ns/op": 342, "B/op": 16, "allocs/op": 1}, text: "342.0 ns/op, 16 B/op, 1 allocs/op"},
		{Room: "citizen", Name: "Registry/exact", Figures: map[string]float64{"ns/op": 120.5}, text: "120.5 ns/op"},
	}, found)
	assert.Equal(t, []Target{target("registry: exact lookup", 120.5, 1000, " ns/op")}, registryTargets(found))
}

// The tables of tickets are made of what the benchmarks print: a figure that is
// not printed any more is an error, not a zero.
func TestFigures(t *testing.T) {
	t.Parallel()
	found := []Measure{{Room: "plan", Name: "Decide", Figures: map[string]float64{"p50-µs": 8}}}
	f, err := figures(found, "Decide", "p50-µs")
	require.NoError(t, err)
	assert.InDelta(t, 8, f["p50-µs"], 0)
	_, err = figures(found, "Decide", "p99-µs")
	require.EqualError(t, err, "the benchmark Decide of plan tells no p99-µs")
	_, err = figures(found, "Memory")
	require.EqualError(t, err, "there is no benchmark Memory")
	for figure, written := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", 1234567: "1,234,567"} {
		assert.Equal(t, written, cell(figure))
	}
	assert.Equal(t, "71 %", share(0.7134))
}

// What Richiamo says in a measured call is what the dialplan's own call says.
func TestConversation(t *testing.T) {
	t.Parallel()
	s := conversation(prompt)
	j, turn, err := dialogue.Step(s, dialogue.New(s), dialogue.Input{Kind: dialogue.Began})
	require.NoError(t, err)
	require.Equal(t, []dialogue.Action{{Kind: dialogue.Say, Say: speech.Say("bench-2s")}}, turn.Actions)
	require.Equal(t, 1, turn.Wait.Collect.Max)
	_, again, err := dialogue.Step(s, j, dialogue.Input{Kind: dialogue.Resumed})
	require.NoError(t, err)
	require.Equal(t, turn.Actions, again.Actions, "after a crash the question is put again")
	_, turn, err = dialogue.Step(s, j, dialogue.Input{Kind: dialogue.Entry, Keys: "1", End: dialogue.Full})
	require.NoError(t, err)
	require.True(t, turn.Ended)
	require.Equal(t, []dialogue.Action{{Kind: dialogue.Say, Say: speech.Say("bench-1s")}, {Kind: dialogue.Finish}}, turn.Actions)

	v := voice{lengths()}
	assert.Equal(t, 2*time.Second+10300*time.Millisecond, v.Total([]speech.Recording{prompt, "silence-10000", "silence-300"}))
	assert.Len(t, noise("x", time.Second), 8000)
	assert.NotEqual(t, noise("x", time.Second), noise("y", time.Second))
}
