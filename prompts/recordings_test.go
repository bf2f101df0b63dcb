package prompts_test

import (
	"io/fs"
	"math"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"richiamo/internal/speech"
	"richiamo/prompts"
)

func italian(t *testing.T) *speech.Catalogue {
	t.Helper()
	c, err := speech.Load(prompts.FS(), "it")
	require.NoError(t, err)
	return c
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(prompts.FS(), name)
	require.NoError(t, err)
	return data
}

// recording reads the A-law of a recording.
func recording(t *testing.T, r speech.Recording) []byte {
	t.Helper()
	return read(t, path.Join("it", string(r)+".alaw"))
}

// 20 ms of A-law: what one packet of a telephone call carries.
const frame = 160

// Exactly what can be said is recorded, in both codings and of the text that
// stands in the catalogue now.
func TestRecordingsAreTheCatalogue(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(string(read(t, "it/hashes.txt"))), "\n")
	require.True(t, strings.HasPrefix(lines[0], "voice "), "hashes.txt begins with the voice")
	recorded := map[string]string{}
	for _, line := range lines[1:] {
		name, hash, _ := strings.Cut(line, " ")
		recorded[name] = hash
	}
	wanted := map[string]string{}
	files := []string{"catalogue.txt", "hashes.txt"}
	for _, piece := range italian(t).Pieces() {
		wanted[string(piece.Recording)] = piece.Fingerprint()
		files = append(files, string(piece.Recording)+".alaw", string(piece.Recording)+".g722")
	}
	assert.Equal(t, wanted, recorded, "texts and recordings differ; run \"make prompts\"")
	entries, err := fs.ReadDir(prompts.FS(), "it")
	require.NoError(t, err)
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	assert.ElementsMatch(t, files, found, "run \"make prompts\"")
}

// Every recording is a whole number of packets, the same length in both
// codings, loud enough to be heard, and never clipped; figures come two a
// second.
func TestRecordingsSoundRight(t *testing.T) {
	t.Parallel()
	total := 0
	for _, piece := range italian(t).Pieces() {
		data := recording(t, piece.Recording)
		wide := read(t, path.Join("it", string(piece.Recording)+".g722"))
		total += len(data) + len(wide)
		assert.Zero(t, len(data)%frame, piece.Recording)
		assert.Len(t, wide, len(data), piece.Recording)
		peak, loudness := levels(data)
		length := time.Duration(len(data)) * time.Second / 8000
		switch {
		case piece.Text != "" || piece.Tone:
			assert.Less(t, peak, -2.0, "%s is clipped or nearly", piece.Recording)
			assert.Greater(t, peak, -15.0, "%s is too quiet", piece.Recording)
			assert.Greater(t, loudness, -32.0, "%s is too quiet", piece.Recording)
		default:
			assert.Less(t, peak, -70.0, "%s is not silent", piece.Recording)
			assert.Equal(t, piece.Beat, length, piece.Recording)
		}
		if piece.Text != "" && piece.Beat > 0 {
			assert.GreaterOrEqual(t, length, 500*time.Millisecond, piece.Recording)
			assert.LessOrEqual(t, length, 700*time.Millisecond, piece.Recording)
		}
	}
	assert.Less(t, total, 30_000_000, "all recordings together, in bytes")
}

// Any packet of any recording tells which recording it is and where in it:
// a phone that listens needs only one.
func TestEveryPacketIsOneOfAKind(t *testing.T) {
	t.Parallel()
	seen := map[[frame]byte]string{}
	check := func(name string, data []byte) {
		for i := 0; i+frame <= len(data); i += frame {
			packet := [frame]byte(data[i : i+frame])
			if other, twice := seen[packet]; twice {
				assert.Failf(t, "packet heard twice", "packet %d of %s is also in %s", i/frame, name, other)
				return
			}
			seen[packet] = name
		}
	}
	for _, piece := range italian(t).Pieces() {
		if piece.Text != "" || piece.Tone {
			check(string(piece.Recording), recording(t, piece.Recording))
		}
	}
	check("quiete", read(t, "moh/quiete.alaw"))
}

func TestMusic(t *testing.T) {
	t.Parallel()
	music := read(t, "moh/quiete.alaw")
	assert.Zero(t, len(music)%frame)
	assert.Len(t, read(t, "moh/quiete.g722"), len(music))
	assert.Equal(t, 40*time.Second, time.Duration(len(music))*time.Second/8000)
	peak, loudness := levels(music)
	assert.Less(t, peak, -10.0)
	assert.InDelta(t, -27, loudness, 4, "music is softer than speech")
	for at := 0; at < len(music); at += 8000 {
		_, second := levels(music[at : at+8000])
		assert.Greater(t, second, -40.0, "no second is silent: silence sounds like a dead line")
	}
	// The loop closes without a click: the step from end to beginning is not
	// greater than others.
	greatest := 0.0
	for i := 1; i < len(music); i++ {
		greatest = max(greatest, math.Abs(sample(music[i])-sample(music[i-1])))
	}
	assert.LessOrEqual(t, math.Abs(sample(music[0])-sample(music[len(music)-1])), greatest)
}

func TestNoticeNamesTheVoice(t *testing.T) {
	t.Parallel()
	notice := string(read(t, "NOTICE"))
	assert.Contains(t, notice, "SVOX AG")
	assert.Contains(t, notice, "Apache License, Version 2.0")
}

// levels returns peak and root mean square in dB below full scale.
func levels(data []byte) (peak, loudness float64) {
	sum := 0.0
	for _, code := range data {
		x := sample(code)
		peak = max(peak, math.Abs(x))
		sum += x * x
	}
	return decibels(peak), decibels(math.Sqrt(sum / float64(len(data))))
}

func decibels(x float64) float64 { return 20 * math.Log10(x) }

// sample decodes one byte of A-law (ITU-T G.711); full scale is 1.
func sample(code byte) float64 {
	code ^= 0x55
	segment, steps := int(code>>4&7), int(code&15)
	value := steps<<1 + 1
	if segment > 0 {
		value = (value + 32) << (segment - 1)
	}
	if code&0x80 == 0 {
		value = -value
	}
	return float64(value) / 4096
}
