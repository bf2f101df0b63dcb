package ear

import (
	"math"
	"math/bits"
)

// Rate is the sampling rate of telephone audio in samples a second; in A-law a
// sample is one byte.
const Rate = 8000

// FrameSize is the payload of a 20 ms RTP packet in bytes.
const FrameSize = 160

// Silence is the A-law byte of digital silence (the smallest positive value).
const Silence = 0xD5

// audibleLevel is the root mean square (of 16 bit samples) from which on a frame
// counts as audible: about -50 dB below full scale, under any voice that can be
// understood and over the quantisation noise of a silent A-law line (8).
const audibleLevel = 100

// Decode turns one A-law byte (ITU-T G.711) into a 16 bit sample.
func Decode(b byte) int16 {
	b ^= 0x55
	v := int16(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// Encode turns a 16 bit sample into one A-law byte (ITU-T G.711).
func Encode(sample int16) byte {
	mask := byte(0xD5)
	if sample < 0 {
		sample, mask = ^sample, 0x55
	}
	v := uint(sample) >> 4
	if v < 32 {
		return byte(v) ^ mask
	}
	shift := bits.Len(v) - 5
	return (byte(shift+1)<<4 | byte(v>>shift)&0x0f) ^ mask
}

// Audible tells whether a stretch of A-law audio (any length) is more than
// background noise.
func Audible(alaw []byte) bool {
	var sum int64
	for _, b := range alaw {
		s := int64(Decode(b))
		sum += s * s
	}
	return sum >= audibleLevel*audibleLevel*int64(max(len(alaw), 1))
}

// pureTone is how small a part of a frame's energy may stand outside of one
// sine wave for the frame to be a tone. A-law noise alone makes 0.001.
const pureTone = 0.02

// Pitch returns the frequency in Hz of a frame that is one sine wave, and false
// if it is anything else (voice, music, silence).
//
// A sine wave fulfils x[n-1] + x[n+1] = 2·cos(w)·x[n]; the least squares
// solution for cos(w) gives the frequency, and what the equation leaves
// unexplained tells how pure the tone is.
func Pitch(alaw []byte) (hz float64, ok bool) {
	if len(alaw) < FrameSize/2 || !Audible(alaw) {
		return 0, false
	}
	var cross, energy, sides float64
	before, here := float64(Decode(alaw[0])), float64(Decode(alaw[1]))
	for _, b := range alaw[2:] {
		after := float64(Decode(b))
		s := before + after
		cross += here * s
		energy += here * here
		sides += s * s
		before, here = here, after
	}
	if energy == 0 {
		return 0, false
	}
	double := cross / energy // 2·cos(w)
	if rest := sides - double*cross; rest > pureTone*energy || math.Abs(double) >= 2 {
		return 0, false
	}
	return math.Acos(double/2) * Rate / (2 * math.Pi), true
}
