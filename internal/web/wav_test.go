package web

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The values are those of table 1a of ITU-T G.711, put into 16 bits: the ends of
// the scale, both zeros, and the loudest sample of each exponent.
func TestLinear(t *testing.T) {
	t.Parallel()
	for a, want := range map[byte]int16{
		0xD5: 8, 0x55: -8, 0xAA: 32256, 0x2A: -32256,
		0xDA: 248, 0xCA: 504, 0xFA: 1008, 0xEA: 2016, 0x9A: 4032, 0x8A: 8064, 0xBA: 16128,
	} {
		assert.Equal(t, want, linear(a), "%#x", a)
	}
}

func TestWAV(t *testing.T) {
	t.Parallel()
	file := wav([]byte{0xD5, 0x2A, 0x55})
	assert.Len(t, file, 50)
	assert.Equal(t, "RIFF", string(file[:4]))
	assert.Equal(t, "WAVEfmt ", string(file[8:16]))
	assert.EqualValues(t, 42, binary.LittleEndian.Uint32(file[4:]), "what follows")
	assert.EqualValues(t, 8000, binary.LittleEndian.Uint32(file[24:]))
	assert.EqualValues(t, 6, binary.LittleEndian.Uint32(file[40:]))
	assert.EqualValues(t, -32256, int16(binary.LittleEndian.Uint16(file[46:])))
	assert.Len(t, wav(nil), 44)
}
