// Package ear recognises which recording is heard in telephone audio.
//
// An exchange that plays A-law recordings on an A-law line changes no byte of
// them. So listening needs no likeness of sounds: an [Ear] knows every audible
// block of 160 bytes of every recording, and a [Listener] looks up what comes
// in until one is found, then follows the recording byte by byte. Blocks are
// looked up at every byte offset, as rsync does, so that a recording is found
// even where the packets do not begin where its blocks begin (after a recording
// whose length is no multiple of 20 ms). Where several recordings share what was
// heard so far, all are followed until the next frames tell them apart.
//
// What is no known recording is a tone ([Pitch]) or unknown audio, such as music
// or a person.
//
// The package has no clock and no goroutine: whoever feeds a Listener says when
// each packet came.
package ear

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// An Ear is the memory of recordings, shared by any number of listeners. It does
// not change once made.
type Ear struct {
	recordings []recording
	first      map[uint64]int32 // hash of a block -> its first place in places
	places     []place
	top        uint64 // weight with which the oldest byte of a block leaves the hash
}

// A recording is one sound, under all the names of files with that very sound.
type recording struct {
	names []string
	alaw  []byte
	lead  int // bytes before its first audible block
	voice int // bytes up to the end of its last audible block
}

// A place is where a block stands; places with the same hash are chained.
type place struct {
	recording int32
	offset    int32
	next      int32 // index in places, or -1
}

// NewEar learns the recordings that stand one folder deep in fsys as
// FOLDER/NAME.alaw (raw A-law, 8 kHz, mono, without header). A recording is
// called by its file name without the extension. Recordings without any audible
// 20 ms cannot be recognised and are left out.
func NewEar(fsys fs.FS) (*Ear, error) {
	files, err := fs.Glob(fsys, "*/*.alaw")
	if err != nil {
		return nil, fmt.Errorf("look for recordings: %w", err)
	}
	if len(files) == 0 {
		return nil, errors.New("no recording found: give a folder that holds one folder a language with NAME.alaw files")
	}
	e := &Ear{first: map[uint64]int32{}, top: 1}
	for range FrameSize {
		e.top *= hashBase
	}
	same := map[string]int{} // sound -> index in recordings
	for _, file := range files {
		alaw, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("read the recording %s: %w", file, err)
		}
		name := strings.TrimSuffix(path.Base(file), ".alaw")
		if i, known := same[string(alaw)]; known {
			e.recordings[i].names = append(e.recordings[i].names, name)
			continue
		}
		same[string(alaw)] = len(e.recordings)
		e.learn(name, alaw)
	}
	for i := range e.recordings {
		slices.Sort(e.recordings[i].names)
		e.recordings[i].names = slices.Compact(e.recordings[i].names)
	}
	return e, nil
}

// Recordings returns how many different sounds the ear knows.
func (e *Ear) Recordings() int { return len(e.recordings) }

// learn adds a recording and its audible blocks.
func (e *Ear) learn(name string, alaw []byte) {
	r := recording{names: []string{name}, alaw: alaw, lead: -1}
	for offset := 0; offset+FrameSize <= len(alaw); offset += FrameSize {
		block := alaw[offset : offset+FrameSize]
		if !Audible(block) {
			continue
		}
		if r.lead < 0 {
			r.lead = offset
		}
		r.voice = offset + FrameSize
		h := hash(block)
		next, shared := e.first[h]
		if !shared {
			next = -1
		}
		e.first[h] = int32(len(e.places))
		e.places = append(e.places, place{int32(len(e.recordings)), int32(offset), next})
	}
	// The short block at the end is followed, never looked up.
	if tail := alaw[len(alaw)-len(alaw)%FrameSize:]; len(tail) > 0 && Audible(tail) {
		r.voice = len(alaw)
	}
	e.recordings = append(e.recordings, r)
}

// find calls yield with each place whose block is the window, byte by byte.
func (e *Ear) find(h uint64, window []byte, yield func(recording, offset int)) {
	i, ok := e.first[h]
	if !ok {
		return
	}
	for ; i >= 0; i = e.places[i].next {
		p := e.places[i]
		alaw := e.recordings[p.recording].alaw
		if bytes.Equal(alaw[p.offset:p.offset+FrameSize], window) {
			yield(int(p.recording), int(p.offset))
		}
	}
}

// hashBase is the odd multiplier of the polynomial hash of a block (the one of
// the 64 bit FNV hash, any large odd number would do).
const hashBase uint64 = 0x100000001b3

// hash is a polynomial over the bytes of a block, which roll can move on by one.
func hash(block []byte) uint64 {
	var h uint64
	for _, b := range block {
		h = h*hashBase + uint64(b)
	}
	return h
}

// roll moves the hash of a block on by one byte.
func (e *Ear) roll(h uint64, out, in byte) uint64 {
	return h*hashBase + uint64(in) - e.top*uint64(out)
}
