package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"richiamo/internal/bench"
)

// TestMain lets the test binary be the Richiamo that is measured.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := bench.Serve(ctx, os.Args[3], os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// Each benchmark runs to its end, small, on the real thing: all calls are served
// and the figures are there. How good they are is not for a test to say.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, bench.Run(t.Context(), bench.Options{
		Dir: dir, Only: []string{"cost", "latency", "crash"}, Out: &out, Say: t.Logf,
		Calls: 8, Rate: 8, Rounds: 1, Keys: 4, Up: 4, Kills: 1, Profile: filepath.Join(dir, "cost.pprof"),
	}))
	t.Log(out.String())
	for name, figures := range map[string][]string{
		"cost": {"dialplan", "richiamo", "ratio"}, "latency": {"idle", "under_load"}, "crash": {"restart_to_question", "lost"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name+".json"))
		require.NoError(t, err)
		var report struct {
			Benchmark string         `json:"benchmark"`
			Figures   map[string]any `json:"figures"`
			Targets   []bench.Target `json:"targets"`
		}
		require.NoError(t, json.Unmarshal(text, &report))
		require.Equal(t, name, report.Benchmark)
		require.NotEmpty(t, report.Targets)
		for _, figure := range figures {
			require.Contains(t, report.Figures, figure)
		}
		if name == "crash" {
			require.Zero(t, report.Figures["lost"])
			require.EqualValues(t, 4, report.Figures["restart_to_question"].(map[string]any)["n"])
		}
	}
	require.NoDirExists(t, filepath.Join(dir, "run"), "what ran is removed")
	profile, err := os.Stat(filepath.Join(dir, "cost.pprof"))
	require.NoError(t, err)
	require.NotZero(t, profile.Size())
}

func TestRunRefusesUnknown(t *testing.T) {
	t.Parallel()
	err := bench.Run(t.Context(), bench.Options{Dir: t.TempDir(), Only: []string{"speed"}})
	require.ErrorContains(t, err, `no benchmark "speed"; there are cost, latency, crash, planner, moves, rebuild, jobs, days, rooms`)
}
