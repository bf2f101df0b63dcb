package sim_test

import (
	"bytes"
	"flag"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/sim"
)

// Seeds to play: go test ./internal/sim -run Seeds -seeds 100000 -from 5000
var (
	seeds   = flag.Int("seeds", 1000, "how many worlds are played")
	from    = flag.Uint64("from", 0, "the first seed")
	history = flag.Bool("history", false, "print the history of the first seed")
)

// studio is shared by all tests: it never changes.
var studio = sync.OnceValues(func() (*sim.Studio, error) { return sim.NewStudio(sim.Register) })

// TestSeeds plays short worlds, one for a seed: what must always hold does after
// every event, whatever goes wrong, and all is settled in the end.
func TestSeeds(t *testing.T) {
	t.Parallel()
	s, err := studio()
	require.NoError(t, err)
	if *history {
		w := s.New(sim.Draw(*from))
		w.Trace = os.Stdout
		_ = w.Run() // told again below
	}
	swept := s.Sweep(t.Context(), *from, *seeds, 0, nil)
	for _, f := range swept.Failed {
		t.Error(f.What)
	}
	t.Logf("%d worlds, %d events, %.0f hours of telephone in %.1f s, %.2f ms a world",
		swept.Worlds, swept.Events, swept.Telephone.Hours(), swept.Took.Seconds(), swept.Each().Seconds()*1000)
}

// TestSameSeedSameWorld plays worlds twice and compares their histories to the
// last letter: a seed that fails must fail again when somebody looks into it.
func TestSameSeedSameWorld(t *testing.T) {
	t.Parallel()
	s, err := studio()
	require.NoError(t, err)
	for seed := range uint64(40) {
		var once, twice bytes.Buffer
		for _, out := range []*bytes.Buffer{&once, &twice} {
			w := s.New(sim.Draw(seed))
			w.Trace = out
			_ = w.Run() // whether it is right is another test's
			runtime.Gosched()
		}
		assert.Equal(t, once.String(), twice.String(), "seed %d", seed)
	}
}
