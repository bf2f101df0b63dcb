package ear

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	steadyFrames = 5    // frames of one pitch that make a tone: 100 ms
	samePitch    = 0.02 // part of the pitch by which the frames of one tone may differ
	worthTelling = 10   // audible frames that make unknown sound worth telling: 200 ms
	breath       = 10   // silent frames that end unknown sound: 200 ms
)

// A run is unknown sound or a tone under way.
type run struct {
	open    bool
	start   int64     // stream offset
	at      time.Time // when its first packet came
	voiced  int       // audible frames
	silent  int       // silent frames since the last audible one
	last    int64     // stream offset after the last audible frame
	pitch   float64   // Hz of the newest frames
	even    int       // how many of the newest frames have that pitch
	evenAt  time.Time // when the first of them came
	evenOff int64     // where it stands in the stream
	odd     int       // frames of a tone that had another pitch or none, newest ones
	isTone  bool
}

// tone returns the pitch of a run that is a steady tone.
func (r run) tone() (hz float64, steady bool) { return r.pitch, r.open && r.isTone }

// listen takes the newest frame while no recording is being followed.
func (l *Listener) listen(f frame) {
	if !f.audible {
		l.hush(f)
		return
	}
	if l.search(f) {
		return
	}
	if !l.run.open {
		l.run = run{open: true, start: f.start, at: f.at}
		l.onset(f.at)
	}
	l.sound(f)
}

// hush takes a silent frame.
func (l *Listener) hush(f frame) {
	if !l.run.open {
		return
	}
	if l.run.silent++; l.run.silent >= breath || l.run.isTone && l.run.silent > 1 {
		l.endRun(f.start)
	}
}

// sound takes an audible frame of unknown sound.
func (l *Listener) sound(f frame) {
	r := &l.run
	r.voiced++
	r.silent = 0
	r.last = l.end()
	hz, pure := Pitch(l.past[f.start-l.base:])
	if pure && r.even > 0 && math.Abs(hz-r.pitch) <= samePitch*r.pitch {
		r.even++
		r.odd = 0
		r.pitch += (hz - r.pitch) / float64(min(r.even, 2*steadyFrames))
		if r.even == steadyFrames && !r.isTone {
			l.split()
		}
		return
	}
	if r.isTone {
		// One odd frame may be a lost packet's edge; the second one is another sound.
		if r.odd++; r.odd < 2 {
			return
		}
		l.endRun(f.start)
		l.run = run{open: true, start: f.start, at: f.at, voiced: 1, last: l.end()}
		l.onset(f.at)
	}
	l.run.even = 0
	if pure {
		l.run.pitch, l.run.even, l.run.evenAt, l.run.evenOff = hz, 1, f.at, f.start
	}
}

// split makes a tone of the newest frames of unknown sound.
func (l *Listener) split() {
	tone := run{
		open: true, isTone: true, start: l.run.evenOff, at: l.run.evenAt, voiced: l.run.even,
		last: l.run.last, pitch: l.run.pitch, even: l.run.even,
	}
	if l.run.evenOff > l.run.start {
		l.run.voiced -= l.run.even
		l.run.last = l.run.evenOff
		l.endRun(l.run.evenOff)
	}
	l.run = tone
}

// endRun ends the unknown sound or tone under way and tells of it if it was
// long enough to be more than a click.
func (l *Listener) endRun(at int64) {
	r := l.run
	l.run = run{}
	if !r.open {
		return
	}
	h := Heard{Kind: KindUnknown, At: r.at, To: length(min(r.last, at) - r.start), Complete: true}
	if r.isTone {
		h.Kind, h.Tone = KindTone, r.pitch
	} else if r.voiced < worthTelling {
		return
	}
	l.heard = append(l.heard, h)
}

// search looks for the start of a known recording in the bytes up to the end of
// the newest frame, and follows what it finds.
func (l *Listener) search(f frame) bool {
	if l.ear == nil {
		return false
	}
	// A window that ends before this frame was looked up before, or is silent.
	l.next = max(l.next, l.base, f.start-FrameSize+1)
	last := l.end() - FrameSize // the last window
	if last < l.next {
		return false
	}
	// Nearly always the packet is one block of a recording: look there first.
	if f.start == last && f.start >= l.next && l.lookUp(f.start, hash(l.past[f.start-l.base:])) {
		return true
	}
	i := int(l.next - l.base)
	h := hash(l.past[i : i+FrameSize])
	for w := l.next; ; w++ {
		if l.lookUp(w, h) {
			return true
		}
		if w == last {
			break
		}
		i = int(w - l.base)
		h = l.ear.roll(h, l.past[i], l.past[i+FrameSize])
	}
	l.next = last + 1
	return false
}

// lookUp follows the recordings that have the block at stream offset w and agree
// with everything after it.
func (l *Listener) lookUp(w int64, h uint64) bool {
	i := int(w - l.base)
	var found []candidate
	l.ear.find(h, l.past[i:i+FrameSize], func(recording, offset int) {
		c := candidate{recording: recording, start: w - int64(offset)}
		if !l.agrees(c, w) {
			return
		}
		c.from = l.backwards(c, w)
		found = append(found, c)
	})
	if len(found) == 0 {
		return false
	}
	// The best one was heard from nearest to its start; of those, the shortest.
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(a.from-a.start, b.from-b.start),
			cmp.Compare(l.size(a), l.size(b)),
			cmp.Compare(a.recording, b.recording),
		)
	})
	found = found[:min(len(found), maxCandidate)]
	l.begin(found)
	return true
}

// backwards returns the stream offset from which on the stream agrees with a
// candidate that agrees at w: silence at a recording's start is its own too.
func (l *Listener) backwards(c candidate, w int64) int64 {
	alaw := l.ear.recordings[c.recording].alaw
	floor := max(c.start, l.base, l.done)
	for w > floor && l.past[w-1-l.base] == alaw[w-1-c.start] {
		w--
	}
	return w
}

// begin starts to follow candidates.
func (l *Listener) begin(found []candidate) {
	best := found[0]
	began, audible, known := l.packetsOf(best.from)
	fresh := !l.run.open || audible.start > l.run.start
	if l.run.open {
		l.run.last = min(l.run.last, best.from)
		l.endRun(best.from)
	}
	if known && fresh {
		l.onset(audible.at)
	}
	l.began = began
	var going []candidate
	for _, c := range found {
		if done := c.start + l.size(c); done <= l.end() {
			l.finish(c, done)
		} else {
			going = append(going, c)
		}
	}
	l.candidates = found
	l.settle(going, l.end())
}

// packetsOf returns when the packet with the byte at a stream offset came, and
// the first audible packet from there on.
func (l *Listener) packetsOf(offset int64) (came time.Time, audible frame, known bool) {
	i, exact := slices.BinarySearchFunc(l.frames, offset, func(f frame, at int64) int {
		return cmp.Compare(f.start, at)
	})
	if !exact && i > 0 {
		i--
	}
	came = l.frames[i].at
	for _, f := range l.frames[i:] {
		if f.audible {
			return came, f, true
		}
	}
	return came, frame{}, false
}
