package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/speech"
)

// The codes of G.711 at the ends of its segments, as its table 1a lists them
// (even bits inverted).
func TestALaw(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		steps float64 // of the 4096 in full scale
		code  byte
	}{
		{0, 0xd5}, {1, 0xd5}, {2, 0xd4}, {30, 0xda}, {31, 0xda}, {32, 0xc5}, {62, 0xca}, {64, 0xf5}, {126, 0xfa},
		{128, 0xe5}, {256, 0x95}, {512, 0x85}, {1024, 0xb5}, {2048, 0xa5}, {4032, 0xaa}, {4095, 0xaa}, {5000, 0xaa},
		{-1, 0x55}, {-2048, 0x25}, {-4095, 0x2a},
	} {
		assert.Equal(t, c.code, aLaw(c.steps/4096), "%v steps", c.steps)
	}
}

// hum is d of a sound that is loud enough.
func hum(d time.Duration) []float64 {
	sound := make([]float64, samples(d))
	for i := range sound {
		sound[i] = 0.3 * math.Sin(2*math.Pi*300*float64(i)/rate)
	}
	return sound
}

func join(parts ...[]float64) (all []float64) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func silence(d time.Duration) []float64 { return make([]float64, samples(d)) }

func TestShapeSetsThePauses(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	click := hum(20 * ms)
	sound := join(silence(200*ms), hum(400*ms), silence(320*ms), hum(400*ms), silence(150*ms), hum(300*ms),
		silence(700*ms), hum(500*ms), silence(300*ms), click, silence(400*ms))
	shaped := shape(sound, 1)
	want := leadIn + 400*ms + speech.PauseClause*ms + 400*ms + 150*ms + 300*ms + speech.PauseSentence*ms + 500*ms + leadOut
	assert.InDelta(t, want.Seconds(), float64(len(shaped))/rate, 0.021)
	assert.Nil(t, shape(silence(time.Second), 0))
	assert.Nil(t, shape(nil, 0))
}

func TestToneAndMusic(t *testing.T) {
	t.Parallel()
	beep := tone(300 * time.Millisecond)
	assert.Len(t, beep, samples(300*time.Millisecond))
	assert.InDelta(t, 0, beep[0], 0.01)
	assert.InDelta(t, 0, beep[len(beep)-1], 0.01)
	ring := music()
	assert.Len(t, ring, samples(40*time.Second))
	for _, x := range ring {
		require.Less(t, math.Abs(x), 0.9)
	}
}

func TestOnlyWhatChangedIsMadeAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	pieces := []speech.Piece{{Recording: "a-1", Text: "Sì."}, {Recording: "b-1", Text: "No."}}
	old, err := readHashes(folder)
	require.NoError(t, err)
	assert.Equal(t, pieces, old.changed(folder, pieces, false), "nothing is there yet")
	for _, name := range []string{"a-1.alaw", "a-1.g722", "b-1.alaw", "b-1.g722", "old-1.alaw"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o644))
	}
	require.NoError(t, writeHashes(folder, "a voice, its speed", pieces))
	old, err = readHashes(folder)
	require.NoError(t, err)
	assert.Equal(t, "a voice, its speed", old.voice)
	assert.Empty(t, old.changed(folder, pieces, false))
	assert.Equal(t, pieces, old.changed(folder, pieces, true))
	pieces[1].Text = "Forse."
	assert.Equal(t, pieces[1:], old.changed(folder, pieces, false))
	require.NoError(t, os.Remove(filepath.Join(folder, "a-1.g722")))
	assert.Equal(t, pieces, old.changed(folder, pieces, false))
	require.NoError(t, removeUnused(folder, pieces))
	assert.NoFileExists(t, filepath.Join(folder, "old-1.alaw"))
	assert.FileExists(t, filepath.Join(folder, "b-1.g722"))
}
