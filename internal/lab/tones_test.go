package lab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The values are those of ITU-T G.711, table 1a: first and last of the segments, both signs.
func TestAlaw(t *testing.T) {
	for sample, want := range map[int16]byte{
		0: 0xD5, 8: 0xD5, 16: 0xD4, 496: 0xCA, 512: 0xF5, 1024: 0xE5, 32767: 0xAA,
		-1: 0x55, -16: 0x55, -17: 0x54, -32768: 0x2A,
	} {
		require.Equalf(t, want, alaw(sample), "sample %d", sample)
	}
}

func TestPortBlocksAreNeverShared(t *testing.T) {
	t.Parallel()
	var mine []*block
	seen := map[int]bool{}
	for range 3 {
		b, err := reserve()
		require.NoError(t, err)
		mine = append(mine, b)
		require.False(t, seen[b.first])
		seen[b.first] = true
	}
	for _, b := range mine {
		b.release()
	}
}
