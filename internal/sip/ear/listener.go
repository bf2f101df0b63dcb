package ear

import (
	"bytes"
	"slices"
	"time"
)

// A Kind says what sort of sound was heard.
type Kind int

const (
	KindRecording Kind = iota // a known recording
	KindTone                  // one steady sine wave
	KindUnknown               // music, a person, an unknown recording
)

// Heard is one sound from its first to its last byte.
type Heard struct {
	Kind      Kind
	Recording string        // name of the recording; "" unless KindRecording
	Alike     []string      // other names that fit what was heard: the same sound, or the same so far
	Tone      float64       // Hz; 0 unless KindTone
	At        time.Time     // when the packet with the first byte came
	From      time.Duration // offset in the recording of the first byte heard; 0 for tones and unknown sound
	To        time.Duration // offset after the last byte heard; the length for tones and unknown sound
	Complete  bool          // everything audible in the recording was heard; always true for tones and unknown sound
}

// Names tells whether the sound goes by this recording's name.
func (h Heard) Names(recording string) bool {
	return h.Recording == recording && recording != "" || slices.Contains(h.Alike, recording)
}

const (
	kept         = 2 * Rate // bytes of the past that are kept to find the true start of a recording
	maxCandidate = 64       // recordings, or places in one, that are followed at once
)

// A Listener follows the audio of one call. Feed it every packet in order. It is
// not safe for concurrent use.
type Listener struct {
	ear *Ear // nil: knows no recording

	past   []byte  // the last bytes of the stream
	base   int64   // stream offset of past[0]
	frames []frame // the packets in past
	next   int64   // stream offset of the next window to look up
	done   int64   // stream offset where the last recording ended

	candidates []candidate // what the sound may be; the first is the best; none: unknown
	finished   *candidate  // a candidate that came to its end while others went on
	finishedAt int64
	began      time.Time // when the recording under way began
	run        run       // unknown sound or tone under way

	heard     []Heard     // finished sounds, oldest first
	onsets    []time.Time // when new voices began to be audible
	lastVoice time.Time
}

// A frame is one packet of the past.
type frame struct {
	start   int64
	at      time.Time
	audible bool
}

// A candidate is a recording laid on the stream.
type candidate struct {
	recording int
	start     int64 // stream offset where the recording's first byte is or would have been
	from      int64 // stream offset from which on the bytes agree
}

// NewListener listens with an ear; without one (nil) it knows tones and unknown
// sound only.
func NewListener(e *Ear) *Listener { return &Listener{ear: e} }

// end is the stream offset after the last byte fed.
func (l *Listener) end() int64 { return l.base + int64(len(l.past)) }

// Feed takes the payload of the next packet, when it came, and how many bytes
// were lost on the way before it (0 if none). It tells whether something that a
// waiter may wait for has changed.
func (l *Listener) Feed(at time.Time, payload []byte, lost int) (changed bool) {
	if len(payload) == 0 {
		return false
	}
	before := l.state()
	l.forget()
	if lost > 0 {
		l.skip(lost)
	}
	from := l.end()
	f := frame{from, at, Audible(payload)}
	l.past = append(l.past, payload...)
	l.frames = append(l.frames, f)
	if f.audible {
		l.lastVoice = at
	}
	if len(l.candidates) > 0 {
		l.follow(from)
		if l.done > from { // a recording ended within this packet
			f.start = l.done
			f.audible = Audible(l.past[l.done-l.base:])
		}
	}
	if len(l.candidates) == 0 && f.start < l.end() {
		l.listen(f)
	}
	return l.state() != before
}

// Pause says that no packet came for a while: what was under way has ended.
func (l *Listener) Pause() (changed bool) {
	before := l.state()
	if len(l.candidates) > 0 {
		l.cut(l.end())
	}
	l.endRun(l.end())
	l.next, l.done = l.end(), l.end()
	return l.state() != before
}

// Busy tells whether a sound is under way that a pause would end.
func (l *Listener) Busy() bool { return len(l.candidates) > 0 || l.run.open }

// Heard returns the sounds that have ended, oldest first. The slice only grows;
// do not change it.
func (l *Listener) Heard() []Heard { return l.heard }

// Current returns the sound under way as far as it is known: a recording that
// can be no other one any more, or a steady tone.
func (l *Listener) Current() (Heard, bool) {
	if c, sure := l.sure(); sure {
		return l.describe(c, l.end(), nil), true
	}
	if hz, steady := l.run.tone(); steady {
		return Heard{Kind: KindTone, Tone: hz, At: l.run.at, To: length(l.end() - l.run.start), Complete: true}, true
	}
	return Heard{}, false
}

// sure returns the best candidate if all candidates are places in one recording.
func (l *Listener) sure() (candidate, bool) {
	for _, c := range l.candidates {
		if c.recording != l.candidates[0].recording {
			return candidate{}, false
		}
	}
	if len(l.candidates) == 0 {
		return candidate{}, false
	}
	return l.candidates[0], true
}

// LastVoice is when the last audible packet came; zero if none has.
func (l *Listener) LastVoice() time.Time { return l.lastVoice }

