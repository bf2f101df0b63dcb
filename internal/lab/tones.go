package lab

import (
	"fmt"
	"math"
	"math/bits"
	"os"
	"path/filepath"
)

const samplesPerSecond = 8000 // of the telephone's sound

// writeTones writes the two recordings of the dialplan's benchmark call.
func writeTones(folder string) error {
	for name, tone := range map[string][]byte{"bench-2s.alaw": tone(600, 2), "bench-1s.alaw": tone(900, 1)} {
		if err := os.WriteFile(filepath.Join(folder, name), tone, 0o600); err != nil {
			return fmt.Errorf("lab: write a tone: %w", err)
		}
	}
	return nil
}

// tone is a sine of so many hertz and seconds, in A-law, half as loud as can be.
func tone(hertz float64, seconds int) []byte {
	sound := make([]byte, seconds*samplesPerSecond)
	for i := range sound {
		sound[i] = alaw(int16(16000 * math.Sin(2*math.Pi*hertz*float64(i)/samplesPerSecond)))
	}
	return sound
}

// alaw compresses a linear sample (ITU-T G.711): sign, three bits for the segment, four for the place within
// it, every second bit turned over.
func alaw(sample int16) byte {
	magnitude, turned := int(sample)>>3, byte(0xD5)
	if magnitude < 0 {
		magnitude, turned = -magnitude-1, 0x55
	}
	segment := bits.Len(uint(magnitude >> 5))
	within := magnitude >> max(segment, 1) & 0x0f
	return byte(segment<<4|within) ^ turned
}
