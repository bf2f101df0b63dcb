package web

import "encoding/binary"

const (
	samplesASecond = 8000
	wavHeader      = 44 // bytes
)

// wav makes a file that every browser plays, of 16 bits a sample, from the A-law
// in which telephones speak.
func wav(alaw []byte) []byte {
	size := 2 * len(alaw)
	le := binary.LittleEndian
	file := make([]byte, 0, wavHeader+size)
	file = append(file, "RIFF"...)
	file = le.AppendUint32(file, uint32(wavHeader-8+size))
	file = append(file, "WAVEfmt "...)
	file = le.AppendUint32(file, 16) // bytes up to "data"
	file = le.AppendUint16(file, 1)  // PCM
	file = le.AppendUint16(file, 1)  // one channel
	file = le.AppendUint32(file, samplesASecond)
	file = le.AppendUint32(file, 2*samplesASecond) // bytes a second
	file = le.AppendUint16(file, 2)                // bytes a sample
	file = le.AppendUint16(file, 16)               // bits a sample
	file = append(file, "data"...)
	file = le.AppendUint32(file, uint32(size))
	for _, a := range alaw {
		file = le.AppendUint16(file, uint16(linear(a)))
	}
	return file
}

// linear is a sample of the A-law of ITU-T G.711 in 16 bits: every other bit is
// inverted; then come sign, exponent and mantissa.
func linear(a byte) int16 {
	a ^= 0x55
	v := int16(a&0x0f)<<4 + 8
	if exponent := a >> 4 & 7; exponent > 0 {
		v = (v + 0x100) << (exponent - 1)
	}
	if a&0x80 == 0 {
		return -v
	}
	return v
}