// VoiceAfter returns when the first new voice after t became audible: one that
// does not go on from what was sounding at t.
func (l *Listener) VoiceAfter(t time.Time) (time.Time, bool) {
	for _, at := range l.onsets {
		if at.After(t) {
			return at, true
		}
	}
	return time.Time{}, false
}

// snapshot is what waiters wait for, in a form that can be compared.
type snapshot struct {
	heard, onsets int
	candidate     candidate
	steady        bool
}

func (l *Listener) state() snapshot {
	c, _ := l.sure()
	return snapshot{len(l.heard), len(l.onsets), c, l.run.open && l.run.isTone}
}

// forget drops the past that is not needed any more.
func (l *Listener) forget() {
	drop := len(l.past) - kept
	if drop < kept {
		return
	}
	l.past = append(l.past[:0], l.past[drop:]...)
	l.base += int64(drop)
	i := 0
	for i < len(l.frames) && l.frames[i].start < l.base {
		i++
	}
	l.frames = append(l.frames[:0], l.frames[i:]...)
}

// skip lays silence where packets were lost. The recording under way went on.
func (l *Listener) skip(lost int) {
	lost = min(lost, kept)
	l.past = append(l.past, bytes.Repeat([]byte{Silence}, lost)...)
	end := l.end()
	l.next = end
	if len(l.candidates) == 0 {
		return
	}
	var going []candidate
	for _, c := range l.candidates {
		if done := c.start + l.size(c); done <= end {
			l.finish(c, done)
		} else {
			going = append(going, c)
		}
	}
	l.settle(going, end)
}

// size is the length of a candidate's recording in bytes.
func (l *Listener) size(c candidate) int64 {
	return int64(len(l.ear.recordings[c.recording].alaw))
}

// agrees tells whether the stream has the candidate's bytes from stream offset
// from up to the stream's or the recording's end, whichever comes first.
func (l *Listener) agrees(c candidate, from int64) bool {
	to := min(l.end(), c.start+l.size(c))
	if to <= from {
		return true
	}
	alaw := l.ear.recordings[c.recording].alaw
	return bytes.Equal(l.past[from-l.base:to-l.base], alaw[from-c.start:to-c.start])
}

// follow compares the newest bytes, which begin at from, with the candidates.
func (l *Listener) follow(from int64) {
	if c := l.candidates[0]; len(l.candidates) == 1 && c.start+l.size(c) > l.end() && l.agrees(c, from) {
		return
	}
	var going []candidate
	for _, c := range l.candidates {
		if !l.agrees(c, from) {
			continue
		}
		if done := c.start + l.size(c); done <= l.end() {
			l.finish(c, done)
		} else {
			going = append(going, c)
		}
	}
	l.settle(going, from)
}

// finish remembers that a candidate came to its end; the longest one counts.
func (l *Listener) finish(c candidate, at int64) {
	if l.finished == nil || at > l.finishedAt || at == l.finishedAt && c.from < l.finished.from {
		l.finished, l.finishedAt = &c, at
	}
}

// settle goes on with the candidates that still agree. If there are none, the
// sound has ended: whole if one came to its end just now, else cut at verified.
func (l *Listener) settle(going []candidate, verified int64) {
	switch {
	case len(going) > 0:
		l.candidates = going
	case l.finished != nil && verified-l.finishedAt < FrameSize:
		l.report(*l.finished, l.finishedAt, nil)
	default:
		l.cut(verified)
	}
}

// cut ends the recording under way at a stream offset.
func (l *Listener) cut(at int64) {
	if l.finished != nil && at-l.finishedAt < FrameSize {
		l.report(*l.finished, l.finishedAt, nil)
		return
	}
	l.report(l.candidates[0], at, l.candidates[1:])
}

// report adds a recording that has ended to what was heard, with the others that
// it may have been just as well.
func (l *Listener) report(c candidate, at int64, others []candidate) {
	l.heard = append(l.heard, l.describe(c, at, others))
	l.candidates, l.finished = nil, nil
	l.done = max(l.done, at)
	l.next = max(l.next, at)
}

func (l *Listener) describe(c candidate, at int64, others []candidate) Heard {
	r := l.ear.recordings[c.recording]
	from, to := c.from-c.start, min(at-c.start, int64(len(r.alaw)))
	h := Heard{
		Kind: KindRecording, Recording: r.names[0], Alike: slices.Clone(r.names[1:]),
		At: l.began, From: length(from), To: length(to),
		Complete: from <= int64(r.lead) && to >= int64(r.voice),
	}
	for _, other := range others {
		for _, name := range l.ear.recordings[other.recording].names {
			if !h.Names(name) {
				h.Alike = append(h.Alike, name)
			}
		}
	}
	return h
}

// length turns bytes into time.
func length(n int64) time.Duration { return time.Duration(n) * time.Second / Rate }

// onset notes a new voice, once.
func (l *Listener) onset(at time.Time) {
	if n := len(l.onsets); n == 0 || at.After(l.onsets[n-1]) {
		l.onsets = append(l.onsets, at)
	}
}
