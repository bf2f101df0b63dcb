package main

import (
	"math"
	"os"
	"path/filepath"
	"time"
)

// tone is the sound after which a caller speaks: 1 kHz, where every ear still
// hears, with soft edges.
func tone(length time.Duration) []float64 {
	sound := make([]float64, samples(length))
	for i := range sound {
		at := float64(i) / rate
		edge := math.Min(1, math.Min(at, length.Seconds()-at)/0.015)
		sound[i] = 0.25 * edge * math.Sin(2*math.Pi*1000*at)
	}
	return sound
}

// The music on hold: eight chords of five seconds with a slow bell over them,
// soft, without a beat that hurries. It is a ring: what is left of a note at
// the end sounds on at the beginning.
const chordLength = 5 * time.Second

// chords are given in half-tones above c' (middle C): four voices each, of
// which the bell plays one after the other.
func chords() [][4]float64 {
	return [][4]float64{
		{0, 4, 7, 11},  // C major seventh
		{-3, 4, 7, 12}, // A minor seventh
		{-7, 5, 9, 12}, // F major
		{-5, 2, 7, 9},  // G with its ninth
		{-8, 4, 7, 11}, // E minor
		{-3, 0, 7, 9},  // A minor seventh
		{-7, 2, 5, 9},  // D minor over F
		{-5, 2, 5, 11}, // G seventh, leading back
	}
}

// music computes the ring.
func music() []float64 {
	list := chords()
	ring := make([]float64, samples(chordLength)*len(list))
	for i, chord := range list {
		start := time.Duration(i) * chordLength
		for voice, step := range chord {
			pad(ring, start, step, 0.035)
			bell(ring, start+time.Duration(voice)*chordLength/4+chordLength/8, step+12, 0.05)
		}
	}
	return ring
}

// frequency of a note, half-tones above c'.
func frequency(step float64) float64 { return 261.63 * math.Pow(2, step/12) }

// pad lays a note that swells and fades over a chord and into the next.
func pad(ring []float64, start time.Duration, step, volume float64) {
	f := frequency(step)
	length := chordLength + 2*time.Second
	for i := range samples(length) {
		at := float64(i) / rate
		swell := math.Pow(math.Sin(math.Pi*at/length.Seconds()), 2)
		x := math.Sin(2*math.Pi*f*at) + 0.3*math.Sin(2*math.Pi*2*f*at) + 0.1*math.Sin(2*math.Pi*3.001*f*at)
		ring[(samples(start)+i)%len(ring)] += volume * swell * x
	}
}

// bell strikes a note that dies away.
func bell(ring []float64, start time.Duration, step, volume float64) {
	f := frequency(step)
	for i := range samples(4 * time.Second) {
		at := float64(i) / rate
		strike := math.Min(1, at/0.02) * math.Exp(-1.6*at)
		x := math.Sin(2*math.Pi*f*at) + 0.15*math.Sin(2*math.Pi*2.01*f*at)
		ring[(samples(start)+i)%len(ring)] += volume * strike * x
	}
}

// renderMusic writes the music if it is not there.
func renderMusic(folder string, again bool) error {
	name := filepath.Join(folder, "quiete")
	if _, err := os.Stat(name + ".g722"); err == nil && !again {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return writeRecording(name, music(), false)
}
