package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"richiamo/internal/speech"
)

// The recordings of the benchmarks. The first two have the names by which the
// dialplan's own call plays them.
const (
	prompt   speech.Recording = "bench-2s"
	reply    speech.Recording = "bench-1s"
	question speech.Recording = "bench-30s" // long enough to be heard by all when the process dies
)

// lengths are how long the recordings are.
func lengths() map[speech.Recording]time.Duration {
	return map[speech.Recording]time.Duration{prompt: 2 * time.Second, reply: time.Second, question: 30 * time.Second}
}

// soundsPrefix is the folder of the recordings below Asterisk's sounds, in place
// of that of the prompts.
const soundsPrefix = "bench"

// record writes the recordings of the benchmarks where Asterisk looks for them:
// with silence in one folder for Richiamo, and above it for the dialplan.
func (s *stage) record() error {
	sounds := s.Asterisk.SoundsDir
	folder := filepath.Join(sounds, soundsPrefix, language)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of the recordings: %w", err)
	}
	silences, err := filepath.Glob(filepath.Join(sounds, "richiamo", language, "silence-*.alaw"))
	if err != nil || len(silences) == 0 {
		return fmt.Errorf("the recordings of silence are missing below %s; run make prompts", sounds)
	}
	for _, file := range silences {
		if err := os.Symlink(file, filepath.Join(folder, filepath.Base(file))); err != nil {
			return fmt.Errorf("link a recording: %w", err)
		}
	}
	for name, lasts := range lengths() {
		sound := noise(string(name), lasts)
		for _, place := range []string{sounds, folder} {
			if err := os.WriteFile(filepath.Join(place, string(name)+".alaw"), sound, 0o600); err != nil {
				return fmt.Errorf("write a recording: %w", err)
			}
		}
	}
	return nil
}

// noise is a sound, in A-law at 8 kHz, whose every packet is audible and like no
// other: whoever hears one knows which recording it is of, and which part of it.
func noise(name string, lasts time.Duration) []byte {
	var seed [32]byte
	copy(seed[:], name)
	dice := rand.New(rand.NewChaCha8(seed))
	sound := make([]byte, lasts*samples/time.Second)
	for i := range sound {
		sound[i] = byte(dice.Uint32())
	}
	return sound
}

// samples of A-law in a second, a byte each.
const samples = 8000

// voice is a call.Voice that says the recordings of the benchmarks under their
// own names. All of them are cut by a key.
type voice struct {
	lengths map[speech.Recording]time.Duration
}

// Render implements call.Voice.
func (v voice) Render(u speech.Utterance) (speech.Rendered, error) {
	return speech.Rendered{Before: []speech.Recording{speech.Recording(u.ID)}}, nil
}

// Cut implements call.Voice.
func (v voice) Cut(speech.ID) speech.Cut { return speech.CutYes }

// Total implements call.Voice.
func (v voice) Total(list []speech.Recording) (total time.Duration) {
	for _, r := range list {
		if ms, ok := strings.CutPrefix(string(r), "silence-"); ok {
			length, _ := time.ParseDuration(ms + "ms") // the names of silences say their length
			total += length
		}
		total += v.lengths[r]
	}
	return total
}
