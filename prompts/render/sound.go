package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"richiamo/internal/speech"
)

// Sound is worked on at 16 kHz, samples from -1 to 1.
const rate = 16000

// processing names everything below that changes how a recording sounds.
const processing = "equaliser " + equaliser + ", gain " + gain + " dB, version 1"

// The equaliser lifts what makes consonants clear: a synthetic voice is dull
// on a telephone, and old ears have lost the upper half. gain is the same for
// all recordings, so that no word stands out of its sentence.
const (
	equaliser = "highpass 180 equalizer 1800 1.0q 6 equalizer 2800 0.9q 9"
	gain      = "-4.5"
)

const (
	quiet    = 0.0015                 // level below which 10 ms count as silence, -56 dB
	shortest = 4                      // stretches of 10 ms that are a sound; fewer are a click of the synthesiser
	leadIn   = 40 * time.Millisecond  // kept before the voice
	leadOut  = 60 * time.Millisecond  // kept after it
	ofClause = 260 * time.Millisecond // a silence at least so long is a pause; shorter ones belong to a word
)

// samples is the length of d at 16 kHz.
func samples(d time.Duration) int { return int(d * rate / time.Second) }

// A gap is a silence between two sounds, in stretches of 10 ms.
type gap struct{ from, to int }

func (g gap) length() time.Duration { return time.Duration(g.to-g.from) * 10 * time.Millisecond }

// shape cuts the silence at both ends and sets the pauses between to the
// lengths of the script. The text has so many full stops inside: the longest
// silences belong to them, the others to clauses.
func shape(sound []float64, stops int) []float64 {
	step := samples(10 * time.Millisecond)
	silent := silences(sound, step)
	first := slices.Index(silent, false)
	if first < 0 {
		return nil
	}
	last := len(silent) - 1
	for silent[last] {
		last--
	}
	var gaps []gap
	for i := first; i <= last; i++ {
		from := i
		for silent[i] {
			i++
		}
		if g := (gap{from, i}); g.length() >= ofClause {
			gaps = append(gaps, g)
		}
	}
	byLength := slices.Clone(gaps)
	slices.SortStableFunc(byLength, func(a, b gap) int { return int(b.length() - a.length()) })
	stop := byLength[:min(stops, len(byLength))]
	start := max(0, first*step-samples(leadIn))
	var shaped []float64
	for _, g := range gaps {
		length := speech.PauseClause * time.Millisecond
		if slices.Contains(stop, g) {
			length = speech.PauseSentence * time.Millisecond
		}
		// Half of the pause is kept on either side, so that no sound is cut.
		half := samples(min(g.length(), length)) / 2
		shaped = append(shaped, sound[start:g.from*step+half]...)
		shaped = append(shaped, make([]float64, max(0, samples(length)-2*half))...)
		start = g.to*step - half
	}
	return append(shaped, sound[start:min(len(sound), (last+1)*step+samples(leadOut))]...)
}

// silences tells for each stretch of step samples whether it is silent; a
// sound of less than the shortest length is.
func silences(sound []float64, step int) []bool {
	silent := make([]bool, len(sound)/step)
	run := 0
	for i := range silent {
		silent[i] = level(sound[i*step:(i+1)*step]) < quiet
		if !silent[i] {
			run++
			continue
		}
		for j := i - run; run < shortest && j < i; j++ {
			silent[j] = true
		}
		run = 0
	}
	return silent
}

// level is the root mean square.
func level(sound []float64) float64 {
	sum := 0.0
	for _, x := range sound {
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(sound)))
}

// writeRecording writes sound as NAME.alaw and NAME.g722. A voice is filtered;
// all but pure silence gets its whisper of noise.
func writeRecording(name string, sound []float64, voice bool) error {
	frame := samples(20 * time.Millisecond)
	for len(sound)%frame != 0 {
		sound = append(sound, 0)
	}
	wide, narrow := "lowpass 7000", "lowpass 3600"
	if voice {
		wide = equaliser + " " + wide + " gain " + gain
		narrow = equaliser + " " + narrow + " gain " + gain
	}
	high, err := filter(sound, rate, wide)
	if err != nil {
		return err
	}
	low, err := filter(sound, rate/2, narrow)
	if err != nil {
		return err
	}
	if len(high) != len(sound) || len(low) != len(sound)/2 {
		return fmt.Errorf("sox changed the length: %d, %d of %d samples", len(high), len(low), len(sound))
	}
	for _, x := range slices.Concat(high, low) {
		if math.Abs(x) >= 1 {
			return errors.New("clipped; lower the gain")
		}
	}
	if err := os.WriteFile(name+".alaw", encodeALaw(low, noiseFor(name, level(sound) > 0)), 0o644); err != nil {
		return err
	}
	return writeG722(name+".g722", high)
}

// filter runs sox over sound and returns it at the rate to.
func filter(sound []float64, to int, effects string) ([]float64, error) {
	raw := func(rate int) []string {
		return []string{"-t", "f32", "-r", fmt.Sprint(rate), "-c", "1", "-"}
	}
	cmd := exec.Command("sox", append(append(raw(rate), raw(to)...), strings.Fields(effects)...)...)
	cmd.Stdin = bytes.NewReader(toFloats(sound))
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("sox: %w: %s", err, lastLine(complaint.Bytes()))
	}
	return fromFloats(out), nil
}

func toFloats(sound []float64) []byte {
	raw := make([]byte, 0, 4*len(sound))
	for _, x := range sound {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(x)))
	}
	return raw
}

func fromFloats(raw []byte) []float64 {
	sound := make([]float64, len(raw)/4)
	for i := range sound {
		sound[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return sound
}

// noiseFor returns the whisper of a recording, -67 dB, drawn from its name so
// that it is the same whenever the recording is made; silence has none.
func noiseFor(name string, audible bool) func() float64 {
	if !audible {
		return func() float64 { return 0 }
	}
	hash := fnv.New64a()
	hash.Write([]byte(filepath.Base(name)))
	dice := rand.New(rand.NewPCG(hash.Sum64(), 1))
	return func() float64 { return (dice.Float64()*2 - 1) * 24 / 32768 }
}

// encodeALaw writes sound, 8 kHz, in the A-law of ITU-T G.711.
func encodeALaw(sound []float64, noise func() float64) []byte {
	code := make([]byte, len(sound))
	for i, x := range sound {
		code[i] = aLaw(x + noise())
	}
	return code
}

// aLaw encodes one sample: sign, segment and step of G.711, every second bit
// inverted. Full scale is 1.
func aLaw(x float64) byte {
	sign := byte(0x80)
	if x < 0 {
		sign, x = 0, -x
	}
	steps := min(int(x*4096), 4095) // thirteen bits, sign included
	segment := 0
	for rest := steps >> 5; rest > 0; rest >>= 1 {
		segment++
	}
	shift := max(1, segment)
	return (sign | byte(segment<<4) | byte(steps>>shift&0x0f)) ^ 0x55
}

// writeG722 encodes sound, 16 kHz, as G.722 at 64 kbit/s.
func writeG722(file string, sound []float64) error {
	cmd := exec.Command("ffmpeg", "-loglevel", "error", "-y", "-f", "f32le", "-ar", fmt.Sprint(rate), "-ac", "1",
		"-i", "-", "-c:a", "g722", "-f", "g722", file)
	cmd.Stdin = bytes.NewReader(toFloats(sound))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, lastLine(out))
	}
	return nil
}
