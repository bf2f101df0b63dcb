package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func simulate(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), append([]string{"simulate"}, args...), stdio{out: &o, err: &e})
	return code, o.String(), e.String()
}

func TestSimulateTellsWhatThereIs(t *testing.T) {
	t.Parallel()
	code, out, _ := simulate(t, "--help")
	assert.Equal(t, exitOK, code)
	for _, words := range []string{"over-80s-day", "weekend", "opening-day", "quiet-day", "closing-time", "landline-backlog", "pharmacies", "register-shut", "two-authorities", "order-of-need", "before-opening", "milano-cor", "shared-back-end", "Not yet", "Milano-Cor", "--svg", "Examples"} {
		assert.Contains(t, out, words)
	}
	for name, args := range map[string][]string{
		"nothing":          nil,
		"unknown scenario": {"christmas"},
		"unknown flag":     {"quiet-day", "--agenst", "3"},
		"word after":       {"quiet-day", "please"},
		"impossible":       {"quiet-day", "--agents", "0"},
		"both":             {"quiet-day", "--trace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, errs := simulate(t, args...)
			assert.Equal(t, exitUsage, code)
			assert.Contains(t, errs, "over-80s-day", "the list of scenarios")
		})
	}
}

func TestSimulateHistory(t *testing.T) {
	t.Parallel()
	code, out, _ := simulate(t, "--seed", "1", "--trace")
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "process 1 starts")
	assert.Contains(t, out, "everything was as it must be")
}

func TestSimulateSeeds(t *testing.T) {
	t.Parallel()
	code, out, _ := simulate(t, "--seeds", "5", "--seed", "10")
	require.Equal(t, exitOK, code, out)
	assert.Contains(t, out, "5 worlds")
}

func TestSimulateDay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	svg, figures := filepath.Join(dir, "day.svg"), filepath.Join(dir, "day.json")
	code, out, errs := simulate(t, "quiet-day", "--hours", "1", "--scale", "0.02", "--svg", svg, "--json", figures)
	require.Equal(t, exitOK, code, errs)
	assert.Contains(t, out, "agents needed")
	assert.Contains(t, out, "seed 1.")
	assert.Contains(t, errs, "the day as planned", "progress")
	picture, err := os.ReadFile(svg)
	require.NoError(t, err)
	assert.Contains(t, string(picture), "<svg")
	text, err := os.ReadFile(figures)
	require.NoError(t, err)
	var kept map[string]any
	require.NoError(t, json.Unmarshal(text, &kept))
	assert.Len(t, kept["played"], 2)

	code, _, errs = simulate(t, "quiet-day", "--hours", "1", "--scale", "0.02", "--svg", filepath.Join(dir, "no", "such.svg"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "write the result")
}
